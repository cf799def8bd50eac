"""The fast check and jsonschema give the same answer."""

import random

import jsonschema
import pytest
from referencing import Registry

from core.schema import arguments
from core.schema.quick_check import fits

NAMES = ("a", "b", "c")
VALUES = ["", "x", "1", 0, 1, -3, 1.0, 2.5, True, False, None, 2**70, float("nan"), float("inf"), "é"]


def schema(chance: random.Random, depth: int = 0, top: bool = False) -> dict:
    kinds = (
        ["object"]
        if top
        else ["string", "integer", "number", "boolean", "array", "object"][: 6 if depth < 3 else 4]
    )
    kind = chance.choice(kinds)
    made: dict = {"type": kind, "description": ""}
    if kind in ("string", "integer", "number") and chance.random() < 0.4:
        pool = {"string": ["x", "1", ""], "integer": [0, 1, 7], "number": [0, 1.0, 2.5]}[kind]
        made["enum"] = chance.sample(pool, chance.choice([1, 2]))
    if kind == "array" and chance.random() < 0.7:
        made["items"] = schema(chance, depth + 1)
    if kind == "object":
        names = chance.sample(NAMES, chance.randrange(0, 4))
        made["properties"] = {name: schema(chance, depth + 1) for name in names}
        made["required"] = [name for name in names if chance.random() < 0.5]
    return made


def value(chance: random.Random, shape: dict, wild: float) -> object:
    """A value that fits, but for a wild one here and there."""
    if chance.random() < wild:
        return chance.choice([*VALUES, [], ["x"], {}, {"a": 1}, {"not a name": 1}, [[None]]])
    if "enum" in shape:
        return chance.choice(shape["enum"])
    match shape["type"]:
        case "array":
            items = shape.get("items", {"type": "string"})
            return [value(chance, items, wild) for _ in range(chance.randrange(3))]
        case "object":
            names = [n for n in shape["properties"] if n in shape["required"] or chance.random() < 0.5]
            return {name: value(chance, shape["properties"][name], wild) for name in names}
        case kind:
            return {"string": "text", "integer": 4, "number": 0.5, "boolean": True}[kind]


def slow(given: dict, shape: dict) -> bool:
    """What the module of the sentences says when it does not ask the fast one first."""
    closed = {**arguments._closed(shape), "additionalProperties": False}
    validator = jsonschema.Draft202012Validator(closed, registry=Registry())
    return validator.is_valid(given) and not arguments._unwritable(given, ())


@pytest.mark.parametrize("wild", [0.0, 0.05, 0.3])
def test_both_agree_on_thousands_of_calls(wild):
    chance = random.Random(wild)
    seen = {True: 0, False: 0}
    for _ in range(400):
        shape = schema(chance, top=True)
        for _ in range(5):
            given = value(chance, shape, wild)
            if not isinstance(given, dict):
                continue
            assert fits(given, shape) == slow(given, shape), (given, shape)
            assert bool(arguments.misfits(given, shape)) != fits(given, shape)
            seen[fits(given, shape)] += 1
    assert seen[True] > 300 and (seen[False] > 100 or not wild)
