#!/bin/sh
# divergence.sh PLANTED DIR TRACES SHIPPED: what the command line tells and leaves behind when the
# sides diverge. PLANTED is the command line with planted bugs; TRACES and SHIPPED are folders.
set -u
planted=$1 dir=$2 traces=$3 shipped=$4
failed=0

fail() {
    echo "FAILED: $name: $*"
    failed=1
}

# The first line of a report: DIVERGENCE, level N (…).
level_of() {
    sed -n 's/^DIVERGENCE, level \([0-9]\).*/\1/p' "$1"
}

# check NAME MUTANT LEVEL OPTIONS... TRACE: diverges at LEVEL, shows both sides unless only the twin
# says otherwise, leaves the minimised trace and its waves; the command it prints diverges likewise,
# and agrees without bug.
check() {
    name=$1 mutant=$2 level=$3
    shift 3
    out=$dir/$name
    rm -rf "$out"
    mkdir -p "$out"
    TWINWALK_MUTANT=$mutant "$planted" cosim --divergence-dir "$out" "$@" > "$out/report" 2> "$out/errors"
    status=$?
    [ $status = 1 ] || fail "exit status $status"
    # The hardware's own assertions may speak, nobody else.
    grep -v '%Error' "$out/errors" && fail "says that on stderr"
    [ "$(level_of "$out/report")" = "$level" ] || fail "level $(level_of "$out/report"), not $level"
    if [ "$level" != 4 ]; then
        grep -q '^ *cycle  hardware  *model' "$out/report" || fail "no steps side by side"
        grep -q '^\*' "$out/report" || fail "no step is marked"
        grep -q '^  request  ' "$out/report" || fail "no request"
    fi
    [ "$(head -n 1 "$out/divergence.txt")" = "twinwalk-trace 1" ] || fail "no minimised trace"
    [ -s "$out/divergence.fst" ] || fail "no waves"
    grep -q '^\[timestart\]' "$out/divergence.gtkw" || fail "no save file"

    again=$(sed -n 's/^  again:  *twinwalk //p' "$out/report")
    # shellcheck disable=SC2086 # the printed command, word by word
    TWINWALK_MUTANT=$mutant "$planted" $again --no-investigation > "$out/again" 2>&1
    [ $? = 1 ] || fail "the minimised trace does not diverge: $again"
    [ "$(level_of "$out/again")" = "$level" ] || fail "the minimised trace diverges at another level"
    # shellcheck disable=SC2086
    "$planted" $again > "$out/agrees" 2>&1 || fail "the minimised trace diverges without the bug"
    records=$(grep -c '^[rwfsmb]' "$out/divergence.txt")
    [ "$records" -le 30 ] || fail "$records records are left"
}

check stale_asid hw-asid-not-compared 3 --config small "$traces/stale-asid.txt"
check refill hw-refill-without-x 1 --config small "$traces/refill.txt"
check update hw-update-misaligned 2 --no-timing-check --config small "$traces/update-of-a-bad-pte.txt"
check model model-napot-any-encoding 2 --config small "$traces/napot.txt"
check answers hw-asid-not-compared 1 --config small --no-tlb-check "$traces/stale-asid.txt"
check victims hw-lru-ignores-a-use 3 --config small "$shipped/gzip.twt"
check dirty hw-dirty-not-set 2 --no-timing-check --config mixed --mode sv48 --rights touch --adue \
    --latency 1:9:3 --stall 20 "$shipped/sqlite3.twt"
check superpages hw-fence-va-4k-only 3 --config small --page 2M --rights touch "$shipped/two.twt"
check processes hw-asid-not-compared 3 --config small --os --memory 66% --policy clock "$shipped/two.twt"
check desired hw-dirty-not-set 4 --config mixed --mode sv48 --rights touch --adue \
    --latency 1:9:3 --stall 20 "$shipped/sqlite3.twt"
check late hw-offer-late 4 --config small "$shipped/gzip.twt"
check twin twin-sweep-one-more 4 --config small "$traces/fence-forms.txt"

# Random stress: the episode and its waves.
name=stress
mkdir -p "$dir/stress"
TWINWALK_MUTANT=hw-fence-in-walk-ignored "$planted" stress --divergence-dir "$dir/stress" \
    > "$dir/stress/report" 2>&1
[ $? = 1 ] || fail "does not diverge"
[ -s "$dir/stress/divergence.fst" ] && [ -s "$dir/stress/divergence.gtkw" ] || fail "no waves"
again=$(sed -n 's/^  again:  *twinwalk //p' "$dir/stress/report")
# shellcheck disable=SC2086
TWINWALK_MUTANT=hw-fence-in-walk-ignored "$planted" $again --divergence-dir "$dir/stress" \
    > "$dir/stress/again" 2>&1
[ "$(grep '^DIVERGENCE' "$dir/stress/again")" = "$(grep '^DIVERGENCE' "$dir/stress/report")" ] ||
    fail "the episode played again differs"

# What is gone when it has been read.
name=standard_input
TWINWALK_MUTANT=hw-asid-not-compared "$planted" cosim --config small --divergence-dir "$dir" - \
    < "$traces/stale-asid.txt" > "$dir/stdin" 2>&1
[ $? = 1 ] || fail "exit status"
grep -q '^DIVERGENCE, level 3' "$dir/stdin" || fail "no report"
grep -q '^twinwalk cosim: standard input cannot be read again' "$dir/stdin" || fail "no line"

# A report that cannot be written is said, and the divergence reported all the same.
name=unwritable
TWINWALK_MUTANT=hw-asid-not-compared "$planted" cosim --config small \
    --divergence-dir "$dir/missing/folder" "$traces/stale-asid.txt" > "$dir/unwritable" 2>&1
[ $? = 1 ] || fail "exit status"
grep -q '^DIVERGENCE, level 3' "$dir/unwritable" || fail "no report"
[ "$(grep -c '^twinwalk cosim:.*missing/folder' "$dir/unwritable")" = 2 ] ||
    fail "not one line for the trace and one for the waves"
grep -q '^  waves:' "$dir/unwritable" && fail "names waves that are not there"

name=unwritable_waves
for window in 0:10 50:60; do
    "$planted" cosim --config small --waves "$dir/missing/x.fst" --waves-window $window \
        "$traces/svadu.txt" > "$dir/unwritable" 2>&1
    [ $? = 2 ] || fail "exit status, window $window"
    grep -q '^twinwalk cosim: .*missing/x.fst' "$dir/unwritable" || fail "no line, window $window"
    grep -q DIVERGENCE "$dir/unwritable" && fail "is called a divergence, window $window"
done

[ $failed = 0 ] && echo "reports, minimised traces and waves as they should be"
exit $failed
