"""One thing to know before training, and the words that findings share."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Literal

from core.schema import Example

Severity = Literal["block", "warn", "hint"]
ORDER: tuple[Severity, ...] = ("block", "warn", "hint")


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing to know before training; `rows` are example ids (places from 1, before there are ids).

    `fix` is the label of what `core.doctor.remedies.mend` can do about it, empty where it can do nothing;
    `about` tells two findings of one kind apart: the tool, the parameter, the mistake.
    """

    severity: Severity
    message: str
    rows: tuple[int, ...]
    remedy: str
    kind: str
    fix: str = ""
    about: tuple[str, ...] = ()


Rows = list[tuple[int, Example]]


def numbered(examples: Iterable[Example]) -> Rows:
    """Examples with what they are called by: their ids, or their places from 1 where they have none."""
    return [(place if e.id is None else e.id, e) for place, e in enumerate(examples, 1)]


def in_all(ids: Sequence[int]) -> str:
    """How many rows have a mistake of which the sentence names the first; nothing where it is the only one."""
    return f" ({len(ids)} examples in all)" if len(ids) > 1 else ""


def counted(n: int, noun: str) -> str:
    """`1 example`, `2 examples`."""
    return f"{n:,} {noun}" if n == 1 else f"{n:,} {noun}s"


def listed(names: Sequence[str], most: int = 4) -> str:
    """Names in a sentence, the first of many: `a, b, c, d and 12 more`."""
    shown, more = list(names[:most]), len(names) - most
    if more > 0:
        shown.append(f"{more} more")
    return " and ".join([", ".join(shown[:-1]), shown[-1]] if len(shown) > 1 else shown)
