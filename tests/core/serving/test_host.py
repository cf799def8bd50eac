"""The model host in its own process, asked over HTTP, with a tiny model."""

import json
import os
import signal
import stat
import threading
import time

import httpx
import psutil
import pytest

from core.errors import StudioError
from core.schema import read_tool
from core.serving import client
from core.store import claims, projects, runs

TOOLS = [
    read_tool({"name": "find", "parameters": {"type": "object", "properties": {"q": {"type": "string"}}}})[0]
]
HELLO = [{"role": "user", "content": "hello"}]


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


def processor_seconds(settings) -> float:
    """Seconds of processor time that the host has used."""
    used = psutil.Process(address(settings)["process"]["pid"]).cpu_times()
    return used.user + used.system


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
        ({"model": "no such/model/at all"}, 404),
        ({"model": "../../etc"}, 404),
        ({"messages": []}, 400),
        ({"messages": [{"role": "wizard", "content": "x"}]}, 400),
        ({"messages": [{"role": "tool", "content": "x"}]}, 400),
        ({"messages": [{"role": "user", "content": {"image": 1}}]}, 400),
        ({"tools": [{"function": {"name": "a b"}}]}, 400),
        ({"stream": "perhaps"}, 400),
        ({"messages": [{"role": "user", "content": "x" * 300_000}]}, 400),
    ],
)
def test_bad_requests_are_refused_and_the_host_lives_on(host, model, change, status):
    client.ask(host, model, HELLO, TOOLS)
    answer = post(host, {"model": model, "messages": HELLO, "tools": [], **change})
    assert answer.status_code == status, answer.text
    assert post(host, {"model": model, "messages": HELLO}).status_code == 200


def test_it_streams_while_the_model_writes(host, model):
    client.ask(host, model, HELLO, TOOLS)
    begun, times, pieces = time.monotonic(), [], []
    for item in client.stream(host, model, HELLO, TOOLS, max_tokens=100):
        times.append(time.monotonic() - begun)
        pieces.append(item)
    answer = pieces.pop()
    assert "".join(pieces) == answer.text and answer.tokens <= 100 and answer.prompt_tokens > 50
    assert len(pieces) > 10 and times[0] < times[-1] / 2, "the first long before the last"


def test_settings_of_an_answer_reach_the_model(host, model):
    def said(**more):
        return client.ask(host, model, HELLO, TOOLS, max_tokens=150, **more)

    assert said(temperature=1.0, seed=1).text == said(temperature=1.0, seed=1).text
    assert said(temperature=1.0, seed=1).text != said(temperature=1.0, seed=2).text
    for more in ({"tool_choice": "required"}, {"tool_choice": "find"}):
        held = said(temperature=1.0, seed=1, **more)
        assert held.calls and {call.name for call in held.calls} == {"find"} and not held.malformed
    assert not said(temperature=1.0, seed=1, constrained=True).malformed.startswith("Expected")


def killed_in_an_answer(settings, model) -> tuple[client.HostEnded, float]:
    """What the reader of an answer is told when its host is killed, and when it was killed."""
    for seed in range(10):  # an answer may by chance be at its end already
        answer = client.stream(settings, model, HELLO, TOOLS, temperature=1.0, seed=seed, max_tokens=2000)
        assert isinstance(next(answer), str)
        killed = time.monotonic()
        psutil.Process(address(settings)["process"]["pid"]).send_signal(signal.SIGKILL)
        try:
            pieces = list(answer)
        except client.HostEnded as error:
            return error, killed
        assert pieces and isinstance(pieces[-1], client.Answer), "it broke off and nobody was told"
    pytest.fail("no answer was long enough to be killed")


def test_killed_in_an_answer_it_is_back_within_ten_seconds(host, model, record_property):
    """Where other programs take the processor it may be longer, but no longer than any start takes there."""
    client.stop(host)
    begun = time.monotonic()
    client.ask(host, model, HELLO, TOOLS, max_tokens=5)
    cold = time.monotonic() - begun
    error, killed = killed_in_an_answer(host, model)
    assert "starts again" in error.message and error.hint
    assert client.ask(host, model, HELLO, TOOLS, max_tokens=5).tokens > 0
    back, worked = time.monotonic() - killed, processor_seconds(host)
    record_property("counts", f"back in {back:.1f} s, {worked:.1f} s of work; any start takes {cold:.1f} s")
    assert back < max(10, 1.5 * cold) and worked < 10


def test_an_answer_that_nobody_reads_is_not_written(host, model):
    client.ask(host, model, HELLO, TOOLS)
    answer = client.stream(host, model, HELLO, TOOLS, temperature=2.0, seed=1, max_tokens=3500)
    next(answer)
    answer.close()
    time.sleep(2)
    begun = processor_seconds(host)
    time.sleep(2)
    assert processor_seconds(host) - begun < 0.3


class Reader(threading.Thread):
    """Reads one answer, and when each piece of it came."""

    def __init__(self, settings, model, words, seed):
        super().__init__()
        self.asked = (settings, model, [{"role": "user", "content": words}], TOOLS)
        self.seed = seed
        self.times: list[float] = []
        self.answer: client.Answer | None = None

    def run(self) -> None:
        for item in client.stream(*self.asked, max_tokens=80, temperature=1.0, seed=self.seed):
            self.times.append(time.monotonic())
            self.answer = item


def test_two_clients_stream_side_by_side_while_a_run_is_at_work(settings, db, project, model):
    run = runs.create(db, project.id, "starter", {}, projects.freeze(db, project.id).hash)
    claims.claim(db, run.id)
    try:
        alone: list[Reader] = []
        for words in ("hello", "good morning"):
            for seed in range(30):  # until one does not come to its end by chance
                reader = Reader(settings, model, words, seed)
                reader.run()
                if len(reader.times) > 30:
                    alone.append(reader)
                    break
        assert alone[0].answer.text != alone[1].answer.text
        both = [
            Reader(settings, model, *chosen)
            for chosen in zip(("hello", "good morning"), (one.seed for one in alone), strict=True)
        ]
        for reader in both:
            reader.start()
        for reader in both:
            reader.join(120)
        assert [reader.answer.text for reader in both] == [one.answer.text for one in alone], "they never mix"
        first, second = (reader.times for reader in both)
        assert first[0] < second[-1] and second[0] < first[-1], "neither waits for the other's end"
    finally:
        client.stop(settings)


def test_a_model_that_is_not_there_is_a_sentence(host, tmp_path):
    with pytest.raises(StudioError) as caught:
        client.ask(host, str(tmp_path / "nothing"), HELLO, TOOLS)
    assert caught.value.hint
