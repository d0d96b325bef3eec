"""Commands as to a voice assistant: timers, lights, lists, calls, reminders, alarms, and words to repeat."""

from corpus import tools
from corpus.conversation import Conversation, Intent
from corpus.words import ADJECTIVES, ITEMS, NAMES, NOUNS, ROOMS, SPOKEN_NUMBERS, TASKS

SHOPPING_LIST_LIMIT = 3


def timer(talk: Conversation) -> None:
    """Sets, cancels or asks for the timer; where the timer tool is offered, through it."""
    rng = talk.rng
    kind = rng.random()
    if kind < 0.7 or talk.tools:
        _set_timer(talk)
    elif kind < 0.85:
        request = rng.choice(("Cancel the timer.", "Stop the timer.", "Delete my timer."))
        talk.add(talk.spoken(request), "Timer cancelled." if talk.timer else "No timer is set.", Intent.COMMAND)
        talk.timer = None
    else:
        request = rng.choice(("How long is my timer?", "What is my timer set to?"))
        reply = f"Your timer is set for {talk.timer}." if talk.timer else "No timer is set."
        talk.add(talk.spoken(request), reply, Intent.COMMAND)


def _set_timer(talk: Conversation) -> None:
    rng = talk.rng
    # A tool call needs digits, so numbers in words are what there is to learn.
    amount = talk.number(120) if not talk.tools or rng.random() < 0.4 else rng.choice(list(SPOKEN_NUMBERS))
    unit = rng.choice(("minutes",) * 4 + ("seconds", "hours"))
    template = rng.choice(
        (
            "Set a timer for {} {}.",
            "Set a timer for {} {}.",
            "Start a timer for {} {}.",
            "Please set a timer for {} {}.",
            "Timer for {} {}.",
            "Can you set a timer for {} {}?",
        )
    )
    request = talk.spoken(template.format(amount, unit))
    reply = f"Timer set for {amount} {unit}."
    if tools.TIMER in talk.tools and unit == "minutes":
        minutes = int(amount) if amount.isdigit() else SPOKEN_NUMBERS[amount]
        talk.turns += tools.exchange(request, "set_timer", {"minutes": minutes}, {"ok": True}, reply)
    else:
        talk.add(request, reply, Intent.COMMAND)
    talk.timer = f"{amount} {unit}"


def light(talk: Conversation) -> None:
    """Lights on and off."""
    room, state = talk.rng.choice(ROOMS), talk.rng.choice(("on", "off"))
    template = talk.rng.choice(
        (
            "Turn {state} the {room} lights.",
            "Turn {state} the lights in the {room}.",
            "Turn the {room} lights {state}.",
            "Switch {state} the {room} lights.",
        )
    )
    request = talk.spoken(template.format(state=state, room=room))
    talk.add(request, f"Turning {state} the {room} lights.", Intent.COMMAND)


def shopping_list(talk: Conversation) -> None:
    """Adds to the shopping list, or asks for it."""
    items = talk.shopping_list
    if len(items) < SHOPPING_LIST_LIMIT and (not items or talk.rng.random() < 0.55):
        item = talk.as_heard(talk.value(ITEMS, False, 0.7))
        items.append(item)
        template = talk.rng.choice(("Add {value} to my shopping list.", "Put {value} on my shopping list."))
        talk.add(talk.spoken_with(template, item), f"Added {item} to your shopping list.", Intent.COMMAND)
    else:
        reply = f"Your shopping list has {' and '.join(items)}." if items else "Your shopping list is empty."
        talk.add(talk.spoken("What is on my shopping list?"), reply, Intent.COMMAND)


def play_call_open(talk: Conversation) -> None:
    """Plays, calls or opens something by its name."""
    target = talk.as_heard(talk.value(NAMES, True, 0.3))
    verb, doing = talk.rng.choice((("Play", "Playing"), ("Call", "Calling"), ("Open", "Opening")))
    talk.add(talk.spoken_with(verb + " {value}.", target), f"{doing} {target}.", Intent.COMMAND)


def echo(talk: Conversation) -> None:
    """Repeats one to five words: the plainest exercise in copying."""
    rng = talk.rng
    words = [
        rng.choice(NOUNS + ADJECTIVES + ITEMS) if rng.random() < 0.4 and not talk.held_out else talk.made_up()
        for _ in range(rng.randint(1, 5))
    ]
    text = " ".join(words)
    template = rng.choice(("Repeat after me: {value}.", "Say {value}.", "Please repeat {value}.", "Repeat: {value}."))
    talk.add(talk.spoken_with(template, text), f"Okay: {text}.", Intent.COMMAND)


def reminder(talk: Conversation) -> None:
    """Reminders."""
    task = talk.rng.choice(TASKS)
    talk.add(talk.spoken(f"Remind me to {task}."), f"I will remind you to {task}.", Intent.COMMAND)


def alarm(talk: Conversation) -> None:
    """Alarms at a full hour or at a minute."""
    rng = talk.rng
    if rng.random() < 0.6:
        time = f"{rng.randint(1, 12)} {rng.choice(('am', 'pm'))}"
    else:
        time = f"{rng.randint(1, 12)}:{rng.randint(0, 59):02d}"
    template = rng.choice(("Set an alarm for {value}.", "Wake me up at {value}."))
    talk.add(talk.spoken_with(template, time), f"Alarm set for {time}.", Intent.COMMAND)


def volume(talk: Conversation) -> None:
    """The volume."""
    level = talk.number(100)
    talk.add(talk.spoken(f"Set the volume to {level}."), f"Volume set to {level}.", Intent.COMMAND)
