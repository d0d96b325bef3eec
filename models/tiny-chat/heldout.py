"""Writes the cases that evaluate.mjs asks the model: dialogues about names that were kept out of training.

usage: python heldout.py > heldout.jsonl     needs nothing but Python; always writes the same

One JSON object a line: `turnsBetween`, the `messages` up to the question, and the one `expected` answer.
"""

import json
from random import Random

from corpus.dialogue import recall_case
from corpus.made_up import WordMaker

MOST_TURNS_BETWEEN = 4
CASES_PER_DISTANCE = 60
SEED = 3000


def main() -> None:
    words = WordMaker()
    for turns_between in range(MOST_TURNS_BETWEEN + 1):
        rng = Random(SEED + turns_between)
        for _ in range(CASES_PER_DISTANCE):
            *messages, answer = recall_case(rng, words, turns_between)
            case = {
                "turnsBetween": turns_between,
                "messages": [{"role": role, "content": text} for role, text in messages],
                "expected": answer.text,
            }
            print(json.dumps(case, ensure_ascii=False))


if __name__ == "__main__":
    main()
