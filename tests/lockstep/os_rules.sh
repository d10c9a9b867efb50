#!/usr/bin/env bash
# What --os does with traces made for it: processes apart, pages of every size, little memory, refusals.
# usage: os_rules.sh TWINWALK WORKDIR
set -u
twinwalk=$1 work=$2
rm -rf "$work"
mkdir -p "$work"
cd "$work" || exit 1
failures=0

# counts EXPECTED KEYS COMMAND...: the values of the first trace's keys (dots descend), space-separated
counts() {
  local expected=$1 keys=$2 got
  shift 2
  got=$("$@" --json - | sed -n '/^{/,$p' | python3 -c '
import functools, json, sys
trace = json.load(sys.stdin)["traces"][0]
step = lambda d, k: d[int(k)] if k.isdigit() else d[k]
print(*[functools.reduce(step, key.split("."), trace) for key in sys.argv[1].split()])' "$keys")
  if [ "$got" != "$expected" ]; then
    echo "FAILED: $keys: $got instead of $expected: $*"
    failures=$((failures + 1))
  fi
}

# fails STATUS WHAT COMMAND...: one line on stderr that contains WHAT
fails() {
  local wanted=$1 what=$2 status
  shift 2
  "$@" >out 2>err </dev/null
  status=$?
  if [ $status -ne "$wanted" ] || [ "$(wc -l <err)" -ne 1 ] || ! grep -q -- "$what" err; then
    echo "FAILED: status $status, wanted $wanted and '$what': $*"
    cat err
    failures=$((failures + 1))
  fi
}

# Two processes at the same addresses: each reads what it wrote; tables and faults are each its own.
cat >two.txt <<'T'
twinwalk-trace 1
w 10000 8
w 11000 8
switch 2
r 10000 8
w 10000 8
switch 1
r 10000 8
r 11000 8
switch 2
r 10000 8
T
for command in sim "cosim --config small"; do
  # shellcheck disable=SC2086
  for mode in sv32 sv39 sv48 sv57; do
    counts "2 2 0" "os.processes.0.min_flt os.processes.1.min_flt os.mismatches" \
      "$twinwalk" $command --os --adue --mode $mode two.txt
  done
done
counts "12288 12288" "os.processes.0.vm_pte os.processes.1.vm_pte" "$twinwalk" sim --os --mode sv48 two.txt
counts "4096" "os.processes.0.vm_pte" "$twinwalk" sim --os --mode sv32 two.txt

# Code comes from the program file: one major fault, the pages around it are not cached yet.
printf 'twinwalk-trace 1\nf 400000 4\nf 401000 4\nr 402000 8\n' >code.txt
counts "3 0 3" "os.processes.0.maj_flt os.processes.0.min_flt os.page_ins" "$twinwalk" sim --os code.txt

# Svade: mapped with A; a clean page that is written later has no second fault where hardware sets D.
printf 'twinwalk-trace 1\nr 10000 8\nw 10000 8\nr 10000 8\n' >dirty.txt
counts "2" "os.vmstat.pgfault" "$twinwalk" sim --os dirty.txt
counts "2" "os.vmstat.pgfault" "$twinwalk" sim --os --adue dirty.txt

# Huge pages: one fault for 2 MiB (Sv32: 4 MiB), and one for a GiB.
{
  echo "twinwalk-trace 1"
  for ((page = 0; page < 512; page++)); do printf 'w %x 8\n' $((0x40000000 + page * 4096)); done
} >huge.txt
counts "1 1 512" "os.vmstat.pgfault os.vmstat.thp_fault_alloc os.vmstat.nr_anon_pages" \
  "$twinwalk" sim --os --thp huge.txt
counts "1 1" "os.vmstat.pgfault os.vmstat.thp_fault_alloc" "$twinwalk" cosim --os --page 2M huge.txt
counts "1 1" "os.vmstat.pgfault os.vmstat.thp_fault_alloc" \
  "$twinwalk" cosim --os --mode sv32 --page 4M --memory 16M huge.txt
counts "1" "os.vmstat.pgfault" "$twinwalk" cosim --os --page 1G huge.txt
counts "512" "os.vmstat.pgfault" "$twinwalk" sim --os huge.txt

# No progress without memory: a process is killed, and the line says so.
{
  cat huge.txt
  for ((page = 0; page < 2048; page++)); do printf 'w %x 8\n' $((0x40000000 + page * 4096)); done
} >large.txt
fails 2 "out of memory: process 1 was killed" "$twinwalk" sim --os --memory 4M --swap 0 large.txt
fails 2 "large.txt:.*out of memory" "$twinwalk" cosim --os --memory 4M --swap 1M large.txt
counts "0" "os.mismatches" "$twinwalk" cosim --os --memory 4M large.txt
fails 2 "boot\|cannot be" "$twinwalk" sim --os --memory 200K large.txt

# Bus errors: where tables lie they are SIGBUS; where data lie they are not what was written there.
printf 'twinwalk-trace 1\nbuserror 80000000 90000000\nw 10000 8\n' >bus.txt
fails 2 "bus.txt:3:.*SIGBUS" "$twinwalk" sim --os bus.txt
fails 2 "bus.txt:3:.*SIGBUS" "$twinwalk" cosim --os bus.txt
printf 'twinwalk-trace 1\nw 10000 8\nbuserror 80000000 90000000\nr 10000 8\n' >data.txt
fails 1 "data.txt:4:.*refuses" "$twinwalk" sim --os data.txt

# What an operating system rules over, no trace may set; options that mean nothing are refused.
printf 'twinwalk-trace 1\nset mode sv39\nset root 80000\nr 1000\n' >own.txt
fails 2 "own.txt:3:.*rules over" "$twinwalk" cosim --os own.txt
printf 'twinwalk-trace 1\nr 1000\nset priv s\nr 1000\n' >priv.txt
fails 2 "priv.txt:3:.*rules over" "$twinwalk" sim --os priv.txt
printf 'twinwalk-trace 1\nmem 80000000 1\nr 1000\n' >mem.txt
fails 2 "mem.txt:2:.*rules over" "$twinwalk" sim --os mem.txt
printf 'twinwalk-trace 1\nset mode bare\nr 1000\n' >bare.txt
fails 2 "bare.txt:3:.*mode that translates" "$twinwalk" sim --os bare.txt
printf 'twinwalk-trace 1\nr ffffffff80000000\n' >kernel.txt
fails 2 "cannot be mapped" "$twinwalk" sim --os --mode sv48 kernel.txt
fails 2 "mode that translates" "$twinwalk" sim --os --mode bare two.txt
for option in "--memory 64M" "--swap 1G" "--policy clock" "--swappiness 10" --thp --check; do
  # shellcheck disable=SC2086
  fails 2 "needs --os" "$twinwalk" cosim $option two.txt
done
fails 2 "needs --os" "$twinwalk" sim --optimum two.txt
fails 2 "needs --os" "$twinwalk" cosim --seed 3 two.txt
fails 2 "optimum" "$twinwalk" cosim --os --optimum two.txt
fails 2 "none of lru" "$twinwalk" sim --os --policy mru two.txt
for size in 0 64Q -1 64MM 5000P 1e3 ""; do
  fails 2 "--memory" "$twinwalk" sim --os --memory "$size" two.txt
done
for share in 0% 10001% % 5%5; do
  fails 2 "--memory" "$twinwalk" sim --os --memory "$share" two.txt
done
fails 2 "--swap" "$twinwalk" sim --os --swap 10% two.txt
fails 2 "up to 200" "$twinwalk" sim --os --swappiness 201 two.txt
fails 2 "no pages of" "$twinwalk" sim --os --page 4M two.txt
fails 2 "no pages of" "$twinwalk" sim --os --mode sv32 --page 2M two.txt
fails 2 "no pages of" "$twinwalk" sim --os --mode sv32 --page 1G two.txt
fails 2 "no pages of" "$twinwalk" sim --os --mode sv48 --page 512G two.txt
fails 2 "--rights" "$twinwalk" sim --os --rights all two.txt
fails 2 "exclude" "$twinwalk" sim --os --thp --page 2M two.txt
fails 2 "twice" "$twinwalk" sim --os -
[ "$failures" -eq 0 ]
