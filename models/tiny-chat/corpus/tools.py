"""Tools that the system prompt offers, and the calls that the model makes of them.

What this module writes is what the chat template in `chat_template.jinja` renders from `tools` and `tool_calls`.
"""

import json
from collections.abc import Sequence
from random import Random

from corpus.conversation import Conversation, Turn
from corpus.small_talk import NO_WEATHER
from corpus.words import CITIES

TIMER = "timer"
WEATHER = "weather"
OFFERS = ((TIMER,), (WEATHER,), (WEATHER, TIMER), (TIMER, WEATHER))

_DEFINITIONS = {
    TIMER: ("set_timer", "Set a timer.", {"minutes": {"type": "integer"}}),
    WEATHER: ("get_weather", "Get the weather.", {"city": {"type": "string"}}),
}


def offer(rng: Random, names: Sequence[str]) -> str:
    """Returns the part of the system prompt that offers these tools."""
    return "# Tools\n<tools>\n" + "\n".join(_definition(rng, name) for name in names) + "\n</tools>"


def exchange(user: str, function: str, arguments: dict, result: dict, reply: str) -> list[Turn]:
    """Returns a request, the call that it leads to, the tool's result, and the answer made from it."""
    call = json.dumps({"name": function, "arguments": arguments})
    return [
        Turn("user", user),
        Turn("assistant", f"<tool_call>\n{call}\n</tool_call>"),
        Turn("tool", json.dumps(result)),
        Turn("assistant", reply),
    ]


def weather(talk: Conversation) -> None:
    """The weather in a city: through the tool where it is offered, otherwise the bot cannot tell."""
    rng = talk.rng
    city, degrees = rng.choice(CITIES), rng.randint(-9, 39)
    template = rng.choice(("What is the weather in {}?", "How is the weather in {}?", "Tell me the weather in {}."))
    request = talk.spoken(template.format(city))
    if WEATHER in talk.tools:
        reply = f"It is {degrees} degrees in {talk.as_heard(city)}."
        talk.turns += exchange(request, "get_weather", {"city": city}, {"temperature": degrees}, reply)
    else:
        talk.add(request, NO_WEATHER)


def _definition(rng: Random, name: str) -> str:
    """Returns a tool as JSON. Optional fields come and go, so that the model does not depend on them."""
    function_name, description, properties = _DEFINITIONS[name]
    function: dict[str, object] = {"name": function_name}
    if rng.random() < 0.7:
        function["description"] = description
    function["parameters"] = parameters = {"type": "object", "properties": properties}
    if rng.random() < 0.5:
        parameters["required"] = list(properties)
    return json.dumps({"type": "function", "function": function})
