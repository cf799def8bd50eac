"""When two examples ask the same, and when they answer the same."""

from collections.abc import Sequence
from typing import Any

from core.doctor.near import Sets, near_groups
from core.doctor.wording import words
from core.schema import Example, ToolCall


def same_text(text: str) -> str:
    """The text without what does not make it another one: case and white space."""
    return " ".join(text.casefold().split())


Asked = tuple[object, ...]


def asked(example: Example) -> Asked:
    """Equal for examples that ask the same: the prompt, and the conversation before it where there is one."""
    return tuple(
        (turn.role, same_text(turn.content), tuple(str(call) for call in turn.calls))
        for turn in example.turns
    )


def meant(example: Example) -> Asked:
    """Equal for examples that ask the same in words that differ in punctuation, politeness or articles only."""
    return tuple(
        (
            turn.role,
            (words(turn.content) if turn.role == "user" else ()) or same_text(turn.content),
            tuple(str(call) for call in turn.calls),
        )
        for turn in example.turns
    )


def answered(example: Example) -> str:
    """Equal for examples with the same calls, whatever their order, or with the same words where they have none."""
    return "\n".join(sorted(map(_written, example.calls))) or same_text(example.reply)


def _written(call: ToolCall) -> str:
    return f"{call.name} {_ordered(call.arguments)}"


def _ordered(value: Any) -> str:
    """Text that is equal for equal JSON values: names in order, 1.0 as 1."""
    if isinstance(value, dict):
        return "{" + ",".join(f"{name!r}:{_ordered(value[name])}" for name in sorted(value)) + "}"
    if isinstance(value, list):
        return "[" + ",".join(map(_ordered, value)) + "]"
    return str(int(value)) if isinstance(value, float) and value.is_integer() else repr(value)


def near(examples: Sequence[Example]) -> list[list[int]]:
    """Places of examples that ask nearly the same, in groups; those without a prompt are in none.

    After different system texts the same words are the same question only if they have the same answer.
    """
    places = [place for place, example in enumerate(examples) if example.prompt.strip()]
    answers = [answered(examples[place]) for place in places]
    groups = near_groups([_conversation(examples[place]) for place in places], answers)
    systems = [_system(examples[place]) for place in places]
    parted = [part for group in groups for part in _parted(group, systems, answers)]
    return [[places[n] for n in group] for group in parted]


def _parted(group: list[int], systems: list[str], answers: list[str]) -> list[list[int]]:
    """A group in parts that share a system text or an answer."""
    if len({systems[n] for n in group}) == 1:
        return [group]
    sets = Sets(len(group))
    for known in (systems, answers):
        first: dict[str, int] = {}
        for at, n in enumerate(group):
            sets.join(first.setdefault(known[n], at), at)
    return [[group[at] for at in part] for part in sets.groups()]


def _system(example: Example) -> str:
    return "\n".join(turn.content for turn in example.turns if turn.role == "system")


def _conversation(example: Example) -> str:
    turns = [turn for turn in example.turns if turn.role != "system"]
    if len(turns) == 1:
        return turns[0].content
    parts = (f"{turn.role}: {turn.content} {' '.join(map(_written, turn.calls))}" for turn in turns)
    return "\n".join(parts)
