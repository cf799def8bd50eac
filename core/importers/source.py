"""Where rows come from: a file on the disk or bytes in memory, opened as often as they are needed."""

import io
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from core.errors import StudioError

LARGEST_WHOLE = (
    200_000_000  # bytes of what has to be held in memory whole: a JSON list, the inside of a spreadsheet
)


@dataclass(frozen=True, slots=True)
class Source:
    """The bytes of a file that is called `name`, for the user and for its ending."""

    name: str
    size: int
    open: Callable[[], BinaryIO]

    @classmethod
    def of_path(cls, path: Path, name: str) -> "Source":
        """Raises StudioError where the file cannot be read."""
        try:
            with path.open("rb"):
                return cls(name, path.stat().st_size, lambda: path.open("rb"))
        except OSError as error:
            raise StudioError(f"The file cannot be read: {error.strerror}.", where=name) from error

    @classmethod
    def of_bytes(cls, data: bytes, name: str) -> "Source":
        return cls(name, len(data), lambda: io.BytesIO(data))

    def head(self, size: int) -> bytes:
        """The first `size` bytes."""
        with self.open() as file:
            return file.read(size)

    def fraction(self, file: BinaryIO) -> float:
        """How much of the source was taken from `file`, from 0 to 1; 1 for a closed one."""
        return 1.0 if file.closed or not self.size else min(1.0, file.tell() / self.size)
