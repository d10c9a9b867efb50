#!/usr/bin/env bash
# cosim --waves gives an FST and a save file that GTKWave draws: every row that the save file asks for
# exists in the dump, and the picture is no empty window.
# usage: waves.sh TWINWALK GTKWAVE_SH TRACE WORKDIR
set -euo pipefail
twinwalk=$1 picture=$2 trace=$3 work=$4
rm -rf "$work"
mkdir -p "$work"
"$twinwalk" cosim --latency 3 --waves "$work/w.fst" "$trace"
fst2vcd "$work/w.fst" >"$work/w.vcd"
python3 - "$work" <<'P'
import re, sys
work = sys.argv[1]
names, scope = set(), []
for line in open(f"{work}/w.vcd"):
    word = line.split()
    if line.startswith("$scope"):
        scope.append(word[2])
    elif line.startswith("$upscope"):
        scope.pop()
    elif line.startswith("$var"):
        names.add(".".join(scope + [word[4] + (word[5] if word[5] != "$end" else "")]))
    elif line.startswith("$enddefinitions"):
        break
wanted = re.findall(r"^\+\{[^}]*\} (?:\(\d+\))?(\S+)$", open(f"{work}/w.gtkw").read(), re.M)
missing = [name for name in wanted if name not in names]
print(f"{len(wanted)} rows, missing: {missing}")
sys.exit(bool(missing) or len(wanted) < 30)
P
"$picture" "$work/w.fst" "$work/w.png"
python3 - "$work/w.png" <<'P'
import struct, sys, zlib
data = open(sys.argv[1], "rb").read()
assert data[:8] == b"\x89PNG\r\n\x1a\n"
width, height = struct.unpack(">II", data[16:24])
print(f"picture of {width} x {height}, {len(data)} bytes")
sys.exit(width < 1000 or height < 800 or len(data) < 40000)
P
