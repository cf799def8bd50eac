"""The verb `serve`: models for other programs, in the form of OpenAI's API, until it is interrupted."""

import secrets
from argparse import Namespace
from contextlib import suppress
from typing import Any

from core.commands import say
from core.settings import Settings, serving_key


def serve(options: Namespace, settings: Settings) -> tuple[dict[str, Any], str]:
    """`serve`: the model host in the foreground. Raises StudioError where a model or the port cannot be had."""
    from core.serving import server
    from core.serving.engine import Engine

    if options.key:
        say("A key on the command line can be read by everybody on this computer: CALLWRIGHT_KEY hides it.")
    key = options.key or serving_key()
    with server.listen(options.port) as listener:
        engine = Engine(settings, tuple(options.model))
        for name in options.model:
            say(f"Loading {name}")
            engine.shelf.give_back(engine.shelf.take(name))
        port = listener.getsockname()[1]
        say(
            f"{', '.join(options.model)} at http://127.0.0.1:{port}/v1, for this computer alone; Ctrl+C ends it."
        )
        if not key:
            key = secrets.token_urlsafe(24)
            say(f"Its key is {key} (choose your own with CALLWRIGHT_KEY).")
        say(
            "Every client of OpenAI's API can ask: base_url is the address, api_key is the key, "
            f"model is {options.model[0]!r}. Answers are greedy where no temperature is given."
        )
        with suppress(KeyboardInterrupt):  # that is how it is ended
            server.run(engine, key, listener)
    return {"model": options.model, "port": port}, "Ended."
