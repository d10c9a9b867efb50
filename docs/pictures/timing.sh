#!/usr/bin/env bash
# The wave pictures of docs/timing.md, from today's build: configuration `small`, Sv39, PTE reads of 3 cycles.
set -euo pipefail
cd "$(dirname "$0")/../.."
root=$PWD
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# picture NAME IN_FLIGHT CYCLES RECORD…: the records come after tables that map pages 2 to 6.
picture() {
  local name=$1 in_flight=$2 cycles=$3
  shift 3
  {
    printf '%s\n' 'twinwalk-trace 1' 'set mode sv39' 'set root 80000' 'set priv s' \
      'mem 80000000 20000401 8' 'mem 80001000 20000801 8' 'mem 80002010 200400cf 8' \
      'mem 80002018 200404cf 8' 'mem 80002020 200408cf 8' 'mem 80002028 20040ccf 8' \
      'mem 80002030 200410cf 8' fence "$@"
  } >"$work/$name.txt"
  build/twinwalk cosim --config small --in-flight "$in_flight" --latency 3 --waves "$work/$name.fst" \
    "$work/$name.txt" >/dev/null
  cp docs/pictures/timing.gtkw "$work/$name.gtkw"
  (cd "$work" && "$root/docs/pictures/gtkwave.sh" "$name.fst" "$root/docs/pictures/timing-$name.png" \
    0 $((cycles * 10)))
}

picture walk 1 24 'r 2000' 'r 3000'
picture overlap 8 24 'r 2000' 'r 3000' 'r 2008' 'r 3008' 'r 2010' 'r 4000' 'r 2018' 'r 3010'
