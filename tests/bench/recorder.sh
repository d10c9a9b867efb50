#!/usr/bin/env bash
# How fast the recorder and the reader are: CPU time of QEMU, the plugin and the recorder together, on
# whole runs of three real programs; then of reading each trace back, every record decoded and checked.
# usage: recorder.sh TWINWALK [JSON]
set -euo pipefail
twinwalk=$(realpath "$1")
json=${2:+$(realpath "$2")}
programs=$(cd "$(dirname "$0")/../../traces/shipped/programs" && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
gcc -O2 -static -o words "$programs/words.c"
cp "$programs"/workload.* .
./words 30000 1 >words.txt

python3 - "$twinwalk" "$json" <<'P'
import json, resource, subprocess, sys

twinwalk, target = sys.argv[1:]
runs = {
    "gzip": ["/usr/bin/gzip", "-6", "-c", "words.txt"],
    "python3": ["/usr/bin/python3", "-E", "-S", "workload.py"],
    "sqlite3": ["/usr/bin/sqlite3", "-init", "workload.sql", ":memory:", ".quit"],
}

def cpu(command):
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime

rows = []
print(f"{'program':10}{'references':>12}{'records':>12}{'record':>10}{'read':>10}{'read':>11}{'size':>8}")
print(f"{'':10}{'M':>12}{'M':>12}{'Mref/s':>10}{'Mrec/s':>10}{'Mref/s':>11}{'B/ref':>8}")
for name, command in runs.items():
    trace = name + ".twt"
    recording = cpu([twinwalk, "record", "-o", trace, "--", *command])
    info = json.loads(subprocess.check_output([twinwalk, "trace", "info", "--json", trace]))[0]
    reading = cpu([twinwalk, "trace", "info", "--check", trace])
    references = info["fetches"] + info["data"]
    row = {"program": name, "references": references, "records": info["records"],
           "record_references_per_second": references / recording,
           "read_records_per_second": info["records"] / reading,
           "read_references_per_second": references / reading,
           "bytes_per_reference": info["bytes_per_reference"]}
    rows.append(row)
    print(f"{name:10}{references / 1e6:12.1f}{info['records'] / 1e6:12.1f}"
          f"{references / recording / 1e6:10.1f}{info['records'] / reading / 1e6:10.1f}"
          f"{references / reading / 1e6:11.1f}{info['bytes_per_reference']:8.4f}")
if target:
    with open(target, "w") as file:
        json.dump(rows, file, indent=2)
P
