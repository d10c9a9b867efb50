#!/usr/bin/env bash
# How far the fast mode's estimates are from the twin, over the shipped traces, and how much faster it is
# (CPU time, reading the traces included). Figures, not a test: docs/timing-studies.md has the table.
# usage: fast_mode.sh TWINWALK [REFERENCES]      of each trace; 500000 unless told, 0 all
set -euo pipefail
twinwalk=$(realpath "$1")
references=${2:-500000}
cd "$(dirname "$0")/../../traces/shipped"
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
limit=()
[ "$references" -eq 0 ] || limit=(--limit "$references")
caches=cache:32K/8/64/4,1M/16/64/20,100

printf '%-5s %-7s %5s | %-22s | %-22s\n' mode latency walks "error, cycles in %" "error, walk cycles in %"
printf '%-5s %-7s %5s | %7s %14s | %7s %14s\n' "" "" "" mean worst mean worst
for mode in sv39 sv48; do
  for latency in 1 10 50 $caches; do
    for walks in 1 8; do
      "$twinwalk" sim --timing both --mode $mode --latency "$latency" --walks $walks "${limit[@]}" \
        --json "$work/both.json" ./*.twt >"$work/out"
      python3 - "$work/both.json" $mode "${latency%%:*}" $walks <<'P'
import json, os, sys
errors = {}
for trace in json.load(open(sys.argv[1]))["traces"]:
    for key, value in trace["timing"]["error_percent"].items():
        errors.setdefault(key, []).append((value, os.path.basename(trace["trace"])[:-4]))
line = "%-5s %-7s %5s" % tuple(sys.argv[2:])
for key in ("cycles", "walk_cycles"):
    worst = max(errors[key], key=lambda error: abs(error[0]))
    line += " | %6.2f%% %+6.1f%% %s" % (sum(abs(e) for e, _ in errors[key]) / len(errors[key]), *worst)
    if key == "cycles":
        line = line.ljust(45)
print(line)
P
    done
  done
done

# CPU seconds of sim with OPTIONS... TRACE, the least of three.
seconds() {
  local TIMEFORMAT=%U
  for _ in 1 2 3; do
    { time "$twinwalk" sim "$@" >"$work/out" 2>&1; } 2>&1
  done | sort -g | head -1
}
printf '\n%-8s %10s %6s | %s | %s\n' "" "" "" "latency 10, 8 walks" "latency 100, 1 walk"
printf '%-8s %10s %6s | %6s %6s %5s | %6s %6s %5s\n' trace references model exact fast ratio exact fast ratio
for trace in *.twt; do
  "$twinwalk" sim --json "$work/sim.json" "$trace" >"$work/out"
  count=$(python3 -c 'import json, sys; print(json.load(open(sys.argv[1]))["references"])' "$work/sim.json")
  line="${trace%.twt} $count $(seconds "$trace")"
  for options in "--latency 10 --walks 8" "--latency 100 --walks 1"; do
    for mode in exact fast; do
      # shellcheck disable=SC2086
      line+=" $(seconds --timing $mode $options "$trace")"
    done
  done
  awk '{printf "%-8s %10d %6.2f | %6.2f %6.2f %5.1f | %6.2f %6.2f %5.1f\n", $1, $2, $3, $4, $5, $4 / $5, $6, $7, $6 / $7}' \
    <<<"$line"
done
