#!/usr/bin/env bash
# Makes a package for Swift's tests: a copy of ios/ with the files that they read. A device cannot reach the checkout.
set -euo pipefail
folder="${1:?usage: scripts/swift-package.sh FOLDER}"
cd "$(dirname "${BASH_SOURCE[0]}")/.."

rm -rf "$folder"
mkdir -p "$(dirname "$folder")"
# The copy keeps the times of files, so that unchanged ones are not built again.
cp -Rp ios "$folder"
resources="$folder/Tests/LlamaTests/Files"
mkdir -p "$resources"
cp -Rp fixtures/contract models/tiny-chat/tiny-chat-q8_0.gguf "$resources/"
