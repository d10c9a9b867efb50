#!/usr/bin/env bash
# Pages read from swap and files by each reclaim policy, and by Belady's optimum with as many frames, for
# working sets of 1.5 times the memory. No readahead; accessed bits are fenced when cleared.
# usage: policies.sh TWINWALK TRACE...
set -euo pipefail
twinwalk=$1
shift
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
for policy in lru clock random; do
  "$twinwalk" sim --os --adue --memory 66% --page-cluster 0 --flush-young --optimum --policy "$policy" \
    --json "$work/$policy.json" "$@" >/dev/null
done
python3 - "$work" <<'P'
import json, os, sys
runs = {p: json.load(open(f"{sys.argv[1]}/{p}.json"))["traces"] for p in ("lru", "clock", "random")}
print("| trace | pages touched | frames | optimum | lru | clock | random |")
print("| --- | --- | --- | --- | --- | --- | --- |")
for lru, clock, random in zip(*runs.values()):
    best = lru["os"]
    name = os.path.basename(lru["trace"]).removesuffix(".twt")
    for run in (lru, clock, random):
        if run["os"]["optimum_page_ins"] > run["os"]["page_ins"]:
            sys.exit(f"{name}: the optimum reads more than a policy")
    print(f'| {name} | {best["pages_touched"]:,} | {best["peak_resident"]:,} | {best["optimum_page_ins"]:,} | '
          f'{best["page_ins"]:,} | {clock["os"]["page_ins"]:,} | {random["os"]["page_ins"]:,} |')
P
