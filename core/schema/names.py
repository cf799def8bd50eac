"""Names that a model can be shown and a call can carry, made from those that people bring."""

import hashlib
import re
import unicodedata
from collections.abc import Container

from core.schema.tool import NAME, RESERVED

LONGEST = 64
# Letters that do not fall apart into a plain one and a mark.
LETTERS = str.maketrans(
    {"ß": "ss", "æ": "ae", "Æ": "Ae", "œ": "oe", "Œ": "Oe", "ø": "o", "Ø": "O", "ł": "l", "Ł": "L", "đ": "d",
     "Đ": "D", "ð": "d", "þ": "th", "Þ": "Th", "ı": "i"}
)  # fmt: skip


def usable(name: str) -> bool:
    """Whether a parameter may be called so."""
    return bool(NAME.fullmatch(name)) and name not in RESERVED


def safe_tool_name(name: str, taken: Container[str]) -> str:
    """A name for a tool that is as near to `name` as can be and not in `taken`."""
    return _free(_shortened(_begun(_plain(name), "tool"), name), taken)


def safe_parameter_name(name: str, owner: str, taken: Container[str]) -> str:
    """The same for a parameter; one that the template would drop is called after its tool or group, `owner`."""
    plain = _begun(_plain(name), "parameter")
    if plain in RESERVED:
        plain = f"{owner}_{plain}"
    return _free(_shortened(plain, name), taken)


def _plain(name: str) -> str:
    apart = unicodedata.normalize("NFKD", name.translate(LETTERS))
    letters = "".join(letter for letter in apart if not unicodedata.combining(letter))
    return re.sub(r"[^A-Za-z0-9_-]+", "_", letters).strip("_-")


def _begun(plain: str, kind: str) -> str:
    """With a letter first: a name of which no letter is left is called after its kind."""
    if plain[:1].isalpha():
        return plain
    return f"{kind}_{plain}" if plain else kind


def _shortened(plain: str, name: str) -> str:
    if len(plain) <= LONGEST:
        return plain
    mark = hashlib.sha256(name.encode()).hexdigest()[:8]  # two long names may begin alike
    return f"{plain[: LONGEST - 9]}_{mark}"


def _free(name: str, taken: Container[str]) -> str:
    number, free = 1, name
    while free in taken:
        number += 1
        free = f"{name[: LONGEST - 1 - len(str(number))]}_{number}"
    return free
