#!/usr/bin/env bash
# The real engine's tests under AddressSanitizer: our C++, the Rust that calls it, and llama.cpp below them. Compiles
# llama.cpp anew, into a build folder of its own.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

# The tests that call C++, but for the tests of memory numbers, which the sanitizer's own memory would spoil.
TESTS=(bad_files conversation loading parking random residency swapping templates)

# An explicit target keeps the flags from build scripts and macros, which run inside an uninstrumented compiler.
target="$(rustc --version --verbose | sed -n 's/^host: //p')"
# A stable compiler has the sanitizer, but hides the option.
export RUSTC_BOOTSTRAP=1
export RUSTFLAGS="-Zsanitizer=address -Cforce-frame-pointers=yes ${RUSTFLAGS:-}"
export CFLAGS="-fsanitize=address -fno-omit-frame-pointer ${CFLAGS:-}"
export CXXFLAGS="-fsanitize=address -fno-omit-frame-pointer ${CXXFLAGS:-}"
# The flags are part of the name of the build folder.
. scripts/env.sh

# The random tests take fewer steps, because the sanitizer makes everything several times slower.
export LLAMA_RS_FIRES="${LLAMA_RS_FIRES:-100}"
export LLAMA_RS_MUTATIONS="${LLAMA_RS_MUTATIONS:-300}"

chosen=()
for name in "${TESTS[@]}"; do chosen+=(--test "llama_$name"); done
exec cargo test --package llama-rs-core --target "$target" "${chosen[@]}" "$@"
