"""What a run is trained with besides its settings: the precision that was decided on, and the versions of libraries."""

import json
import platform
from importlib import metadata
from pathlib import Path
from typing import Any

from core.models import hardware
from core.settings import Settings
from core.store.runs import Run
from core.training.recipe import RunConfig

LIBRARIES = ("torch", "transformers", "trl", "peft", "accelerate", "datasets", "safetensors", "tokenizers")


def keep(settings: Settings, run: str, dtype: str) -> None:
    """Write down, when a run begins, what it is trained with; `dtype` is that of its arithmetic."""
    _file(settings, run).write_text(json.dumps(_present(dtype), indent=2), encoding="utf-8")


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
