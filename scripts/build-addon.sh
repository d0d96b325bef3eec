#!/usr/bin/env bash
# Builds the Node addon and puts it where Node, jest and the demo require it from: node/llama-rs.node.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
. scripts/env.sh

cargo build --package llama-rs-node
case "$(uname -s)" in
  Darwin) built="$CARGO_TARGET_DIR/debug/libllama_rs_node.dylib" ;;
  *) built="$CARGO_TARGET_DIR/debug/libllama_rs_node.so" ;;
esac
# A process that has loaded the old file keeps it, because a rename gives the new file another inode.
if ! cmp -s "$built" node/llama-rs.node; then
  cp "$built" node/llama-rs.node.new
  mv node/llama-rs.node.new node/llama-rs.node
fi
