#!/usr/bin/env bash
# What of this machine the recorded figures depend on, a line each, as `recorded/` keeps them.
# usage: features.sh DIRECTORY     (the file system of DIRECTORY is where the workloads' files go)
set -euo pipefail
thp=/sys/kernel/mm/transparent_hugepage
chosen() { sed -n 's/.*\[\(.*\)\].*/\1/p' "$1" 2>/dev/null || true; }

# CONFIG_$1 of the running kernel: y, n, or unknown.
config() {
  local text
  text=$(zcat /proc/config.gz 2>/dev/null || cat "/boot/config-$(uname -r)" 2>/dev/null || true)
  if [ -z "$text" ]; then
    echo unknown
  elif grep -q "^CONFIG_$1=y" <<<"$text"; then
    echo y
  else
    echo n
  fi
}

# Sizes between a page and a huge page that anonymous memory may get, if any.
small_huge_pages() {
  local sizes="" file policy
  for file in "$thp"/hugepages-*kB/enabled; do
    policy=$(chosen "$file")
    [ -z "$policy" ] || [ "$policy" = never ] || [[ $file == */hugepages-2048kB/* ]] ||
      sizes+=" $(basename "$(dirname "$file")")=$policy"
  done
  echo "${sizes:- none}"
}

echo "kernel: $(uname -s) $(uname -r | grep -oE '^[0-9]+\.[0-9]+')"
echo "machine: $(uname -m), pages of $(getconf PAGE_SIZE) bytes"
echo "CONFIG_PT_RECLAIM: $(config PT_RECLAIM)"
echo "transparent huge pages: $(chosen $thp/enabled), defrag $(chosen $thp/defrag), zero page $(cat $thp/use_zero_page 2>/dev/null)"
echo "other huge page sizes:$(small_huge_pages)"
echo "NUMA balancing: $(cat /proc/sys/kernel/numa_balancing 2>/dev/null || echo 0)"
echo "file system: $(findmnt -n -o FSTYPE --target "$1" 2>/dev/null || stat -f -c %T "$1")"
