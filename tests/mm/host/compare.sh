#!/usr/bin/env bash
# The model's figures of a workload against those of a real kernel; status 1 and the differences if
# they are not the same, line by line. Where the workload says that Linux `differs`, they must.
# usage: compare.sh FIGURES WORKLOAD MODEL [OPTION...]
set -euo pipefail
figures=$1 workload=$2
shift 2
mine=$("$@" "$workload")
difference=$(diff --label kernel --label model -U0 <(grep -v '^#' "$figures") - <<<"$mine") && same=1 || same=0
if grep -q '^differs' "$workload"; then
  [ "$same" -eq 0 ] && exit 0
  echo "$workload says that Linux differs, but it does not"
  exit 1
fi
[ "$same" -eq 1 ] && exit 0
echo "$workload:"
echo "$difference"
exit 1
