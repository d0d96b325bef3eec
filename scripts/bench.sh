#!/usr/bin/env bash
# Prints the rows of the performance table, each against a bare llama.cpp loop in the same process.
# usage: ./dev bench [--quick] [--impatient] [--only TEXT]
#   --quick      the tiny model, to see that every row can be measured at all
#   --impatient  does not wait for a moment in which nobody else computes
#   --only TEXT  the rows whose group's name contains this
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
# Sets GOMP_SPINCOUNT too, which must be there before the program starts.
. scripts/env.sh

model=
for argument in "$@"; do
  if [ "$argument" = --quick ]; then model=models/tiny-chat/tiny-chat-q8_0.gguf; fi
done
if [ -z "$model" ]; then model="$(bench/make-model.sh)"; fi
cargo build --quiet --package llama-rs-bench
exec "$CARGO_TARGET_DIR/debug/llama-rs-bench" "$@" "$model"
