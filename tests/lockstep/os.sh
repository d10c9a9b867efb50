#!/usr/bin/env bash
# Traces below an operating system short of memory: no mismatch, all contents intact, and swap is really
# used by every trace of more than 100 pages. With sim and --optimum: Belady's is never more.
# usage: os.sh WORKDIR COMMAND...
set -euo pipefail
work=$1
shift
mkdir -p "$work"
"$@" --json "$work/os.json"
python3 - "$work/os.json" <<'P'
import json, sys
document = json.load(open(sys.argv[1]))
failed = not document["traces"]
for trace in document["traces"]:
    os = trace["os"]
    checks = {
        "mismatches": os["mismatches"] == 0 and trace.get("mismatches", 0) == 0,
        "words checked": os["words_checked"] > 0,
        "unmended faults": trace["unmended_faults"] == 0,
        "faults of processes": os["vmstat"]["pgfault"] ==
            sum(p["min_flt"] + p["maj_flt"] for p in os["processes"]),
        "swapped in": os["pages_touched"] <= 100 or os["vmstat"]["pswpin"] > 0,
        "swapped out": os["vmstat"]["pswpin"] == 0 or os["vmstat"]["pswpout"] > 0,
        "resident": os["pages_touched"] <= 100 or os["peak_resident"] < 0.8 * os["pages_touched"],
        "optimum": os.get("optimum_page_ins", 0) <= os["page_ins"],
    }
    for what, holds in checks.items():
        if not holds:
            failed = True
            print(f'{trace["trace"]}: {what} wrong: {json.dumps(os)}')
sys.exit(failed)
P
