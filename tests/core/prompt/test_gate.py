"""The start gate: honest rows pass whatever is in them, and each fault that would be trained is refused."""

import copy
from dataclasses import dataclass, replace
from typing import Any

import pytest

from core.prompt import family_of, functiongemma, gate
from core.prompt.functiongemma import FunctionGemma
from core.prompt.gate import check, refusals
from core.prompt.parsed import Parsed
from core.schema import Example, Tool, ToolCall, Turn

FAMILIES = ["gemma", "tagged", "listed", "bare"]
ROOM = 1_000_000
GOOD = [
    Example.single("policy?", ToolCall("search_docs", {"query": "policy"})),
    Example.single("thanks"),
    Example.single("both", ToolCall("search_docs", {"query": "a"}), ToolCall("search_web", {"query": "b"})),
    Example((Turn("system", "Be kind."), Turn("user", "x")), (ToolCall("search_web", {"query": "x"}),)),
    Example(
        (
            Turn("user", "x"),
            Turn("assistant", calls=(ToolCall("search_web", {"query": "x"}),)),
            Turn("tool", "{}", name="search_web"),
        ),
        reply="Here it is.",
    ),
]


def kinds(found):
    return [refusal.kind for refusal in found]


def numbered(examples):
    return [replace(example, id=place) for place, example in enumerate(examples, 1)]


# Honest rows


@pytest.mark.parametrize("kind", FAMILIES)
def test_honest_rows_pass(kind, tools, request):
    tokenizer = request.getfixturevalue(kind)
    rows = [e for e in GOOD if kind != "bare" or len(e.calls) < 2]  # Llama's template takes one call
    checked = check(tools, rows, family_of(tokenizer), tokenizer, ROOM)
    assert checked.refusals == [] and len(checked.rows) == len(rows)


def test_honest_rows_pass_as_text(tools):
    assert refusals(tools, GOOD) == []


# Rows that are wrong in themselves


@pytest.mark.parametrize("kind", [*FAMILIES, None])
@pytest.mark.parametrize(
    ("example", "kind_of_refusal", "words"),
    [
        (Example.single("x", ToolCall("gone")), "missing_tool", "calls gone"),
        (
            Example(
                (
                    Turn("user", "x"),
                    Turn("assistant", calls=(ToolCall("gone"),)),
                    Turn("tool", "1", name="gone"),
                )
            ),
            "missing_tool",
            "calls gone",
        ),
        (Example.single("x", ToolCall("search_docs", {"query": None})), "arguments", "query is empty"),
        (Example.single("x", ToolCall("search_docs", {"query": "a", "p": 1})), "arguments", "p is not one"),
        (Example.single("x", reply=" \n "), "untrained", "nothing"),
        (Example((Turn("assistant", "x"),)), "unwritable", "user said"),
    ],
)
def test_what_is_wrong_in_a_row_is_refused(kind, example, kind_of_refusal, words, tools, request):
    tokenizer = request.getfixturevalue(kind) if kind else None
    family = family_of(tokenizer) if kind else None
    [first, *_] = refusals(tools, numbered([GOOD[0], example]), family, tokenizer, ROOM)
    assert first.kind == kind_of_refusal and words in first.message and first.example == 2
    assert "Example 2" in first.message and (first.hint or kind_of_refusal == "unwritable")


def test_an_argument_named_like_a_mark_is_refused(gemma):
    schema = {
        "type": "object",
        "properties": {"<escape>": {"type": "string", "description": ""}},
        "required": [],
    }
    [found] = refusals(
        [Tool("f", "", schema)], numbered([Example.single("x", ToolCall("f", {"<escape>": "a"}))]),
        family_of(gemma), gemma, ROOM,
    )  # fmt: skip
    assert (found.kind, found.example) == ("changed", 1)


def test_a_row_over_the_limit_is_named_with_the_limit_that_mends_all(tools, gemma):
    rows = numbered(
        [GOOD[0], Example.single("long " * 100, ToolCall("search_docs", {"query": "x"})), GOOD[1]]
    )
    family = family_of(gemma)
    lengths = [len(row.input_ids) for row in check(tools, rows, family, gemma, ROOM).rows]
    limit = sorted(lengths)[1]
    [found] = refusals(tools, rows, family, gemma, limit)
    assert found.message == f"Example 2 needs {max(lengths)} tokens, the limit is {limit}."
    assert (found.hint, found.limit) == (f"Raise the limit to {max(lengths)}.", max(lengths))
    assert refusals(tools, rows, family, gemma, found.limit) == []
    assert len(refusals(tools, rows, family, gemma, limit - 1)) == 2
    assert {one.limit for one in refusals(tools, rows, family, gemma, 10)} == {max(lengths)}


# Faults of templates, tokenizers and parsers, put in one by one


@dataclass
class Faulty:
    """A family whose text is changed on its way out, or whose reading is."""

    inner: Any
    text: Any = lambda text: text
    read: Any = lambda parsed: parsed
    show: Any = lambda tools: tools
    name: str = "faulty"

    def render(self, messages, tools, add_generation_prompt):
        return self.text(self.inner.render(messages, self.show(tools), add_generation_prompt))

    def parse(self, text, tools=()):
        return self.read(self.inner.parse(text, tools))

    def stop_ids(self, tokenizer):
        return self.inner.stop_ids(tokenizer)


def first_argument(parsed, change):
    if not parsed.calls:
        return parsed
    call = parsed.calls[0]
    return Parsed((ToolCall(call.name, change(dict(call.arguments))), *parsed.calls[1:]), parsed.text)


def less(tools):
    changed = copy.deepcopy(tools)
    for tool in changed:
        tool["function"]["parameters"]["properties"].pop("query", None)
    return changed


FAULTS = {
    "the second declaration is dropped": ({"show": lambda tools: tools[:1]}, "hidden_tool"),
    "no declaration is shown": ({"show": lambda tools: []}, "hidden_tool"),
    "a parameter is not shown": ({"show": less}, "hidden_tool"),
    "an argument is lost": ({"text": lambda text: text.replace("query:<escape>policy<escape>", "")}, "changed"),
    "a value is cut": ({"text": lambda text: text.replace("policy<escape>}", "pol<escape>}")}, "changed"),
    "the closing mark is lost": ({"text": lambda text: text.replace("<end_function_call>", "")}, "changed"),
    "the opening mark is lost": ({"text": lambda text: text.replace("<start_function_call>", "")}, "changed"),
    "another tool is called": ({"text": lambda text: text.replace("call:search_docs", "call:search_web")}, "changed"),
    "True is read for 1": (
        {"read": lambda p: first_argument(p, lambda a: {k: True if v == 1 else v for k, v in a.items()})},
        "changed",
    ),
    "a text is read as a number": (
        {"read": lambda p: first_argument(p, lambda a: {k: 1 if v == "1" else v for k, v in a.items()})},
        "changed",
    ),
    "a whole number is read as a part": (
        {"read": lambda p: first_argument(p, lambda a: {k: 1.0 if v == 1 else v for k, v in a.items()})},
        "changed",
    ),
    "a null is added": ({"read": lambda p: first_argument(p, lambda a: {**a, "page": None})}, "changed"),
    "a call is read twice": ({"read": lambda p: Parsed(p.calls * 2, p.text)}, "changed"),
    "the answer is not shown": (
        {"text": lambda text: text.split("<start_function_call>call")[0] + "<end_of_turn>"
         if "<start_function_call>call" in text else text}, "untrained",
    ),
    "nothing ends the answer": (
        {"text": lambda text: text.removesuffix("<start_function_response>")}, "unwritable",
    ),
}  # fmt: skip

ONE = {"type": "integer", "description": ""}
ROWS = numbered(
    [
        Example.single("x", ToolCall("search_docs", {"query": "policy"})),
        Example.single("x", ToolCall("search_docs", {"query": "1", "n": 1})),
        Example.single("x", ToolCall("search_web", {"query": "z"})),
    ]
)


@pytest.fixture
def counting(tools):
    docs, web = tools
    parameters = {**docs.parameters, "properties": {**docs.parameters["properties"], "n": ONE}}
    return [Tool(docs.name, docs.description, parameters), web]


@pytest.mark.parametrize("fault", FAULTS)
def test_a_fault_is_refused(fault, counting, gemma):
    changes, kind = FAULTS[fault]
    honest = FunctionGemma(gemma)
    assert refusals(counting, ROWS, honest, gemma, ROOM) == []
    found = refusals(counting, ROWS, Faulty(honest, **changes), gemma, ROOM)
    assert kind in kinds(found), found
    assert all(one.message and "Traceback" not in one.message for one in found)


def test_a_tool_that_only_another_ones_description_names_is_hidden(counting, gemma):
    told = replace(counting[0], description="Use search_web for public pages.")
    found = refusals(
        [told, counting[1]], ROWS[:1], Faulty(FunctionGemma(gemma), show=lambda tools: tools[:1]), gemma, ROOM
    )
    assert found[0].kind == "hidden_tool" and "search_web" in found[0].message


@pytest.mark.parametrize("place", [0, 1])
def test_a_declaration_that_is_dropped_in_some_rows_only_is_refused(place, counting, gemma):
    """A template may show all tools to the probe and lose one where a system message leads."""

    class Sometimes(Faulty):
        def render(self, messages, tools, add_generation_prompt):
            led = messages[0]["role"] == "system"
            kept = [tool for n, tool in enumerate(tools) if n != place] if led and tools else tools
            return self.inner.render(messages, kept, add_generation_prompt)

    rows = numbered([ROWS[0], GOOD[3]])
    found = refusals(counting, rows, Sometimes(FunctionGemma(gemma)), gemma, ROOM)
    assert [(one.kind, one.example) for one in found] == [("hidden_tool", 2)]
    assert counting[place].name in found[0].message


@pytest.mark.parametrize("kind", ["tagged", "listed"])
def test_a_template_that_shows_the_first_tool_alone_is_refused(kind, tools, make_tokenizer, request):
    template = request.getfixturevalue(kind).chat_template
    for cut in ("for tool in tools", "tools | default([], true)"):
        template = template.replace(cut, cut.replace("tools", "tools[:1]", 1) if "default" not in cut
                                    else "(tools | default([], true))[:1]")  # fmt: skip
    tokenizer = make_tokenizer(template, "<|endoftext|>")
    found = refusals(tools, GOOD[:1], family_of(tokenizer), tokenizer, ROOM)
    assert found[0].kind == "hidden_tool" and "search_web" in found[0].message


class Wrong:
    """A tokenizer in which one mark has become another token, or pieces."""

    def __init__(self, inner, mark, becomes):
        self.inner = inner
        self.id = inner.convert_tokens_to_ids([mark])[0]
        self.becomes = becomes

    def __getattr__(self, name):
        return getattr(self.inner, name)

    def encode(self, text, add_special_tokens=True):
        ids = self.inner.encode(text, add_special_tokens=add_special_tokens)
        return [new for id in ids for new in (self.becomes if id == self.id else [id])]


@pytest.mark.parametrize(
    "mark",
    ["<start_function_declaration>", "<end_function_declaration>", "<start_function_call>", "<escape>",
     "<end_function_call>", "<start_of_turn>", "<end_of_turn>", "<bos>"],
)  # fmt: skip
@pytest.mark.parametrize("becomes", [[5], [60, 61]])
def test_a_tokenizer_that_takes_a_mark_for_something_else_is_refused(mark, becomes, tools, gemma):
    wrong = Wrong(gemma, mark, becomes)
    found = refusals(tools, numbered(GOOD), FunctionGemma(wrong), wrong, ROOM)
    assert found[0].kind == "marks" and mark in found[0].message and found[0].example is None


def test_a_chat_tokenizer_that_takes_a_mark_for_something_else_is_refused(tools, tagged):
    wrong = Wrong(tagged, "<|im_start|>", [5])
    found = refusals(tools, numbered(GOOD[:1]), family_of(tagged), wrong, ROOM)
    assert found[0].kind == "marks" and "<|im_start|>" in found[0].message


def test_a_tokenizer_that_changes_what_is_taught_is_refused(tools, gemma):
    """Letters that come back as others: the row is whole as text and wrong as tokens."""
    upper, lower = (gemma.convert_tokens_to_ids([letter])[0] for letter in "pq")
    wrong = Wrong(gemma, "p", [lower])
    assert upper != lower
    found = refusals(tools, numbered(GOOD[:1]), FunctionGemma(wrong), wrong, ROOM)
    assert kinds(found) == ["changed"] and '"policy"' in found[0].message


def test_a_template_that_raises_is_a_sentence(tools, make_tokenizer, tagged):
    family = family_of(tagged)

    def broken(text):
        raise ValueError("boom")

    [found] = refusals(tools, GOOD[:1], Faulty(family, text=broken), tagged, ROOM)
    assert found.kind == "unwritable" and "boom" in found.message


def test_progress_is_told(tools, gemma):
    told = []
    check(tools, GOOD, family_of(gemma), gemma, ROOM, lambda done, total: told.append((done, total)))
    assert told == [(n, len(GOOD)) for n in range(len(GOOD))]


def test_a_refusal_as_an_error_names_the_row():
    error = gate.Refusal(
        12, "Example 12 needs 640 tokens, the limit is 512.", "Raise it.", "too_long", 640
    ).error()
    assert (error.where, error.hint) == ("example 12", "Raise it.")
    assert gate.Refusal(None, "m", "h", "marks").error().where == "marks"


def test_the_text_form_is_functiongemmas(tools):
    assert functiongemma.FunctionGemma().render([{"role": "user", "content": "x"}], [], True) == (
        functiongemma.render([{"role": "user", "content": "x"}], [], True)
    )
