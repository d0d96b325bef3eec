"""Owns the numbers of the recipe: the model's shape and the stages of its training."""

from dataclasses import dataclass

from corpus.dialogue import Length


@dataclass(frozen=True)
class Shape:
    """The shape of a model of llama's architecture."""

    vocabulary: int = 768
    width: int = 128
    layers: int = 4
    heads: int = 4
    feed_forward_width: int = 384
    rope_base: float = 10_000.0
    norm_epsilon: float = 1e-5
    context: int = 1024  # tokens

    @property
    def head_width(self) -> int:
        """Width of one attention head."""
        return self.width // self.heads


@dataclass(frozen=True)
class Stage:
    """One part of the training: rows of `row_tokens` tokens, `batch_rows` of them in each of `steps` steps."""

    name: str
    lengths: tuple[Length, ...]
    row_tokens: int
    rows: int
    batch_rows: int
    steps: int
    seed: int


SHAPE = Shape()

# Short rows first: copying a word that was never seen forms between steps 300 and 600, and sooner on short rows.
STAGES = (
    Stage("short", (Length.SHORT,), row_tokens=256, rows=8800, batch_rows=16, steps=550, seed=100),
    Stage("medium", (Length.MEDIUM,), row_tokens=512, rows=4000, batch_rows=8, steps=500, seed=101),
    Stage(
        "long",
        (Length.MEDIUM, Length.LONG, Length.NEEDLE, Length.NEEDLE),
        row_tokens=1024,
        rows=1600,
        batch_rows=4,
        steps=400,
        seed=102,
    ),
)
