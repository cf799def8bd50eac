"""The leaderboard's mode against the leaderboard's own checker, on its rows and on what a model may make of them."""

import importlib
import json
import subprocess
import sys
import zipfile
from collections.abc import Iterator
from itertools import product
from types import ModuleType, SimpleNamespace

import pytest

from core.evaluation.bfcl import TYPES, accepts
from core.schema import ToolCall
from core.schema.arguments import misfits

PINNED = "bfcl-eval==2026.3.23"
# The gold of these breaks the schema of its own row. It is judged as it stands, here and upstream.
BROKEN_GOLD = {
    "simple_python_17": "formatted is required, and may be left out",
    "simple_python_200": "fuel_efficiency is required, and may be left out",
    "simple_python_307": "venue is text, and True is accepted",
}


@pytest.fixture(scope="module")
def wheel(tmp_path_factory):
    folder = tmp_path_factory.mktemp("bfcl")
    command = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--dest", str(folder), PINNED]
    try:
        subprocess.run(command, check=True, capture_output=True, timeout=90)
    except (subprocess.CalledProcessError, subprocess.TimeoutExpired):
        pytest.skip(f"{PINNED} cannot be downloaded here, and it is never installed.")
    return next(folder.glob("*.whl"))


@pytest.fixture(scope="module")
def upstream(wheel):
    """Its `ast_checker`, straight from the wheel; what that imports beside it needs 32 packages and is put aside."""
    base = "bfcl_eval.eval_checker.ast_eval.type_convertor"
    aside = {
        "bfcl_eval.constants.model_config": {
            "MODEL_CONFIG_MAPPING": {"any": SimpleNamespace(underscore_to_dot=False)}
        },
        f"{base}.java_type_converter": {"java_type_converter": None},
        f"{base}.js_type_converter": {"js_type_converter": None},
    }
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(str(wheel))
        for name, values in aside.items():
            module = ModuleType(name)
            vars(module).update(values)
            patch.setitem(sys.modules, name, module)
        checker = importlib.import_module("bfcl_eval.eval_checker.ast_eval.ast_checker")
        python = importlib.import_module("bfcl_eval.constants.enums").Language.PYTHON
        yield lambda functions, calls, possible, category: checker.ast_checker(
            functions,
            [{call.name: call.arguments} for call in calls],
            possible,
            python,
            category,
            "any",
        )["valid"]
        for name in [name for name in sys.modules if name.split(".")[0] == "bfcl_eval"]:
            patch.delitem(sys.modules, name)


@pytest.fixture(scope="module")
def rows(wheel):
    """(id, category, functions, possible answers) of every row of both categories."""
    found = []
    with zipfile.ZipFile(wheel) as files:
        for category in ("simple_python", "multiple"):
            asked, answers = (
                [
                    json.loads(line)
                    for line in files.read(f"bfcl_eval/data/{part}BFCL_v4_{category}.json").splitlines()
                ]
                for part in ("", "possible_answer/")
            )
            found += [
                (row["id"], category, row["function"], answer["ground_truth"])
                for row, answer in zip(asked, answers, strict=True)
                if row["id"] == answer["id"]
            ]
    return found


def gold(possible):
    """The call of the first accepted values; what may be left out is left out where only that is accepted."""
    name, accepted = next(iter(possible[0].items()))
    return ToolCall(name, {part: _first(values) for part, values in accepted.items() if [*values] != [""]})


def _first(values):
    value = next(one for one in values if one != "")
    if isinstance(value, dict):
        return {part: _first(inside) for part, inside in value.items() if [*inside] != [""]}
    if isinstance(value, list):
        return [_first([one]) if isinstance(one, dict) else one for one in value]
    return value


def mutations(call: ToolCall, functions: list, possible: list) -> Iterator[tuple[str, list[ToolCall]]]:
    """What a model may make of the right call, each with its name."""
    name, arguments = call.name, call.arguments
    accepted = possible[0][name]

    def given(**changed):
        return [ToolCall(name, {**arguments, **changed})]

    yield "no call", []
    yield "an extra call", [call, call]
    yield "an extra call of another tool", [call, ToolCall("something_else", {})]
    yield "an unknown tool", [ToolCall(f"{name}_tool", arguments)]
    yield "the tool in capitals", [ToolCall(name.upper(), arguments)]
    for function in functions:
        if function["name"] != name:
            yield f"the tool {function['name']}", [ToolCall(function["name"], arguments)]
    yield "no arguments", [ToolCall(name, {})]
    yield "an unknown argument", given(no_such_argument="x")
    yield "arguments backwards", [ToolCall(name, dict(reversed(arguments.items())))]
    known = next(one for one in functions if one["name"] == name)["parameters"]["properties"]
    for part in known.keys() - arguments.keys():
        yield f"{part} too", given(**{part: "x"})
    for part, value in arguments.items():
        others = {key: one for key, one in arguments.items() if key != part}
        yield f"{part} left out", [ToolCall(name, others)]
        yield f"{part} renamed", [ToolCall(name, {**others, f"{part}_": value})]
        yield f"{part} None", given(**{part: None})
        for other in accepted[part]:
            yield f"{part} as it may be, too: {other!r}", given(**{part: other})
        for how, changed in changes(value):
            yield f"{part} {how}", given(**{part: changed})


def changes(value) -> Iterator[tuple[str, object]]:
    yield "as text", str(value)
    yield "in a list", [value]
    yield "in a group", {"value": value}
    yield "empty", type(value)()
    match value:
        case bool():
            yield "the other", not value
            yield "as a number", int(value)
        case int() | float():
            yield "one more", value + 1
            yield "as a float", float(value)
            yield "as a whole number", int(value)
            yield "as truth", bool(value)
            yield "negative", -value
        case str():
            yield "in capitals", value.upper()
            yield "in small letters", value.lower()
            yield "with signs", "_" + value.replace(" ", "-") + "."
            yield "without spaces", value.replace(" ", "")
            for sign in "!?;:()&":
                yield f"with {sign}", value + sign
            yield "in quotes", f"'{value}'"
            yield "with accents", value.replace("e", "é").replace("a", "à")
            yield "on two lines", value.replace(" ", "\n")
            yield "with a word more", f"{value} please"
        case list():
            yield "backwards", value[::-1]
            yield "with one more", [*value, *value[:1]]
            yield "with one less", value[1:]
            yield "as texts", [*map(str, value)]
            yield "as floats", [float(one) if type(one) is int else one for one in value]
            yield "as whole numbers", [int(one) if type(one) is float else one for one in value]
            yield "in capitals", [one.upper() if isinstance(one, str) else one for one in value]
            yield "with a strange item", [*value[1:], True]
            if value and isinstance(value[0], dict):
                for how, changed in changes(value[0]):
                    if isinstance(changed, dict):
                        yield f"with the first {how}", [changed, *value[1:]]
        case dict():
            for part, inside in value.items():
                yield f"without {part}", {key: one for key, one in value.items() if key != part}
                for how, changed in changes(inside):
                    yield f"with {part} {how}", {**value, part: changed}
            yield "with more", {**value, "no_such_part": 1}


def test_every_gold_answer_is_right_here_and_there(rows, upstream):
    assert len(rows) == 600
    for id, category, functions, possible in rows:
        call = gold(possible)
        assert accepts([call], possible, functions), id
        assert upstream(functions, [call], possible, category), id


def test_mutations_get_the_verdict_of_the_upstream_checker(rows, upstream):
    different, verdicts, fewest = [], [], 1000
    for id, category, functions, possible in rows:
        made = list(mutations(gold(possible), functions, possible))
        fewest = min(fewest, len(made))
        for how, calls in made:
            here = accepts(calls, possible, functions)
            verdicts.append(here)
            if here != upstream(functions, calls, possible, category):
                different.append((id, how, here))
    assert not different, (len(different), different[:10])
    assert fewest >= 10 and len(verdicts) > 12_000
    assert 0.1 < sum(verdicts) / len(verdicts) < 0.5  # both verdicts are tried in earnest


VALUES = (
    5, 5.0, 5.5, True, "5", "n", "N-", "", None, [], ["a"], ["A "], ["a", "b"], [5], [5.0], [True], {}, {"k": "v"},
    {"k": "V."}, {"k": 1}, {"k": "v", "l": 1}, [{"k": "v"}], [{"k": "v"}, {}], [["a"]],
)  # fmt: skip
KINDS = ("string", "integer", "float", "boolean", "any", "dict", "array", "tuple")


@pytest.mark.parametrize("kind", KINDS)
def test_every_type_of_value_gets_the_verdict_of_the_upstream_checker(kind, upstream):
    """Also values of which its rows have none; where it cannot tell but raises, so may we, or say it is wrong."""
    compared = 0
    for items in KINDS[:-1] if kind in ("array", "tuple") else [None]:
        schema = {"type": kind, **({"items": {"type": items}} if items else {})}
        function = {"name": "f", "parameters": {"type": "dict", "properties": {"x": schema}, "required": []}}
        for one, value in product(VALUES, VALUES):
            for accepted in ([one], ["", one], [one, "n"], [["a"], one]):
                accepted = [_each_in_a_list(part) for part in accepted]
                possible, call = [{"f": {"x": accepted}}], ToolCall("f", {"x": value})
                try:
                    there = upstream([function], [call], possible, "simple_python")
                except (KeyError, AttributeError, TypeError):
                    continue
                compared += 1
                assert accepts([call], possible, [function]) == there, (schema, accepted, value)
    assert compared > 1_500


def _each_in_a_list(value):
    """A group as answers have it: for each part the values that are accepted."""
    if isinstance(value, list):
        return [*map(_each_in_a_list, value)]
    return {key: [part] for key, part in value.items()} if isinstance(value, dict) else value


def test_rows_whose_gold_breaks_its_own_schema_are_known(rows):
    def plain(schema):
        names = {
            str: "string",
            int: "integer",
            float: "number",
            bool: "boolean",
            list: "array",
            dict: "object",
        }
        kind = names[TYPES[schema["type"]]]
        inside = (
            {"items": plain(schema["items"])} if kind == "array" and "type" in schema.get("items", {}) else {}
        )
        return {"type": kind, **inside}

    found = set()
    for id, _, functions, possible in rows:
        call = gold(possible)
        schema = next(one for one in functions if one["name"] == call.name)["parameters"]
        parts = {name: plain(part) for name, part in schema["properties"].items()}
        omittable = {name for name, accepted in possible[0][call.name].items() if "" in accepted}
        if misfits(call.arguments, {"type": "object", "properties": parts}) or omittable & {
            *schema["required"]
        }:
            found.add(id)
    assert found == BROKEN_GOLD.keys()


FUNCTION = {
    "name": "f",
    "parameters": {"type": "dict", "properties": {"x": {"type": "integer"}}, "required": ["x"]},
}
ONE, TWO = ToolCall("f", {"x": 1}), ToolCall("f", {"x": 2})


@pytest.mark.parametrize("answer", [[ONE, TWO], [TWO, ONE]])
def test_divergence_1_calls_are_matched_as_they_fit_best(answer, upstream):
    possible = [{"f": {"x": [1, 2]}}, {"f": {"x": [1]}}]
    assert accepts(answer, possible, [FUNCTION])
    assert upstream([FUNCTION], answer, possible, "parallel") == (answer[0] is TWO)
    assert not accepts([TWO, TWO], possible, [FUNCTION])


def test_divergence_2_what_cannot_be_read_is_never_right():
    assert not accepts(None, [], [FUNCTION]) and not accepts(None, [{"f": {"x": [1]}}], [FUNCTION])
    assert accepts([], [], [FUNCTION]) and not accepts([ONE], [], [FUNCTION])


def test_divergence_3_plain_json_schema_is_understood(upstream):
    function = {
        "name": "f",
        "parameters": {"type": "object", "properties": {"x": {"type": "number"}, "y": {"type": "array"}}},
    }
    possible = [{"f": {"x": [1.5], "y": ["", ["a"]]}}]
    assert accepts([ToolCall("f", {"x": 1.5, "y": ["A"]})], possible, [function])
    assert not accepts([ToolCall("f", {"x": "1.5"})], possible, [function])
    with pytest.raises(KeyError):
        upstream([function], [ToolCall("f", {"x": 1.5})], possible, "simple_python")
