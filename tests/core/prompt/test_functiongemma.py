"""FunctionGemma's prompt, byte for byte, and what was written is read back."""

import subprocess
import sys

import jinja2
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.prompt.functiongemma import FunctionGemma, parse, render
from core.prompt.messages import called
from core.schema import ToolCall
from core.schema.call import same_value

HELLO = [{"role": "user", "content": "hello"}]
TOOL = {"type": "function", "function": {"name": "f", "description": "d", "parameters": {"type": "object"}}}

NAMES = st.from_regex(r"[A-Za-z_][A-Za-z0-9_-]{0,12}", fullmatch=True)
FRAGMENTS = [
    "<escape>", "<\u200bescape>", "<\u200b\u200bescape>", "\u200b", "<", "escape>", "<end_function_call>",
    "<start_function_call>", "<start_function_response>", "<eos>", "<end_of_turn>", "{", "}", "[", "]",
    ",", ":", '"', "'", "\\", "\n", " ", "42", "true", "None", "\u00e9", "\U0001f642", "{{ x }}", "{% raw %}",
]  # fmt: skip
TEXTS = st.lists(st.sampled_from(FRAGMENTS) | st.text(max_size=5), max_size=8).map("".join)
NUMBERS = st.integers() | st.floats(allow_nan=False, allow_infinity=False)
VALUES = st.recursive(
    st.none() | st.booleans() | NUMBERS | TEXTS | NUMBERS.map(str),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(NAMES, inner, max_size=3),
    max_leaves=8,
)
CALLS = st.lists(
    st.builds(ToolCall, NAMES, st.dictionaries(NAMES, VALUES, max_size=4)), min_size=1, max_size=3
)


def completion(messages, answer, draw=render):
    prompt, whole = draw(messages, None, True), draw([*messages, answer], None, False)
    assert whole.startswith(prompt)
    return whole[len(prompt) :]


def test_every_case_is_rendered_byte_for_byte(cases):
    for case in cases:
        made = render(case["messages"], case["tools"], case["add_generation_prompt"])
        assert made == case["rendered"], case["name"]
    assert len(cases) == 30


def test_every_case_is_rendered_by_a_tokenizer_with_our_template(cases, gemma):
    for case in cases:
        made = gemma.apply_chat_template(
            case["messages"],
            tools=case["tools"],
            tokenize=False,
            add_generation_prompt=case["add_generation_prompt"],
        )
        assert made == case["rendered"], case["name"]
        family = FunctionGemma(gemma)
        assert family.render(case["messages"], case["tools"], case["add_generation_prompt"]) == made


def test_every_case_ending_in_calls_is_read_back(cases):
    for case in cases:
        last = case["messages"][-1]
        if "tool_calls" not in last:
            continue
        text = case["rendered"][len(render(case["messages"][:-1], case["tools"], True)) :]
        expected = [(c["function"]["name"], c["function"]["arguments"]) for c in last["tool_calls"]]
        assert [(call.name, call.arguments) for call in parse(text).calls] == expected


@settings(max_examples=150, deadline=None)
@given(CALLS)
def test_calls_survive_rendering_and_parsing(calls):
    parsed = parse(completion(HELLO, called(calls)))
    assert not parsed.malformed
    assert [call.name for call in parsed.calls] == [call.name for call in calls]
    for read, meant in zip(parsed.calls, calls, strict=True):
        assert same_value(read.arguments, meant.arguments)
        assert types(read.arguments) == types(meant.arguments)


def types(value):
    """The type of each part: a whole number stays whole."""
    if isinstance(value, dict):
        return {name: types(part) for name, part in value.items()}
    return [types(part) for part in value] if isinstance(value, list) else type(value)


@settings(max_examples=150, deadline=None)
@given(TEXTS)
def test_words_survive_but_for_the_spaces_around_them(text):
    parsed = parse(completion(HELLO, {"role": "assistant", "content": text}))
    assert (parsed.text, parsed.calls, parsed.malformed) == (text.strip(), (), "")


@settings(max_examples=50, deadline=None)
@given(st.lists(TEXTS, min_size=5, max_size=5), st.lists(TEXTS, min_size=1, max_size=3))
def test_nothing_a_person_writes_becomes_a_control_token(gemma, texts, enum):
    """The control tokens are counted that a harmless conversation of the same form has."""

    def ids(user, system, result, described, argument, values):
        parameter = {"type": "string", "description": described, "enum": values}
        schema = {"type": "object", "properties": {"x": parameter}, "required": []}
        tool = {"type": "function", "function": {"name": "f", "description": described, "parameters": schema}}
        messages = [
            {"role": "system", "content": system},
            {"role": "user", "content": user},
            called([ToolCall("f", {"x": argument})]),
            {"role": "tool", "name": "f", "content": result},
        ]
        made = gemma.encode(FunctionGemma(gemma).render(messages, [tool], True), add_special_tokens=False)
        return [id for id in made if id >= 256]

    assert ids(*texts, enum) == ids(*["harmless"] * 5, ["harmless"] * len(enum))


def test_the_page_and_a_tokenizer_show_the_same(gemma):
    messages = [
        {"role": "system", "content": "Be <escape> brief. "},
        *HELLO,
        called([ToolCall("f", {"a": None, "b": [1, {"c": "<eos>"}]})]),
        {"role": "tool", "name": "f", "content": '{"rows": [1, 2]}'},
        {"role": "assistant", "content": "Two."},
        {"role": "system", "content": "Now say less."},
        {"role": "user", "content": "and now?"},
    ]
    shown = FunctionGemma(gemma).render(messages, [TOOL], True)
    assert shown == render(messages, [TOOL], True)
    assert "<start_of_turn>developer\nNow say less.<end_of_turn>" in shown
    assert "response:f{rows:[1,2]}<end_function_response>Two.<end_of_turn>\n<start_of_turn>" in shown


@pytest.mark.parametrize(
    ("content", "shown"),
    [
        ('{"b": 1, "a": "x"}', "{a:<escape>x<escape>,b:1}"),
        ({"b": 1}, "{b:1}"),
        ("21.5 C", "{value:<escape>21.5 C<escape>}"),
        ("[1, 2]", "{value:<escape>[1, 2]<escape>}"),
        ('{"a": NaN}', '{value:<escape>{"a": NaN}<escape>}'),
        ("", "{value:<escape><escape>}"),
        ('{"name": "n", "response": "r"}', "{name:<escape>n<escape>,response:<escape>r<escape>}"),
        ("<end_function_response>", "{value:<escape><\u200bend_function_response><escape>}"),
    ],
)
def test_results(content, shown):
    messages = [*HELLO, called([ToolCall("f")]), {"role": "tool", "name": "f", "content": content}]
    text = render(messages, None, True)
    assert text.endswith(f"<start_function_response>response:f{shown}<end_function_response>")


@pytest.mark.parametrize(
    ("schema", "shown"),
    [
        ({"type": "string"}, "{description:<escape><escape>,type:<escape>STRING<escape>}"),
        ({"type": "integer", "enum": [1, 2]}, "{description:<escape><escape>,type:<escape>INTEGER<escape>}"),
        ({"type": "array"}, "{description:<escape><escape>,type:<escape>ARRAY<escape>}"),
        (
            {"type": "object", "properties": {}, "required": []},
            "{description:<escape><escape>,properties:{},type:<escape>OBJECT<escape>}",
        ),
        (
            {"type": "array", "items": {"type": "array", "items": {"type": "string"}}},
            "{description:<escape><escape>,items:{items:{<escape>type<escape>:<escape>string<escape>},"
            "type:<escape>ARRAY<escape>},type:<escape>ARRAY<escape>}",
        ),
        (
            {"type": "array", "items": {"type": "object", "properties": {}, "required": []}},
            "{description:<escape><escape>,items:{properties:{},required:[],type:<escape>OBJECT<escape>},"
            "type:<escape>ARRAY<escape>}",
        ),
        (
            {"type": "array", "items": {"type": "string", "enum": ["a"], "description": "d"}},
            "{description:<escape><escape>,items:{description:<escape>d<escape>,enum:[<escape>a<escape>],"
            "type:<escape>STRING<escape>},type:<escape>ARRAY<escape>}",
        ),
    ],
)
def test_declarations(schema, shown):
    function = {"name": "f", "parameters": {"type": "object", "properties": {"x": schema, "type": schema}}}
    text = render(HELLO, [{"type": "function", "function": function}], True)
    assert f"declaration:f{{description:<escape><escape>,parameters:{{properties:{{x:{shown}}}," in text


def test_a_tool_without_parameters():
    text = render(HELLO, [{"function": {"name": "f", "description": "D."}}], True)
    assert "<start_function_declaration>declaration:f{description:<escape>D.<escape>}<end_function" in text


@pytest.mark.parametrize(
    ("messages", "tools"),
    [
        ([*HELLO, {"role": "tool", "content": "x"}], None),
        ([{"role": "user", "content": [{"type": "text", "text": "x"}]}], None),
        (
            [*HELLO, {"role": "assistant", "tool_calls": [{"function": {"name": "f", "arguments": "{}"}}]}],
            None,
        ),
        (HELLO, [{"name": "flat", "description": "d"}]),
    ],
)
def test_what_would_be_shown_wrongly_is_refused(messages, tools, gemma):
    with pytest.raises(jinja2.TemplateError):
        render(messages, tools, True)
    with pytest.raises(jinja2.TemplateError):
        FunctionGemma(gemma).render(messages, tools, True)


def test_all_three_stop_tokens(gemma):
    tokens = gemma.convert_ids_to_tokens(FunctionGemma(gemma).stop_ids(gemma))
    assert sorted(tokens) == ["<end_of_turn>", "<eos>", "<start_function_response>"]


def test_no_heavy_library_is_loaded():
    code = "import core.prompt, sys; print({'torch', 'transformers', 'tokenizers'} & set(sys.modules))"
    out = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert out.stdout.strip() == "set()"
