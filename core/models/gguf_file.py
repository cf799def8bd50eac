"""Reading a GGUF file: its header once, its tensors in slices.

The `gguf` package's own reader takes 15 s for the header of a 262,144-token vocabulary (it keeps every token
as several numpy views) and transformers runs it three times; unpacking it straight takes half a second.
Only the arithmetic of the quantised formats is left to the package.
"""

import mmap
import struct
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import numpy

_MAGIC = b"GGUF"
_VERSIONS = (2, 3)
_ALIGNMENT = 32
_STRING, _ARRAY = 8, 9
_NUMBERS = {0: "B", 1: "b", 2: "H", 3: "h", 4: "I", 5: "i", 6: "f", 7: "?", 10: "Q", 11: "q", 12: "d"}


@dataclass(frozen=True, slots=True)
class StoredTensor:
    """One tensor as it lies in the file; `shape` has the slowest axis first, as in torch."""

    name: str
    shape: tuple[int, ...]
    kind: int
    start: int


@dataclass(frozen=True, slots=True)
class GgufFile:
    """The header of a GGUF file."""

    path: Path
    metadata: dict[str, Any]
    tensors: tuple[StoredTensor, ...]


def read(path: Path) -> GgufFile:
    """The header of the GGUF file at `path`; ValueError for anything else."""
    try:
        return _header(path)
    except struct.error as error:
        raise ValueError(f"{path.name} ends too early") from error


def _header(path: Path) -> GgufFile:
    with path.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as data:
        cursor = _Cursor(data)
        if data[:4] != _MAGIC or cursor.at(4).number("I") not in _VERSIONS:
            raise ValueError(f"{path.name} is not a GGUF file of version {_VERSIONS}")
        tensor_count, entry_count = cursor.number("Q"), cursor.number("Q")
        metadata = {cursor.string(): cursor.value() for _ in range(entry_count)}
        table = [
            (cursor.string(), cursor.shape(), cursor.number("I"), cursor.number("Q"))
            for _ in range(tensor_count)
        ]
        step = metadata.get("general.alignment", _ALIGNMENT)
        begin = (cursor.position + step - 1) // step * step
    tensors = tuple(StoredTensor(name, shape, kind, begin + offset) for name, shape, kind, offset in table)
    return GgufFile(path, metadata, tensors)


def slices(file: GgufFile, tensor: StoredTensor, rows: int) -> Iterator["numpy.ndarray"]:
    """The float32 values of `tensor`, at most `rows` rows at a time: a large table costs little memory."""
    import numpy
    from gguf import GGML_QUANT_SIZES, GGMLQuantizationType
    from gguf.quants import dequantize

    kind = GGMLQuantizationType(tensor.kind)
    block, block_bytes = GGML_QUANT_SIZES[kind]
    width = tensor.shape[-1] // block * block_bytes
    count = tensor.shape[0] if len(tensor.shape) > 1 else 1
    stored = numpy.memmap(file.path, numpy.uint8, mode="r", offset=tensor.start, shape=(count, width))
    for first in range(0, count, rows):
        yield dequantize(stored[first : first + rows], kind).reshape(-1, *tensor.shape[1:])


class _Cursor:
    """A place in the file that moves on as values are taken."""

    __slots__ = ("data", "position")

    def __init__(self, data: mmap.mmap):
        self.data = data
        self.position = 0

    def at(self, position: int) -> "_Cursor":
        self.position = position
        return self

    def numbers(self, code: str, count: int) -> tuple:
        layout = struct.Struct(f"<{count}{code}")
        found = layout.unpack_from(self.data, self.position)
        self.position += layout.size
        return found

    def number(self, code: str) -> Any:
        return self.numbers(code, 1)[0]

    def string(self) -> str:
        length = self.number("Q")
        start, self.position = self.position, self.position + length
        return self.data[start : self.position].decode("utf-8")

    def shape(self) -> tuple[int, ...]:
        return tuple(reversed(self.numbers("Q", self.number("I"))))

    def value(self, kind: int | None = None) -> Any:
        kind = self.number("I") if kind is None else kind
        if kind in _NUMBERS:
            return self.number(_NUMBERS[kind])
        if kind == _STRING:
            return self.string()
        if kind != _ARRAY:
            raise ValueError(f"unknown GGUF value type {kind}")
        inner, count = self.number("I"), self.number("Q")
        if inner in _NUMBERS:
            return self.numbers(_NUMBERS[inner], count)
        return [self.value(inner) for _ in range(count)]
