"""Measures, while training, how many held-out names the model gives back. The real test is evaluate.mjs."""

from random import Random

import jax
import jax.numpy as jnp
import numpy as np
from tokenizers import Tokenizer

from corpus.dialogue import recall_case
from corpus.made_up import WordMaker
from network import Parameters, logits
from tokenizer import encode_dialogue

TURNS_BETWEEN = (0, 1, 3, 6)
CASES = 32
ROW_TOKENS = 512
BATCH_ROWS = 16
SEED = 900


class RecallProbe:
    """A fixed set of held-out cases. Their last reply counts as right when every token of it is the likeliest."""

    def __init__(self, tokenizer: Tokenizer, words: WordMaker) -> None:
        self._cases = {turns: _cases(tokenizer, words, turns) for turns in TURNS_BETWEEN}

    def measure(self, parameters: Parameters) -> dict[int, float]:
        """Returns the share of right replies for each number of turns in between."""
        return {turns: _share_right(parameters, *case) for turns, case in self._cases.items()}


def _cases(tokenizer: Tokenizer, words: WordMaker, turns_between: int) -> tuple[np.ndarray, np.ndarray]:
    rng = Random(SEED + turns_between)
    rows = np.zeros((CASES, ROW_TOKENS + 1), np.int32)
    scored = np.zeros((CASES, ROW_TOKENS + 1), bool)
    found = 0
    while found < CASES:
        tokens, is_reply = encode_dialogue(tokenizer, recall_case(rng, words, turns_between))
        if len(tokens) > ROW_TOKENS + 1:
            continue
        end = len(is_reply) - is_reply[::-1].index(1)
        start = end - is_reply[:end][::-1].index(0)
        rows[found, : len(tokens)] = tokens
        scored[found, start:end] = True
        found += 1
    return rows, scored


def _share_right(parameters: Parameters, rows: np.ndarray, scored: np.ndarray) -> float:
    batches = [slice(start, start + BATCH_ROWS) for start in range(0, len(rows), BATCH_ROWS)]
    return float(np.mean(np.concatenate([_right(parameters, rows[batch], scored[batch]) for batch in batches])))


@jax.jit
def _right(parameters: Parameters, rows: jax.Array, scored: jax.Array) -> jax.Array:
    inputs, targets = rows[:, :-1], rows[:, 1:]
    likeliest = logits(parameters, inputs, jnp.ones_like(inputs)).argmax(-1)
    return ((likeliest == targets) | ~scored[:, 1:]).all(1)
