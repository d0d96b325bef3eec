#!/usr/bin/env bash
# Writes the Kotlin and the Swift of the native library to android/generated and ios/generated. With --check it only
# compares.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
. scripts/env.sh

library="$(scripts/build-library.sh)"
written="$(mktemp -d)"
trap 'rm -rf "$written"' EXIT

generate() { # LANGUAGE FOLDER
  cargo run --quiet --locked --manifest-path ffi/bindgen/Cargo.toml --target-dir "$CACHE_DIR/target-bindgen" -- \
    generate --library "$library" --language "$1" --no-format --out-dir "$2"
}

generate kotlin "$written/android"
generate swift "$written/ios"
# Swift takes a C module from a folder of its own, with a map of this name.
mkdir "$written/ios/llama_rsFFI"
mv "$written/ios/llama_rsFFI.h" "$written/ios/llama_rsFFI/llama_rsFFI.h"
mv "$written/ios/llama_rsFFI.modulemap" "$written/ios/llama_rsFFI/module.modulemap"

for platform in android ios; do
  if [ "${1:-}" = --check ]; then
    diff -r "$platform/generated" "$written/$platform" || {
      echo "$platform/generated is out of date - run ./dev generate" >&2
      exit 1
    }
  else
    mkdir -p "$platform"
    rm -rf "$platform/generated"
    cp -r "$written/$platform" "$platform/generated"
  fi
done
