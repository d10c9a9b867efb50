#!/usr/bin/env bash
# Records the shipped traces again, and writes PROVENANCE.md.
# Needs what .ci/packages.txt lists; takes about two minutes.
# usage: make.sh TWINWALK [DIRECTORY]   (the program just built; where to put them, default: here)
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
[ $# -ge 1 ] || { sed -n 's/^# usage/usage/p' "$0" >&2; exit 2; }
twinwalk=$(realpath "$1")
out=$(realpath "${2:-$here}")
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"

for program in words chase gups; do
  gcc -O2 -static -o $program "$here/programs/$program.c"
done
gcc -m32 -O2 -static -o join32 "$here/programs/join32.c"
cp "$here"/programs/workload.* .
./words 60000 1 >words.txt

# The environment is part of what a program references.
clean=(env -i PATH=/usr/bin:/bin LC_ALL=C PYTHONHASHSEED=0)

# record NAME SKIP COUNT NOTE PROGRAM ARGUMENTS...
record() {
  local name=$1 skip=$2 count=$3 note=$4
  shift 4
  echo "$name" >&2
  "${clean[@]}" "$twinwalk" record -o "$name.twt" --skip "$skip" --limit "$count" --level 19 \
    --note "$note" -- "$@" >/dev/null
}

version() { dpkg-query -W -f '${Package} ${Version}' "$1"; }
own="$(gcc --version | head -1), our own program"

# row NAME PROGRAM LICENCE INPUT SKIP: a line of the table
row() {
  "$twinwalk" trace info --json "$1.twt" | python3 -c '
import json, sys
name, program, licence, given, skip = sys.argv[1:]
t = json.load(sys.stdin)[0]
print("| `%s` | %s | %s | `%s` | %s | %s | %d | %d | %.3f |" % (name, program, licence,
      t["program"].replace("|", "\\|"), given, skip, t["fetches"] + t["data"], t["va_bits"],
      t["bytes_per_reference"]))' "$@" >>rows
}

record gzip 1000000000 4000000 "compressor at work" /usr/bin/gzip -6 -c words.txt
row gzip "$(version gzip)" "GPL-3+" words.txt 1000000000
record sort 130000000 4000000 "merges and prints" /usr/bin/sort --parallel=1 -S 64M words.txt
row sort "$(version coreutils)" "GPL-3+" words.txt 130000000
record sqlite3 1300000000 4000000 "joins two tables in memory" \
  /usr/bin/sqlite3 -init workload.sql :memory: .quit
row sqlite3 "$(version sqlite3)" "public domain" programs/workload.sql 1300000000
record python3 1000000000 4000000 "interpreter: dictionaries of objects" \
  /usr/bin/python3 -P -S workload.py
row python3 "$(version python3-minimal)" "PSF-2" programs/workload.py 1000000000
record chase 17200000 2000000 "random pointer chase through 32 MiB" ./chase 32 600000
row chase "$own" "as this project" programs/chase.c 17200000
record gups 2000000 2000000 "random updates of 64 MiB" ./gups 64 300000
row gups "$own" "as this project" programs/gups.c 2000000
record join32 20000000 3000000 "hash join, 32-bit program" ./join32 500000 400000
row join32 "$own, -m32" "as this project" programs/join32.c 20000000

# Two processes that take turns.
record first 300000000 2000000 "" /usr/bin/mawk \
  '{ for (i = 2; i <= NF; i++) n[$i]++ } END { for (w in n) print w, n[w] }' words.txt
record second 50000000 2000000 "" /usr/bin/sort --parallel=1 -S 64M words.txt
"$twinwalk" trace mix --quantum 20000 --level 19 -o two.twt first.twt second.twt
row two "$(version mawk); $(version coreutils)" "GPL-2; GPL-3+" words.txt "300000000; 50000000"

{
  cat <<'TEXT'
# Where the shipped traces come from

Written by `make.sh`, which records everything again. Traces hold addresses only, nothing of a program's or
a file's content. Recorded with
TEXT
  echo "$(version qemu-user), page-run form (docs/trace-format.md)."
  cat <<'TEXT'
`words.txt` is what `programs/words.c` prints: `words 60000 1`. `skipped` references were passed over before the
window that was recorded. `two` are two recordings in turns of 20000 references. Recorded again with the same
versions all come out equal, but for `python3`, which differs in some records from run to run.

| trace | program | licence of the program | command line | input | skipped | references | address bits | bytes per reference |
| --- | --- | --- | --- | --- | --- | --- | --- | --- |
TEXT
  cat rows
} >PROVENANCE.md

mv gzip.twt sort.twt sqlite3.twt python3.twt chase.twt gups.twt join32.twt two.twt PROVENANCE.md "$out"
