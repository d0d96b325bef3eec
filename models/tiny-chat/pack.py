"""Writes the dialogues of each training stage and packs them, whole, into rows of equal length.

usage: python pack.py WORK_FOLDER     reads tokenizer.json, writes one STAGE.npz per stage
"""

import argparse
from pathlib import Path
from random import Random
from typing import NamedTuple

import numpy as np
from tokenizers import Tokenizer

from corpus.dialogue import dialogue
from corpus.made_up import WordMaker
from recipe import STAGES, Stage
from tokenizer import encode_dialogue, load_tokenizer, word_pieces

OPEN_ROWS = 64  # rows that may take the next dialogue
NEARLY_FULL = 24  # a row with less room than this many tokens takes no more
MISSES_AT_THE_END = 3 * OPEN_ROWS  # dialogues that fit nowhere, before the rest of the rows stay as they are


class Rows(NamedTuple):
    """Packed dialogues: three arrays of shape (rows, row_tokens + 1). The last column is a target only."""

    tokens: np.ndarray
    is_reply: np.ndarray
    # Which dialogue of its row a token belongs to, from 1; 0 is padding. Attention stays inside a dialogue.
    dialogue: np.ndarray

    def save(self, work: Path, stage: Stage) -> None:
        """Writes the rows of a stage."""
        np.savez(work / f"{stage.name}.npz", **self._asdict())

    @classmethod
    def load(cls, work: Path, stage: Stage) -> "Rows":
        """Reads the rows of a stage."""
        with np.load(work / f"{stage.name}.npz") as arrays:
            return cls(**{name: arrays[name] for name in cls._fields})


class Packer:
    """Puts each dialogue into the open row where it leaves the least room. One object fills one set of rows."""

    def __init__(self, rows: int, width: int) -> None:
        self.rows = Rows(
            tokens=np.zeros((rows, width), np.int16),
            is_reply=np.zeros((rows, width), np.uint8),
            dialogue=np.zeros((rows, width), np.uint8),
        )
        self.used = np.zeros(rows, int)
        self._width = width
        self._dialogues = np.zeros(rows, int)
        self._next = min(OPEN_ROWS, rows)
        self._open = list(range(self._next))
        self._misses = 0

    @property
    def full(self) -> bool:
        """Whether nothing more is worth packing."""
        return not self._open or self._misses > MISSES_AT_THE_END

    def add(self, tokens: list[int], is_reply: list[int]) -> None:
        """Packs one dialogue, or, where it fits no open row, closes the fullest row for a fresh one."""
        fitting = [row for row in self._open if self._room(row) >= len(tokens)]
        if not fitting:
            if not self._close(max(self._open, key=lambda row: self.used[row])):
                self._misses += 1
            return
        row = min(fitting, key=self._room)
        place = slice(self.used[row], self.used[row] + len(tokens))
        self._dialogues[row] += 1
        self.rows.tokens[row, place] = tokens
        self.rows.is_reply[row, place] = is_reply
        self.rows.dialogue[row, place] = self._dialogues[row]
        self.used[row] += len(tokens)
        if self._room(row) < NEARLY_FULL:
            self._close(row)

    def _room(self, row: int) -> int:
        return self._width - self.used[row]

    def _close(self, row: int) -> bool:
        """Closes a row and opens the next; returns whether there was one."""
        self._open.remove(row)
        if self._next == len(self.used):
            return False
        self._open.append(self._next)
        self._next += 1
        return True


def pack_stage(tokenizer: Tokenizer, words: WordMaker, stage: Stage) -> Rows:
    """Writes dialogues until the rows of this stage are full, and shuffles the rows."""
    rng = Random(stage.seed)
    width = stage.row_tokens + 1
    packer = Packer(stage.rows, width)
    while not packer.full:
        length = stage.lengths[0] if len(stage.lengths) == 1 else rng.choice(stage.lengths)
        tokens, is_reply = encode_dialogue(tokenizer, dialogue(rng, words, length))
        if len(tokens) <= width:
            packer.add(tokens, is_reply)
    order = rng.sample(range(stage.rows), stage.rows)
    print(
        f"corpus: {stage.name}, {stage.rows} rows of {stage.row_tokens} tokens, {packer.used.mean() / width:.0%} full"
    )
    return Rows(*(array[order] for array in packer.rows))


def main() -> None:
    parser = argparse.ArgumentParser(description="Write and pack the dialogues of each training stage.")
    parser.add_argument("work", type=Path, help="folder with tokenizer.json, and for results")
    work: Path = parser.parse_args().work
    tokenizer = load_tokenizer(work)
    words = WordMaker(word_pieces(tokenizer))
    for stage in STAGES:
        pack_stage(tokenizer, words, stage).save(work, stage)


if __name__ == "__main__":
    main()
