#!/usr/bin/env bash
# Makes the model from scratch: tokenizer, corpus, training, export, evaluation. About 13 minutes on two CPU cores.
# usage: build.sh [--quick]
#   --quick   10 steps per stage: shows in two minutes that every step runs. The resulting model knows nothing, so it is
#             not evaluated.
# Results go to the cache folder. The committed model is never overwritten.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")"
# shellcheck source=scripts/env.sh
. ../../scripts/env.sh
# shellcheck source=scripts/setup.sh
. ../../scripts/setup.sh

train_options=()
case "$*" in
  "") ;;
  --quick) train_options=(--steps-per-stage 10) ;;
  *) give_up "usage: build.sh [--quick]" ;;
esac

work="$CACHE_DIR/tiny-chat"
mkdir -p "$work"
need_python_environment "$work/venv" requirements.txt
python="$work/venv/bin/python"

# Fast maths shortens the training.
export XLA_FLAGS="--xla_cpu_enable_fast_math=true --xla_cpu_fast_math_honor_nans=false \
--xla_cpu_fast_math_honor_infs=false --xla_cpu_fast_math_honor_division=false \
--xla_cpu_fast_math_honor_functions=false"

"$python" tokenizer.py "$work"
"$python" pack.py "$work"
"$python" train.py "$work" ${train_options[@]+"${train_options[@]}"}
"$python" export.py "$work"

if [ "${#train_options[@]}" -gt 0 ]; then exit; fi
need_compilers
need_rust
need_node
say "building the Node addon, which runs the evaluation"
../../scripts/build-addon.sh
node evaluate.mjs "$work/tiny-chat-q8_0.gguf"
