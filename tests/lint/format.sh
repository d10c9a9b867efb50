#!/usr/bin/env bash
# clang-format decides the layout of C and C++.
set -euo pipefail
cd "$(dirname "$0")/../.."
find model harness traces tests -name '*.[ch]' -o -name '*.cpp' | sort | xargs clang-format --dry-run -Werror
