"""`python -m core.serving`: the model host of the page, on any port, with a random key, until nobody asks any more."""

import json
import logging
import os
import secrets
from dataclasses import asdict
from pathlib import Path

from core import processes
from core.serving import server
from core.serving.engine import Engine
from core.settings import Settings

IDLE_SECONDS = 15 * 60  # then the memory is given back


def main() -> None:
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(message)s", datefmt="%H:%M:%S")
    settings = Settings.load()
    key = secrets.token_urlsafe(24)
    listener = server.listen()
    _announce(settings.host / "address.json", listener.getsockname()[1], key)
    server.run(Engine(settings), key, listener, IDLE_SECONDS)


def _announce(file: Path, port: int, key: str) -> None:
    """Write where the host is and its key, readable for this user alone."""
    record = {"port": port, "key": key, "process": asdict(processes.this())}
    file.parent.mkdir(parents=True, exist_ok=True)
    partial = file.with_suffix(".partial")
    partial.unlink(missing_ok=True)
    with open(os.open(partial, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600), "w") as output:
        json.dump(record, output)
    partial.replace(file)


if __name__ == "__main__":
    main()
