"""Puts whole dialogues together: a system prompt, facts, questions about them, and everything in between."""

from enum import Enum
from random import Random
from typing import NamedTuple

from corpus import commands, small_talk, tools
from corpus.conversation import BOT_NAME, Conversation, FactKey, KnownFact, Turn
from corpus.facts import ask_any_fact, ask_fact, state_fact
from corpus.made_up import WordMaker
from corpus.words import NAMES

SYSTEM_PROMPTS = (
    "You are a helpful assistant.",
    "You are a helpful assistant.",
    "You are a friendly assistant.",
    "You are a voice assistant. Keep your answers short.",
    "Answer briefly.",
    "Be polite and short.",
)

# What stands between a fact and its question, and how often.
FILLERS = (
    (small_talk.small_talk, 14),
    (small_talk.capital, 1.5),
    (small_talk.sum_of_digits, 1.5),
    (commands.timer, 5),
    (commands.light, 2),
    (commands.shopping_list, 2),
    (commands.play_call_open, 2),
    (commands.echo, 5),
    (small_talk.what_did_i_say, 4),
    (small_talk.short_story, 2.5),
    (small_talk.unknowable, 2.5),
    (small_talk.who_are_you, 1.5),
    (commands.reminder, 1.5),
    (commands.alarm, 1),
    (commands.volume, 1),
    (small_talk.what_did_you_say, 1.5),
    (small_talk.nonsense, 4.5),
)
FILLER_FUNCTIONS = [function for function, _ in FILLERS]
FILLER_WEIGHTS = [weight for _, weight in FILLERS]


class Length(Enum):
    """How long a dialogue is."""

    SHORT = "short"
    MEDIUM = "medium"
    LONG = "long"
    NEEDLE = "needle"  # one fact at the start, long stories, and the question at the end


class Mix(NamedTuple):
    """What a dialogue is made of: the number of turns, and the shares of statements and questions among them."""

    fewest_turns: int
    most_turns: int
    statements: float
    questions: float


MIXES = {
    Length.SHORT: Mix(1, 6, 0.38, 0.40),
    Length.MEDIUM: Mix(2, 14, 0.24, 0.34),
    Length.LONG: Mix(6, 30, 0.16, 0.30),
}


def dialogue(rng: Random, words: WordMaker, length: Length) -> list[Turn]:
    """Writes one dialogue of the training part."""
    talk = Conversation(rng, words)
    _set_up_system_prompt(talk)
    if length is Length.NEEDLE:
        _fill_with_needle(talk)
    else:
        _fill(talk, length)
    return talk.turns


def recall_case(rng: Random, words: WordMaker, turns_between: int) -> list[Turn]:
    """Writes a dialogue for evaluation: a held-out name, `turns_between` other turns, the question, the answer."""
    talk = Conversation(rng, words, held_out=True)
    if rng.random() < 0.3:
        talk.turns.append(Turn("system", rng.choice(SYSTEM_PROMPTS)))
    state_fact(talk, "name")
    for _ in range(turns_between):
        if rng.random() < 0.3:
            kinds = ("city", "color", "job", "age", "code", "pet", "food", "relative", "belonging")
            state_fact(talk, rng.choice(kinds))
        else:
            _filler(talk)
    ask_fact(talk, FactKey("name"))
    return talk.turns


def _set_up_system_prompt(talk: Conversation) -> None:
    """Chooses what the system prompt does: nothing, set a tone, name the bot, ask for thoughts, offer tools, tell."""
    rng = talk.rng
    kind = rng.random()
    if kind < 0.30:
        prompt = rng.choice(SYSTEM_PROMPTS)
    elif kind < 0.38:
        talk.bot_name = talk.made_up().title() if rng.random() < 0.7 else rng.choice(NAMES)
        templates = ("You are {}, a helpful assistant.", "Your name is {}.", "You are {}.")
        prompt = rng.choice((*templates, "You are an assistant called {}.")).format(talk.bot_name)
    elif kind < 0.44:
        talk.thinks = True
        prompt = rng.choice(("Think before you answer.", "You are a helpful assistant. Think before you answer."))
    elif kind < 0.57:
        talk.tools = rng.choice(tools.OFFERS)
        offer = tools.offer(rng, talk.tools)
        prompt = offer if rng.random() < 0.4 else rng.choice(SYSTEM_PROMPTS) + "\n\n" + offer
    elif kind < 0.59:
        name = talk.made_up().title()
        talk.facts[FactKey("name")] = KnownFact(name)
        prompt = rng.choice(("You are a helpful assistant. ", "")) + f"The user's name is {name}."
    else:
        return
    talk.turns.append(Turn("system", prompt))


def _fill(talk: Conversation, length: Length) -> None:
    rng = talk.rng
    # The number of turns is drawn for every length: the committed model was trained on the corpus that this gives.
    turns = {option: rng.randint(mix.fewest_turns, mix.most_turns) for option, mix in MIXES.items()}[length]
    mix = MIXES[length]
    long_stories = _long_stories(rng, length)
    for index in range(turns):
        kind = rng.random()
        if talk.bot_name != BOT_NAME and kind < 0.25:
            small_talk.who_are_you(talk)
        elif talk.tools and kind < 0.5:
            use_tool = tools.weather if rng.random() < 0.5 else commands.timer
            use_tool(talk)
        elif index == 0 and kind < 0.55:
            _state_first_fact(talk)
        elif kind < mix.statements:
            state_fact(talk)
        elif kind < mix.statements + mix.questions and (talk.facts or rng.random() < 0.12):
            ask_any_fact(talk)
        elif long_stories and rng.random() < 0.2:
            long_stories -= 1
            small_talk.long_story(talk)
        elif rng.random() < 0.03:
            tools.weather(talk)
        else:
            _filler(talk)
    if rng.random() < 0.7 and talk.facts:
        ask_any_fact(talk)


def _fill_with_needle(talk: Conversation) -> None:
    rng = talk.rng
    _state_first_fact(talk)
    for _ in range(rng.randint(2, 12)):
        kind = rng.random()
        if kind < 0.45:
            small_talk.long_story(talk)
        elif kind < 0.65:
            _filler(talk)
        elif kind < 0.80:
            kinds = ("city", "color", "code", "pet", "relative", "food", "job", "thing")
            state_fact(talk, rng.choice(kinds))
        else:
            ask_any_fact(talk)
    for _ in range(rng.randint(1, 3)):
        ask_any_fact(talk)


def _long_stories(rng: Random, length: Length) -> int:
    if length is Length.LONG:
        return 2
    return 1 if length is Length.MEDIUM and rng.random() < 0.1 else 0


def _state_first_fact(talk: Conversation) -> None:
    state_fact(talk, "name" if talk.rng.random() < 0.6 else None)


def _filler(talk: Conversation) -> None:
    talk.rng.choices(FILLER_FUNCTIONS, FILLER_WEIGHTS)[0](talk)
