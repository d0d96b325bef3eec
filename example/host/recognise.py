"""Listens to one recording. Reads 16 kHz, 16-bit, mono PCM from standard input until its end.

Writes JSON lines: {"type": "ready"} once the model is loaded, {"type": "partial", "text": …} whenever the guess
changes, {"type": "final", "text": …} once, last; the text is empty when nothing was said.

usage: recognise.py [FOLDER]. FOLDER: a language, as `acoustic-model/`, `language-model.lm.bin` and
`pronounciation-dictionary.dict` (so spelt in the packs that there are). Without it: English, which PocketSphinx brings.
"""

import json
import sys
from pathlib import Path

from pocketsphinx import Config, Decoder

SAMPLE_RATE = 16_000
# A tenth of a second of 16-bit samples.
CHUNK_BYTES = SAMPLE_RATE // 10 * 2


def say(kind: str, text: str | None = None) -> None:
    line = {"type": kind} if text is None else {"type": kind, "text": text}
    sys.stdout.write(json.dumps(line) + "\n")
    sys.stdout.flush()


def heard(decoder: Decoder) -> str:
    hypothesis = decoder.hyp()
    return "" if hypothesis is None else hypothesis.hypstr.strip()


def language(folder: Path) -> dict[str, str]:
    return {
        "hmm": str(folder / "acoustic-model"),
        "lm": str(folder / "language-model.lm.bin"),
        "dict": str(folder / "pronounciation-dictionary.dict"),
    }


def main() -> None:
    chosen = language(Path(sys.argv[1])) if len(sys.argv) > 1 else {}
    decoder = Decoder(Config(samprate=SAMPLE_RATE, loglevel="FATAL", **chosen))
    say("ready")
    decoder.start_utt()
    last = ""
    while chunk := sys.stdin.buffer.read(CHUNK_BYTES):
        # A stream that was cut may end in half a sample.
        decoder.process_raw(chunk[: len(chunk) // 2 * 2])
        partial = heard(decoder)
        if partial != last:
            say("partial", partial)
            last = partial
    decoder.end_utt()
    say("final", heard(decoder))


if __name__ == "__main__":
    main()
