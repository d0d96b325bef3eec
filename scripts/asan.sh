#!/usr/bin/env bash
# The real engine's tests under AddressSanitizer: our C++, the Rust that calls it, and llama.cpp below them. Compiles
# llama.cpp anew, into a build folder of its own.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

# What calls into C++. Without the tests of memory numbers, which the sanitizer's own memory would spoil.
TESTS=(bad_files conversation loading parking random residency swapping templates)

# A target that is named keeps the flags from build scripts and macros, which run inside an uninstrumented compiler.
target="$(rustc --version --verbose | sed -n 's/^host: //p')"
# A stable compiler brings the sanitizer, but hides the option.
export RUSTC_BOOTSTRAP=1
export RUSTFLAGS="-Zsanitizer=address -Cforce-frame-pointers=yes ${RUSTFLAGS:-}"
export CFLAGS="-fsanitize=address -fno-omit-frame-pointer ${CFLAGS:-}"
export CXXFLAGS="-fsanitize=address -fno-omit-frame-pointer ${CXXFLAGS:-}"
# Takes the flags into the name of the build folder.
. scripts/env.sh

# Fewer than without the sanitizer, which makes everything several times slower.
export LLAMA_RS_FIRES="${LLAMA_RS_FIRES:-100}"
export LLAMA_RS_MUTATIONS="${LLAMA_RS_MUTATIONS:-300}"

chosen=()
for name in "${TESTS[@]}"; do chosen+=(--test "llama_$name"); done
exec cargo test --package llama-rs-core --target "$target" "${chosen[@]}" "$@"
