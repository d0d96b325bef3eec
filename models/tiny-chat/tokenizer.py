"""Trains the tokenizer: byte-level BPE that covers all 256 bytes, so that no text is unknown.

usage: python tokenizer.py WORK_FOLDER     writes WORK_FOLDER/tokenizer.json
"""

import argparse
from collections.abc import Iterator
from pathlib import Path
from random import Random

from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers

from corpus.conversation import Turn
from corpus.dialogue import Length, dialogue
from corpus.made_up import WordMaker
from recipe import SHAPE

FILE = "tokenizer.json"
END_OF_TEXT, START_OF_TURN, END_OF_TURN = CONTROL_TOKENS = ["<|endoftext|>", "<|im_start|>", "<|im_end|>"]
# Text that the model writes itself, always as one token.
MARKERS = ["<think>", "</think>", "<tool_call>", "</tool_call>"]
SPACE = "Ġ"  # how byte-level BPE writes a space

SAMPLE_DIALOGUES = 12_000
SAMPLE_SEED = 7


def train_tokenizer() -> Tokenizer:
    """Trains on short dialogues. Their made-up words come from syllables: there are no vocabulary pieces yet."""
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=True)
    tokenizer.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=SHAPE.vocabulary,
        special_tokens=CONTROL_TOKENS + MARKERS,
        initial_alphabet=sorted(pre_tokenizers.ByteLevel.alphabet()),
        show_progress=False,
    )
    tokenizer.train_from_iterator(_sample_texts(), trainer)
    return tokenizer


def load_tokenizer(work: Path) -> Tokenizer:
    """Reads the tokenizer that an earlier step wrote."""
    return Tokenizer.from_file(str(work / FILE))


def word_pieces(tokenizer: Tokenizer) -> list[str]:
    """Returns the lower-case letter sequences of the vocabulary, from which words are made up.

    A word of rare pieces teaches the model to copy pieces that it hardly ever meets otherwise.
    """
    bare = (token.replace(SPACE, "") for token in tokenizer.get_vocab())
    return sorted({piece for piece in bare if piece.isascii() and piece.isalpha() and piece.islower()})


def encode_dialogue(tokenizer: Tokenizer, turns: list[Turn]) -> tuple[list[int], list[int]]:
    """Returns the tokens of a dialogue in ChatML, and for each 1 where the assistant wrote it, its end included."""
    start, end = tokenizer.token_to_id(START_OF_TURN), tokenizer.token_to_id(END_OF_TURN)
    newline = tokenizer.encode("\n").ids
    tokens: list[int] = []
    is_reply: list[int] = []
    for role, text in turns:
        header = [start, *tokenizer.encode(role + "\n").ids]
        body = [*tokenizer.encode(text).ids, end]
        tokens += header + body + newline
        is_reply += [0] * len(header) + [int(role == "assistant")] * len(body) + [0] * len(newline)
    return tokens, is_reply


def _sample_texts() -> Iterator[str]:
    rng = Random(SAMPLE_SEED)
    words = WordMaker()
    for _ in range(SAMPLE_DIALOGUES):
        for role, text in dialogue(rng, words, Length.SHORT):
            if rng.random() < 0.15:
                yield role + "\n"
            for marker in MARKERS:
                text = text.replace(marker, "\n")
            yield text


def main() -> None:
    parser = argparse.ArgumentParser(description="Train the tokenizer.")
    parser.add_argument("work", type=Path, help="folder for results")
    work: Path = parser.parse_args().work
    tokenizer = train_tokenizer()
    tokenizer.save(str(work / FILE))
    print(f"tokenizer: {tokenizer.get_vocab_size()} tokens, {len(word_pieces(tokenizer))} of them pieces of words")


if __name__ == "__main__":
    main()
