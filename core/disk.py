"""What has to lie on the disk before something else is said to, and room that is kept for last words."""

import os
import shutil
from pathlib import Path

LAST_WORDS = 2 << 20  # bytes: enough to write how a run ended, whatever else the disk is full of


def sync(path: Path) -> None:
    """Wait until a file or the names in a folder are on the disk. Raises OSError."""
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def keep_room(folder: Path) -> None:
    """Set a little room aside for when the disk is full, where there is plenty now. Raises OSError."""
    place = _kept(folder)
    if not place.exists() and shutil.disk_usage(folder).free > 4 * LAST_WORDS:
        place.write_bytes(os.urandom(LAST_WORDS))  # zeros would take no room where files are compressed


def use_room(folder: Path) -> None:
    """Give the room free that was set aside."""
    _kept(folder).unlink(missing_ok=True)


def _kept(folder: Path) -> Path:
    return folder / "room-for-last-words"
