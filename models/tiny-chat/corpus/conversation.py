"""Owns the state of one dialogue while it is written: who said what, which facts are known, how the user speaks."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum
from random import Random
from typing import NamedTuple

from corpus.made_up import WordMaker
from corpus.words import HELD_OUT_NAMES, NAMES, SPOKEN_NUMBERS, UNICODE_TEXTS

BOT_NAME = "Tiny"
CALLS_BEFORE = ("Hey Tiny, ", "Tiny, ", "Please ", "Could you ", "Can you ", "Hey, ")
COURTESIES = (" please", " please", " now", " thanks")


class Turn(NamedTuple):
    """One message."""

    role: str
    text: str


class FactKey(NamedTuple):
    """What a fact is about: its kind, and whom or what it concerns where a kind has many ("brother", "car")."""

    kind: str
    subject: str = ""


@dataclass(frozen=True)
class KnownFact:
    """What the user has said. `subject` is the animal of a pet, and the key's subject of other facts."""

    value: str
    subject: str = ""


class Style(Enum):
    """How the user's text looks."""

    CLEAN = "clean"
    SPEECH = "speech"  # as a speech recogniser writes: lower case, no punctuation
    SLOPPY = "sloppy"  # typed in haste


class Intent(Enum):
    """What the user's message is, in the words that the model thinks when it is told to think."""

    CHAT = "The user is chatting."
    COMMAND = "The user gave me a command."
    QUESTION = "The user asks a question."
    STATEMENT = "The user told me something to remember."


class Conversation:
    """One dialogue in the making. With `held_out`, every value comes from the words kept out of training."""

    def __init__(self, rng: Random, words: WordMaker, held_out: bool = False) -> None:
        self.rng = rng
        self.words = words
        self.held_out = held_out
        self.turns: list[Turn] = []
        self.facts: dict[FactKey, KnownFact] = {}
        self.shopping_list: list[str] = []
        self.timer: str | None = None
        self.bot_name = BOT_NAME
        self.tools: tuple[str, ...] = ()
        self.thinks = False
        style = rng.random()
        self.style = Style.CLEAN if style < 0.48 else Style.SPEECH if style < 0.85 else Style.SLOPPY

    # Messages

    def add(self, user: str, reply: str, thought: Intent | str = Intent.CHAT) -> None:
        """Adds a message of the user and its answer. Some commands get a "please" or the bot's name around them."""
        rng = self.rng
        if thought is Intent.COMMAND:
            is_echo = reply.startswith("Okay:")  # a courtesy at the end of an echo would have to be echoed as well
            if rng.random() < 0.2 and user[-1:].isalnum() and not is_echo:
                user += rng.choice(COURTESIES)
            elif rng.random() < 0.2:
                user = self.spoken(rng.choice(CALLS_BEFORE)).rstrip() + " " + user[0].lower() + user[1:]
        if self.thinks:
            sentence = thought.value if isinstance(thought, Intent) else thought
            reply = f"<think>{sentence}</think>\n{reply}"
        self.turns += [Turn("user", user), Turn("assistant", reply)]

    def last_text(self, role: str) -> str | None:
        """Returns what this role said last, if it said anything."""
        return next((turn.text for turn in reversed(self.turns) if turn.role == role), None)

    # How the user says it

    def spoken(self, text: str) -> str:
        """Rewrites a clean sentence in the user's style. `{value}` passes unharmed."""
        rng = self.rng
        match self.style:
            case Style.CLEAN:
                return text
            case Style.SPEECH:
                text = text.lower()
                for mark in '.,!?:;"':
                    text = text.replace(mark, "")
                if rng.random() < 0.4:
                    text = text.replace("'", "")
                if rng.random() < 0.08:
                    text = rng.choice(("um ", "so ", "okay ", "hey ", "well ")) + text
                return text
            case Style.SLOPPY:
                if rng.random() < 0.6:
                    text = text.rstrip(".?!")
                if rng.random() < 0.2:
                    text += rng.choice(("!", "!!", "..", "??"))
                if text and rng.random() < 0.5:
                    text = text[0].lower() + text[1:]
                return text

    def spoken_with(self, template: str, value: str) -> str:
        """Like `spoken`, with `{value}` filled in afterwards, so that the style does not touch the value."""
        return self.spoken(template).replace("{value}", value)

    def as_heard(self, value: str) -> str:
        """Returns a value as the user's style writes it: a speech recogniser knows no capitals."""
        return value.lower() if self.style is Style.SPEECH else value

    # What it is about

    def made_up(self) -> str:
        """Returns a made-up word."""
        return self.words.word(self.rng, self.held_out)

    def value(self, pool: Sequence[str], capital: bool, real_share: float = 0.35) -> str:
        """Returns something to remember: `real_share` of the time from `pool`, otherwise made up."""
        rng = self.rng
        if self.held_out:
            value = self.made_up()
        else:
            kind = rng.random()
            if kind < real_share:
                value = rng.choice(pool)
            elif kind < real_share + 0.03:
                value = rng.choice(UNICODE_TEXTS)
            elif kind < real_share + 0.06:
                value = str(rng.randint(10, 99999))
            elif kind < real_share + 0.13:
                value = self.made_up() + " " + self.made_up()
            else:
                value = self.made_up()
        if value[0].isascii() and value[0].isalpha():
            value = value.title() if capital else value.lower()
        return value

    def person(self) -> str:
        """Returns a name of a person or a pet."""
        if not self.held_out:
            return self.value(NAMES, True, 0.3)
        return self.rng.choice(HELD_OUT_NAMES) if self.rng.random() < 0.5 else self.made_up().title()

    def number(self, highest: int) -> str:
        """Returns a number from 1 to `highest` in digits, or one in words."""
        if self.rng.random() < 0.65:
            return str(self.rng.randint(1, highest))
        return self.rng.choice(list(SPOKEN_NUMBERS))
