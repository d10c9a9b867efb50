#!/usr/bin/env bash
# Installs what is missing, builds, and runs a tier of tests: quick (default), formal, full.
#   quick   everything but proofs and long soaks, under 15 minutes
#   formal  proofs about the hardware, for every input, under 25 minutes; builds nothing
#   full    quick, formal, the long soaks and the sanitizer build of everything
set -euo pipefail
cd "$(dirname "$0")"
tier=${1:-quick}
case $tier in quick | formal | full) ;; *)
  echo "test.sh: no tier '$tier': quick, formal or full" >&2
  exit 2
  ;;
esac
.ci/install.sh
[ "$tier" = formal ] && exec tests/formal/formal.py
jobs=$(nproc)
cmake --preset release >/dev/null
cmake --build --preset release -j "$jobs"
# The same tests of everything in C under AddressSanitizer and UBSan.
cmake --preset sanitize >/dev/null
cmake --build --preset sanitize -j "$jobs"
status=0
ctest --test-dir build-sanitize -L sanitize -j "$jobs" --output-on-failure || status=1
labels=(-LE "full|formal")
[ "$tier" = full ] && labels=()
ctest --test-dir build "${labels[@]}" -j "$jobs" --output-on-failure || status=1
exit $status
