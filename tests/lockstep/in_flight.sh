#!/usr/bin/env bash
# Overlapping requests change when things happen, not what: references, pages, faults and fences are those
# of a run of one after the other; requests merge; and it takes fewer cycles.
# usage: in_flight.sh TWINWALK WORKDIR IN_FLIGHT "OPTIONS" TRACES...
set -euo pipefail
twinwalk=$1 work=$2 in_flight=$3
read -ra options <<<"$4"
shift 4
mkdir -p "$work"
"$twinwalk" cosim "${options[@]}" --json "$work/one.json" "$@"
"$twinwalk" cosim "${options[@]}" --in-flight "$in_flight" --json "$work/several.json" "$@"
python3 - "$work" <<'P'
import json, sys
one, several = (json.load(open(f"{sys.argv[1]}/{name}.json")) for name in ("one", "several"))
same = ("references references_i references_d translations faults unmended_faults fences switches "
        "pages_mapped table_pages moved_regions mismatches timing_checked").split()
failed = not one["traces"]
for a, b in zip(one["traces"], several["traces"]):
    for key in same:
        if a[key] != b[key]:
            failed = True
            print(f'{a["trace"]}: {key}: {a[key]}, overlapping {b[key]}')
    if b["itlb"]["lookups"] != a["itlb"]["lookups"] or b["dtlb"]["lookups"] != a["dtlb"]["lookups"]:
        failed = True
        print(f'{a["trace"]}: lookups differ')
    # No translation is lost: each is one that the L1s are looked up for.
    lookups = sum(b["counters"][f"{tlb}_access"] for tlb in ("itlb_read", "dtlb_read", "dtlb_write"))
    if lookups != b["translations"]:
        failed = True
        print(f'{a["trace"]}: {b["translations"]} translations, {lookups} lookups of the hardware')
if several["cycles"] >= one["cycles"] or several["counters"]["merges"] == 0:
    failed = True
    print(f'{several["cycles"]} cycles instead of {one["cycles"]}, {several["counters"]["merges"]} merges')
sys.exit(failed)
P
