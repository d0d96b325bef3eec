#!/usr/bin/env bash
# Builds the native library for this machine, for the tests of Kotlin and Swift, and prints its path.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
. scripts/env.sh

# The addon is built too: one package alone would compile the shared crates a second time, with fewer features.
cargo build --package llama-rs-ffi --package llama-rs-node
case "$(uname -s)" in
  Darwin) echo "$CARGO_TARGET_DIR/debug/libllama_rs.dylib" ;;
  *) echo "$CARGO_TARGET_DIR/debug/libllama_rs.so" ;;
esac
