"""What a run is trained with besides its settings: the precision that was decided on, and the versions of libraries."""

import hashlib
import json
import os
import platform
from importlib import metadata
from pathlib import Path
from typing import Any

from core.errors import StudioError
from core.models import hardware
from core.settings import Settings
from core.store.runs import Run
from core.training.recipe import RunConfig

LIBRARIES = ("torch", "transformers", "trl", "peft", "accelerate", "datasets", "safetensors", "tokenizers")


SAMPLE = 1 << 20  # bytes at both ends of a file of weights; training changes all of it


def keep(settings: Settings, run: str, dtype: str, model: Path) -> None:
    """Write down, when a run begins or goes on, what it is trained with; `dtype` is that of its arithmetic.

    Raises StudioError where the folder of the model it began with holds other weights now.
    """
    file = _file(settings, run)
    earlier = json.loads(file.read_text("utf-8")) if file.is_file() else {}
    weights = {one.name: _digest(one) for one in sorted(model.glob("*.safetensors"))}
    if earlier.get("weights", weights) != weights:
        raise StudioError(
            "The model that this run began with was changed on the disk.",
            "Train again, so that all of it is learned from the same beginning.",
            str(model),
        )
    present = {**_present(dtype), "weights": weights}
    file.write_text(json.dumps(present, indent=2), encoding="utf-8")


def _digest(file: Path) -> str:
    """A hash of the size and of both ends of a file."""
    size = file.stat().st_size
    with file.open("rb") as read:
        digest = hashlib.sha256(str(size).encode() + read.read(SAMPLE))
        read.seek(-min(size, SAMPLE), os.SEEK_END)
        digest.update(read.read())
    return digest.hexdigest()


def of_run(settings: Settings, run: Run) -> dict[str, Any]:
    """`dtype`, `python`, `system` and `versions`: as a run wrote them down, or as they are here now."""
    file = _file(settings, run.id)
    if file.is_file():
        return json.loads(file.read_text("utf-8"))
    dtype = RunConfig.from_json(run.recipe).dtype
    if dtype == "auto":
        dtype = "bfloat16" if hardware.describe().bf16 else "float32"
    return _present(dtype)


def _present(dtype: str) -> dict[str, Any]:
    return {
        "dtype": dtype,
        "python": platform.python_version(),
        "system": platform.platform(),
        "versions": {name: metadata.version(name) for name in LIBRARIES},
    }


def _file(settings: Settings, run: str) -> Path:
    return settings.run_folder(run) / "environment.json"
