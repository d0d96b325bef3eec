#!/usr/bin/env bash
# Type-checks the Rust for phones, with its lints: what is compiled for Android or for iOS alone. Without llama.cpp, whose
# C++ would need the NDK or Xcode.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
. scripts/env.sh
. scripts/setup.sh

# ring's build script compiles C, for which a target's own compiler would be needed; nothing is linked here.
none="$PWD/scripts/no-compiler.sh"
export CC_aarch64_linux_android="$none" AR_aarch64_linux_android="$none" CC_aarch64_apple_ios="$none" AR_aarch64_apple_ios="$none"
# Else Xcode is asked for its own.
export SDKROOT="$PWD/scripts"

for target in aarch64-linux-android aarch64-apple-ios; do
  need_rust_target "$target"
  CARGO_TARGET_DIR="$POLICY_TARGET_DIR" cargo clippy --quiet "${STANDARD_LIBRARY[@]}" --target "$target" \
    --package llama-rs-core --package llama-rs-ffi --no-default-features -- -D warnings
  echo "$target: the types are right"
done
