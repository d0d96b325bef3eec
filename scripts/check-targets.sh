#!/usr/bin/env bash
# Type-checks and lints the Rust that is compiled for Android or for iOS alone. Leaves out llama.cpp, whose C++ would
# need the NDK or Xcode.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
. scripts/env.sh
. scripts/setup.sh

# ring's build script compiles C. A stand-in takes the place of the target's compiler, because nothing is linked here.
none="$PWD/scripts/no-compiler.sh"
export CC_aarch64_linux_android="$none" AR_aarch64_linux_android="$none"
export CC_aarch64_apple_ios="$none" AR_aarch64_apple_ios="$none"
# The build would otherwise ask Xcode for its SDK.
export SDKROOT="$PWD/scripts"

for target in aarch64-linux-android aarch64-apple-ios; do
  need_rust_target "$target"
  CARGO_TARGET_DIR="$POLICY_TARGET_DIR" cargo clippy --quiet "${STANDARD_LIBRARY[@]}" --target "$target" \
    --package llama-rs-core --package llama-rs-ffi --no-default-features -- -D warnings
  echo "$target: the types are right"
done
