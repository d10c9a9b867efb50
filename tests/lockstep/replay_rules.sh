#!/usr/bin/env bash
# How references become translations and counts.
# usage: replay_rules.sh TWINWALK SHIPPED WORKDIR
set -u
twinwalk=$1 shipped=$2 work=$3
rm -rf "$work"
mkdir -p "$work"
cd "$work" || exit 1
failures=0

# counts EXPECTED KEYS COMMAND...: the values of the JSON's keys (dots descend), space-separated
counts() {
  local expected=$1 keys=$2 got
  shift 2
  got=$("$@" --json - | sed -n '/^{/,$p' | python3 -c '
import functools, json, sys
document = json.load(sys.stdin)
print(*[functools.reduce(lambda d, k: d[k], key.split("."), document) for key in sys.argv[1].split()])' "$keys")
  if [ "$got" != "$expected" ]; then
    echo "FAILED: $keys: $got instead of $expected: $*"
    failures=$((failures + 1))
  fi
}

# A repeat means the page of the reference's first byte, folded or not.
printf 'twinwalk-trace 1\nr 1ffc 8\nrep d 3\nr 3000 8\nr 1000 8\n' >crossing.txt
"$twinwalk" trace convert --pages crossing.txt crossing.twt
for trace in crossing.txt crossing.twt; do
  counts "6 4" "references dtlb.misses" "$twinwalk" sim --dtlb 1x1 --l2tlb 0x0 "$trace"
done

# A reference that crosses pages counts once, and misses at most once a level.
printf 'twinwalk-trace 1\nw 1ffc 8\nw 1ffc 8\n' >twice.txt
counts "2 1 1 1" "dtlb.lookups dtlb.misses l2tlb.lookups l2tlb.misses_d" "$twinwalk" sim twice.txt

# The limit is exact, within runs too, and both ways to play agree on it.
printf 'twinwalk-trace 1\nr 1000\nrep d 4294967295\n' >long.txt
counts "100" references "$twinwalk" sim --limit 100 long.txt
counts "100" references "$twinwalk" cosim --limit 100 long.txt
counts "300000" references "$twinwalk" cosim --mode sv32 --limit 300000 "$shipped/gups.twt"

# What is not there is not counted.
counts "0 0" "l2tlb.lookups l2tlb.misses" "$twinwalk" cosim --config nol2 --limit 1000 "$shipped/sort.twt"
counts "0 0" "l2tlb.lookups l2tlb.misses" "$twinwalk" sim --l2tlb 0x0 --limit 1000 "$shipped/sort.twt"

# Standard output that cannot be written is an error.
"$twinwalk" sim long.txt >/dev/full 2>err
if [ $? -ne 2 ] || [ "$(wc -l <err)" -ne 1 ]; then
  echo "FAILED: a full standard output: $(cat err)"
  failures=$((failures + 1))
fi
[ "$failures" -eq 0 ]
