#!/usr/bin/env bash
# The main job, from nothing: installs what is missing, builds, plays the shipped traces to the hardware
# and the model in lockstep, and shows what came out. Results go to build/demo.
set -euo pipefail
cd "$(dirname "$0")"
.ci/install.sh
echo "== build"
cmake --preset release >/dev/null
cmake --build --preset release -j "$(nproc)" --target twinwalk_cli twinwalk_plugin
out=build/demo
mkdir -p "$out"
shipped=traces/shipped
status=0

play() { # TITLE JSON OPTIONS... TRACES...
  echo
  echo "== $1"
  build/twinwalk cosim --json "$out/$2" --divergence-dir "$out" "${@:3}" || status=$?
}
mapfile -t traces < <(ls "$shipped"/*.twt)
play "every shipped trace, Sv39, PTE reads of 10 cycles" sv39.json "${traces[@]}"
play "a 32-bit program, Sv32, random latency" sv32.json --mode sv32 --latency 1:20:7 "$shipped"/join32.twt
play "Sv48, rights on demand, hardware sets A and D" sv48.json --mode sv48 --rights touch --adue "$shipped"/sqlite3.twt
play "Sv57, the larger TLBs of 'server'" sv57.json --mode sv57 --config server "$shipped"/gups.twt

play "below an operating system: working set 1.5 times memory, contents checked" os.json --os --memory 66% \
  --limit 1000000 "$shipped"/{sort,two}.twt
echo
echo "== a page fault, step by step (twinwalk mm --list names the other scenarios)"
build/twinwalk mm fault | sed -n '/^1\./,/^2\./p' | head -n -1

echo
echo "== waves of the first walks of gzip"
build/twinwalk cosim --latency 4 --limit 400 --waves "$out/gzip.fst" "$shipped"/gzip.twt
if docs/pictures/gtkwave.sh "$out/gzip.fst" "$out/gzip.png"; then
  echo "picture: $out/gzip.png"
else
  echo "no picture: GTKWave did not draw one"
  status=1
fi

echo
echo "JSON:    $(ls "$out"/*.json | tr '\n' ' ')"
echo "waves:   gtkwave $out/gzip.fst $out/gzip.gtkw"
[ $status -eq 0 ] && echo "The hardware walked like the model: 0 mismatches at levels 1 to 4."
exit $status
