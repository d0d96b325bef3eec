#!/usr/bin/env bash
# Checks this machine's library like Android's: alignment, build id, symbols, stripped size.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
. scripts/library-checks.sh

library="${1:?usage: scripts/check-library.sh LIBRARY}"
folder="$(mktemp -d)"
trap 'rm -rf "$folder"' EXIT
strip_library "$library" "$folder/$(basename "$library")"
check_library "$library" "$folder/$(basename "$library")"
