#!/usr/bin/env bash
# Draws the memory manager's pictures again from today's build: frames over time, LRU lists and
# ages, free lists.
set -euo pipefail
cd "$(dirname "$0")/../.."
pictures=$PWD/docs/pictures
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
build/twinwalk mm --data "$work" buddy swap >/dev/null
cd "$work"
gnuplot - <<PLOT
set datafile separator ","
set terminal pngcairo size 1000,480 font "sans,11"
set key outside right top
set grid

set output "$pictures/free-orders.png"
set title "Free frames by run length: a zone is filled (0-1024), used at random (1024-2048), given back"
set palette defined (0 "#d73027", 5 "#ffffbf", 10 "#1a6bb0")
unset colorbox
set xlabel "operations"
set ylabel "free frames"
set style fill solid 0.8 noborder
plot for [order = 10:0:-1] "free-orders.csv" every ::1 using 1:(sum [i = 0:order] column(i + 2) * 2**i) \
    with filledcurves x1 fc palette frac order / 10.0 title sprintf("runs of %d", 2**order)

set output "$pictures/frame-map.png"
set title "What each frame is used for, during a swap storm (working set 1.5 times memory)"
set xlabel "accesses"
set ylabel "frame"
set colorbox
set rmargin 18
set palette maxcolors 7 defined (0 "#eeeeee", 1 "#444444", 2 "#d62728", 3 "#1f77b4", 4 "#9ecae1", 5 "#2ca02c", 6 "#ff7f0e")
set cbrange [-0.5:6.5]
set cbtics ("free" 0, "kernel" 1, "page table" 2, "active anon" 3, "inactive anon" 4, "file" 5, "other" 6)
unset key
set autoscale fix
plot "frames.csv" matrix using (\$2 * 64):1:3 with image

set output "$pictures/lru-lists.png"
set title "kswapd at work: LRU lists and swap traffic during the same storm"
set rmargin -1
set key outside right top
set ylabel "frames"
set y2label "pages swapped"
set y2tics
plot "lists.csv" every ::1 using 1:2 with lines lw 2 title "free", \
     "" every ::1 using 1:3 with lines lw 2 title "active anon", \
     "" every ::1 using 1:4 with lines lw 2 title "inactive anon", \
     "" every ::1 using 1:5 axes x1y2 with lines dt 2 lw 2 lc "#d62728" title "swapped out", \
     "" every ::1 using 1:6 axes x1y2 with lines dt 2 lw 2 lc "#ff7f0e" title "swapped in"

set output "$pictures/lru-ages.png"
set title "Age of the pages on the LRU lists, from the head of the active to the tail of the inactive one"
set xlabel "position"
set ylabel "accesses since last used"
unset y2tics
unset y2label
plot "ages.csv" every ::1 using 1:(\$2 == 0 ? \$3 : 1/0) with points pt 7 ps 0.4 title "active", \
     "" every ::1 using 1:(\$2 == 1 ? \$3 : 1/0) with points pt 7 ps 0.4 title "inactive"
PLOT
