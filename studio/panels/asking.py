"""One answer of a model, piece by piece, for every part of the Playground."""

import time
from collections.abc import Iterator, Sequence

from core.errors import StudioError
from core.prompt.messages import messages_of
from core.schema import Example, Tool, Turn
from core.serving import client
from core.settings import Settings
from studio.panels.sampling import Options
from studio.views.chat import Said

DRAWN_EVERY = 0.12  # seconds; a page that is sent every token does nothing else


def ask(
    settings: Settings, model: str, turns: Sequence[Turn], tools: list[Tool], options: Options
) -> Iterator[str | Said]:
    """What was said so far, again and again, and at the end the answer, or the sentence why there is none."""
    try:
        messages = messages_of(Example(tuple(turns)))
        text, drawn = "", 0.0
        for piece in client.stream(settings, model, messages, tools, **options.host):
            if not isinstance(piece, str):
                yield Said(
                    piece.text, tuple(piece.calls), piece.words, piece.malformed, piece.seconds, piece.tokens
                )
                return
            text += piece
            if time.monotonic() - drawn > DRAWN_EVERY:
                drawn = time.monotonic()
                yield text
    except StudioError as error:
        yield Said(error=f"{error.message} {error.hint}".strip())
