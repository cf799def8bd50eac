"""The doctor on projects as they are: few findings, and each of them is true."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from core.doctor import examine
from core.doctor.prompts import near
from core.schema import Example, Tool, ToolCall, read_tool
from core.schema.example import Split

ROOT = Path(__file__).parents[3]
DATA = ROOT.parent / "shared" / "data"
STARTERS = ROOT / "assets" / "starters"


def tools_in(file: Path) -> list[Tool]:
    return [read_tool(raw)[0] for raw in json.loads(file.read_text("utf-8"))]


def rows_in(file: Path, split: Split | None = None) -> list[Example]:
    return [_row(json.loads(line), split) for line in file.read_text("utf-8").splitlines()]


def _row(row: dict[str, Any], split: Split | None) -> Example:
    calls = json.loads(row.get("calls") or "[]")
    if row.get("tool_name"):
        calls = [{"name": row["tool_name"], "arguments": json.loads(row["tool_arguments"])}]
    made = Example.single(row["user_content"], *map(ToolCall.from_json, calls), reply=row.get("reply", ""))
    return replace(made, split=split or row["split"])


@pytest.fixture(scope="module")
def snips() -> tuple[list[Tool], list[Example]]:
    if not DATA.is_dir():
        pytest.skip("The data sets beside the repository are not here.")
    rows = rows_in(DATA / "snips_train.jsonl", "train") + rows_in(DATA / "snips_validate.jsonl", "test")
    return tools_in(DATA / "snips_tools.json"), [replace(row, id=n) for n, row in enumerate(rows, 1)]


def test_snips_has_the_findings_that_are_true_of_it(snips):
    found = {finding.kind: finding for finding in examine(*snips)}
    assert {kind: f.severity for kind, f in found.items()} == {
        "leak": "warn",  # `book spot for 4 in Somalia` and a few more are in both files
        "no_description": "warn",  # the descriptions are empty
        "no_refusals": "hint",  # every row has an intent
        "repeat": "hint",
    }
    assert 20 <= len(found["leak"].rows) <= 35 and 25 <= len(found["repeat"].rows) <= 45
    assert found["no_description"].message.startswith("7 tools")


def test_what_is_near_in_snips_has_one_answer_and_differs_in_few_words(snips):
    _, rows = snips
    groups = near(rows)
    assert 30 <= len(groups) <= 50
    for group in groups:
        assert len({str(rows[place].calls) for place in group}) == 1 or all(
            sorted(rows[group[0]].calls[0].arguments.items()) == sorted(rows[p].calls[0].arguments.items())
            for p in group
        )
        first, *others = ({*rows[place].prompt.lower().strip(".?").split()} for place in group)
        assert all(len(first ^ other) <= 4 for other in others)


@pytest.mark.parametrize(("name", "hints"), [("smart-home", []), ("where-to-look", ["no_refusals"])])
def test_the_starters_are_healthy(name, hints):
    found = examine(tools_in(STARTERS / name / "tools.json"), rows_in(STARTERS / name / "examples.jsonl"))
    assert [finding.kind for finding in found] == hints


def test_a_small_mistake_in_a_healthy_project_is_found():
    tools = tools_in(STARTERS / "smart-home" / "tools.json")
    rows = rows_in(STARTERS / "smart-home" / "examples.jsonl")
    copy = replace(rows[0], split="test")
    wrong = replace(
        rows[6], calls=(ToolCall("set_heating", {"room": "Bathroom", "target": {"temperature": "21"}}),)
    )
    found = examine(tools, [*rows, copy, wrong])
    assert {(f.kind, f.fix) for f in found} == {
        ("leak", "Delete 1 example from train"),
        ("arguments", "Write 'bathroom' instead of 'Bathroom' in 1 example"),
        ("arguments", "Write 21 instead of '21' in 1 example"),
        ("contradiction", ""),
    }
