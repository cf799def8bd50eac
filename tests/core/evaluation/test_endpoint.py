"""Models behind an address, asked over real HTTP: a stand-in on this machine, and our own model host."""

import json
import time
from collections import Counter

import pytest
import tiny_model
from endpoint_stand_in import called, said, standing_in

from core.errors import StudioError
from core.evaluation import endpoint
from core.evaluation.evaluate import evaluate, evaluate_endpoint
from core.schema import Example, ToolCall, Turn, read_tool

TOOL = read_tool(
    {
        "name": "find",
        "description": "Find something.",
        "parameters": {"type": "object", "properties": {"what": {"type": "string"}}, "required": ["what"]},
    }
)[0]
KEY = "sk-a-secret"


@pytest.fixture(autouse=True)
def at_once(monkeypatch):
    monkeypatch.setattr(endpoint, "WAIT_SECONDS", 0.01)
    monkeypatch.delenv(endpoint.OPENAI, raising=False)
    monkeypatch.delenv(endpoint.OTHER, raising=False)


def asked(answers, *rows, key_variable=""):
    with standing_in(answers) as server:
        there = endpoint.read(f"{server.url} some-model", key_variable)
        return evaluate_endpoint(there, [TOOL], rows), server


ROW = Example.single("find x", ToolCall("find", {"what": "x"}))
NONE = Example.single("thanks", reply="You are welcome.")


def test_answers_are_judged_as_everywhere_and_stand_in_the_order_of_the_rows():
    replies = {
        "find x": said(called()),
        "find y": said(called(arguments='{"what": "z"}')),
        "find z": said(called("search")),
        "thanks": said({"content": "My pleasure."}),
        "bye": said(called()),
    }
    rows = [
        ROW,
        Example.single("find y", ToolCall("find", {"what": "y"})),
        Example.single("find z", ToolCall("find", {"what": "z"})),
        NONE,
        Example.single("bye", reply="Bye."),
    ]
    (summary, predictions), server = asked(replies.__getitem__, *rows)
    assert [one.verdict for one in predictions] == ["exact", "right", "unknown_tool", "exact", "extra_call"]
    assert [one.prompt for one in predictions] == [row.prompt for row in rows]
    assert (summary["n"], summary["right"], summary["exact"]) == (5, 3, 2)
    body = next(body for body in server.asked if body["messages"][-1]["content"] == "find x")
    assert body == {
        "model": "some-model",
        "messages": [{"role": "user", "content": "find x"}],
        "temperature": 0,
        "tools": [TOOL.declaration()],
    }


BROKEN = {
    "cut off": said(called(arguments='{"what": "x"')),
    "no JSON": said(called(arguments="what=x")),
    "no object": said(called(arguments='["x"]')),
    "twice": said(called(arguments='{"what": "y", "what": "x"}')),
    "no name": said({"tool_calls": [{"function": {"arguments": "{}"}}]}),
    "no call": said({"tool_calls": ["find"]}),
    "too long": said({"content": "I would"}, end="length"),
    "tagged text": said({"content": '<tool_call>{"name": "find"'}),
    "JSON text": said({"content": '{"name": "find", "arguments": {"what": "x"}}'}),
    "fenced text": said({"content": 'Sure:\n```json\n{"name": "find", "arguments": {}}\n```'}),
    "our host": said(
        {"content": None}, callwright={"text": "<start_function_call>x", "malformed": "cut off"}
    ),
}


@pytest.mark.parametrize("name", BROKEN)
def test_what_cannot_be_read_is_malformed_and_credited_to_no_row(name):
    """Neither where a call is expected, nor as a refusal where none is."""
    (summary, predictions), _ = asked(lambda _: BROKEN[name], ROW, NONE)
    assert [one.verdict for one in predictions] == ["malformed", "malformed"]
    assert all(one.reason and not one.calls for one in predictions)
    assert (summary["right"], summary["malformed"]) == (0, 2)


def test_a_conversation_goes_as_openai_takes_it():
    row = Example(
        (
            Turn("user", "find a"),
            Turn("assistant", "", (ToolCall("find", {"what": "ä"}),)),
            Turn("tool", '{"found": 0}', name="find"),
            Turn("assistant", "There is none."),
            Turn("user", "find x"),
        ),
        ROW.calls,
    )
    _, server = asked(lambda _: said(called()), row)
    _, call, result, *_ = server.asked[0]["messages"]
    assert json.loads(call["tool_calls"][0]["function"]["arguments"]) == {"what": "ä"}
    assert call["content"] is None and result["tool_call_id"] == call["tool_calls"][0]["id"]


@pytest.mark.parametrize("status", [429, 500, 503])
def test_a_busy_endpoint_is_asked_again(status):
    seen = Counter()

    def answers(prompt):
        seen[prompt] += 1
        return (status, {"error": {"message": "slow down"}}) if seen[prompt] == 1 else said(called())

    (summary, _), _ = asked(answers, ROW, Example.single("find it", *ROW.calls))
    assert summary["exact"] == 2 and set(seen.values()) == {2}


def test_one_that_stays_busy_is_told_and_not_asked_for_ever():
    with pytest.raises(StudioError, match=r"no more requests for now \(429\). slow down") as caught:
        asked(lambda _: (429, {"error": {"message": "slow down"}}), ROW)
    assert caught.value.where == "endpoint"


@pytest.mark.parametrize(
    "status, body, words",
    [
        (401, {"error": {"message": "bad key"}}, f"Put it into the environment variable {endpoint.OTHER}"),
        (404, {"error": {"message": "no model gpt-9"}}, "no such model or address (404). no model gpt-9"),
        (400, {"error": "temperature must be 1"}, "refused a row (400). temperature must be 1"),
        (307, {}, "sends on to another address"),
        (200, {"hello": 1}, "no OpenAI-compatible endpoint"),
        (200, b"<html>", "no OpenAI-compatible endpoint"),
        (200, b"x" * (endpoint.MAX_BYTES + 1), "larger than 4 MB"),
    ],
)  # fmt: skip
def test_what_will_not_get_better_is_told_at_once(status, body, words):
    with standing_in(lambda _: (status, body)) as server:
        with pytest.raises(StudioError) as caught:
            endpoint.ask(endpoint.read(f"{server.url} m"), [TOOL], [ROW])
        assert words in caught.value.sentence() and len(server.asked) == 1


def test_nothing_there():
    with standing_in(lambda _: said(called())) as server:
        gone = endpoint.read(f"{server.url} m")
    with pytest.raises(StudioError, match=r"did not answer \(ConnectError\)"):
        endpoint.ask(gone, [TOOL], [ROW])


def test_the_key_comes_from_the_environment_and_is_told_to_nobody_else(monkeypatch):
    monkeypatch.setenv(endpoint.OPENAI, "sk-openai")
    _, server = asked(lambda _: said(called()), ROW)
    assert server.keys == [None], "OpenAI's key is for OpenAI"
    monkeypatch.setenv(endpoint.OTHER, f" {KEY}\n")
    _, server = asked(lambda _: said(called()), ROW)
    assert server.keys == [f"Bearer {KEY}"]
    monkeypatch.setenv("MINE", "sk-mine")
    _, server = asked(lambda _: said(called()), ROW, key_variable="MINE")
    assert server.keys == ["Bearer sk-mine"]
    with pytest.raises(StudioError) as caught:
        asked(lambda _: (400, {"error": {"message": f"bad key {KEY}"}}), ROW)
    assert KEY not in caught.value.sentence() and "bad key ***" in caught.value.sentence()


def test_several_rows_are_asked_at_once_and_what_was_answered_is_told():
    told = []

    def slowly(_):
        time.sleep(0.1)
        return said(called())

    with standing_in(slowly) as server:
        rows = [Example.single(f"find {n}", *ROW.calls) for n in range(8)]
        endpoint.ask(endpoint.read(f"{server.url} m"), [TOOL], rows, lambda *now: told.append(now))
        assert server.most == endpoint.AT_ONCE
    assert told == [(n, 8) for n in range(9)]


def test_asking_ends_when_it_is_told_to():
    class Enough(Exception):
        pass

    def progress(done, total):
        if done == 2:
            raise Enough

    with standing_in(lambda _: said(called())) as server:
        rows = [Example.single(f"find {n}", *ROW.calls) for n in range(200)]
        with pytest.raises(Enough):
            endpoint.ask(endpoint.read(f"{server.url} m"), [TOOL], rows, progress)
        assert len(server.asked) < 100


@pytest.mark.parametrize(
    "model, words",
    [
        ("http://example.org/v1 m", "http://"),
        ("http://10.0.0.1/v1 m", "http://"),
        ("http://127.0.0.1.example.org/v1 m", "http://"),
        ("https://me:secret@example.org/v1 m", "no address of an endpoint"),
        ("https://example.org/v1?key=secret m", "no address of an endpoint"),
        ("ftp://example.org m", "no address of an endpoint"),
        ("https:// m", "no address of an endpoint"),
        ("https://exa[mple/v1 m", "no address of an endpoint"),
        ("https://example.org/v1", "is not named"),
    ],
)
def test_addresses_that_are_refused(model, words):
    with pytest.raises(StudioError) as caught:
        endpoint.read(model)
    assert words in caught.value.sentence() and "secret" not in caught.value.sentence()


@pytest.mark.parametrize(
    "model, variable",
    [
        ("https://api.openai.com/v1 gpt-5-mini", endpoint.OPENAI),
        ("https://example.org/v1/ meta/llama 3", endpoint.OTHER),
        ("http://localhost:8000/v1 m", endpoint.OTHER),
        ("http://[::1]:8000/v1 m", endpoint.OTHER),
    ],
)
def test_addresses_that_may_be_asked(model, variable):
    found = endpoint.read(model)
    assert found.variable == variable and not found.url.endswith("/")
    assert f"{found.url} {found.model}" == model.replace("/v1/ ", "/v1 ")


def test_our_own_host_answers_as_the_model_does_when_it_is_asked_here(
    settings, db, project, tmp_path, monkeypatch
):
    from core.models import loading
    from core.prompt.family import family_of
    from core.serving import client
    from core.store import projects

    folder = tiny_model.make(tmp_path / "model", seed=3)
    tools, rows = projects.tools(db, project.id), projects.examples(db, project.id)
    try:
        client.ask(settings, str(folder), [{"role": "user", "content": "hello"}], [])
        host = json.loads((settings.host / "address.json").read_text())
        monkeypatch.setenv(endpoint.OTHER, host["key"])
        there = endpoint.read(f"http://127.0.0.1:{host['port']}/v1 {folder}")
        _, over_http = evaluate_endpoint(there, tools, rows)
    finally:
        client.stop(settings)
    model, tokenizer = loading.load(folder, "float32", "cpu")
    _, here = evaluate(model, tokenizer, family_of(tokenizer), tools, rows)
    assert [one.verdict for one in over_http] == [one.verdict for one in here]
    assert all(one.text and one.seconds > 0 for one in over_http)
