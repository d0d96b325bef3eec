"""Makes up words that nobody has seen, so that the model learns to copy a word instead of remembering a list.

Without them a model of this size learns the names of the corpus by heart and fails on every other.
"""

import zlib
from collections.abc import Sequence
from random import Random

from corpus.words import HELD_OUT_NAMES

ONSETS = "b d f g h j k l m n p r s t v w z br dr gr kr tr st sh ch th fl pl y qu x".split()
VOWELS = "a e i o u a e i o ai ea ou y".split()
ENDINGS = ("", "", "", "", "n", "r", "l", "s", "m", "k", "x", "th", "nd", "rt", "ck")
ALPHABET = "abcdefghijklmnopqrstuvwxyz"


class WordMaker:
    """Makes words from syllables, from pieces of the tokenizer's vocabulary, and from single letters.

    `pieces` is empty while the tokenizer itself is trained; syllables then take their place.
    """

    def __init__(self, pieces: Sequence[str] = ()) -> None:
        self._pieces = pieces

    def word(self, rng: Random, held_out: bool = False) -> str:
        """Returns a lower-case word of the training part, or of the part held out for evaluation."""
        while True:
            kind = rng.random()
            if held_out or kind < 0.45:
                word = _from_syllables(rng)
            elif kind < 0.85:
                word = self._from_pieces(rng)
            else:
                word = "".join(rng.choice(ALPHABET) for _ in range(rng.randint(3, 7)))
            if len(word) >= 2 and is_held_out(word) == held_out and word.title() not in HELD_OUT_NAMES:
                return word

    def _from_pieces(self, rng: Random) -> str:
        if not self._pieces:
            return _from_syllables(rng)
        return "".join(rng.choice(self._pieces) for _ in range(rng.randint(1, 4)))[:14]


def is_held_out(word: str) -> bool:
    """Whether a made-up word belongs to the tenth that training never sees."""
    return zlib.crc32(word.lower().encode()) % 10 == 0


def _from_syllables(rng: Random) -> str:
    while True:
        syllables = rng.choice((1, 2, 2, 2, 3))
        word = "".join(rng.choice(ONSETS) + rng.choice(VOWELS) for _ in range(syllables)) + rng.choice(ENDINGS)
        if len(word) > 2:
            return word
