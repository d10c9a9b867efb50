#!/usr/bin/env bash
# A model that behaves otherwise than Linux is found out: each of these is told to, and the
# comparison that passes without must fail with it.
# usage: planted.sh MODEL
set -euo pipefail
model=$1
here=$(cd "$(dirname "$0")" && pwd)
failures=0

# found WORKLOAD OPTION...
found() {
  local name=$1
  shift
  local compare=("$here/compare.sh" "$here/recorded/$name.txt" "$here/workloads/$name.work" "$model")
  if ! "${compare[@]}"; then
    echo "FAILED: $name differs without a planted error"
    failures=$((failures + 1))
  elif "${compare[@]}" "$@" >/dev/null; then
    echo "FAILED: $name does not notice $*"
    failures=$((failures + 1))
  fi
}

found file_private_read -a 8
found file_windows -a 32
found file_fork -a 1
found shared_anonymous -a 8
found dontneed -r
found fork_dontneed -r
found dontneed_vmas -r
found thp_write -t never
found thp_edges -t never
found thp_read -t never
found brk -t always
found sequential_write -t always
found mprotect -t always
exit $((failures > 0))
