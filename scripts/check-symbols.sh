#!/usr/bin/env bash
# Fails when a library lacks the symbol that its host looks for, or exports a symbol of llama.cpp or ggml: their names
# carry no prefix, so a process with another copy of ggml would bind one library's calls to the other's code, and crash.
set -euo pipefail
usage='usage: scripts/check-symbols.sh LIBRARY WANTED_SYMBOL'
library="${1:?$usage}"
wanted="${2:?$usage}"
# The library of another system needs that system's tool, such as the NDK's llvm-nm for Android.
nm="${NM:-nm}"

case "$(uname -s) $library" in
  Darwin*.so) exported="$("$nm" --dynamic --defined-only "$library" | awk '{ print $NF }')" ;;
  Darwin*) exported="$("$nm" -gU "$library" | awk '{ print substr($NF, 2) }')" ;;
  *) exported="$("$nm" --dynamic --defined-only "$library" | awk '{ print $NF }')" ;;
esac

if ! grep -qx "$wanted" <<<"$exported"; then
  echo "$library does not export $wanted: is it the right one?" >&2
  exit 1
fi
# Matches C functions, and C++ functions by the namespace or type in their mangled names. Our own functions for Kotlin
# and Swift begin with uniffi_ or ffi_.
if foreign="$(grep -E '^_?(ggml|gguf|llama|common)_|^_Z.*(ggml|gguf|llama|common_|nlohmann|minja|jinja)' <<<"$exported")"; then
  echo "$library exports symbols of llama.cpp:" >&2
  head -20 <<<"$foreign" >&2
  exit 1
fi
echo "$(basename "$library"): $(wc -l <<<"$exported") exported symbols, none of llama.cpp"
