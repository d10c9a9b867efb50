#!/usr/bin/env bash
# Where each step of "Virtual Address Translation Process" (privileged specification, 12.3.2) stands on
# both sides: docs/spec-map.md, made from the comments "step N" at the lines that perform them.
#   spec_map.sh --write   writes it          spec_map.sh   fails if it is not up to date
set -euo pipefail
cd "$(dirname "$0")/../.."
what=("" "a = satp.ppn x PAGESIZE, i = LEVELS - 1" "read the PTE at a + va.vpn[i] x PTESIZE"
  "valid, no reserved encodings" "pointer or leaf; next level" "leaf: misaligned superpage"
  "U, SUM, and fetches from user pages" "shadow stacks (not implemented)" "R, W, X and MXR"
  "A and D: fault, or compare-and-set" "pa from the leaf and va")
places() { # STEP FILES...
  local n=$1
  shift
  # "steps 6 and 8", "steps 5 to 9", "step 4": every number named, ranges at their ends
  grep -nEio "steps? [0-9]+((,| and| to) [0-9]+)*" "$@" | grep -E "\b$n\b" | grep -vE "^[^:]*:$n:[^0-9]*$" |
    awk -F: -v n="$n" '{ if ($3 ~ "(^|[^0-9])" n "([^0-9]|$)") printf "%s%s:%s", (c++ ? ", " : ""), $1, $2 }'
}
map() {
  echo "# The specification's steps on both sides"
  echo
  echo "RISC-V privileged specification, 12.3.2 \"Virtual Address Translation Process\"; made by \`tests/lint/spec_map.sh --write\`."
  echo
  echo "| step | what | model | hardware |"
  echo "| --- | --- | --- | --- |"
  for n in 1 2 3 4 5 6 7 8 9 10; do
    c=$(places "$n" model/mmu/*.c model/mmu/*.h)
    v=$(places "$n" rtl/*.sv)
    if [ "$n" != 7 ] && { [ -z "$c" ] || [ -z "$v" ]; }; then
      echo "step $n is not marked on both sides" >&2
      return 1
    fi
    echo "| $n | ${what[$n]} | ${c:--} | ${v:--} |"
  done
}
if [ "${1:-}" = --write ]; then
  map >docs/spec-map.md.new && mv docs/spec-map.md.new docs/spec-map.md
else
  diff -u docs/spec-map.md <(map)
fi
