"""The pages of a SQLite file, read without SQLite, which gives a whole table up where one page of it is damaged.

The format is https://www.sqlite.org/fileformat2.html; what is read here is what our own files have: pages of 4096
bytes, text in UTF-8.
"""

import mmap
import struct
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

SIZE = 4096
LEAF_TABLE, INNER_TABLE, LEAF_INDEX, INNER_INDEX = 13, 5, 10, 2
SCHEMA_ROOT = 1
INTEGERS = {1: 1, 2: 2, 3: 3, 4: 4, 5: 6, 6: 8}  # bytes by serial type

Row = tuple[int | None, list[Any]]  # rowid, where there is one, and the values in the order they are stored
Fits = Callable[[list[Any]], bool]


class Unreadable(Exception):
    """These bytes are no cell of a table."""


@dataclass(slots=True)
class Tree:
    """What was met on the way through one table."""

    open_ends: int = 0  # pages that should have been there and are damaged
    unreadable: int = 0  # cells that could not be read, in pages that could
    claimed: set[int] = field(default_factory=set)

    @property
    def whole(self) -> bool:
        return not self.open_ends and not self.unreadable


class Pages:
    """The pages of a file, with those of its write-ahead log in their place where `log` is given."""

    def __init__(self, database: Path, log: Path | None = None):
        self._file = mmapped(database)
        self._newer, committed = read_log(log) if log else ({}, 0)
        self.count = committed or -(-len(self._file) // SIZE)
        self.used: set[int] = set()

    def page(self, number: int) -> bytes | None:
        if number in self._newer:
            return self._newer[number]
        page = self._file[(number - 1) * SIZE : number * SIZE] if 0 < number <= self.count else b""
        return page if len(page) == SIZE else None

    @property
    def logged(self) -> bool:
        """Whether the log holds anything that was committed."""
        return bool(self._newer)

    def rows(self, root: int, leaf: int, fits: Fits, tree: Tree) -> Iterator[Row]:
        """All rows below a root that can be read and have the form of the table; `tree` counts what cannot."""
        inner = INNER_TABLE if leaf == LEAF_TABLE else INNER_INDEX
        todo = [root]
        while todo:
            number = todo.pop()
            page = self.page(number)
            start = 100 if number == 1 else 0
            kind = page[start] if page else 0
            if page is None or number in self.used or kind not in (leaf, inner):
                tree.open_ends += 1
                continue
            rows = [] if kind == INNER_TABLE else list(self._cells(page, start, leaf, fits, tree))
            if kind == leaf and not rows and _count(page, start):
                tree.open_ends += 1  # a page of another table, or one that nothing can be read of
                continue
            self._claim(number, tree)
            yield from rows
            if kind == inner:
                todo += reversed(self._children(page, start, tree))

    def loose_rows(self, number: int, leaf: int, fits: Fits) -> list[Row]:
        """The rows of one page that no root leads to any more; none unless all of it has the form of the table."""
        page = self.page(number)
        kinds = (leaf,) if leaf == LEAF_TABLE else (leaf, INNER_INDEX)
        if page is None or page[0] not in kinds or not _count(page, 0):
            return []
        met = Tree()
        rows = list(self._cells(page, 0, leaf, fits, met))
        return rows if met.whole else []

    def loose(self) -> list[int]:
        """Pages that no table was read from and that are not free."""
        free = self._free()
        return [number for number in range(2, self.count + 1) if number not in self.used | free]

    def _claim(self, number: int, tree: Tree) -> None:
        self.used.add(number)
        tree.claimed.add(number)

    def _children(self, page: bytes, start: int, tree: Tree) -> list[int]:
        places = [place for place in _places(page, start, 12) if place <= SIZE - 4]
        tree.open_ends += _count(page, start) - len(places)
        numbers = [struct.unpack_from(">I", page, place)[0] for place in places]
        return [*numbers, struct.unpack_from(">I", page, start + 8)[0]]

    def _cells(self, page: bytes, start: int, leaf: int, fits: Fits, tree: Tree) -> Iterator[Row]:
        inner = page[start] == INNER_INDEX
        places = _places(page, start, 12 if inner else 8)
        tree.unreadable += _count(page, start) - len(places)
        for place in places:
            try:
                rowid, payload, chain = self._payload(page, place + 4 * inner, leaf)
                values = record(payload)
            except Unreadable:
                tree.unreadable += 1
                continue
            if fits(values):
                self.used.update(chain)
                yield rowid, values
            else:
                tree.unreadable += 1

    def _payload(self, page: bytes, place: int, leaf: int) -> tuple[int | None, bytes, list[int]]:
        """The bytes of a cell, those on its overflow pages included, and the numbers of these pages."""
        size, place = varint(page, place)
        rowid = None
        if leaf == LEAF_TABLE:
            rowid, place = varint(page, place)
            rowid -= (rowid >> 63) << 64
        here = local_size(size, leaf)
        if not 0 < size <= self.count * SIZE or place + here > SIZE:
            raise Unreadable
        payload = bytearray(page[place : place + here])
        chain: list[int] = []
        following = struct.unpack_from(">I", page, place + here)[0] if size > here else 0
        while len(payload) < size:
            more = self.page(following)
            if more is None or following in chain:
                raise Unreadable
            chain.append(following)
            payload += more[4 : 4 + size - len(payload)]
            following = struct.unpack_from(">I", more)[0]
        return rowid, bytes(payload), chain

    def _free(self) -> set[int]:
        """The numbers of free pages, whose old content is not to be brought back."""
        free: set[int] = set()
        first = self.page(1)
        trunk = struct.unpack_from(">I", first, 32)[0] if first else 0
        while trunk not in free and (page := self.page(trunk)):
            following, n = struct.unpack_from(">II", page)
            free |= {trunk, *struct.unpack_from(f">{min(n, SIZE // 4 - 2)}I", page, 8)}
            trunk = following
        return free


def _count(page: bytes, start: int) -> int:
    return int(struct.unpack_from(">H", page, start + 3)[0])


def _places(page: bytes, start: int, head: int) -> list[int]:
    """Where the cells of a page begin, as far as these are places within it."""
    n = min(_count(page, start), (SIZE - start - head) // 2)
    first = start + head
    return [place for place in struct.unpack_from(f">{n}H", page, first) if first + 2 * n <= place < SIZE - 3]


def local_size(size: int, leaf: int) -> int:
    """How many bytes of a payload of `size` bytes stand in the page itself."""
    most = SIZE - 35 if leaf == LEAF_TABLE else (SIZE - 12) * 64 // 255 - 23
    least = (SIZE - 12) * 32 // 255 - 23
    if size <= most:
        return size
    wanted = least + (size - least) % (SIZE - 4)
    return wanted if wanted <= most else least


def varint(data: bytes, place: int) -> tuple[int, int]:
    """A number of one to nine bytes, and the place behind it. Raises Unreadable."""
    value = 0
    for n in range(9):
        if place >= len(data):
            raise Unreadable
        byte = data[place]
        place += 1
        if n == 8:
            return value << 8 | byte, place
        value = value << 7 | byte & 0x7F
        if byte < 0x80:
            break
    return value, place


def record(payload: bytes) -> list[Any]:
    """The values of a record. Raises Unreadable where its parts do not fill it exactly, or text is no text."""
    head, place = varint(payload, 0)
    if head > len(payload):
        raise Unreadable
    values: list[Any] = []
    body = head
    while place < head:
        kind, place = varint(payload, place)
        length = INTEGERS.get(kind, 8 if kind == 7 else (kind - 12) // 2 if kind >= 12 else 0)
        part = payload[body : body + length]
        body += length
        values.append(_value(kind, part))
    if place != head or body != len(payload):
        raise Unreadable
    return values


def _value(kind: int, part: bytes) -> Any:
    if kind == 0:
        return None
    if kind in INTEGERS:
        return int.from_bytes(part, "big", signed=True)
    if kind == 7 and len(part) == 8:
        return struct.unpack(">d", part)[0]
    if kind in (8, 9):
        return kind - 8
    if kind >= 12 and kind % 2 == 0:
        return part
    if kind >= 13:
        try:
            return part.decode("utf-8")
        except UnicodeDecodeError:
            pass
    raise Unreadable


def mmapped(path: Path) -> Any:
    """The bytes of a file without reading all of it; an empty file cannot be mapped."""
    with path.open("rb") as file:
        return mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) if path.stat().st_size else b""


def read_log(log: Path) -> tuple[dict[int, bytes], int]:
    """The pages in a write-ahead log, up to its last commit that is intact, and how many pages there are then."""
    data = mmapped(log)
    if len(data) < 32 or int.from_bytes(data[:4], "big") & ~1 != 0x377F0682 or data[8:12] != b"\0\0\x10\0":
        return {}, 0
    order = ">" if data[3] & 1 else "<"
    sums = _checksum(data[:24], order, (0, 0))
    if struct.unpack_from(">II", data, 24) != sums:
        return {}, 0
    pages: dict[int, bytes] = {}
    committed: dict[int, bytes] = {}
    count = 0
    for place in range(32, len(data) - SIZE - 23, SIZE + 24):
        page = data[place + 24 : place + 24 + SIZE]
        sums = _checksum(data[place : place + 8] + page, order, sums)
        number, size = struct.unpack_from(">II", data, place)
        if data[place + 8 : place + 16] != data[16:24] or struct.unpack_from(">II", data, place + 16) != sums:
            break
        pages[number] = page
        if size:
            committed.update(pages)
            pages, count = {}, size
    return committed, count


def _checksum(data: bytes, order: str, sums: tuple[int, int]) -> tuple[int, int]:
    first, second = sums
    words = struct.unpack(f"{order}{len(data) // 4}I", data)
    for one, two in zip(words[::2], words[1::2], strict=True):
        first = (first + one + second) & 0xFFFFFFFF
        second = (second + two + first) & 0xFFFFFFFF
    return first, second
