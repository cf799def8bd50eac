"""The line of a JSON text on which something stands, so that a problem can be shown where it was typed."""

import json
from dataclasses import dataclass, field

Path = tuple[str, ...]
READER = json.JSONDecoder()


def line_of(text: str, where: str) -> int | None:
    """The line of a place in a tool's definition, `book.rooms[].level` or "name", counted from 1; `text` is JSON.

    None where the text does not hold the place, as when it came in by a reference.
    """
    found = _read(text)
    head: Path = ("function",) if ("function", "name") in found.lines else ()
    tool, _, rest = where.partition(".")
    path: Path = (*head, tool) if not rest and tool == "name" else (*head, "parameters")
    for name in rest.split(".") if rest else ():
        bare = name.replace("[]", "")
        if (*path, "properties", bare) in found.lines:
            path = (*path, "properties", bare)
        elif (*head, bare) in found.lines and rest == bare:
            return found.lines[(*head, bare)]  # the tool's own description, or its parameters as a whole
        else:
            return None
        for _ in range(name.count("[]")):
            path = (*path, "items")
    return found.lines.get(path)


def repeated(text: str) -> tuple[str, int] | None:
    """The first name that stands twice in one object of a JSON text, and the line of its second place."""
    try:
        return _read(text).twice
    except RecursionError:  # nested far deeper than a tool may be, which is then the problem
        return None


@dataclass(slots=True)
class _Places:
    text: str
    at: int = 0
    lines: dict[Path, int] = field(default_factory=dict)
    twice: tuple[str, int] | None = None

    def value(self, path: Path) -> None:
        opening = self.peek()
        if opening == "{":
            self.at += 1
            while self.peek() != "}":
                line = self.text.count("\n", 0, self.at) + 1
                name, self.at = READER.raw_decode(self.text, self.at)
                here = (*path, name)
                if here in self.lines and self.twice is None:
                    self.twice = (name, line)
                self.lines[here] = line
                self.peek()
                self.at += 1  # the colon
                self.value(here)
                self.at += self.peek() == ","
            self.at += 1
        elif opening == "[":
            self.at += 1
            while self.peek() != "]":
                self.value((*path, str(self.at)))  # each item by itself, so that its names repeat no other's
                self.at += self.peek() == ","
            self.at += 1
        else:
            _, self.at = READER.raw_decode(self.text, self.at)

    def peek(self) -> str:
        """The next character that is no blank."""
        while self.text[self.at] in " \t\r\n":
            self.at += 1
        return self.text[self.at]


def _read(text: str) -> _Places:
    places = _Places(text)
    places.value(())
    return places
