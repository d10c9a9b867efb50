#!/usr/bin/env bash
# Workloads that are none: one line on stderr that names file, line and reason, and status 2.
# usage: bad_workloads.sh RUNNER WORKDIR
set -u
runner=$1 work=$2
rm -rf "$work"
mkdir -p "$work"
cd "$work" || exit 1
failures=0

# refused LINE REASON TEXT: `title` is put before the text.
refused() {
  printf 'title x\n%b' "$3" >bad.work
  "$runner" bad.work >out 2>err
  local status=$?
  if [ $status -ne 2 ] || [ -s out ] || [ "$(wc -l <err)" -ne 1 ] ||
    ! grep -qF "bad.work:$1: " err || ! grep -qF -- "$2" err; then
    echo "FAILED: status $status, wanted line $1, '$2':"
    cat err
    failures=$((failures + 1))
  fi
}

map='map a 0x100000000000 4M anon rw'
refused 2 "no statement is called 'toch'" "toch a 4M\n"
refused 2 "no address is called 'a'" "touch a 4M read\n"
refused 2 "'4X' is no size" "map a 0x100000000000 4X anon rw\n"
refused 2 "'-4' is no size" "map a 0x100000000000 -4 anon rw\n"
refused 2 "the length is not in whole pages" "map a 0x100000000000 0 anon rw\n"
refused 2 "is not that of a user page" "map a 0x100000000001 4K anon rw\n"
refused 2 "is not that of a user page" "map a 0x1000000000000 4K anon rw\n"
refused 2 "'nil' is no kind of mapping" "map a 0x100000000000 4K nil rw\n"
refused 2 "no file is called 'f'" "map a 0x100000000000 4K private:f rw\n"
refused 2 "'w' is no right" "map a 0x100000000000 4K anon w\n"
refused 3 "'a' is defined already" "$map\n$map\n"
refused 2 "an address is missing" "touch\n"
refused 3 "is no order of accesses" "$map\ntouch a 4M read sideways\n"
refused 3 "'more' is too much" "$map\nmunmap a 4M more\n"
refused 2 "no process is called 'c'" "c: exit\n"
refused 3 "'c' never exits" "fork c\nmark x\n"
refused 4 "'c' has exited" "fork c\nc: exit\nc: mark x\n"
refused 4 "its child 'd' is still running" "fork c\nc: fork d\nc: exit\n"
refused 2 "the first process exits at the end" "exit\n"
refused 2 "'5' has no sign" "brk 5\n"
refused 2 "a chunk is at most 1M" "file f 4M by 2M\n"
refused 2 "is no name" "mark No\n"
printf 'mark x\n' >bad.work
"$runner" bad.work 2>err && failures=$((failures + 1))
grep -q 'it has no title' err || failures=$((failures + 1))
"$runner" absent.work 2>err && failures=$((failures + 1))
grep -q 'absent.work: No such file' err || failures=$((failures + 1))
exit $((failures > 0))
