"""YAML as the JSON it stands for, within bounds.

PyYAML's own loaders will not do: the fast one overflows the stack on deep nesting, both let a few lines of aliases
stand for billions of values, and both read `on` and `2024-01-01` as YAML 1.1 did. So the value is built here from the
parser's events, which takes no recursion and knows plain values only.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

MAX_DEPTH = 64
MAX_VALUES = 1_000_000  # aliases put in their places
INTEGER = re.compile(r"[-+]?[0-9]{1,400}")
NUMBER = re.compile(r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]{1,4})?")
WORDS = {"": None, "~": None, "null": None, "true": True, "false": False}
TEXT_TAGS = (None, "!", "tag:yaml.org,2002:str")
MERGE = "<<"


@dataclass(slots=True)
class _Open:
    """A list or an object that the events are inside of; `values` counts what it stands for."""

    value: list[Any] | dict[str, Any]
    anchor: str | None
    values: int = 1
    key: str | None = None  # of an object, where its value comes next
    merged: dict[str, Any] = field(default_factory=dict)


def parse_yaml(text: str) -> Any:
    """The value of a YAML text. Raises ValueError with a reason."""
    import yaml

    try:
        return _built(yaml.parse(text, Loader=yaml.CSafeLoader))
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        place = f" at line {mark.line + 1}" if mark else ""
        raise ValueError(f"{error.problem or error.context}{place}") from error
    except (yaml.YAMLError, UnicodeEncodeError) as error:
        raise ValueError("it holds characters that YAML does not allow") from error


def _built(events: Iterable[Any]) -> Any:
    import yaml

    stack = [_Open([], None)]
    anchors: dict[str, tuple[Any, int]] = {}
    for event in events:
        tag = getattr(event, "tag", None)
        if tag not in TEXT_TAGS:
            raise ValueError(f"the tag {tag[:60]} is not read")
        if isinstance(event, yaml.CollectionStartEvent):
            empty: list[Any] | dict[str, Any] = {} if isinstance(event, yaml.MappingStartEvent) else []
            stack.append(_Open(empty, event.anchor))
            if len(stack) > MAX_DEPTH + 1:
                raise ValueError(f"it is nested more than {MAX_DEPTH} levels deep")
            continue
        if isinstance(event, yaml.CollectionEndEvent):
            done = stack.pop()
            value = {**done.merged, **done.value} if isinstance(done.value, dict) else done.value
            found, anchor = (value, done.values), done.anchor
        elif isinstance(event, yaml.ScalarEvent):
            found, anchor = (_scalar(event), 1), event.anchor
        elif isinstance(event, yaml.AliasEvent):
            if event.anchor not in anchors:
                raise ValueError(f"the alias *{event.anchor} stands for nothing, or for itself")
            found, anchor = anchors[event.anchor], None
        else:
            continue
        if anchor:
            anchors[anchor] = found
        line = event.start_mark.line + 1
        _add(stack[-1], found, event.value if isinstance(event, yaml.ScalarEvent) else None, line)
    documents = stack[0].value
    if len(documents) != 1:
        raise ValueError(f"it holds {len(documents)} documents")
    return documents[0]  # type: ignore[index]


def _add(parent: _Open, found: tuple[Any, int], written: str | None, line: int) -> None:
    """Put a value into the list or object it stands in; `written` is its text, where it may be a name."""
    value, values = found
    parent.values += values
    if parent.values > MAX_VALUES:
        raise ValueError(f"it stands for more than {MAX_VALUES:,} values")
    if isinstance(parent.value, list):
        parent.value.append(value)
    elif parent.key is None:
        parent.key = written if written is not None else value
        if not isinstance(parent.key, str):
            raise ValueError(f"a name is not text, line {line}")
        if parent.key in parent.value:
            raise ValueError(f"{parent.key[:40]!r} stands twice in one object, line {line}")
    else:
        if parent.key == MERGE and isinstance(value, dict | list):
            for part in value if isinstance(value, list) else [value]:
                if not isinstance(part, dict):
                    raise ValueError(f"what is merged is no object, line {line}")
                for name in part:
                    parent.merged.setdefault(name, part[name])
        else:
            parent.value[parent.key] = value
        parent.key = None


def _scalar(event: Any) -> Any:
    """A plain value as YAML 1.2 has it for JSON: anything but null, yes or no and numbers is text."""
    text: str = event.value
    if event.style or event.tag:
        return text
    if text.lower() in WORDS:
        return WORDS[text.lower()]
    if INTEGER.fullmatch(text):
        return int(text)
    return float(text) if NUMBER.fullmatch(text) else text
