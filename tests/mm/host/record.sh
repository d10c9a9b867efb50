#!/usr/bin/env bash
# Runs the workloads on the kernel of this machine and writes recorded/NAME.txt for each.
# usage: record.sh [DIRECTORY [WORKLOAD...]]   files are made in DIRECTORY (default: a new one here)
# Needs Linux on x86-64, gcc and the static C library (Debian: build-essential).
set -euo pipefail
cd "$(dirname "$0")"
if [ "$(uname -sm)" != "Linux x86_64" ]; then
  echo "record.sh: Linux on x86-64 is wanted, this is $(uname -sm)" >&2
  exit 2
fi
work=$(mktemp -d)
files=${1:-}
if [ -z "$files" ]; then
  files=$(mktemp -d -p .)
  trap 'rm -rf "$work" "$files"' EXIT
else
  shift
  trap 'rm -rf "$work"' EXIT
fi
workloads=("$@")
[ ${#workloads[@]} -gt 0 ] || workloads=(workloads/*.work)
gcc -std=gnu11 -O2 -Wall -Wextra -Werror -static -no-pie -fno-pie -I../../../model \
  -o "$work/native" native.c workload.c
mkdir -p recorded
for workload in "${workloads[@]}"; do
  name=$(basename "$workload" .work)
  {
    ./features.sh "$files" | sed 's/^/# /'
    ./run_native.sh "$work/native" "$workload" "$files"
  } >"$work/new"
  mv "$work/new" "recorded/$name.txt"
  echo "$name"
done
