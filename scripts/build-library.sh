#!/usr/bin/env bash
# Builds the native library for this machine, as Kotlin and Swift use it in tests, and prints where it is.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
. scripts/env.sh

# With the addon: a selection of one package would compile what both share a second time, with fewer features.
cargo build --package llama-rs-ffi --package llama-rs-node
case "$(uname -s)" in
  Darwin) echo "$CARGO_TARGET_DIR/debug/libllama_rs.dylib" ;;
  *) echo "$CARGO_TARGET_DIR/debug/libllama_rs.so" ;;
esac
