"""Asking the model host, and starting or ending its process. Light: this is all the page knows of models at work."""

import json
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
from filelock import FileLock

from core import processes
from core.errors import StudioError
from core.schema import Tool, ToolCall
from core.settings import Settings
from core.store import open_store, runs

START_SECONDS = 60
ANSWER_SECONDS = 300  # the first answer of a model includes loading it, perhaps converting it


@dataclass(frozen=True, slots=True)
class Answer:
    text: str  # as produced, with its control tokens
    calls: tuple[ToolCall, ...]
    words: str  # what was said beside or instead of calls
    malformed: str  # why it could not be read, or empty
    seconds: float


@dataclass(frozen=True, slots=True)
class _Host:
    port: int
    key: str
    process: processes.Owner


def ask(settings: Settings, model: str, messages: list[dict[str, Any]], tools: list[Tool]) -> Answer:
    """The greedy answer of a model ("starter", a run id, a folder, a Hub id) to a conversation.

    Starts the host where none runs. Raises StudioError where a run needs the memory, or the model cannot answer.
    """
    with open_store(settings) as db:
        working = runs.listed(db, states=runs.WORKING, kind=None)
    if working:
        raise StudioError(
            f"{working[0].name} is at work and needs this computer's memory.",
            "Ask again when it has finished.",
            "playground",
        )
    body = {"model": model, "messages": messages, "tools": [tool.declaration() for tool in tools]}
    response = _post(settings, body) or _post(settings, body)  # once more where the host died on us
    if response is None:
        log = settings.host / "log.txt"
        raise StudioError("The model host ended while it was asked.", "Its log tells why.", str(log))
    data = response.json()
    if response.is_error:
        problem = data.get("error") or {"message": str(data.get("detail"))}
        raise StudioError(problem["message"], problem.get("hint", ""), problem.get("where", ""))
    message, more = data["choices"][0]["message"], data["callwright"]
    calls = tuple(
        ToolCall(call["function"]["name"], json.loads(call["function"]["arguments"]))
        for call in message.get("tool_calls", ())
    )
    return Answer(more["text"], calls, message["content"] or "", more["malformed"], more["seconds"])


def _post(settings: Settings, body: dict[str, Any]) -> httpx.Response | None:
    """What the host says, an error too; None where it ended instead (it keeps no state, so it may be asked again)."""
    host = _running(settings) or _start(settings)
    try:
        return httpx.post(
            f"http://127.0.0.1:{host.port}/v1/chat/completions",
            json=body,
            headers={"Authorization": f"Bearer {host.key}"},
            timeout=ANSWER_SECONDS,
            trust_env=False,  # never through a proxy
        )
    except httpx.TransportError as error:
        if not isinstance(error, httpx.TimeoutException) and _ends(host):
            return None
        raise StudioError(
            f"The model host did not answer ({type(error).__name__}).",
            "Ask again. Its log tells more.",
            str(settings.host / "log.txt"),
        ) from error


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
