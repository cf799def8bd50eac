"""`python -m core.serving`: the model host, on loopback, with a random key, until nobody asks any more."""

import json
import logging
import os
import secrets
import socket
import threading
import time
from dataclasses import asdict
from pathlib import Path

import uvicorn

from core import processes
from core.serving.api import build
from core.serving.engine import Engine
from core.settings import Settings

IDLE_SECONDS = 15 * 60  # then the memory is given back


def main() -> None:
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(message)s", datefmt="%H:%M:%S")
    settings = Settings.load()
    key = secrets.token_urlsafe(24)
    engine = Engine(settings)
    app = build(engine, key)
    server = uvicorn.Server(uvicorn.Config(app, log_level="warning", timeout_graceful_shutdown=2))
    listener = socket.socket()
    listener.bind(("127.0.0.1", 0))
    listener.listen()  # before the address is known: who asks early waits, and is not refused
    _announce(settings.host / "address.json", listener.getsockname()[1], key)

    def leave_when_idle() -> None:
        while engine.shelf.busy or time.monotonic() - app.state.last_use < IDLE_SECONDS:
            time.sleep(5)
        server.should_exit = True

    threading.Thread(target=leave_when_idle, daemon=True).start()
    threading.Thread(target=engine.shelf.warm, daemon=True).start()
    server.run(sockets=[listener])


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
