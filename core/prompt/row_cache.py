"""Checked rows kept on the disk: what was trained once with a model is neither written nor checked again.

Only whole sets of rows in which nothing was refused are kept. Their key names all that the tokens depend on, so that
a row that would be made otherwise today is never found. A file that is damaged counts as absent.
"""

import gzip
import hashlib
import json
import os
import zlib
from collections.abc import Iterator, Sequence
from contextlib import suppress
from functools import cache
from importlib import metadata
from pathlib import Path

from core.prompt.rows import Row
from core.settings import Settings

KEPT = 20  # sets of rows, the newest
MOST_TOKENS = 5_000_000  # of a set; a larger one is checked in half a minute and trained for hours

_LIBRARIES = ("transformers", "tokenizers", "jinja2")  # that turn text into tokens
_SOURCES = ("prompt", "schema")  # folders of `core` that turn examples into text
_DESCRIBING = (".json", ".jinja", ".txt", ".model", ".tiktoken")  # files of a model besides its weights
_CLOCK = b"strftime_now"  # in a template that writes the date, whose rows are others tomorrow


def key_of(snapshot: str, model: Path) -> str | None:
    """The name of the rows of a snapshot (its hash) for the model in a folder; None where they cannot be kept.

    Reads the tokenizer's files, 0.1 seconds for a vocabulary of 262,144 tokens.
    """
    digest = hashlib.sha256(f"{snapshot} {_code()}".encode())
    for file in _describing(model):
        try:
            content = file.read_bytes()
        except OSError:
            return None
        if _CLOCK in content:
            return None
        digest.update(f" {file.relative_to(model)} {len(content)} ".encode())
        digest.update(content)
    return digest.hexdigest()[:32]


def read(settings: Settings, key: str, limit: int) -> list[Row] | None:
    """The rows of a key in the order they were given; None where there are none, or one is over `limit` tokens."""
    file = _folder(settings) / key
    try:
        content = file.read_bytes()
        os.utime(file)  # used now, so among those that stay
    except OSError:
        return None
    try:  # gzip keeps a checksum of what it holds
        rows = [Row(ids, prompt_length) for ids, prompt_length in json.loads(gzip.decompress(content))]
        longest = max((len(row.input_ids) for row in rows), default=0)
    except (gzip.BadGzipFile, EOFError, zlib.error, ValueError, TypeError):
        with suppress(OSError):
            file.unlink()
        return None
    return rows if longest <= limit else None


def write(settings: Settings, key: str, rows: Sequence[Row]) -> None:
    """Keep the rows of a key, none of which was refused, and let go of the oldest sets. Raises OSError."""
    if sum(len(row.input_ids) for row in rows) > MOST_TOKENS:
        return
    folder = _folder(settings)
    folder.mkdir(parents=True, exist_ok=True)
    record = json.dumps([(row.input_ids, row.prompt_length) for row in rows], separators=(",", ":"))
    partial = folder / f"{key}.{os.getpid()}"
    partial.write_bytes(gzip.compress(record.encode(), compresslevel=1, mtime=0))
    partial.replace(folder / key)
    # Whatever a process that died left half written ages like the others.
    newest_first = sorted(folder.iterdir(), key=lambda file: -file.stat().st_mtime_ns)
    for old in newest_first[KEPT:]:
        old.unlink()


def _folder(settings: Settings) -> Path:
    return settings.home / "cache" / "rows"


def _describing(model: Path) -> Iterator[Path]:
    """The files that say how a model is spoken to, in a fixed order."""
    for file in sorted([*model.iterdir(), *model.glob("additional_chat_templates/*")]):
        if file.suffix in _DESCRIBING and file.is_file():
            yield file


@cache
def _code() -> str:
    """A name for the code that makes rows: it need not be remembered to change it."""
    digest = hashlib.sha256(" ".join(metadata.version(name) for name in _LIBRARIES).encode())
    for folder in _SOURCES:
        for file in sorted((Path(__file__).parents[1] / folder).rglob("*")):
            if file.suffix in (".py", ".jinja"):
                digest.update(file.name.encode() + file.read_bytes())
    return digest.hexdigest()
