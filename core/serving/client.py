"""Asking the model host, and starting or ending its process. Light: this is all the page knows of models at work."""

import json
import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
from filelock import FileLock

from core import processes
from core.errors import StudioError
from core.schema import Tool, ToolCall
from core.settings import Settings

START_SECONDS = 60
ANSWER_SECONDS = 300  # the first answer of a model includes loading it, perhaps converting it


@dataclass(frozen=True, slots=True)
class Answer:
    text: str  # as produced, with its control tokens
    calls: tuple[ToolCall, ...]
    words: str  # what was said beside or instead of calls
    malformed: str  # why it could not be read, or empty
    seconds: float  # from the loaded model to the end
    tokens: int  # written
    prompt_tokens: int  # read


class HostEnded(StudioError):
    """The model host ended in the middle of an answer; it was started again, so one may ask once more."""


@dataclass(frozen=True, slots=True)
class _Host:
    port: int
    key: str
    process: processes.Owner


def ask(
    settings: Settings,
    model: str,
    messages: list[dict[str, Any]],
    tools: list[Tool],
    *,
    temperature: float = 0.0,
    top_p: float = 1.0,
    max_tokens: int | None = None,
    seed: int | None = None,
    tool_choice: str = "auto",
    constrained: bool = False,
) -> Answer:
    """The answer of a model, greedy where nothing else is asked; see `stream`."""
    return last_of(
        stream(
            settings,
            model,
            messages,
            tools,
            temperature=temperature,
            top_p=top_p,
            max_tokens=max_tokens,
            seed=seed,
            tool_choice=tool_choice,
            constrained=constrained,
        )
    )


def last_of(pieces: Iterable[str | Answer]) -> Answer:
    """The answer at the end of a stream."""
    return next(item for item in pieces if isinstance(item, Answer))


def stream(
    settings: Settings,
    model: str,
    messages: list[dict[str, Any]],
    tools: list[Tool],
    *,
    temperature: float = 0.0,
    top_p: float = 1.0,
    max_tokens: int | None = None,
    seed: int | None = None,
    tool_choice: str = "auto",
    constrained: bool = False,
) -> Iterator[str | Answer]:
    """Pieces of the raw text that a model ("starter", a run id, a folder, a Hub id) writes, the last item the `Answer`.

    `temperature` 0 is greedy; `tool_choice` is "auto", "none", "required" or the name of a tool; `constrained` holds
    names and arguments to the schema. Starts the host where none runs; whoever closes the iterator ends the answer.
    Raises HostEnded where the host was ended meanwhile, else StudioError where the model cannot be asked.
    """
    named = {"type": "function", "function": {"name": tool_choice}}
    body = {
        "model": model,
        "messages": messages,
        "tools": [tool.declaration() for tool in tools],
        "tool_choice": tool_choice if tool_choice in ("auto", "none", "required") else named,
        "temperature": temperature,
        "top_p": top_p,
        "max_tokens": max_tokens,
        "seed": seed,
        "constrained": constrained,
        "stream": True,
    }
    for last_try in (
        False,
        True,
    ):  # it keeps no state, so it may be asked again where it has said nothing yet
        said = False
        try:
            for item in _asked(settings, body):
                said = True
                yield item
            return
        except HostEnded:
            if said:
                _running(settings) or _start(settings)
                raise
            if last_try:
                raise
    raise AssertionError("not reached")


def _asked(settings: Settings, body: dict[str, Any]) -> Iterator[str | Answer]:
    """One try. Raises HostEnded, or StudioError with what the host says."""
    host = _running(settings) or _start(settings)
    try:
        with httpx.stream(
            "POST",
            f"http://127.0.0.1:{host.port}/v1/chat/completions",
            json=body,
            headers={"Authorization": f"Bearer {host.key}"},
            timeout=ANSWER_SECONDS,
            trust_env=False,  # never through a proxy
        ) as response:
            if response.is_error:
                response.read()
                raise _refusal(response.json()["error"])
            yield from _read(response.iter_lines())
    except httpx.TransportError as error:
        log = str(settings.host / "log.txt")
        if not isinstance(error, httpx.TimeoutException) and _ends(host):
            raise HostEnded(
                "The model host ended while it was asked; it starts again.", "Ask once more.", log
            ) from error
        raise StudioError(
            f"The model host did not answer ({type(error).__name__}).", "Ask again. Its log tells more.", log
        ) from error


def _read(lines: Iterable[str]) -> Iterator[str | Answer]:
    """The events of a stream. Raises StudioError for one that is an error."""
    for line in lines:
        if not line.startswith("data: {"):
            continue
        event = json.loads(line.removeprefix("data: "))
        if "error" in event:
            raise _refusal(event["error"])
        beside = event.get("callwright")
        if beside is None:
            continue
        if "seconds" not in beside:
            yield beside["text"]
            continue
        calls = tuple(ToolCall.from_json(call) for call in beside.pop("calls"))
        yield Answer(calls=calls, **beside)
        return
    raise httpx.RemoteProtocolError("the stream ended early")


def _refusal(problem: dict[str, Any]) -> StudioError:
    return StudioError(problem["message"], problem.get("hint", ""), problem.get("where", ""))


def _ends(host: _Host) -> bool:
    """Whether the host's process is gone, or goes within a second: a dying one refuses before it is gone."""
    for _ in range(10):
        if not host.process.alive:
            return True
        time.sleep(0.1)
    return False


def stop(settings: Settings) -> None:
    """End the model host, where one runs, so that its memory is free."""
    host = _running(settings)
    if host is None:
        return
    processes.end(host.process)
    _file(settings).unlink(missing_ok=True)


def _file(settings: Settings) -> Path:
    return settings.host / "address.json"


def _running(settings: Settings) -> _Host | None:
    """The host that runs now: its file exists and names a process that is still the same one."""
    try:
        found = json.loads(_file(settings).read_text())
        process = processes.Owner(**found["process"])
    except (FileNotFoundError, KeyError):  # an earlier version wrote another file
        return None
    host = _Host(found["port"], found["key"], process)
    return host if host.process.alive else None


def _start(settings: Settings) -> _Host:
    settings.host.mkdir(parents=True, exist_ok=True)
    log = settings.host / "log.txt"
    with FileLock(settings.host / "start.lock", timeout=START_SECONDS):
        host = _running(settings)
        if host:
            return host
        process = processes.start(settings, log, "core.serving")
        deadline = time.monotonic() + START_SECONDS
        while time.monotonic() < deadline and process.alive:
            host = _running(settings)
            if host:
                return host
            time.sleep(0.1)
    raise StudioError("The model host did not start.", "Its log tells why.", str(log))
