#!/usr/bin/env bash
# Workloads on the kernel of this machine and on the model, compared: all of workloads/, or COUNT
# random ones (fuzz.py). Status 77 (skipped) with the reason where this kernel is not like the one of
# the recorded figures.
# usage: live.sh NATIVE MODEL WORKDIR [SEED COUNT]
set -euo pipefail
native=$1 model=$2 work=$3
here=$(cd "$(dirname "$0")" && pwd)
rm -rf "$work"
mkdir -p "$work"
recorded=$(sed -n 's/^# //p' "$here/recorded/sequential_write.txt")
if ! difference=$(diff <(echo "$recorded") <("$here/features.sh" "$work")); then
  echo "skipped: the figures are those of a kernel that differs from this one (<: recorded):"
  echo "$difference"
  exit 77
fi
if [ "$(cat /proc/sys/vm/overcommit_memory)" = 2 ]; then
  echo "skipped: memory may not be overcommitted here"
  exit 77
fi
if [ $# -gt 3 ]; then
  exec "$here/fuzz.py" "$native" "$model" "$work" "$4" "$5"
fi
failed=0
for workload in "$here"/workloads/*.work; do
  "$here/run_native.sh" "$native" "$workload" "$work" 2 >"$work/figures" &&
    "$here/compare.sh" "$work/figures" "$workload" "$model" || failed=1
done
exit $failed
