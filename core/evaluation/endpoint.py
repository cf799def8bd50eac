"""Models behind an OpenAI-compatible address, asked over HTTP: the one place of the studio that sends rows elsewhere.

Only https, or this machine. Redirects are not followed and no proxy is used, so nothing goes anywhere but to the
address that was given. The key is read from the environment when it is needed and kept nowhere.
"""

import ipaddress
import json
import os
import re
import threading
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import dataclass, replace
from typing import Any
from urllib.parse import urlsplit

import httpx

from core.errors import StudioError
from core.evaluation.judging import Answered
from core.prompt import strict_json
from core.prompt.json_calls import unread_call
from core.prompt.messages import messages_of
from core.prompt.parsed import Parsed
from core.schema import Example, Tool, ToolCall

AT_ONCE = 4
TRIES = 5
WAIT_SECONDS = 1.0  # before the second try, twice as long before each further one
MOST_SECONDS = 60.0  # that an endpoint may ask to wait
TIMEOUT = httpx.Timeout(120.0, connect=10.0)
MAX_BYTES = 4_000_000
LONGEST = 300  # characters of what an endpoint says of an error
AGAIN = (408, 429, 500, 502, 503, 504)
VARIABLE = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,99}")
OPENAI, OTHER = (
    "OPENAI_API_KEY",
    "CALLWRIGHT_ENDPOINT_KEY",
)  # OpenAI's own key is shown to nobody else unasked
_WHERE = "endpoint"


@dataclass(frozen=True, slots=True)
class Endpoint:
    """An address such as https://api.openai.com/v1, a model there, and the variable of the environment with the key."""

    url: str
    model: str
    variable: str

    @property
    def key(self) -> str:
        return os.environ.get(self.variable, "").strip()


def is_address(model: str) -> bool:
    """Whether the name of a model is that of one behind an address."""
    return "://" in model


def read(model: str, variable: str = "") -> Endpoint:
    """`https://host/v1 model-name` as an endpoint.

    Raises StudioError where it is no such address, or would send rows over a network in the clear.
    """
    url, _, name = model.strip().partition(" ")
    try:
        parts = urlsplit(url)
        host, _ = parts.hostname, parts.port
    except ValueError:
        parts, host = urlsplit(""), None
    whole = host and parts.scheme in ("http", "https") and url.isprintable()
    if not whole or parts.username is not None or parts.query or parts.fragment:
        raise StudioError(
            "This is no address of an endpoint.", "It looks like https://api.openai.com/v1.", _WHERE
        )
    if parts.scheme == "http" and not _is_here(str(host)):
        raise StudioError(
            f"{str(host)[:80]} is another machine, and its address begins with http://.",
            "Only https:// keeps the rows and the key from being read on the way.",
            _WHERE,
        )
    if not name.strip():
        raise StudioError(
            "The endpoint's model is not named.", "Write it behind the address, after a space.", _WHERE
        )
    given = variable or (OPENAI if host == "api.openai.com" else OTHER)
    return Endpoint(url.rstrip("/"), name.strip(), given)


def _is_here(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def ask(
    endpoint: Endpoint,
    tools: Sequence[Tool],
    examples: Sequence[Example],
    progress: Callable[[int, int], None] = lambda done, total: None,
) -> list[Answered]:
    """The answers to examples, in their order, at temperature 0, AT_ONCE of them asked at a time.

    `progress` is called with (answered, all) before the first and after each; what it raises ends the work. Raises
    StudioError where the endpoint cannot be asked, or goes on failing after TRIES.
    """
    over = threading.Event()
    headers = {"Accept-Encoding": "identity"}
    if endpoint.key:
        headers["Authorization"] = f"Bearer {endpoint.key}"
    progress(0, len(examples))
    with (
        httpx.Client(headers=headers, timeout=TIMEOUT, trust_env=False) as http,
        ThreadPoolExecutor(AT_ONCE) as threads,
    ):
        waiting = [threads.submit(_one, http, endpoint, tools, one, over) for one in examples]
        try:
            for done, future in enumerate(as_completed(waiting), 1):
                future.result()  # the first failure ends it
                progress(done, len(examples))
        finally:
            over.set()
            threads.shutdown(cancel_futures=True)
    return [future.result() for future in waiting]


def _one(
    http: httpx.Client, endpoint: Endpoint, tools: Sequence[Tool], example: Example, over: threading.Event
) -> Answered:
    body: dict[str, Any] = {
        "model": endpoint.model,
        "messages": [_as_sent(message) for message in messages_of(example)],
        "temperature": 0,
    }
    if tools:
        body["tools"] = [tool.declaration() for tool in tools]
    wait = WAIT_SECONDS
    for left in reversed(range(TRIES)):
        begun = time.monotonic()
        try:
            status, headers, text = _post(http, f"{endpoint.url}/chat/completions", body)
        except httpx.TransportError as error:
            status, headers, text = 0, httpx.Headers(), type(error).__name__
        if status == 200:
            return replace(_answered(text), seconds=time.monotonic() - begun)
        if (status and status not in AGAIN) or not left:
            break
        if over.wait(min(MOST_SECONDS, max(wait, _asked_to_wait(headers)))):
            break
        wait *= 2
    raise _failure(endpoint, status, text)


def _as_sent(message: dict[str, Any]) -> dict[str, Any]:
    """A message of ours as it goes over the wire: arguments as JSON text."""
    if not message.get("tool_calls"):
        return message
    calls = [
        {**call, "function": {**call["function"], "arguments": json.dumps(call["function"]["arguments"])}}
        for call in message["tool_calls"]
    ]
    return {**message, "content": message["content"] or None, "tool_calls": calls}


def _post(http: httpx.Client, url: str, body: dict[str, Any]) -> tuple[int, httpx.Headers, str]:
    with http.stream("POST", url, json=body) as response:
        read = bytearray()
        for part in response.iter_bytes():
            read += part
            if len(read) > MAX_BYTES:
                raise StudioError(
                    f"An answer of the endpoint is larger than {MAX_BYTES / 1e6:.0f} MB.", where=_WHERE
                )
    return response.status_code, response.headers, read.decode("utf-8", "replace")


def _asked_to_wait(headers: httpx.Headers) -> float:
    asked = headers.get("retry-after", "")
    return float(asked) if asked.isdigit() else 0.0


def _answered(text: str) -> Answered:
    """One answer read; a message that cannot be is malformed, and one of another shape no answer at all."""
    try:
        data = json.loads(text)
        choice = data["choices"][0]
        message, end = choice["message"], choice.get("finish_reason")
        words, calls = message.get("content") or "", message.get("tool_calls") or []
        tokens = (data.get("usage") or {}).get("completion_tokens") or 0
        own = data.get("callwright") or {}  # our host says why an answer could not be read
        if not (isinstance(words, str) and isinstance(calls, list) and isinstance(tokens, int)):
            raise TypeError
        raw = own.get("text") or (json.dumps(calls, ensure_ascii=False) if calls else words)
        malformed = own.get("malformed") or ""
    except (ValueError, LookupError, TypeError, AttributeError, RecursionError):
        raise StudioError(
            "What answers at this address is no OpenAI-compatible endpoint.",
            "Check the address; most end in /v1.",
            _WHERE,
        ) from None
    if malformed and end != "length":
        return Answered(raw, Parsed(malformed=malformed), tokens)
    if end == "length":
        cut = Parsed(malformed=f"It did not come to an end within {tokens} tokens.")
        return Answered(raw, cut, tokens, truncated=True)
    try:
        made = tuple(_call(call) for call in calls)
    except ValueError as error:
        return Answered(raw, Parsed(malformed=f"This is no well-formed call: {error}."), tokens)
    if unread_call(words):
        return Answered(
            f"{words}\n{raw}" if calls else raw,
            Parsed(malformed="A call stands among the words, where the endpoint did not read it."),
            tokens,
        )
    return Answered(raw, Parsed(made, words.strip()), tokens)


def _call(call: Any) -> ToolCall:
    function = call.get("function") if isinstance(call, dict) else None
    if not isinstance(function, dict) or not isinstance(function.get("name"), str):
        raise ValueError("a call must have a name and arguments")
    if not isinstance(function.get("arguments"), str):
        raise ValueError("the arguments must be JSON text")
    arguments = strict_json.read(function["arguments"])
    if not isinstance(arguments, dict):
        raise ValueError("the arguments must be an object")
    return ToolCall(function["name"], arguments)


def _failure(endpoint: Endpoint, status: int, text: str) -> StudioError:
    """What to tell of an endpoint that did not answer."""
    said = _said(text).replace(endpoint.key, "***") if endpoint.key else _said(text)
    if status in (401, 403):
        given = (
            f"The key in {endpoint.variable} was refused" if endpoint.key else "The endpoint asks for a key"
        )
        hint = f"Put it into the environment variable {endpoint.variable} and start the studio again."
        return StudioError(f"{given} ({status}).", hint, _WHERE)
    if 300 <= status < 400:
        return StudioError(
            "The endpoint sends on to another address.",
            "Give that address, if it is the one you mean.",
            _WHERE,
        )
    if status == 404:
        return StudioError(
            f"The endpoint has no such model or address (404). {said}".strip(), "Check both.", _WHERE
        )
    if status == 429:
        return StudioError(
            f"The endpoint takes no more requests for now (429). {said}".strip(), "Go on later.", _WHERE
        )
    if not status:
        return StudioError(
            f"The endpoint did not answer ({said}).", "Check the address, or go on later.", _WHERE
        )
    return StudioError(f"The endpoint refused a row ({status}). {said}".strip(), where=_WHERE)


def _said(text: str) -> str:
    """What an endpoint says of an error, short."""
    try:
        error = json.loads(text)["error"]
        text = error["message"] if isinstance(error, dict) else error
    except (ValueError, LookupError, TypeError, RecursionError):
        pass
    return " ".join(str(text).split())[:LONGEST]
