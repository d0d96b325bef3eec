#!/usr/bin/env bash
# Writes the Kotlin of the native library to android/generated. With --check it only compares.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
. scripts/env.sh

library="$(scripts/build-library.sh)"
written="$(mktemp -d)"
trap 'rm -rf "$written"' EXIT
cargo run --quiet --locked --manifest-path ffi/bindgen/Cargo.toml --target-dir "$CACHE_DIR/target-bindgen" -- \
  generate --library "$library" --language kotlin --no-format --out-dir "$written"

if [ "${1:-}" = --check ]; then
  diff -r android/generated "$written" || {
    echo "android/generated is out of date - run ./dev generate" >&2
    exit 1
  }
else
  rm -rf android/generated
  cp -r "$written" android/generated
fi
