"""Any tokenizer whose template takes tools: proven at load, or refused with a reason."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.errors import StudioError
from core.prompt import chat_template, family_of, json_calls
from core.prompt.messages import called
from core.schema import ToolCall
from core.schema.call import same_calls

HELLO = [{"role": "user", "content": "hello"}]
FRAGMENTS = [
    "<tool_call>", "</tool_call>", "[TOOL_CALLS]", "<|python_tag|>", "<|im_end|>", "<think>", "</think>",
    '{"name": "f", "arguments": {}}', '{"name": "f", "parameters": {"a": 1}}', '"name"', "\u200b",
    "{", "}", "[", "]", ",", ";", "NaN", "1e999", "9" * 5000, "[" * 3000, "\n", "hello",
]  # fmt: skip
TEXTS = st.lists(st.sampled_from(FRAGMENTS) | st.text(max_size=3), max_size=12).map("".join)
VALUES = st.recursive(
    TEXTS | st.integers() | st.booleans() | st.floats(allow_nan=False, allow_infinity=False),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXTS, inner, max_size=3),
    max_leaves=6,
)


@pytest.fixture(scope="session", params=["tagged", "listed", "bare"])
def family(request):
    return family_of(request.getfixturevalue(request.param))


def test_the_form_is_found(tagged, listed, bare):
    assert [family_of(tokenizer).form for tokenizer in (tagged, listed, bare)] == ["tagged", "listed", "bare"]


@settings(max_examples=60, deadline=None)
@given(arguments=st.dictionaries(TEXTS, VALUES, max_size=3))
def test_calls_survive_rendering_and_parsing(family, arguments):
    meant = [ToolCall("f", arguments)]
    prompt, whole = family.render(HELLO, [], True), family.render([*HELLO, called(meant)], [], False)
    parsed = family.parse(whole.removeprefix(prompt))
    assert parsed.malformed == "" and same_calls(parsed.calls, meant)


@settings(max_examples=60, deadline=None)
@given(text=TEXTS)
def test_no_text_raises(family, text):
    parsed = family.parse(text)
    assert not (parsed.malformed and (parsed.calls or parsed.text))


@settings(max_examples=40, deadline=None)
@given(text=TEXTS)
def test_nothing_a_person_writes_becomes_a_control_token(tagged, text):
    family = chat_template.speaks(tagged)

    def controls(content):
        made = family.render([{"role": "user", "content": content}], [], True)
        return [id for id in tagged.encode(made, add_special_tokens=False) if id >= 256]

    assert controls(text) == controls("harmless")


def test_several_calls_and_words(tagged):
    one = '<tool_call>\n{"name": "f", "arguments": {"a": 1}}\n</tool_call>'
    parsed = family_of(tagged).parse(f"<think>\nhm\n</think>\n\nWait. {one}\n{one}<|im_end|>\n<|endoftext|>")
    assert parsed.calls == (ToolCall("f", {"a": 1}),) * 2
    assert parsed.text == "Wait."


def test_published_forms_without_tags(bare, listed):
    call = '{"name": "f", "parameters": {"a": 1}}'
    for text in (call, f"<|python_tag|>{call}<|im_end|>", f"[{call}]", f" {call} "):
        assert family_of(bare).parse(text).calls == (ToolCall("f", {"a": 1}),)
    assert len(family_of(bare).parse(f"{call}; {call}").calls) == 2
    text = 'Now: [TOOL_CALLS] [{"name": "f", "arguments": {}, "id": "call00000"}]<|im_end|>'
    parsed = family_of(listed).parse(text)
    assert (parsed.calls, parsed.text) == ((ToolCall("f"),), "Now:")


@pytest.mark.parametrize(
    ("form", "text", "reason"),
    [
        ("tagged", '<tool_call>{"name": "f", "arguments": {}}', "not closed"),
        ("tagged", '<tool_call>{"name": "f", "argu', "cut off|breaks"),
        ("tagged", '<tool_call>{"name": "f"}</tool_call>', "must have a name"),
        ("tagged", '<tool_call>{"name": "f", "arguments": "{}"}</tool_call>', "arguments an object"),
        ("tagged", '<tool_call>{"name": "f", "arguments": {"a": 1, "a": 2}}</tool_call>', "twice"),
        ("tagged", '{"name": "f", "arguments": {}}', "opening mark"),
        ("tagged", "hello</tool_call>", "outside a call"),
        ("tagged", "<think>and then", "outside a call"),
        ("listed", "[TOOL_CALLS] [{", "cut off|breaks"),
        ("listed", "[TOOL_CALLS] []", "list of calls"),
        ("listed", '[TOOL_CALLS] [{"name": "f", "arguments": {}}] and', "follows"),
        ("bare", '{"name": "f", "parameters": {"a": 1}', "cut off|breaks"),
        ("bare", "<|python_tag|>f.call(a=1)", "breaks"),
        ("bare", '<|python_tag|>{"a": 1}', "must have a name"),
        ("bare", "hello <|im_start|>user", "outside a call"),
    ],
)
def test_malformed(form, text, reason, request):
    parsed = family_of(request.getfixturevalue(form)).parse(text)
    assert any(part in parsed.malformed for part in reason.split("|")), parsed
    assert parsed.calls == ()


@pytest.mark.parametrize("text", ["hello", "{} is empty", "[1, 2, 3]", '{"a": 1}', "[sic] hello", ""])
def test_plain_words(family, text):
    parsed = family.parse(text + "<|im_end|>")
    assert (parsed.text, parsed.calls, parsed.malformed) == (text, (), "")


def test_the_tokens_that_end_an_answer(tagged, listed):
    """The template's closing token, and the tokenizer's own."""
    stops = family_of(tagged).stop_ids(tagged)
    assert sorted(tagged.convert_ids_to_tokens(stops)) == ["<|endoftext|>", "<|im_end|>"]
    assert listed.convert_ids_to_tokens(family_of(listed).stop_ids(listed)) == ["<|im_end|>"]


IGNORES = "{% for m in messages %}<|im_start|>{{ m.content }}{{ m.tool_calls }}<|im_end|>{% endfor %}"
SHOWS = "{{ tools | tojson }}" + IGNORES


@pytest.mark.parametrize(
    ("template", "eos", "message"),
    [
        (None, None, "no chat template"),
        (IGNORES, None, "does not show it any tools"),
        (SHOWS, None, "cannot be read back"),  # calls as Python prints them
        (SHOWS.replace("<|im_end|>", "\n"), None, "would never stop"),
        (SHOWS + "{{ messages | length }}", None, "changes the prompt"),
        ("{{ raise_exception('not today') }}", None, "not today"),
        ("{{ 1 + 'a' }}", None, "cannot show"),
    ],
)
def test_what_cannot_be_taught_is_refused(make_tokenizer, template, eos, message):
    with pytest.raises(StudioError, match=message) as caught:
        family_of(make_tokenizer(template, eos))
    assert caught.value.hint


def test_a_template_that_loses_a_part_of_a_call_is_refused(tagged, make_tokenizer):
    rounded = tagged.chat_template.replace(
        "call.function.arguments | tojson", "call.function.arguments | tojson | lower"
    )
    with pytest.raises(StudioError, match="cannot be read back"):
        family_of(make_tokenizer(rounded))


def test_form_of():
    assert json_calls.form_of("<tool_call>{}") == "tagged"
    assert json_calls.form_of("[TOOL_CALLS][{}]") == "listed"
    assert json_calls.form_of("{}") == "bare"
