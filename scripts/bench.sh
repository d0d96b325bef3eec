#!/usr/bin/env bash
# Prints the rows of the performance table, each against a bare llama.cpp loop in the same process.
# usage: ./dev bench [--quick] [--impatient] [--only TEXT]
#   --quick      the tiny model, to see that every row can be measured at all
#   --impatient  does not wait until the machine is idle
#   --only TEXT  only groups of rows whose name contains TEXT
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
# env.sh also sets GOMP_SPINCOUNT, which a program reads only when it starts.
. scripts/env.sh

model=
for argument in "$@"; do
  if [ "$argument" = --quick ]; then model=models/tiny-chat/tiny-chat-q8_0.gguf; fi
done
if [ -z "$model" ]; then model="$(bench/make-model.sh)"; fi
cargo build --quiet --package llama-rs-bench
exec "$CARGO_TARGET_DIR/debug/llama-rs-bench" "$@" "$model"
