"""A model of random weights, held to a grammar: whatever it writes is a call that fits its schema."""

import pytest
import tiny_model

from core.evaluation.constrained import Constrainer
from core.evaluation.decoding import Sampling, tokens
from core.evaluation.evaluate import evaluate
from core.evaluation.generate import generate
from core.models import loading
from core.prompt.chat_template import ChatTemplate
from core.prompt.family import family_of
from core.prompt.rows import ids_of, prompt_ids, written
from core.schema import Example, ToolCall, read_tool
from core.schema.arguments import check_call

TEXT, WHOLE = {"type": "string"}, {"type": "integer"}


def tool(name, properties, required=()):
    shape = {"type": "object", "properties": properties, "required": list(required)}
    return read_tool({"name": name, "description": "It does.", "parameters": shape})[0]


PLACE = {"type": "object", "properties": {"city": TEXT, "zip": WHOLE}, "required": ["city"]}
TOOLS = [
    tool("find", {"q": TEXT, "n": WHOLE, "x": {"type": "number"}, "b": {"type": "boolean"}}, ["q", "n"]),
    tool("put", {"kind": {"type": "string", "enum": ["a b", "ü", 'say "no"']}, "at": PLACE}, ["kind", "at"]),
    tool("list", {"tags": {"type": "array", "items": TEXT}, "places": {"type": "array", "items": PLACE}}, ["tags"]),
    tool("nothing", {}),
    tool("anything", {"Some": {"type": "object"}, "more": {"type": "array"}}, ["Some"]),
]  # fmt: skip
BY_NAME = {one.name: one for one in TOOLS}

HERMES = """{%- for tool in tools %}{{ tool | tojson }}
{% endfor %}{%- for message in messages %}<start_of_turn>{{ message.role }}
{{ message.content }}{%- for call in message.tool_calls or [] %}
<tool_call>
{"name": "{{ call.function.name }}", "arguments": {{ call.function.arguments | tojson }}}
</tool_call>{%- endfor %}<end_of_turn>
{% endfor %}{%- if add_generation_prompt %}<start_of_turn>assistant
{% endif %}"""
MISTRAL = HERMES.replace("<tool_call>", '{% if loop.first %}[TOOL_CALLS][{% endif %}').replace(
    "</tool_call>", '{% if loop.last %}]{% else %}, {% endif %}'
)  # fmt: skip
LLAMA = (
    HERMES.replace("<tool_call>\n", "").replace("\n</tool_call>", "").replace('"arguments"', '"parameters"')
)


@pytest.fixture(scope="module")
def model(tmp_path_factory):
    folder = tiny_model.make(tmp_path_factory.mktemp("tiny") / "model")
    return loading.load(folder, "float32", "cpu")


@pytest.fixture(scope="module", params=["functiongemma", "tagged", "listed", "bare"])
def spoken(request, model):
    """Model, tokenizer and family, for each form in which calls are written."""
    if request.param == "functiongemma":
        return (*model, family_of(model[1]))
    tokenizer = tiny_model.tokenizer()
    tokenizer.chat_template = {"tagged": HERMES, "listed": MISTRAL, "bare": LLAMA}[request.param]
    from core.prompt import chat_template

    family = chat_template.speaks(tokenizer)
    assert isinstance(family, ChatTemplate) and family.form == request.param
    return model[0], tokenizer, family


def answers(spoken, rules, limit, seeds):
    model, tokenizer, family = spoken
    ids = ids_of("hello", tokenizer)
    stops = family.stop_ids(tokenizer)
    for seed in seeds:
        made = list(
            tokens(
                model,
                ids,
                stops=stops,
                limit=limit,
                sampling=Sampling(1.0, 1.0, seed),
                constraint=rules.start(),
            )
        )
        yield family.parse(written(made, family, tokenizer)), made[-1] in stops


@pytest.mark.parametrize("several", [True, False])
def test_a_required_call_is_always_there_and_fits(spoken, several):
    rules = Constrainer(spoken[1], spoken[2]).rules(TOOLS, required=True, several=several)
    called = set()
    for parsed, ended in answers(spoken, rules, rules.reserve + 40, range(12)):
        assert ended and not parsed.malformed and not parsed.text
        assert len(parsed.calls) >= 1 if several else len(parsed.calls) == 1
        for call in parsed.calls:
            assert check_call(call, BY_NAME) == []
            called.add(call.name)
    assert len(called) > 1, "the model chooses"


def test_where_no_call_is_required_there_are_words_or_calls(spoken):
    rules = Constrainer(spoken[1], spoken[2]).rules(TOOLS)
    for parsed, _ in answers(spoken, rules, 60, range(6)):
        assert not parsed.malformed
        assert all(check_call(call, BY_NAME) == [] for call in parsed.calls)


def accepts(rules, tokenizer, text: str) -> bool:
    """Whether an answer may be this text."""
    matcher, ids = rules.start().matcher, ids_of(text, tokenizer)
    return matcher.try_consume_tokens(ids) == len(ids) and matcher.is_accepting()


def test_what_training_shows_is_allowed_and_what_misfits_is_not(model):
    tokenizer, family = model[1], family_of(model[1])
    rules = Constrainer(tokenizer, family).rules(TOOLS)

    def answer(*calls: ToolCall) -> str:
        from core.prompt.messages import called, prompt_and_answer

        shown = [one.declaration() for one in TOOLS]
        asked = [{"role": "user", "content": "hello"}]
        return prompt_and_answer(family.render, asked, called(calls), shown)[1].removesuffix(
            "<start_function_response>"
        )

    good = [
        ToolCall("find", {"q": "a <b> {c}: [d]", "n": -7, "x": 0.5, "b": True}),
        ToolCall("put", {"kind": "ü", "at": {"zip": 1, "city": ""}}),
        ToolCall("list", {"tags": [], "places": [{"city": "Rome"}]}),
        ToolCall("nothing", {}),
        ToolCall("anything", {"Some": {"b": [1, "x", False], "a": None}, "more": [{"k": 2.5}]}),
    ]
    for call in good:
        assert accepts(rules, tokenizer, answer(call)), call
    assert accepts(rules, tokenizer, answer(*good)) and accepts(rules, tokenizer, "I cannot call that.")
    bad = [
        ToolCall("find", {"q": "x"}),
        ToolCall("find", {"q": "x", "n": "7"}),
        ToolCall("find", {"q": "x", "n": 1.5}),
        ToolCall("find", {"q": "x", "n": 1, "y": 1}),
        ToolCall("put", {"kind": "b", "at": {"city": "x"}}),
        ToolCall("put", {"kind": "ü", "at": {}}),
        ToolCall("list", {"tags": [1]}),
        ToolCall("other", {}),
    ]
    for call in bad:
        assert check_call(call, BY_NAME) and not accepts(rules, tokenizer, answer(call)), call
    assert not accepts(rules, tokenizer, "call:find{q:1}"), "it would be read as a call without its mark"


def test_rows_together_are_held_each_to_its_own_state(model):
    family = family_of(model[1])
    rules = Constrainer(model[1], family).rules(TOOLS, required=True)
    shown = [one.declaration() for one in TOOLS]
    prompts = [
        prompt_ids([{"role": "user", "content": words}], shown, family, model[1])
        for words in ("hello", "a longer question, which is padded less", "x")
    ]
    for answer in generate(*model, family, prompts, max_new_tokens=rules.reserve + 30, rules=rules):
        parsed = family.parse(answer.text)
        assert answer.ended and parsed.calls
        assert all(check_call(call, BY_NAME) == [] for call in parsed.calls)


def test_an_evaluation_with_it_has_nothing_unreadable(model):
    family = family_of(model[1])
    examples = [Example.single(words, ToolCall("nothing", {})) for words in ("hello", "good day")]
    _, predictions = evaluate(*model, family, TOOLS, examples, constrained=True)
    for prediction in predictions:
        assert "well-formed" not in prediction.reason and "Expected" not in prediction.reason
        assert all(check_call(ToolCall.from_json(call), BY_NAME) == [] for call in prediction.calls)
