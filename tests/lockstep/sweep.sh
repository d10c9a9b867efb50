#!/usr/bin/env bash
# Every row of a sweep is what `sim` counts for that point; a sweep that cannot be leaves no file.
# usage: sweep.sh TWINWALK WORKDIR "OPTIONS" TRACE
set -euo pipefail
twinwalk=$1 work=$2 trace=$4
read -ra options <<<"$3"
mkdir -p "$work"
"$twinwalk" sweep "${options[@]}" --sets 4,16 --ways 1,4 --replacement lru,fifo --csv "$work/sweep.csv" "$trace"
rows=0
while IFS=, read -r name stream sets ways size policy lookups misses; do
  [ "$name" = trace ] && continue
  tlb=${sets}x$ways:$policy
  "$twinwalk" sim "${options[@]}" --itlb "$tlb" --dtlb "$tlb" --l2tlb 0x0 --json "$work/point.json" "$trace" >/dev/null
  python3 - "$work/point.json" "$stream" "$lookups" "$misses" <<'P'
import json, sys
path, stream, lookups, misses = sys.argv[1:]
tlb = json.load(open(path))["traces"][0]["itlb" if stream == "I" else "dtlb"]
sys.exit(0 if (tlb["lookups"], tlb["misses"]) == (int(lookups), int(misses)) else f"{tlb} for {lookups},{misses}")
P
  rows=$((rows + 1))
done <"$work/sweep.csv"
[ "$rows" = 16 ] # 2 x 2 x 2 points, 2 streams
rm -f "$work/none.csv"
status=0
"$twinwalk" sweep --ways 0 --csv "$work/none.csv" "$trace" 2>/dev/null || status=$?
[ "$status" = 2 ] && [ ! -e "$work/none.csv" ]
