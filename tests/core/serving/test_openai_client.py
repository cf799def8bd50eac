"""The official client of OpenAI, unmodified, against the host."""

import json

import openai
import pytest

from core.schema import read_tool
from core.schema.arguments import check_call
from core.serving import client

FIND = {
    "type": "function",
    "function": {
        "name": "find",
        "description": "Search.",
        "parameters": {
            "type": "object",
            "properties": {"q": {"type": "string"}, "n": {"type": "integer"}},
            "required": ["q"],
        },
    },
}
CLOCK = {"type": "function", "function": {"name": "clock", "description": "The time.", "parameters": {}}}
TOOLS = [FIND, CLOCK]
BY_NAME = {tool["function"]["name"]: read_tool(tool)[0] for tool in TOOLS}
HELLO = [{"role": "user", "content": "hello"}]


@pytest.fixture(scope="module")
def api(host, model) -> openai.OpenAI:
    client.ask(host, model, HELLO, [], max_tokens=1)
    place = json.loads((host.host / "address.json").read_text())
    return openai.OpenAI(
        base_url=f"http://127.0.0.1:{place['port']}/v1", api_key=place["key"], max_retries=0, timeout=120
    )


def ask(api, model, **more):
    return api.chat.completions.create(**{"model": model, "messages": HELLO, "max_tokens": 24} | more)


def test_a_plain_answer(api, model):
    answer = ask(api, model)
    choice = answer.choices[0]
    assert answer.object == "chat.completion" and answer.model == model and choice.index == 0
    assert choice.message.role == "assistant" and choice.message.content and not choice.message.tool_calls
    assert choice.finish_reason == "length" and answer.usage.completion_tokens == 24
    assert answer.usage.total_tokens == answer.usage.prompt_tokens + 24
    assert ask(api, model).choices[0].message.content == choice.message.content, "greedy by itself"
    assert ask(api, model, temperature=0).choices[0].message.content == choice.message.content


def test_sampling_obeys_its_seed(api, model):
    def said(seed, **more):
        return ask(api, model, temperature=1.5, seed=seed, **more).choices[0].message.content

    assert said(1) == said(1)
    assert len({said(n) for n in range(4)}) > 1
    assert said(1, top_p=1e-6) == ask(api, model).choices[0].message.content, "only the likeliest is left"


def test_a_stream_tells_the_same_piece_by_piece(api, model):
    whole = ask(api, model)
    chunks = list(ask(api, model, stream=True, stream_options={"include_usage": True}))
    assert all(chunk.object == "chat.completion.chunk" for chunk in chunks)
    assert len({chunk.id for chunk in chunks}) == 1
    assert chunks[-1].choices == [] and chunks[-1].usage == whole.usage
    told = [chunk.choices[0] for chunk in chunks[:-1]]
    assert told[0].delta.role == "assistant" and told[-1].finish_reason == "length"
    words = [choice.delta.content for choice in told if choice.delta.content]
    assert "".join(words) == whole.choices[0].message.content and len(words) > 3
    assert ask(api, model, stream=True).response.headers["content-type"].startswith("text/event-stream")


def called(message) -> list:
    """The calls of a message, each checked against its schema."""
    from core.schema import ToolCall

    calls = [ToolCall(one.function.name, json.loads(one.function.arguments)) for one in message.tool_calls]
    assert all(check_call(call, BY_NAME) == [] for call in calls)
    return calls


@pytest.mark.parametrize("seed", range(3))
def test_a_required_call_is_made(api, model, seed):
    more = {"tools": TOOLS, "tool_choice": "required", "temperature": 1, "seed": seed, "max_tokens": 120}
    answer = ask(api, model, **more)
    assert answer.choices[0].finish_reason == "tool_calls"
    made = called(answer.choices[0].message)
    assert made and len({one.id for one in answer.choices[0].message.tool_calls}) == len(made)
    with api.chat.completions.stream(model=model, messages=HELLO, **more) as stream:
        final = stream.get_final_completion()  # the client puts the deltas together itself
    assert called(final.choices[0].message) == made and final.choices[0].finish_reason == "tool_calls"


def test_a_named_tool_is_called_once(api, model):
    for name in BY_NAME:
        choice = {"type": "function", "function": {"name": name}}
        answer = ask(api, model, tools=TOOLS, tool_choice=choice, temperature=1, max_tokens=120)
        assert [call.name for call in called(answer.choices[0].message)] == [name]


def test_parallel_calls_come_where_they_are_allowed(api, model):
    def counts(parallel):
        more = {"tools": [CLOCK], "tool_choice": "required", "temperature": 1, "max_tokens": 90}
        return [
            len(
                ask(api, model, seed=seed, parallel_tool_calls=parallel, **more).choices[0].message.tool_calls
            )
            for seed in range(8)
        ]

    assert max(counts(True)) > 1 and set(counts(False)) == {1}


def test_without_tools_the_prompt_does_not_show_them(api, model):
    bare, hidden = ask(api, model), ask(api, model, tools=TOOLS, tool_choice="none")
    assert hidden.usage.prompt_tokens == bare.usage.prompt_tokens
    assert ask(api, model, tools=TOOLS).usage.prompt_tokens > bare.usage.prompt_tokens
    assert not hidden.choices[0].message.tool_calls


def test_a_result_leads_to_the_final_answer(api, model):
    first = ask(api, model, tools=TOOLS, tool_choice="required", parallel_tool_calls=False, max_tokens=120)
    message = first.choices[0].message
    result = {"role": "tool", "tool_call_id": message.tool_calls[0].id, "content": '{"found": 3}'}
    final = ask(api, model, tools=TOOLS, messages=[*HELLO, message, result])
    assert final.choices[0].message.content is not None
    assert final.usage.prompt_tokens > first.usage.prompt_tokens + 20


def test_it_stops_where_it_is_told(api, model):
    whole = ask(api, model, max_tokens=60, temperature=1, seed=4).choices[0].message.content
    stop = whole[5]
    cut = ask(api, model, max_tokens=60, temperature=1, seed=4, stop=stop)
    assert cut.choices[0].message.content == whole[: whole.index(stop)].strip()
    assert cut.choices[0].finish_reason == "stop"
    assert ask(api, model, max_completion_tokens=7, max_tokens=None).usage.completion_tokens == 7


def test_models_are_listed(api):
    assert "starter" in [one.id for one in api.models.list()]
    assert api.models.retrieve("starter").object == "model"
    with pytest.raises(openai.NotFoundError):
        api.models.retrieve("gpt-4")


@pytest.mark.parametrize(
    ("change", "kind", "param"),
    [
        ({"model": "no such model"}, openai.NotFoundError, "model"),
        ({"n": 2}, openai.BadRequestError, "n"),
        ({"logprobs": True}, openai.BadRequestError, "logprobs"),
        ({"response_format": {"type": "json_object"}}, openai.BadRequestError, "response_format"),
        ({"temperature": 3}, openai.BadRequestError, "temperature"),
        ({"top_p": 0}, openai.BadRequestError, "top_p"),
        ({"max_tokens": 0}, openai.BadRequestError, "max_tokens"),
        ({"stop": ["a"] * 5}, openai.BadRequestError, "stop"),
        ({"messages": []}, openai.BadRequestError, "messages"),
        ({"tool_choice": "required"}, openai.BadRequestError, "tool_choice"),
        (
            {"tools": TOOLS, "tool_choice": {"type": "function", "function": {"name": "other"}}},
            openai.BadRequestError,
            "tool_choice",
        ),
        ({"tools": [CLOCK, CLOCK]}, openai.BadRequestError, "tools"),
        ({"messages": [{"role": "user", "content": "x" * 150_000}]}, openai.BadRequestError, "messages"),
    ],
)
@pytest.mark.parametrize("stream", [False, True])
def test_what_cannot_be_done_is_said_in_its_form(api, model, change, kind, param, stream):
    with pytest.raises(kind) as caught:
        list(ask(api, model, stream=stream, **change))
    body = caught.value.body
    assert body["message"] and body["param"] == param and body["type"] == "invalid_request_error"
    assert caught.value.code == ("model_not_found" if kind is openai.NotFoundError else None)
    assert ask(api, model, max_tokens=1).choices, "and the host lives on"


def test_only_the_key_opens(api, model):
    stranger = api.with_options(api_key="wrong")
    with pytest.raises(openai.AuthenticationError) as caught:
        ask(stranger, model)
    assert caught.value.code == "invalid_api_key"
    with pytest.raises(openai.AuthenticationError):
        stranger.models.list()
