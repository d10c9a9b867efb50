#!/usr/bin/env bash
# Makes the pictures of the docs again from today's build.
set -euo pipefail
cd "$(dirname "$0")/../.."
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
build/twinwalk cosim --latency 3 --waves "$work/walk.fst" tests/lockstep/traces/svadu.txt >/dev/null
cd "$work" # the window's title is the file's name as given
"$OLDPWD/docs/pictures/gtkwave.sh" walk.fst "$OLDPWD/docs/pictures/walk.png"
