"""What the command line can do: each module holds the verbs of one noun, each verb returns one JSON object.

A verb takes the parsed arguments and the settings, and returns (answer, text): the object for `--json` and the same
for a person. Progress goes to stderr through `say`.
"""

import sys


def say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


def say_progress(text: str, fraction: float | None) -> None:
    say(text if fraction is None else f"{text} ({fraction:.0%})")
