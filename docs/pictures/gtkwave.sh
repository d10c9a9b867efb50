#!/usr/bin/env bash
# A picture of waves, from a GTKWave that nobody sees.
# usage: gtkwave.sh FILE.fst OUT.png [FROM_NS TO_NS]   (the save file FILE.gtkw lies beside the FST)
set -euo pipefail
fst=$1 png=$2
save=${fst%.fst}.gtkw
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
# By default from a little before the first walk's marker, 48 cycles.
from=${3:-$(awk '/^\[timestart\]/ {print $2}' "$save")}
to=${4:-$((from + 480))}
cat >"$work/shot.tcl" <<T
gtkwave::setZoomRangeTimes $from $to
gtkwave::/File/Grab_To_File $work/shot.png
gtkwave::/File/Quit
T
HOME=$work xvfb-run -a -s "-screen 0 1920x1330x24" timeout 60 gtkwave -f "$fst" -a "$save" -S "$work/shot.tcl" \
  --rcvar 'hide_sst on' --rcvar 'splash_disable on' --rcvar 'fontname_signals Monospace 11' \
  --rcvar 'fontname_waves Monospace 11' >"$work/log" 2>&1 || { cat "$work/log" >&2; exit 1; }
[ -s "$work/shot.png" ] || { cat "$work/log" >&2; exit 1; }
mv "$work/shot.png" "$png"
