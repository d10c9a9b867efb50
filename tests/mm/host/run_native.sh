#!/usr/bin/env bash
# Runs one workload on the kernel of this machine until RUNS runs have printed the same, and prints
# that. Stray differences (a page that the kernel reclaimed behind us) are told on stderr; when there
# are more of them than RUNS, or a run fails, the status is 1.
# usage: run_native.sh NATIVE WORKLOAD DIRECTORY [RUNS]
set -euo pipefail
native=$1 workload=$2 directory=$3 runs=${4:-5}
declare -A seen=()
for ((i = 0; i < 2 * runs; i++)); do
  figures=$("$native" "$workload" "$directory")
  seen[$figures]=$((${seen[$figures]:-0} + 1))
  if [ "${seen[$figures]}" -eq "$runs" ]; then
    if [ "${#seen[@]}" -gt 1 ]; then
      echo "$(basename "$workload"): $((i + 1 - runs)) of $((i + 1)) runs were different" >&2
    fi
    echo "$figures"
    exit 0
  fi
done
echo "$workload: no $runs of $((2 * runs)) runs agree" >&2
exit 1
