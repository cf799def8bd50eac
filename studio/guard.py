"""Who may talk to the server: our own page, and nothing that another web page sends in the user's name.

Gradio accepts any Host (DNS rebinding) and, off loopback, reflects any Origin with credentials. A browser cannot forge
either header, so both are checked before anything is read. A Host that is an IP address cannot be rebound.
"""

import ipaddress
import os
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from starlette.middleware import Middleware
from starlette.types import ASGIApp, Message, Receive, Scope, Send

LOOPBACK = ("localhost", "127.0.0.1", "::1")
EMBEDDING = "huggingface.co"  # the page that shows Spaces in a frame


@dataclass(frozen=True, slots=True)
class Rules:
    """Names this server answers to, and the one page that may embed it."""

    hosts: frozenset[str]
    embedding: str = ""

    @classmethod
    def load(cls, environ: Mapping[str, str] = os.environ) -> "Rules":
        """The rules for this machine: loopback names, the name it was told to serve, the name of its Space."""
        hosts = {*LOOPBACK, environ.get("GRADIO_SERVER_NAME", "").lower()}
        if environ.get("SYSTEM") == "spaces":
            hosts |= {host.strip().lower() for host in environ.get("SPACE_HOST", "").split(",")}
            return cls(frozenset(hosts - {""}), EMBEDDING)
        return cls(frozenset(hosts - {""}))

    @property
    def local(self) -> bool:
        """Whether only this machine is served: then its user may have the server ask what runs beside it."""
        return not self.embedding and self.hosts <= set(LOOPBACK)

    def host(self, value: str) -> bool:
        """Whether a Host header names this server."""
        name = _name(value)
        return name in self.hosts or _is_address(name)

    def origin(self, value: str, host: str) -> bool:
        """Whether a request sent by the page at `value` may be answered; no Origin means no foreign page."""
        if not value:
            return True
        parts = urlsplit(value)
        return parts.netloc.lower() == host.lower() or (
            bool(self.embedding) and parts.hostname == self.embedding
        )

    def headers(self) -> list[tuple[bytes, bytes]]:
        ancestors = f"'self' https://{self.embedding}" if self.embedding else "'self'"
        return [
            (b"x-content-type-options", b"nosniff"),
            (b"referrer-policy", b"same-origin"),
            (b"content-security-policy", f"frame-ancestors {ancestors}".encode()),
        ]


def _name(host: str) -> str:
    """The name in a Host header, without its port and without the brackets of IPv6."""
    try:
        return (urlsplit(f"//{host}").hostname or "").lower()
    except ValueError:
        return ""


def _is_address(name: str) -> bool:
    try:
        ipaddress.ip_address(name)
    except ValueError:
        return False
    return True


class Guard:
    """Middleware that answers 400 to a foreign Host and 403 to a foreign Origin."""

    def __init__(self, app: ASGIApp, rules: Rules):
        self.app = app
        self.rules = rules

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] not in ("http", "websocket"):
            await self.app(scope, receive, send)
            return
        headers = {
            key: value.decode("latin-1") for key, value in scope["headers"] if key in (b"host", b"origin")
        }
        host = headers.get(b"host", "")
        if not self.rules.host(host):
            await _refuse(scope, send, 400, "This address does not belong to the studio.")
        elif not self.rules.origin(headers.get(b"origin", ""), host):
            await _refuse(scope, send, 403, "Another page may not use the studio.")
        else:
            await self.app(scope, receive, self._with_headers(send))

    def _with_headers(self, send: Send) -> Send:
        async def sending(message: Message) -> None:
            if message["type"] == "http.response.start":
                message["headers"] = [*message.get("headers", ()), *self.rules.headers()]
            await send(message)

        return sending


async def _refuse(scope: Scope, send: Send, status: int, sentence: str) -> None:
    if scope["type"] == "websocket":
        await send({"type": "websocket.close", "code": 1008})
        return
    headers = [(b"content-type", b"text/plain; charset=utf-8")]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": sentence.encode()})


def app_kwargs(rules: Rules | None = None) -> dict[str, Any]:
    """What `launch(app_kwargs=...)` needs to put the guard before the app."""
    return {"middleware": [Middleware(Guard, rules=rules or Rules.load())]}
