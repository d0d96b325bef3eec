"""Facts that the user states and asks back: what the model is for.

`{value}` stands for what is to be remembered, `{subject}` for whom or what it concerns.
"""

from collections.abc import Callable
from dataclasses import dataclass
from random import Random

from corpus.conversation import CALLS_BEFORE, Conversation, FactKey, Intent, KnownFact, Style
from corpus.words import ANIMALS, BELONGINGS, CITIES, COLORS, FOODS, ITEMS, JOBS, RELATIVES


@dataclass(frozen=True)
class FactKind:
    """How one kind of fact is stated, acknowledged, asked for and answered."""

    topic: str
    statements: tuple[str, ...]
    acknowledgement: str
    questions: tuple[str, ...]
    answer: str
    unknown: str
    value: Callable[[Conversation], str]
    subject: Callable[[Conversation], str] | None = None
    # One fact for each subject ("my brother", "my sister"); otherwise a new fact replaces the old one.
    many: bool = False
    # The acknowledgement of a changed fact, where it differs.
    correction: str | None = None
    # Questions that name the subject of a fact that is not `many`.
    subject_questions: tuple[str, ...] = ()


def _belonging(talk: Conversation) -> str:
    if talk.rng.random() < 0.5 and not talk.held_out:
        return talk.rng.choice(BELONGINGS)
    return talk.as_heard(talk.made_up())


FACT_KINDS: dict[str, FactKind] = {
    "name": FactKind(
        topic="name",
        statements=(
            *("My name is {value}.",) * 4,
            "I'm {value}.",
            "I am {value}.",
            "Call me {value}.",
            "You can call me {value}.",
            "This is {value}.",
            "The name is {value}.",
            "My name's {value}.",
            "People call me {value}.",
        ),
        acknowledgement="Nice to meet you, {value}.",
        correction="Okay, I will call you {value}.",
        questions=(
            *("What is my name?",) * 3,
            "What's my name?",
            "Do you remember my name?",
            "Who am I?",
            "Tell me my name.",
            "Can you tell me my name?",
            "What was my name again?",
            "Do you know my name?",
            "What am I called?",
        ),
        answer="Your name is {value}.",
        unknown="I don't know your name yet.",
        value=lambda talk: talk.person(),
    ),
    "city": FactKind(
        topic="city",
        statements=("I live in {value}.", "I live in {value}.", "My city is {value}.", "My home is in {value}."),
        acknowledgement="Got it, you live in {value}.",
        questions=(
            "Where do I live?",
            "What city do I live in?",
            "Which city do I live in?",
            "Do you remember where I live?",
        ),
        answer="You live in {value}.",
        unknown="I don't know where you live yet.",
        value=lambda talk: talk.value(CITIES, True),
    ),
    "color": FactKind(
        topic="favorite color",
        statements=(
            "My favorite color is {value}.",
            "My favourite colour is {value}.",
            "I like the color {value}.",
        ),
        acknowledgement="I will remember that your favorite color is {value}.",
        questions=(
            "What is my favorite color?",
            "What's my favorite color?",
            "What is my favourite colour?",
            "Which color do I like?",
            "Do you remember my favorite color?",
        ),
        answer="Your favorite color is {value}.",
        unknown="I don't know your favorite color yet.",
        value=lambda talk: talk.value(COLORS, False, 0.6),
    ),
    "food": FactKind(
        topic="favorite food",
        statements=("My favorite food is {value}.", "I love to eat {value}.", "My favourite food is {value}."),
        acknowledgement="I will remember that your favorite food is {value}.",
        questions=("What is my favorite food?", "What do I love to eat?", "What's my favorite food?"),
        answer="Your favorite food is {value}.",
        unknown="I don't know your favorite food yet.",
        value=lambda talk: talk.value(FOODS, False),
    ),
    "number": FactKind(
        topic="number",
        statements=("My favorite number is {value}.", "My lucky number is {value}."),
        acknowledgement="I will remember the number {value}.",
        questions=("What is my favorite number?", "What is my lucky number?", "Which number did I tell you?"),
        answer="Your number is {value}.",
        unknown="I don't know your number yet.",
        value=lambda talk: str(talk.rng.randint(0, 999)),
    ),
    "job": FactKind(
        topic="job",
        statements=("My job is {value}.", "I work as a {value}.", "I work as {value}."),
        acknowledgement="Got it, your job is {value}.",
        questions=("What is my job?", "What do I do for work?", "What's my job?", "What do I work as?"),
        answer="Your job is {value}.",
        unknown="I don't know your job yet.",
        value=lambda talk: talk.value(JOBS, False, 0.6),
    ),
    "age": FactKind(
        topic="age",
        statements=("I am {value} years old.", "I'm {value} years old.", "My age is {value}."),
        acknowledgement="Got it, you are {value} years old.",
        questions=("How old am I?", "What is my age?", "Do you know how old I am?"),
        answer="You are {value} years old.",
        unknown="I don't know your age yet.",
        value=lambda talk: str(talk.rng.randint(3, 99)),
    ),
    "code": FactKind(
        topic="code word",
        statements=(
            "The code word is {value}.",
            "The secret word is {value}.",
            "Remember the code word {value}.",
            "Remember the word {value}.",
            "My code word is {value}.",
        ),
        acknowledgement="Okay, the code word is {value}.",
        questions=(
            "What is the code word?",
            "What's the code word?",
            "What was the code word?",
            "Tell me the code word.",
            "What is the secret word?",
            "Which word did I ask you to remember?",
        ),
        answer="The code word is {value}.",
        unknown="I don't know the code word yet.",
        value=lambda talk: talk.value(ITEMS, False, 0.2),
    ),
    "pet": FactKind(
        topic="pet",
        statements=(
            "I have a {subject} named {value}.",
            "My {subject} is called {value}.",
            "I have a {subject} called {value}.",
            "My {subject}'s name is {value}.",
        ),
        acknowledgement="Your {subject} is called {value}, how nice.",
        questions=("What is my pet called?", "What is the name of my pet?", "What is my pet's name?"),
        subject_questions=(
            "What is my {subject} called?",
            "What is my {subject}'s name?",
            "What is the name of my {subject}?",
        ),
        answer="Your {subject} is called {value}.",
        unknown="I don't know your pet yet.",
        value=lambda talk: talk.person(),
        subject=lambda talk: talk.rng.choice(ANIMALS),
    ),
    "relative": FactKind(
        topic="{subject}",
        statements=(
            "My {subject} is called {value}.",
            "My {subject} is named {value}.",
            "My {subject}'s name is {value}.",
            "I have a {subject} named {value}.",
        ),
        acknowledgement="Got it, your {subject} is called {value}.",
        questions=(
            "What is my {subject} called?",
            "What is the name of my {subject}?",
            "What is my {subject}'s name?",
            "Do you remember my {subject}'s name?",
        ),
        answer="Your {subject} is called {value}.",
        unknown="I don't know your {subject} yet.",
        value=lambda talk: talk.person(),
        subject=lambda talk: talk.rng.choice(RELATIVES),
        many=True,
    ),
    "belonging": FactKind(
        topic="{subject}",
        statements=("My {subject} is {value}.",),
        acknowledgement="Got it, your {subject} is {value}.",
        questions=("What is my {subject}?", "What's my {subject}?", "Tell me my {subject}."),
        answer="Your {subject} is {value}.",
        unknown="I don't know your {subject} yet.",
        value=lambda talk: talk.value(ITEMS, talk.rng.random() < 0.5, 0.1),
        subject=_belonging,
        many=True,
    ),
    "thing": FactKind(
        topic="{subject}",
        statements=("The {subject} is {value}.", "Remember that the {subject} is {value}."),
        acknowledgement="Okay, the {subject} is {value}.",
        questions=("What is the {subject}?", "Tell me the {subject}."),
        answer="The {subject} is {value}.",
        unknown="I don't know the {subject} yet.",
        value=lambda talk: talk.value(ITEMS, False, 0.1),
        subject=lambda talk: talk.as_heard(talk.made_up()),
        many=True,
    ),
}

# How often each kind is stated: six times out of 22 the name.
STATED_KINDS = (
    *("name",) * 6,
    "city",
    "city",
    "color",
    "job",
    "age",
    "code",
    "code",
    "pet",
    "food",
    "number",
    "relative",
    "relative",
    "belonging",
    "belonging",
    "thing",
)
SINGLE_KINDS_BUT_PET = tuple(kind for kind, fact in FACT_KINDS.items() if not fact.many and kind != "pet")


def state_fact(talk: Conversation, kind_name: str | None = None) -> None:
    """Lets the user state a fact, or correct one, and the bot acknowledge it."""
    rng = talk.rng
    kind_name = kind_name or rng.choice(STATED_KINDS)
    kind = FACT_KINDS[kind_name]
    corrects = FactKey(kind_name) in talk.facts and rng.random() < 0.6
    if corrects:
        opening = rng.choice(("Actually, ", "Sorry, ", "No, "))
    else:
        opening = rng.choice(("",) * 8 + ("Hi, ", "Hello, ", "By the way, ", "Please remember: "))
    subject = kind.subject(talk) if kind.subject else ""
    value = talk.as_heard(kind.value(talk))
    statement = _after_opening(opening, _choose(rng, kind.statements).replace("{subject}", subject))
    talk.facts[FactKey(kind_name, subject if kind.many else "")] = KnownFact(value, subject)

    user = talk.spoken_with(statement, value)
    if rng.random() < 0.06 and talk.style is Style.CLEAN:
        user = rng.choice(("Good morning! ", "Hello there. ", "Hi! ")) + user
    reply = kind.correction if corrects and kind.correction else kind.acknowledgement
    talk.add(user, reply.format(subject=subject, value=value), Intent.STATEMENT)


def ask_fact(talk: Conversation, key: FactKey) -> None:
    """Lets the user ask for a fact. The bot answers it, or says that it does not know it yet."""
    rng = talk.rng
    kind = FACT_KINDS[key.kind]
    known = talk.facts.get(key)
    subject = known.subject if known else key.subject
    question = rng.choice(kind.questions)
    if kind.subject_questions and known and rng.random() < 0.6:
        question = rng.choice(kind.subject_questions)
    question = _embellished(talk, question.format(subject=subject))

    thought = f"The user asks about the {kind.topic.format(subject=subject)}. "
    if known is None:
        talk.add(talk.spoken(question), kind.unknown.format(subject=subject), thought + "I do not know it.")
    else:
        reply = kind.answer.format(subject=subject, value=known.value)
        talk.add(talk.spoken(question), reply, thought + f"It is {known.value}.")


def ask_any_fact(talk: Conversation) -> None:
    """Asks for something known most of the time, the name most often, and now and then for something never said."""
    rng = talk.rng
    if talk.facts and rng.random() < 0.88:
        name = FactKey("name")
        key = name if name in talk.facts and rng.random() < 0.35 else rng.choice(list(talk.facts))
    else:
        relative = FactKey("relative", rng.choice(RELATIVES))
        belonging = FactKey("belonging", talk.as_heard(talk.made_up()))
        single = [FactKey(kind) for kind in ("name", "name", "name", *SINGLE_KINDS_BUT_PET)]
        key = rng.choice([*single, relative, belonging])
    ask_fact(talk, key)


def _choose(rng: Random, templates: tuple[str, ...]) -> str:
    # A single template is not drawn: the draw would shift every later one.
    return templates[0] if len(templates) == 1 else rng.choice(templates)


def _after_opening(opening: str, statement: str) -> str:
    if opening and not statement.startswith(("I ", "I'")):
        statement = statement[0].lower() + statement[1:]
    return opening + statement


def _embellished(talk: Conversation, question: str) -> str:
    rng = talk.rng
    share = rng.random()
    if share < 0.78:
        return question
    if share < 0.86:
        return question[:-1] + rng.choice((" please", ", please", " now", " thanks")) + question[-1]
    return rng.choice((*CALLS_BEFORE, "Okay, ", "And ", "Now ")) + question[0].lower() + question[1:]
