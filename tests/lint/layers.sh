#!/usr/bin/env bash
# No arrow runs up: model/mmu knows model only, model/mm the MMU's face, physmem the MMU, traces nothing but model/types.h of ours,
# and only harness/verilated sees Verilator. The library has no I/O and no mutable globals.
set -euo pipefail
cd "$(dirname "$0")/../.."
failed=0
forbid() { # WHAT PATTERN FILES...
  local what=$1 pattern=$2
  shift 2
  if grep -nE "$pattern" "$@"; then
    echo "  ^ $what"
    failed=1
  fi
}
mapfile -t model < <(find model -name '*.[ch]' ! -path 'model/defs/gen_*')
mapfile -t traces < <(find traces -name '*.[ch]' ! -path '*/shipped/*')
mapfile -t harness < <(find harness -name '*.[ch]' ! -path '*/verilated/*')
forbid "the model includes what lies above it" \
  '#include "(\.\./)*(lockstep|replay|verilated|trace|study|cli|stress|conform|waves|os)' "${model[@]}"
forbid "the traces include more than model/types.h" '#include "(mmu|physmem|defs|lockstep|replay|cli)/' \
  "${traces[@]}"
forbid "only harness/verilated may see Verilator" '#include .*(verilated[_.]|Vmmu)' "${harness[@]}"
mapfile -t mm < <(find model/mm -name '*.[ch]')
forbid "the memory manager sees more of the MMU than its face and the PTE's encodings" \
  '#include "(\.\./)?mmu/(job|walker|tlb|replacement|permission)' "${mm[@]}"
mapfile -t library < <(find model/mmu model/mm model/types.c -name '*.c')
forbid "the library does no output" '(^|[^>.[:alnum:]_])(printf|fprintf|puts|fopen|exit|abort)\(' "${library[@]}"
# An object that is writable and not on the stack would be a global. Compiled here without link-time
# optimisation, which hides what is static.
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
for file in "${library[@]}"; do
  gcc -std=gnu11 -O0 -fno-lto -fno-pie -Imodel -c "$file" -o "$work/x.o"
  if nm "$work/x.o" | grep -E ' [BbDdC] '; then
    echo "  ^ $file has mutable globals"
    failed=1
  fi
done
exit $failed
