"""The verdict of the Berkeley Function Calling Leaderboard on one answer, from its own rows and by its own rules.

After `ast_checker` of bfcl-eval 2026.3.23 (S. G. Patil et al., ICML 2025; Apache-2.0), Python categories: `possible`
holds, for each expected call, the accepted values of each argument ("" among them: it may be left out), and `functions`
are in its dialect of JSON Schema. Its rules, kept as they are: types are strict but for whole numbers where a float is
asked; where the accepted values are of another type than the schema says, either type will do and nothing is folded;
in text the signs " ,./-_*^" and case do not count, so "1.5" is "15"; lists have an order; allowed values (enum) are not
looked at; in a group no types are checked, so True is 1 there; an empty list passes where it may be left out.

Where it differs from upstream, on purpose:
1. Several calls are matched with the expected ones as they fit best. Upstream takes the first that fits, and so fails
   [a, b] against [{a or b}, {a}] though it passes [b, a].
2. What cannot be read is never right. Upstream credits it on rows where no call is expected (gorilla issue 1362).
3. `object` and `number` are understood, `required` and the type of items may be missing, and a group with a value
   where a list of accepted ones should stand is wrong. There upstream raises KeyError, AttributeError or TypeError.
`tests/core/evaluation/test_bfcl.py` compares both on 600 rows and some twenty mutations of each.
"""

import re
from collections.abc import Mapping, Sequence
from typing import Any

from core.evaluation.matching import best_pairs
from core.schema import ToolCall

Possible = Mapping[str, Mapping[str, Sequence[Any]]]  # {tool: {argument: accepted values}}, one tool

TYPES: dict[str, type] = {
    "string": str, "any": str, "integer": int, "float": float, "number": float, "boolean": bool,
    "array": list, "tuple": list, "dict": dict, "object": dict,
}  # fmt: skip
SIGNS = re.compile(r"[ ,./\-_*^]")


def accepts(
    answer: Sequence[ToolCall] | None, possible: Sequence[Possible], functions: Sequence[Mapping[str, Any]]
) -> bool:
    """Whether an answer is right; None is one that cannot be read. `possible` is empty where no call is expected."""
    if answer is None or len(answer) != len(possible):
        return False
    described = {function["name"]: function for function in functions}
    fits = [[_call_fits(call, one, described) for call in answer] for one in possible]
    return all(fits[row][column] for row, column in best_pairs(fits))


def _call_fits(call: ToolCall, possible: Possible, described: Mapping[str, Mapping[str, Any]]) -> bool:
    name, accepted = next(iter(possible.items()))
    if call.name != name:
        return False
    schema = described[name]["parameters"]
    known, given = schema["properties"], call.arguments
    return (
        all(part in given for part in schema.get("required", ()))
        and all(part in known and part in accepted for part in given)
        and all(_value_fits(value, known[part], accepted[part]) for part, value in given.items())
        and all(part in given or "" in values for part, values in accepted.items())
    )


def _value_fits(value: Any, schema: Mapping[str, Any], accepted: Sequence[Any]) -> bool:
    wanted = TYPES[schema["type"]]
    items = TYPES.get(schema.get("items", {}).get("type")) if wanted is list else None
    if wanted is float and type(value) is int:
        value = float(value)
    if not _type_fits(value, wanted, items, accepted):
        return False
    if _usual(accepted) not in (None, wanted):
        return value in accepted
    if wanted is str:
        return _folded(value) in map(_folded, accepted)
    if wanted is dict:
        return any(_group_fits(value, one) for one in accepted)
    if wanted is list and items is dict:
        return any(_groups_fit(value, one) for one in accepted)
    if wanted is list:
        return [*map(_folded, value)] in ([*map(_folded, one)] for one in accepted)
    return value in accepted


def _type_fits(value: Any, wanted: type, items: type | None, accepted: Sequence[Any]) -> bool:
    """Whether a value is of the type that is asked, or of the one that the accepted values have."""
    kind = type(value)
    if kind is not wanted:
        return kind is _usual(accepted)
    if items is None:
        return True
    return any(
        not isinstance(one, list) or all(_type_fits(item, items, None, one) for item in value)
        for one in accepted
    )


def _usual(accepted: Sequence[Any]) -> type | None:
    return next((type(one) for one in accepted if one != ""), None)


def _group_fits(value: Mapping[str, Any], accepted: Any) -> bool:
    """Whether each part of a group is among its accepted values, and none is missing that must be there."""
    if not isinstance(accepted, dict) or not isinstance(value, dict):
        return False
    return all(
        part in accepted and isinstance(accepted[part], list) and _folded(one) in map(_folded, accepted[part])
        for part, one in value.items()
    ) and all(part in value or "" in values for part, values in accepted.items())


def _groups_fit(value: Sequence[Any], accepted: Any) -> bool:
    return len(value) == len(accepted) and all(map(_group_fits, value, accepted))


def _folded(value: Any) -> Any:
    """Text without signs and case; anything else as it is."""
    return SIGNS.sub("", value).lower().replace("'", '"') if isinstance(value, str) else value
