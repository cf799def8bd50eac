"""Hints and warnings on tools, parameters and values: each appears where it must, and nowhere else."""

from typing import Any

import pytest

from core.doctor import Finding, examine
from core.prompt import functiongemma_tokens
from core.schema import Example, Tool, ToolCall, Turn, read_tool


def tool(name: str, description: str = "", **properties: dict[str, Any]) -> Tool:
    raw = {
        "name": name,
        "description": description,
        "parameters": {"type": "object", "properties": properties},
    }
    return read_tool(raw)[0]


TEXT, NUMBER = {"type": "string"}, {"type": "integer"}
MAIL = tool("send_mail", "Send a mail.", to=TEXT, about={"type": "object", "properties": {"subject": TEXT}})


def found(kind: str, tools: list[Tool], examples: list[Example]) -> list[Finding]:
    return [finding for finding in examine(tools, examples) if finding.kind == kind]


def mail(prompt: str, **arguments: Any) -> Example:
    return Example.single(prompt, ToolCall("send_mail", arguments))


def test_a_value_that_nobody_said_is_a_hint():
    rows = [mail("write to anna", to="anna"), mail("write to my boss", to="karl@firm.example")]
    (finding,) = found("unsaid", [MAIL], rows)
    assert finding.severity == "hint" and finding.rows == (2,) and finding.about == ("send_mail", "to")
    assert finding.message == (
        "Example 2, call of send_mail: nothing in the prompt says that to is 'karl@firm.example'."
    )


def test_values_that_nobody_said_are_one_finding_for_each_parameter():
    rows = [mail("hm", to=name, about={"subject": f"{name}s trip"}) for name in ("kim", "joe", "ann")]
    to, subject = found("unsaid", [MAIL], rows)
    assert to.rows == subject.rows == (1, 2, 3) and subject.about == ("send_mail", "about.subject")
    assert "(3 examples in all)" in to.message


@pytest.mark.parametrize(
    ("prompt", "value"),
    [
        ("write to Anna", "anna"),
        ("play some Caf\u00e9 del Mar", "caf\u00e9 del mar"),
        ("tell her about my travels to Rome", "travelling"),
        ("one word of it: invoice", "the invoice of May"),
        ("wake me at half past six", "06:30"),
        ("meet me on monday at ten", "2026-05-04T10:00:00"),
        ("the day after tomorrow", "May 4, 2026"),
        ("order number 4711", "ORD-4711"),
        ("is it for the play list", "playlist"),
        ("hello", "..."),
        ("hello", ""),
    ],
)
def test_what_was_said_or_can_be_worked_out_is_none(prompt, value):
    assert found("unsaid", [MAIL], [mail(prompt, to=value)]) == []


def test_an_order_number_that_nobody_said_is_one():
    assert found("unsaid", [MAIL], [mail("where is my order", to="ORD-4711")]) != []


def test_defaults_and_categories_can_be_learnt():
    rows = [mail(f"hm {n}", to="everybody") for n in range(3)]
    assert found("unsaid", [MAIL], rows) == []
    assert found("unsaid", [MAIL], rows[:2]) != []
    assert found("unsaid", [MAIL], [rows[0], mail("tell everybody", to="everybody")]) == []


def test_the_conversation_and_the_system_text_count_as_said():
    turns = (
        Turn("system", "The user is called Kim."),
        Turn("user", "find the boss"),
        Turn("assistant", calls=(ToolCall("send_mail", {"to": "Olga"}),)),
        Turn("tool", '{"address": "karl@firm.example"}', name="send_mail"),
        Turn("user", "write it"),
    )
    for value in ("Kim", "Olga", "karl@firm.example"):
        assert found("unsaid", [MAIL], [Example(turns, (ToolCall("send_mail", {"to": value}),))]) == []


def test_allowed_values_numbers_and_wrong_types_are_not_looked_for():
    choice = tool("choose", "Choose.", one={"type": "string", "enum": ["red", "blue"]}, n=NUMBER)
    call = ToolCall("choose", {"one": "red", "n": 12})
    assert found("unsaid", [choice], [Example.single("that of blood", call)]) == []


LAMP = tool(
    "set_lamp",
    "Switch a lamp.",
    room=TEXT,
    mode={"type": "array", "items": {"type": "string", "enum": ["low", "high"]}},
    at={"type": "object", "properties": {"hour": NUMBER, "minute": NUMBER}},
)


def lamps(n: int, **arguments: Any) -> list[Example]:
    return [
        Example.single(f"lamp {k}", ToolCall("set_lamp", {"room": "lamp", **arguments})) for k in range(n)
    ]


def test_a_parameter_that_nothing_uses_is_a_hint_once_there_are_ten_calls():
    (finding,) = found("unused_parameter", [LAMP], lamps(10))
    assert finding.message == "No example uses mode and at of set_lamp." and finding.severity == "hint"
    assert found("unused_parameter", [LAMP], lamps(9)) == []


def test_parameters_in_a_group_are_named_with_it():
    (finding,) = found("unused_parameter", [LAMP], lamps(10, mode=["low"], at={"hour": 3}))
    assert finding.message == "No example uses at.minute of set_lamp."
    assert found("unused_parameter", [LAMP], lamps(10, mode=[], at={"hour": 3, "minute": 4})) == []


def test_an_allowed_value_that_nothing_uses_is_a_hint():
    (finding,) = found("unused_value", [LAMP], lamps(10, mode=["low"]))
    assert finding.message == "No example uses high for mode of set_lamp." and finding.fix == ""
    assert found("unused_value", [LAMP], lamps(10, mode=["low", "high"])) == []


def test_a_few_calls_cannot_use_all_of_many_values():
    many = tool("pick", "Pick.", one={"type": "string", "enum": [f"v{n}" for n in range(40)]})
    rows = [Example.single(f"pick {n}", ToolCall("pick", {"one": "v1"})) for n in range(20)]
    assert found("unused_value", [many], rows) == []


SWITCH = "Switches the lamp of one room of the house in which the user lives"


@pytest.mark.parametrize(
    ("one", "other", "alike"),
    [
        (("find_a", "Search the documents."), ("find_b", "search documents"), True),
        (("getUser", "Read a user."), ("get_user", "Whatever."), True),
        (("pay", "Pay an open invoice of a customer now"), ("settle", "Pay the open invoices of a customer"), True),
        (("turn_on", f"{SWITCH} on."), ("turn_off", f"{SWITCH} off."), False),
        (("start", f"{SWITCH} on."), ("stop", f"{SWITCH} off."), True),
        (("get_user", "Read one user of the shop."), ("get_order", "Read one order of the shop."), False),
        (("a", ""), ("b", ""), False),
        (("a", "Search the web."), ("b", "Search our documents."), False),
    ],
)  # fmt: skip
def test_tools_that_cannot_be_told_apart_are_a_warning(one, other, alike):
    findings = found("alike_tools", [tool(*one), tool(*other)], [])
    assert [f.severity for f in findings] == ["warn"] * alike
    assert not findings or findings[0].about == (one[0], other[0])


def test_tools_without_a_description_are_a_warning():
    (finding,) = found("no_description", [tool("a"), tool("b", "It does."), tool("c", " ")], [])
    assert finding.severity == "warn" and finding.message == "2 tools have no description: a and c."
    assert found("no_description", [tool("b", "It does.")], []) == []


TOKENS = [functiongemma_tokens.ESCAPE, functiongemma_tokens.TURN, "<|im_start|>", "[TOOL_CALLS]"]


@pytest.mark.parametrize("token", TOKENS)
def test_control_tokens_in_rows_are_a_hint_that_names_them(token):
    rows = [mail("a", to="a"), mail(f"see {token}", to="see"), mail("c", to=f"c{token}"), mail("d", to="d")]
    (finding,) = found("control_tokens", [MAIL], rows)
    assert finding.rows == (2, 3) and token in finding.message and "harmless" in finding.remedy
    assert finding.severity == "hint"


def test_control_tokens_in_tools_replies_and_conversations_are_seen():
    token = TOKENS[0]
    (finding,) = found("control_tokens", [tool("a", f"Say {token}."), tool("b", "Say it.")], [])
    assert finding.about == ("a",)
    turns = (
        Turn("user", "x"),
        Turn("assistant", calls=(ToolCall("a", {"k": [{"x": token}]}),)),
        Turn("user", "y"),
    )
    rows = [Example.single("x", reply=token), Example(turns)]
    assert found("control_tokens", [], rows)[0].rows == (1, 2)


@pytest.mark.parametrize("text", ["a < b > c", "<b>bold</b>", "[1, 2]", "<escape", "x | y", "<\u200bescape>"])
def test_other_signs_are_only_text(text):
    assert found("control_tokens", [MAIL], [mail(text)]) == []
