"""An answer laid beside what was expected: call by call, parameter by parameter, for those who read it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from core.store.evaluations import Prediction

# From best to worst: a parameter that is a group is as good as the worst of its parts.
JUDGEMENTS = ("exact", "normalised", "wording", "extra", "unknown", "missing", "wrong_type", "wrong_value")
GOOD = JUDGEMENTS[:3]
EQUAL: Mapping[str, Any] = {"judgement": "exact"}


@dataclass(frozen=True, slots=True)
class Argument:
    """One parameter of an answer as it stands against what was expected."""

    name: str
    judgement: str
    value: Any = None
    expected: Any = None
    overlap: float | None = None


@dataclass(frozen=True, slots=True)
class Marked:
    """One call of an answer, or one that is expected and was not made."""

    name: str
    kind: str  # "matched", "surplus" or "absent"
    arguments: tuple[Argument, ...] = ()


def marked(prediction: Prediction) -> list[Marked]:
    """The calls of an answer that was judged, each parameter against what was expected of it; calls too many last."""
    ladder = prediction.ladder
    made = []
    for expected, one in zip(prediction.expected, ladder["calls"], strict=True):
        if one["answer"] is None:
            made.append(Marked(expected["name"], "absent"))
            continue
        arguments = _arguments(
            expected["arguments"], prediction.calls[one["answer"]]["arguments"], one["arguments"]
        )
        made.append(Marked(expected["name"], "matched", arguments))
    for call in (prediction.calls[place] for place in ladder["surplus"]):
        arguments = tuple(Argument(name, "extra", value) for name, value in call["arguments"].items())
        made.append(Marked(call["name"], "surplus", arguments))
    return made


def _arguments(
    expected: Mapping[str, Any], given: Mapping[str, Any], judged: Sequence[Mapping[str, Any]]
) -> tuple[Argument, ...]:
    found = []
    for name in dict.fromkeys((*expected, *given)):
        parts = [one for one in judged if one["path"] == name or one["path"].startswith(f"{name}.")]
        # A group that is empty on both sides has no parts.
        worst = max(parts, key=lambda one: JUDGEMENTS.index(one["judgement"]), default=EQUAL)
        found.append(
            Argument(name, worst["judgement"], given.get(name), expected.get(name), worst.get("overlap"))
        )
    return tuple(found)
