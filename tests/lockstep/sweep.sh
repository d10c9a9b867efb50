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

# With a walk cache the TLBs miss as before, and walks read what `sim` reads.
"$twinwalk" sweep "${options[@]}" --sets 4 --ways 1 --walk-cache 0,4 --csv "$work/cached.csv" "$trace"
"$twinwalk" sim "${options[@]}" --itlb 4x1 --dtlb 4x1 --l2tlb 0x0 --walk-cache 4 --json "$work/cached.json" "$trace" >/dev/null
python3 - "$work/cached.csv" "$work/cached.json" <<'P'
import csv, json, sys
rows = list(csv.DictReader(open(sys.argv[1])))
sim = json.load(open(sys.argv[2]))["traces"][0]
without, cached = rows[:2], rows[2:]
assert [row["walk_cache"] for row in rows] == ["0", "0", "4", "4"], rows
assert [row["misses"] for row in without] == [row["misses"] for row in cached], rows
assert all(row["reads_per_walk"] == f"{sim['reads_per_walk']:.3f}" for row in cached), (rows, sim)
assert sim["walk_cache_hits"] > 0 and sim["pte_reads"] < float(without[0]["reads_per_walk"]) * sim["walks"]
P

rm -f "$work/none.csv"
status=0
"$twinwalk" sweep --ways 0 --csv "$work/none.csv" "$trace" 2>/dev/null || status=$?
[ "$status" = 2 ] && [ ! -e "$work/none.csv" ]
