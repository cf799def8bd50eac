"""Drawings and other events of one page at the same time, sent as a browser sends them."""

import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import gradio as gr
import httpx
import pytest

from core.settings import Settings
from studio.ui import build

TIMES = 15


@pytest.fixture
def served(tmp_path: Path) -> Iterator[tuple[gr.Blocks, httpx.Client]]:
    """The page and a client of its server, in which threads take turns far more often than usual."""
    page = build(Settings(tmp_path))
    _, address, _ = page.queue().launch(prevent_thread_lock=True, quiet=True, server_name="127.0.0.1")
    interval = sys.getswitchinterval()
    sys.setswitchinterval(1e-5)
    try:
        with httpx.Client(base_url=f"{address}gradio_api/queue/", timeout=60) as client:
            yield page, client
    finally:
        sys.setswitchinterval(interval)
        page.close(verbose=False)


def send(client: httpx.Client, fn: Any) -> None:
    body = {"data": [None] * len(fn.inputs), "fn_index": fn._id, "session_hash": "one"}
    client.post("join", json=body).raise_for_status()


def answers(client: httpx.Client) -> list[dict[str, Any]]:
    """How the events that were sent ended, once all have."""
    with client.stream("GET", "data", params={"session_hash": "one"}) as lines:
        told = [json.loads(line.removeprefix("data: ")) for line in lines.iter_lines() if line]
    return [one for one in told if one["msg"] == "process_completed"]


def test_editors_drawn_at_once_are_all_drawn_and_other_events_go_on(
    served: tuple[gr.Blocks, httpx.Client],
) -> None:
    page, client = served
    loads = [fn for fn in page.fns.values() if fn.targets and fn.targets[0][1] == "load"]
    send(client, max(loads, key=lambda fn: len(fn.outputs)))
    assert all(one["success"] for one in answers(client)), "a starter is open in both editors"
    drawings = [fn for fn in page.fns.values() if fn.renderable]
    tick = next(fn for fn in page.fns.values() if fn.targets and fn.targets[0][1] == "tick")
    sent = [*drawings, tick, tick] * TIMES
    for fn in sent:
        send(client, fn)
    ended = answers(client)
    assert len(ended) == len(sent)
    failed = [one["output"] for one in ended if not one["success"]]
    assert not failed
    drawn = [one["output"]["render_config"] for one in ended]
    sizes = [len(one["dependencies"]) for one in drawn if one]
    assert sum(size > 0 for size in sizes) == 2 * TIMES, "the events of the editor of tools, and of examples"
