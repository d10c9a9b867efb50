#!/usr/bin/env bash
# The model alone, with its shortcuts for repeated references, counts the same lookups and misses as the
# hardware in lockstep, for every trace; below an operating system the same of everything it counts.
# usage: sim_equals_cosim.sh TWINWALK WORKDIR "OPTIONS" TRACES...
set -euo pipefail
twinwalk=$1 work=$2
read -ra options <<<"$3"
shift 3
mkdir -p "$work"
"$twinwalk" cosim --config server --latency 1 "${options[@]}" --json "$work/cosim.json" "$@"
"$twinwalk" sim --itlb 16x4 --dtlb 16x4 --l2tlb 128x12 --walk-cache 32 "${options[@]}" --json "$work/sim.json" "$@"
python3 - "$work" <<'P'
import json, sys
cosim, sim = (json.load(open(f"{sys.argv[1]}/{name}.json")) for name in ("cosim", "sim"))
failed = False
for a, b in zip(cosim["traces"], sim["traces"]):
    for key in b:
        if a[key] != b[key]:
            failed = True
            print(f'{a["trace"]}: {key}: cosim {a[key]}, sim {b[key]}')
sys.exit(failed or not cosim["traces"])
P
