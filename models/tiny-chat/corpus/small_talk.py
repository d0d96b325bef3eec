"""Messages that need no memory beyond the last one: greetings, questions, stories, and text that makes no sense."""

from corpus.conversation import Conversation, Intent
from corpus.words import ADJECTIVES, COMMON_WORDS, NOUNS, UNICODE_TEXTS, VERBS

NO_WEATHER = "I cannot see the weather, but I hope it is nice."
QUOTE_LIMIT = 90  # characters; the model need not repeat more than that

# What the user may say, and the one answer to all of it.
SMALL_TALK: tuple[tuple[tuple[str, ...], str], ...] = (
    (("Hello!", "Hi!", "Hey there!", "Hi there.", "Good day!", "Hello there."), "Hello! How can I help you?"),
    (("Good morning!", "Morning!"), "Good morning! How can I help you?"),
    (("Good evening!",), "Good evening! How can I help you?"),
    (("How are you?", "How are you doing?", "How is it going?", "How are you today?"), "I am fine, thank you."),
    (("Thank you.", "Thanks!", "Thank you very much.", "Thanks a lot."), "You are welcome."),
    (("Bye.", "Goodbye.", "See you later.", "Good night."), "Goodbye, see you soon."),
    (("What can you do?", "How can you help me?", "Help."), "I can chat, remember facts and set timers."),
    (
        ("Tell me a joke.", "Say something funny.", "Do you know a joke?"),
        "Why did the robot cross the road? Because it was programmed to.",
    ),
    (
        ("Tell me a story.", "Tell me a short story."),
        "Once upon a time a tiny model learned to chat. The end.",
    ),
    (("What is the weather like?", "How is the weather?", "Will it rain today?"), NO_WEATHER),
    (("What time is it?", "What is the time?"), "I do not have a clock, sorry."),
    (("What day is it?", "What is the date today?"), "I do not have a calendar, sorry."),
    (("Are you a robot?", "Are you human?", "Are you real?"), "I am a tiny language model."),
    (("Who made you?", "Who created you?"), "I was trained from scratch on a small computer."),
    (
        ("Do you like music?", "Do you like pizza?", "Do you have feelings?"),
        "I am a tiny model, so I have no preferences.",
    ),
    (("What color is the sky?", "Why is the sky blue?"), "The sky is blue because air scatters blue light."),
    (("How many days are in a week?",), "There are seven days in a week."),
    (("How many months are in a year?",), "There are twelve months in a year."),
    (("Is water wet?",), "Yes, water is wet."),
    (("I am bored.", "I'm bored."), "Maybe we can talk about your day."),
    (("I am tired.", "I'm tired.", "I am sleepy."), "You should get some rest."),
    (("I am happy.", "I'm happy today.", "I feel great."), "I am glad to hear that."),
    (("I am sad.", "I'm sad today.", "I feel bad."), "I am sorry to hear that."),
    (("I am hungry.", "I'm hungry."), "Maybe it is time for a snack."),
    (("Okay.", "Ok.", "Alright.", "Good.", "Great.", "Cool."), "Great. What else can I do for you?"),
    (("Yes.", "Yeah.", "Sure."), "Okay."),
    (("No.", "Nope.", "Never mind."), "No problem."),
    (("Nice weather today.", "It is sunny today.", "It is a nice day."), "That sounds lovely."),
    (("I like you.", "You are nice.", "You are great."), "Thank you, that is kind."),
    (("Test.", "Testing.", "Testing one two three.", "Can you hear me?"), "I can hear you."),
    (("Stop.", "Be quiet."), "Okay, I will be quiet."),
    (("I went for a walk today.", "I went to the park.", "I took the train today."), "That sounds like fun."),
    (("I have a question.", "Can I ask you something?"), "Sure, go ahead."),
    (
        ("Let's talk about something else.", "Let us change the topic."),
        "Sure, what would you like to talk about?",
    ),
)

CAPITALS = {
    "France": "Paris",
    "Germany": "Berlin",
    "Spain": "Madrid",
    "Italy": "Rome",
    "Austria": "Vienna",
    "Norway": "Oslo",
    "Japan": "Tokyo",
    "Ireland": "Dublin",
    "Portugal": "Lisbon",
    "Poland": "Warsaw",
    "Greece": "Athens",
    "Egypt": "Cairo",
    "England": "London",
    "Russia": "Moscow",
    "Peru": "Lima",
    "Kenya": "Nairobi",
}

# A message that makes no sense must not begin like a command, a statement or a question about the user.
WORDS_THAT_MEAN_SOMETHING = ("say", "repeat", "play", "call", "open", "my", "the", "i", "i'm", "remember")


def small_talk(talk: Conversation) -> None:
    """Greetings, thanks, moods, and other set phrases."""
    messages, reply = talk.rng.choice(SMALL_TALK)
    talk.add(talk.spoken(talk.rng.choice(messages)), reply)


def capital(talk: Conversation) -> None:
    """Capital cities."""
    country = talk.rng.choice(list(CAPITALS))
    question = talk.rng.choice(("What is the capital of {}?", "What's the capital of {}?")).format(country)
    talk.add(talk.spoken(question), f"The capital of {country} is {CAPITALS[country]}.", Intent.QUESTION)


def sum_of_digits(talk: Conversation) -> None:
    """Sums of two digits."""
    first, second = talk.rng.randint(0, 9), talk.rng.randint(0, 9)
    question = talk.spoken(f"What is {first} plus {second}?")
    talk.add(question, f"The answer is {first + second}.", Intent.QUESTION)


def who_are_you(talk: Conversation) -> None:
    """The bot's name: its own, or the one that the system prompt gave it."""
    question = talk.rng.choice(("What is your name?", "Who are you?", "What's your name?", "What are you called?"))
    talk.add(talk.spoken(question), f"My name is {talk.bot_name}.", Intent.QUESTION)


def what_did_i_say(talk: Conversation) -> None:
    """Repeats the user's last message."""
    last = talk.last_text("user")
    if last and len(last) > QUOTE_LIMIT:
        small_talk(talk)
        return
    question = talk.rng.choice(
        ("What did I just say?", "What did I say?", "What was my last message?", "Can you repeat what I said?")
    )
    reply = f'You said: "{last}"' if last is not None else "You have not said anything yet."
    talk.add(talk.spoken(question), reply, Intent.QUESTION)


def what_did_you_say(talk: Conversation) -> None:
    """Repeats the bot's last answer, unless that may hold a thought or a tool call."""
    last = talk.last_text("assistant")
    if talk.thinks or talk.tools or (last and len(last) > QUOTE_LIMIT):
        small_talk(talk)
        return
    question = talk.rng.choice(("What did you just say?", "What did you say?", "Say that again."))
    reply = f'I said: "{last}"' if last is not None else "I have not said anything yet."
    talk.add(talk.spoken(question), reply, Intent.QUESTION)


def short_story(talk: Conversation) -> None:
    """One to six sentences without meaning: distance between a fact and its question."""
    _story(talk, talk.rng.randint(1, 6))


def long_story(talk: Conversation) -> None:
    """8 to 30 sentences without meaning."""
    _story(talk, talk.rng.randint(8, 30))


def _story(talk: Conversation, sentences: int) -> None:
    text = " ".join(_sentence(talk) for _ in range(sentences))
    talk.add(talk.spoken(text), "Thank you for telling me.")


def _sentence(talk: Conversation) -> str:
    choose = talk.rng.choice
    kind = talk.rng.random()
    if kind < 0.4:
        return f"The {choose(NOUNS)} {choose(VERBS)} {choose(ADJECTIVES)}."
    if kind < 0.6:
        return f"I saw a {choose(ADJECTIVES)} {choose(NOUNS)} near the {choose(NOUNS)}."
    if kind < 0.8:
        return f"The {choose(ADJECTIVES)} {choose(NOUNS)} is behind the {choose(NOUNS)}."
    return f"We walked to the {choose(NOUNS)} and looked at the {choose(ADJECTIVES)} {choose(NOUNS)}."


def unknowable(talk: Conversation) -> None:
    """Questions that only a bigger model could answer."""
    template = talk.rng.choice(
        (
            "Why is the {noun} {adjective}?",
            "How {adjective} is the {noun}?",
            "Where is the {adjective} {noun}?",
            "Who owns the {noun}?",
            "When did the {noun} open?",
            "Explain the {adjective} {noun}.",
            "What does {word} mean?",
            "Who is {word}?",
            "What is a {word}?",
        )
    )
    noun, adjective = talk.rng.choice(NOUNS), talk.rng.choice(ADJECTIVES)
    question = template.format(noun=noun, adjective=adjective, word=talk.as_heard(talk.made_up()))
    talk.add(talk.spoken(question), "I do not know that, I am only a tiny model.", Intent.QUESTION)


def nonsense(talk: Conversation) -> None:
    """Text that makes no sense, so that the model says so instead of guessing."""
    rng = talk.rng
    kind = rng.random()
    length = rng.randint(1, 9)
    if kind < 0.35:
        words = [talk.made_up() for _ in range(length)]
    elif kind < 0.75:
        words = [rng.choice(COMMON_WORDS) if rng.random() < 0.8 else talk.made_up() for _ in range(length + 1)]
    elif kind < 0.9:
        words = [rng.choice(UNICODE_TEXTS) if rng.random() < 0.5 else talk.made_up() for _ in range(length)]
    else:
        words = [rng.choice("abcdefghijklmnopqrstuvwxyz0123456789?!.+*#")]
    if words[0].lower() in WORDS_THAT_MEAN_SOMETHING:
        words[0] = rng.choice(NOUNS)
    text = " ".join(words)
    text = text[0].upper() + text[1:] + rng.choice((".", "?", "?", "!", ""))
    talk.add(talk.spoken(text).strip() or "?", "Sorry, I did not understand that.")
