#!/usr/bin/env bash
# Unusable input and arguments: exit status 2, exactly one line on stderr, nothing half written.
# usage: bad_input.sh TWINWALK SHIPPED_TRACE WORKDIR
set -u
twinwalk=$1 trace=$2 work=$3
rm -rf "$work"
mkdir -p "$work"
cd "$work" || exit 1
failures=0

# refused WHAT COMMAND...: the line must contain WHAT. Usage errors may add argp's one-line hint.
refused() {
  local what=$1 status
  shift
  "$@" >out 2>err </dev/null
  status=$?
  local lines
  lines=$(grep -vc '^Try ' err)
  if [ $status -ne 2 ] || [ "$lines" -ne 1 ] || ! grep -q -- "$what" err; then
    echo "FAILED: status $status, $lines lines, wanted '$what': $*"
    cat err
    failures=$((failures + 1))
  fi
}

refused "no command" "$twinwalk"
refused "no command 'nonsense'" "$twinwalk" nonsense
refused "no trace" "$twinwalk" cosim
refused "No such file" "$twinwalk" cosim absent.twt
refused "directory" "$twinwalk" sim .
refused "no hardware configuration" "$twinwalk" cosim --config nonsense "$trace"
refused "--latency: '9:3:1'" "$twinwalk" cosim --latency 9:3:1 "$trace"
refused "--latency: '0'" "$twinwalk" cosim --latency 0 "$trace"
refused "--latency: ''" "$twinwalk" cosim --latency "" "$trace"
refused "--latency: 'cache:'" "$twinwalk" cosim --latency cache: "$trace"
refused "--latency: 'cache:1K/2/64/2'" "$twinwalk" cosim --latency cache:1K/2/64/2 "$trace"
refused "--latency: 'cache:1K/3/64/2,9'" "$twinwalk" cosim --latency cache:1K/3/64/2,9 "$trace"
refused "0 requests" "$twinwalk" cosim --in-flight 0 "$trace"
refused "a number up to 32" "$twinwalk" cosim --in-flight 33 "$trace"
refused "a number up to 32" "$twinwalk" cosim --in-flight 4x "$trace"
refused "0 cycles" "$twinwalk" stress --cycles 0
refused "not a number" "$twinwalk" stress --cycles -1
refused "none of" "$twinwalk" cosim --mode sv64 "$trace"
refused "not a number" "$twinwalk" cosim --limit -5 "$trace"
refused "no leaf page" "$twinwalk" sim --mode sv39 --page 4M "$trace"
refused "at least one set" "$twinwalk" sim --itlb 0x4 "$trace"
refused "at most" "$twinwalk" sim --l2tlb 65536x1024 "$trace"
refused "SETSxWAYS" "$twinwalk" sim --dtlb 4 "$trace"
refused "SETSxWAYS" "$twinwalk" sim --dtlb 4x4:mru "$trace"
refused "14\|16383" "$twinwalk" sim --seed 16384 "$trace"
refused "cannot\|No such" "$twinwalk" sim --limit 10 --json absent/x.json "$trace"
refused "cannot be written" "$twinwalk" cosim --limit 10 --waves absent/x.fst "$trace"
refused "no regular file" "$twinwalk" cosim --limit 10 --waves /dev/full "$trace"
refused "without --waves" "$twinwalk" cosim --waves-window 1:2 "$trace"
refused "FIRST is after LAST" "$twinwalk" cosim --waves x.fst --waves-window 9:2 "$trace"
refused "before the first cycle" "$twinwalk" cosim --limit 10 --waves x.fst --waves-window 99999:100000 "$trace"
refused "0 references" "$twinwalk" sim --limit 0 "$trace"
refused "one trace" "$twinwalk" cosim --waves x.fst "$trace" "$trace"

# damaged traces: cut at every kind of place, a flipped bit, another version, no trace at all
size=$(stat -c %s "$trace")
for length in 0 1 3 7 40 200 $((size / 2)) $((size - 1)); do
  head -c "$length" "$trace" >cut.twt
  refused "cut.twt" "$twinwalk" sim --json cut.json cut.twt
  refused "cut.twt" "$twinwalk" cosim --limit 100000000 cut.twt
done
for at in 0 5 60 $((size / 3)) $((size - 3)); do
  cp "$trace" flip.twt
  byte=$(od -An -tu1 -j "$at" -N 1 "$trace" | tr -d ' ')
  printf "%b" "\\x$(printf %02x $((byte ^ 16)))" | dd of=flip.twt bs=1 seek="$at" conv=notrunc status=none
  refused "flip.twt" "$twinwalk" sim --json flip.json flip.twt
done
echo "twinwalk-trace 99" >version.txt
refused "version.txt:1" "$twinwalk" sim version.txt
printf 'twinwalk-trace 1\nr 1000\nbogus\n' >word.txt
refused "word.txt:3" "$twinwalk" sim word.txt
head -c 5000 /dev/urandom >noise.twt
refused "noise.twt" "$twinwalk" cosim noise.twt
printf 'twinwalk-trace 1\nset mode sv39\nset root 80000\nr 1000\n' >own.txt
refused "another mode" "$twinwalk" cosim --mode sv48 own.txt
refused "own tables" "$twinwalk" cosim --page 2M own.txt
printf 'twinwalk-trace 1\nset mode sv32\nset root 400000\nr 1000\n' >wide.txt
refused "22 bits" "$twinwalk" cosim wide.txt
printf 'twinwalk-trace 1\nr 1000\nswitch 512\nr 1000\n' >processes.txt
refused "9 bits" "$twinwalk" sim --mode sv32 processes.txt
printf 'twinwalk-trace 1\nr 1000\nset root 80000\n' >late.txt
refused "late.txt" "$twinwalk" cosim late.txt
if [ "$(id -u)" -ne 0 ]; then
  cp "$trace" secret.twt && chmod 000 secret.twt
  refused "Permission denied" "$twinwalk" sim secret.twt
fi

# scenarios
refused "no scenario given" "$twinwalk" mm
refused "no scenario 'none'" "$twinwalk" mm none
refused "none of sv32" "$twinwalk" mm --mode bare buddy
refused "one of sv32" "$twinwalk" mm --mode sv48 tables
refused "none of lru" "$twinwalk" mm --policy fifo swap
refused "no directory" "$twinwalk" mm --data absent swap

# programs that fail
refused "absent-program" "$twinwalk" record -o a.twt -- absent-program
refused "false" "$twinwalk" record -o b.twt -- /bin/false
if ls ./*.json ./*.tmp ./a.twt ./b.twt ./x.fst >/dev/null 2>&1; then
  echo "FAILED: something was left behind:" ./*.json ./*.tmp ./*.twt
  failures=$((failures + 1))
fi
[ "$failures" -eq 0 ]
