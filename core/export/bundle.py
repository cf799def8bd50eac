"""An export in a folder or in one file to download."""

import json
import shutil
import tempfile
from pathlib import Path
from typing import Literal, get_args

from core.errors import StudioError
from core.export import script
from core.export.config import configuration
from core.settings import Settings

Kind = Literal["script", "config"]
KINDS: tuple[str, ...] = get_args(Kind)


def write(settings: Settings, run: str, kind: Kind, folder: Path) -> list[Path]:
    """Write config.json of a run, and for "script" also train.py with its rows, into a folder; the files.

    Raises StudioError where the folder holds something already, and as `configuration` and `script.files`.
    """
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise StudioError(f"There is something in {folder} already.", "Choose an empty folder.", "out")
    whole = [("config.json", json.dumps(configuration(settings, run), indent=2, ensure_ascii=False) + "\n")]
    if kind == "script":
        whole += script.files(settings, run)
    folder.mkdir(parents=True, exist_ok=True)
    for name, text in whole:
        (folder / name).write_text(text, encoding="utf-8")
    return [folder / name for name, _ in whole]


def pack(settings: Settings, run: str, kind: Kind, folder: Path) -> Path:
    """One zip file in `folder` with what `write` writes; its path. Raises StudioError as `script.files`."""
    name = f"{kind}-{run}"
    with tempfile.TemporaryDirectory() as scratch:
        write(settings, run, kind, Path(scratch) / name)
        return Path(shutil.make_archive(str(folder / name), "zip", scratch, name))
