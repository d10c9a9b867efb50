#!/usr/bin/env bash
# `sim` on an imported lackey trace gives Cachegrind's four miss counts, to the last one.
# Cachegrind's cache lines are made 4096 bytes long, so that its caches are TLBs: I1 and D1 64 entries
# 4-way, LL 1536 entries 12-way, true LRU.
# usage: cachegrind.sh TWINWALK WORKDIR NAME PROGRAM ARGS...
set -euo pipefail
twinwalk=$1 work=$2/$3 name=$3
shift 3
mkdir -p "$work"
valgrind=(setarch -R valgrind)
setarch -R true 2>/dev/null || valgrind=(valgrind)

"${valgrind[@]}" --tool=cachegrind --cache-sim=yes --I1=262144,4,4096 --D1=262144,4,4096 \
  --LL=6291456,12,4096 --cachegrind-out-file="$work/cachegrind.out" "$@" \
  >/dev/null 2>"$work/cachegrind.log"
"${valgrind[@]}" --tool=lackey --trace-mem=yes --log-fd=9 "$@" 9>&1 >/dev/null 2>/dev/null |
  "$twinwalk" trace import --format lackey -o "$work/trace.twt" -
"$twinwalk" sim --itlb 16x4:lru --dtlb 16x4:lru --l2tlb 128x12:lru --json "$work/sim.json" \
  "$work/trace.twt" >/dev/null

# Totals of the event counts: Ir I1mr ILmr Dr D1mr DLmr Dw D1mw DLmw
expected=$(awk '/^summary:/ {print $3, $6 + $9, $4, $7 + $10}' "$work/cachegrind.out")
got=$(python3 - "$work/sim.json" <<'P'
import json, sys
r = json.load(open(sys.argv[1]))
print(r["itlb"]["misses"], r["dtlb"]["misses"], r["l2tlb"]["misses_i"], r["l2tlb"]["misses_d"])
P
)
echo "$name: I1, D1, LLi, LLd misses: cachegrind $expected; sim $got"
rm -f "$work/trace.twt"
[ "$expected" = "$got" ]
