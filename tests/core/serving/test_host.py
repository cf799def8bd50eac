"""The model host in its own process, asked over HTTP, with a tiny model."""

import json
import os
import stat
import time

import httpx
import psutil
import pytest
import tiny_model

from core.errors import StudioError
from core.schema import read_tool
from core.serving import client
from core.settings import Settings
from core.store import claims, projects, runs

TOOLS = [
    read_tool({"name": "find", "parameters": {"type": "object", "properties": {"q": {"type": "string"}}}})[0]
]
HELLO = [{"role": "user", "content": "hello"}]


@pytest.fixture(scope="module")
def model(tmp_path_factory) -> str:
    return str(tiny_model.make(tmp_path_factory.mktemp("tiny") / "model"))


@pytest.fixture(scope="module")
def host(tmp_path_factory):
    """Settings whose host is started by the first who asks, and again after each that ends it."""
    settings = Settings.load(tmp_path_factory.mktemp("home"))
    yield settings
    client.stop(settings)


def address(settings) -> dict:
    return json.loads((settings.host / "address.json").read_text())


def post(settings, body, key=None):
    place = address(settings)
    return httpx.post(
        f"http://127.0.0.1:{place['port']}/v1/chat/completions",
        json=body,
        headers={"Authorization": f"Bearer {place['key'] if key is None else key}"},
        timeout=60,
    )


def test_it_starts_when_asked_answers_and_gives_its_memory_back(host, model):
    answer = client.ask(host, model, HELLO, TOOLS)
    assert answer.text or answer.malformed
    pid = address(host)["process"]["pid"]
    begun = time.monotonic()
    again = client.ask(host, model, HELLO, TOOLS)
    assert address(host)["process"]["pid"] == pid and time.monotonic() - begun < 20
    assert (again.text, again.calls) == (answer.text, answer.calls), "greedy: the same again"
    client.stop(host)
    assert not psutil.pid_exists(pid) or psutil.Process(pid).status() == psutil.STATUS_ZOMBIE
    assert not (host.host / "address.json").exists()


def test_it_comes_back_after_a_crash(host, model):
    client.ask(host, model, HELLO, TOOLS)
    psutil.Process(address(host)["process"]["pid"]).kill()
    assert client.ask(host, model, HELLO, TOOLS).seconds >= 0


def test_only_who_holds_the_key_is_answered(host, model):
    client.ask(host, model, HELLO, TOOLS)
    body = {"model": model, "messages": HELLO}
    url = f"http://127.0.0.1:{address(host)['port']}/v1/chat/completions"
    for header in ({}, {"Authorization": "Bearer wrong"}, {"Authorization": "Bearer ü".encode()}):
        assert httpx.post(url, json=body, headers=header).status_code == 401
    mode = stat.S_IMODE(os.stat(host.host / "address.json").st_mode)
    assert mode == 0o600
    command = " ".join(psutil.Process(address(host)["process"]["pid"]).cmdline())
    assert address(host)["key"] not in command


def test_it_speaks_the_form_of_openai(host, model):
    client.ask(host, model, HELLO, TOOLS)
    conversation = [
        {"role": "user", "content": [{"type": "text", "text": "find cats"}]},
        {
            "role": "assistant",
            "content": None,
            "tool_calls": [
                {"id": "c1", "type": "function", "function": {"name": "find", "arguments": '{"q": "cats"}'}}
            ],
        },
        {"role": "tool", "tool_call_id": "c1", "content": '{"found": 3}'},
    ]
    tools = [tool.declaration() for tool in TOOLS]
    answer = post(host, {"model": model, "messages": conversation, "tools": tools}).json()
    assert answer["object"] == "chat.completion"
    assert answer["choices"][0]["message"]["role"] == "assistant"
    assert answer["usage"]["prompt_tokens"] > 50


@pytest.mark.parametrize(
    ("change", "status"),
    [
        ({"model": "no such/model/at all"}, 400),
        ({"model": "../../etc"}, 400),
        ({"messages": []}, 422),
        ({"messages": [{"role": "wizard", "content": "x"}]}, 422),
        ({"messages": [{"role": "tool", "content": "x"}]}, 400),
        ({"messages": [{"role": "user", "content": {"image": 1}}]}, 400),
        ({"tools": [{"function": {"name": "a b"}}]}, 400),
        ({"stream": True}, 400),
        ({"messages": [{"role": "user", "content": "x" * 300_000}]}, 400),
    ],
)
def test_bad_requests_are_refused_and_the_host_lives_on(host, model, change, status):
    client.ask(host, model, HELLO, TOOLS)
    answer = post(host, {"model": model, "messages": HELLO, "tools": [], **change})
    assert answer.status_code == status, answer.text
    assert post(host, {"model": model, "messages": HELLO}).status_code == 200


def test_while_a_run_works_nobody_takes_its_memory(settings, db, project, model):
    run = runs.create(db, project.id, "starter", {}, projects.freeze(db, project.id).hash)
    claims.claim(db, run.id)
    with pytest.raises(StudioError, match="Run 1 is at work"):
        client.ask(settings, model, HELLO, TOOLS)


def test_a_model_that_is_not_there_is_a_sentence(host, tmp_path):
    with pytest.raises(StudioError) as caught:
        client.ask(host, str(tmp_path / "nothing"), HELLO, TOOLS)
    assert caught.value.hint
