"""`python -m core.models.starter_tokenizer`: the starter's tokenizer alone, before the model was ever converted.

Five seconds of work instead of fifteen, and what the page needs to count tokens. It is made in a process of its own,
because transformers builds it; the conversion of the model makes the same files once more in the model's folder.
"""

import json
import shutil
from pathlib import Path

from filelock import FileLock, Timeout

from core import processes
from core.models import starter
from core.settings import Settings

_RECORD = "callwright.json"


def ready(settings: Settings) -> Path | None:
    """The folder of the tokenizer where it was made and is what today's code would make."""
    folder = settings.models / f"{starter.NAME}-tokenizer"
    try:
        record = json.loads((folder / _RECORD).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
    return folder if record == starter.recipe() else None


def begin(settings: Settings) -> bool:
    """Make it in the background; whether it is under way, by whoever began it."""
    if not starter.installed():
        return False
    settings.models.mkdir(parents=True, exist_ok=True)
    try:
        with _lock(settings).acquire(timeout=0):
            pass
    except Timeout:
        return True
    log = settings.models / f"{starter.NAME}-tokenizer.log"
    return processes.start(settings, log, __name__).alive


def make(settings: Settings) -> None:
    """Make it here and now, unless another process does."""
    from core.models.gemma_gguf import write_tokenizer
    from core.models.gguf_file import read
    from core.prompt.functiongemma import TEMPLATE

    folder = settings.models / f"{starter.NAME}-tokenizer"
    fresh = folder.with_name(f".{folder.name}-new")
    try:
        with _lock(settings).acquire(timeout=0):
            if ready(settings):
                return
            for leftover in (fresh, folder):
                shutil.rmtree(leftover, ignore_errors=True)
            fresh.mkdir()
            # The header with the vocabulary lies in the first part; the weights are never touched.
            write_tokenizer(read(starter.parts()[0]), fresh, TEMPLATE)
            (fresh / _RECORD).write_text(json.dumps(starter.recipe()) + "\n", encoding="utf-8")
            fresh.rename(folder)
    except Timeout:
        return


def _lock(settings: Settings) -> FileLock:
    return FileLock(settings.models / f".{starter.NAME}-tokenizer.lock")


if __name__ == "__main__":
    make(Settings.load())
