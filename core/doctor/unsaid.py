"""Argument values that nobody said, so that no model can know them."""

import re
from collections import Counter, defaultdict
from collections.abc import Iterator

from core.doctor.coverage import leaves, parameters
from core.doctor.finding import Finding, Rows, in_all
from core.doctor.wording import folded, tokens
from core.schema import Example, Tool
from core.schema.arguments import Path, place

USUAL = 3  # rows with one value, from which on it is a default or a category that can be learnt
YEAR = re.compile(r"(?:19|20)\d\d")


def unsaid(tools: list[Tool], rows: Rows) -> Iterator[Finding]:
    """Free text values of which not one word was said, by parameter. Few false alarms before all: numbers and
    times, what stands in several rows, and what another row does say are taken for something that can be learnt."""
    free = {
        (tool.name, path)
        for tool in tools
        for path, schema in parameters(tool.parameters, ())
        if schema.get("items", schema)["type"] == "string" and not schema.get("items", schema).get("enum")
    }
    times: dict[tuple[str, Path], Counter[str]] = defaultdict(Counter)
    doubtful: dict[tuple[str, Path], list[tuple[int, str]]] = defaultdict(list)
    said: set[tuple[str, Path, str]] = set()
    for id, example in rows:
        heard: _Heard | None = None
        for call in example.calls:
            for path, value in leaves(call.arguments):
                key = (call.name, path)
                if isinstance(value, str) and key in free:
                    heard = heard or _Heard(example)
                    times[key][value.casefold()] += 1
                    if heard.has(value):
                        said.add((*key, value.casefold()))
                    else:
                        doubtful[key].append((id, value))
    for (tool, path), hits in doubtful.items():
        odd = [
            (id, value)
            for id, value in hits
            if times[tool, path][value.casefold()] < USUAL and (tool, path, value.casefold()) not in said
        ]
        if odd:
            ids = tuple(dict.fromkeys(id for id, _ in odd))
            shown = odd[0][1] if len(odd[0][1]) <= 40 else odd[0][1][:37] + "..."
            message = (
                f"Example {ids[0]}, call of {tool}: nothing in the prompt says that "
                f"{place(path)} is {shown!r}{in_all(ids)}."
            )
            remedy = "Say it in the prompt, or correct the value: the model can only guess it."
            yield Finding("hint", message, ids, remedy, "unsaid", about=(tool, place(path)))


class _Heard:
    """Everything that was said before an answer."""

    def __init__(self, example: Example):
        parts = [turn.content for turn in example.turns]
        parts += [
            str(value)
            for turn in example.turns
            for call in turn.calls
            for _, value in leaves(call.arguments)
            if value is not None
        ]
        self.text = "\n".join(parts)
        self.plain = self.text.casefold()
        self.words: set[str] | None = None

    def has(self, value: str) -> bool:
        """Whether the value, or any word of it, was said, or can be worked out like a time."""
        if value.casefold() in self.plain:
            return True
        mine = tokens(value)
        if not any(word[0].isalnum() for word in mine):
            return True
        if any(character.isdigit() for character in value):
            # Times, dates and amounts are said in other words as a rule; an order number is not.
            return all(number in self.plain for number in _codes(value))
        if self.words is None:
            self.words = set(tokens(self.text))
            self.starts = {word[:4] for word in self.words if len(word) >= 4}
            self.squeezed = folded(self.text)
        return any(
            word in self.words or word[:4] in self.starts or (len(word) > 2 and word in self.squeezed)
            for word in mine
        )


def _codes(value: str) -> list[str]:
    """The long numbers, but years, in a value that has letters too."""
    letters = any(letter.isalpha() for letter in value)
    numbers = re.findall(r"\d{3,}", value) if letters else []
    return [number for number in numbers if not YEAR.fullmatch(number)]
