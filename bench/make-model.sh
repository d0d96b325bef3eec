#!/usr/bin/env bash
# Prints the path of the random model for the bench. Writes the file first if it is not in the cache.
# usage: bench/make-model.sh [SHAPE [QUANTIZATION]]     as in random_gguf.py; default: 135m Q4_0
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")"
# shellcheck source=scripts/env.sh
. ../scripts/env.sh
# shellcheck source=scripts/setup.sh
. ../scripts/setup.sh

shape="${1:-135m}"
quantization="${2:-Q4_0}"
folder="$CACHE_DIR/bench"
# The name holds a checksum of script and packages, because another script or package makes another file.
recipe="$(cat random_gguf.py requirements.txt | cksum | cut -d' ' -f1)"
model="$folder/random-$shape-$quantization-$recipe.gguf"

write_model() {
  mkdir -p "$folder"
  need_python_environment "$folder/venv" requirements.txt
  say "writing the random model $shape $quantization"
  "$folder/venv/bin/python" random_gguf.py "$model" --shape "$shape" --quantization "$quantization"
}

# Only the path goes to stdout.
if ! [ -f "$model" ]; then write_model >&2; fi
echo "$model"
