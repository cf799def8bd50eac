"""What has to lie on the disk before something else is said to."""

import os
from pathlib import Path


def sync(path: Path) -> None:
    """Wait until a file or the names in a folder are on the disk. Raises OSError."""
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
