#!/usr/bin/env bash
# Makes a package for Swift's tests: a copy of ios/ with the files that they read, which a device has no other way to.
set -euo pipefail
folder="${1:?usage: scripts/swift-package.sh FOLDER}"
cd "$(dirname "${BASH_SOURCE[0]}")/.."

rm -rf "$folder"
mkdir -p "$(dirname "$folder")"
# Times are kept, so that nothing is built anew that has not changed.
cp -Rp ios "$folder"
resources="$folder/Tests/LlamaTests/Files"
mkdir -p "$resources"
cp -Rp fixtures/contract models/tiny-chat/tiny-chat-q8_0.gguf "$resources/"
