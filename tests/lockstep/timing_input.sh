#!/usr/bin/env bash
# sim --timing: bad values are refused in one line with status 2, exact and fast are the same where nothing
# overlaps, and the twin answers what the model answers.
# usage: timing_input.sh TWINWALK SHIPPED_TRACES WORKDIR
set -u
twinwalk=$1 shipped=$2 work=$3
rm -rf "$work"
mkdir -p "$work"
cd "$work" || exit 1
trace=$shipped/gzip.twt
failures=0

# refused WHAT OPTIONS...: the line must contain WHAT.
refused() {
  local what=$1 status
  shift
  "$twinwalk" sim --limit 10 --json out.json "$@" >out 2>err </dev/null
  status=$?
  if [ $status -ne 2 ] || [ "$(wc -l <err)" -ne 1 ] || ! grep -q -- "$what" err || [ -s out ] || [ -e out.json ]; then
    echo "FAILED: status $status, wanted '$what': sim $*"
    cat out err
    failures=$((failures + 1))
  fi
}

refused "none of exact, fast, both" --timing slow "$trace"
refused "none of exact, fast, both" --timing "" "$trace"
refused "requires an argument" --timing
refused "1 to 16" --timing exact --walks 0 "$trace"
refused "up to 16" --timing exact --walks 17 "$trace"
refused "not a number" --timing exact --walks -1 "$trace"
refused "not I,D" --timing exact --misses 4 "$trace"
refused "1 to 32" --timing exact --misses 0,4 "$trace"
refused "not a number" --timing exact --misses 4, "$trace"
refused "up to 32" --timing exact --misses 4,33 "$trace"
refused "not a number" --timing exact --misses 4,4,4 "$trace"
refused "1 to 32" --timing fast --in-flight 0 "$trace"
refused "up to 32" --timing fast --in-flight 33 "$trace"
refused "neither cycles" --timing fast --latency 0 "$trace"
refused "less than MIN" --timing fast --latency 9:3:1 "$trace"
refused "LINE" --timing fast --latency cache:1K/2/48/3,90 "$trace"
refused "MEMORY" --timing fast --latency cache:1K/2/64/3, "$trace"
refused "at least one set" --timing both --itlb 0x4 "$trace"
refused "exclude each other" --timing exact --os "$trace"
refused "reads a trace twice" --timing both -
for option in "--walks 2" "--misses 1,1" "--prefetch" "--latency 5" "--in-flight 4"; do
  # shellcheck disable=SC2086
  refused "needs --timing" $option "$trace"
done
refused "absent.twt" --timing both absent.twt
head -c 2000 "$trace" >cut.twt
for mode in exact fast both; do
  refused "cut.twt" --limit 100000000 --timing $mode cut.twt
done

# same OPTIONS...: one request in flight, every figure the same in both modes.
same() {
  "$twinwalk" sim --timing both --in-flight 1 --limit 30000 --json both.json "$@" "$shipped"/*.twt >out || {
    echo "FAILED: sim $*"
    failures=$((failures + 1))
    return
  }
  python3 - "$*" <<'P' || failures=$((failures + 1))
import json, sys
failed = False
for trace in json.load(open("both.json"))["traces"]:
    timing = trace["timing"]
    for key, value in timing["exact"].items():
        if timing["fast"][key] != value:
            failed = True
            print(f'FAILED: {sys.argv[1]}: {trace["trace"]}: {key}: {value} exactly, {timing["fast"][key]} fast')
    errors = timing["error_percent"]
    failed |= timing["differences"] != 0 or errors["cycles"] != 0 or timing["exact"]["cycles"] < 30000
sys.exit(failed)
P
}
same
same --mode sv48 --latency cache:2K/2/64/4,64K/8/64/20,100
same --rights touch --adue --l2tlb 0x0 --latency 1:40:7
same --page 2M --walks 1 --misses 1,1 --itlb 1x4:plru --dtlb 3x2:fifo --l2tlb 5x3:random

# One mode gives the same as both.
"$twinwalk" sim --timing both --limit 50000 --json both.json "$trace" >out
for mode in exact fast; do
  "$twinwalk" sim --timing $mode --limit 50000 --json one.json "$trace" >out
  python3 - $mode <<'P' || failures=$((failures + 1))
import json, sys
one, both = (json.load(open(name))["traces"][0]["timing"] for name in ("one.json", "both.json"))
assert one["mode"] == sys.argv[1] and both["mode"] == "both", (one["mode"], both["mode"])
wrong = {key: (value, one.get(key)) for key, value in both[sys.argv[1]].items() if one.get(key) != value}
print(*wrong.items(), sep="\n", end="")
sys.exit(bool(wrong))
P
done
exit $((failures > 0))
