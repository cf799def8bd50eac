"""The model host's server: on loopback, whoever asks must know the key."""

import socket
import threading
import time

import uvicorn

from core.errors import StudioError
from core.serving.api import build
from core.serving.engine import Engine

LOOK_SECONDS = 5  # how often an idle host looks whether it may go


def listen(port: int = 0) -> socket.socket:
    """A socket on loopback that others can reach already; port 0 is any. Raises StudioError where it is taken."""
    listener = socket.socket()
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind(("127.0.0.1", port))
    except OSError as error:
        listener.close()
        raise StudioError(
            f"Port {port} of this computer is not free.", "Choose another one with --port.", "port"
        ) from error
    listener.listen()  # before the address is known: who asks early waits, and is not refused
    return listener


def run(engine: Engine, key: str, listener: socket.socket, idle_seconds: float | None = None) -> None:
    """Answer until the process is told to end, or nobody has asked for `idle_seconds`."""
    app = build(engine, key)
    server = uvicorn.Server(uvicorn.Config(app, log_level="warning", timeout_graceful_shutdown=2))

    def leave_when_idle(seconds: float) -> None:
        while engine.shelf.busy or time.monotonic() - app.state.last_use < seconds:
            time.sleep(LOOK_SECONDS)
        server.should_exit = True

    if idle_seconds is not None:
        threading.Thread(target=leave_when_idle, args=(idle_seconds,), daemon=True).start()
    threading.Thread(target=engine.shelf.warm, daemon=True).start()
    server.run(sockets=[listener])
