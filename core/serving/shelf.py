"""The models that the host holds in memory: as many as fit, and those that are asked now for as long as they are."""

import gc
import logging
import sys
import threading
from collections import OrderedDict
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from importlib import import_module
from pathlib import Path
from typing import Any

import psutil

from core.errors import StudioError
from core.evaluation.constrained import Constrainer
from core.models import fit, hardware, known, loading
from core.prompt.family import Family, family_of
from core.settings import Settings
from core.store import open_store, runs
from core.store.runs import Run

log = logging.getLogger("callwright.serving")

MARGIN = 500_000_000  # bytes beside the weights: what an answer needs, and what others may want meanwhile
BYTES = {"float32": 4, "bfloat16": 2}
# Bytes for each parameter of a model that is trained: weights, gradients, two moments of Adam and an average in
# float32. Measured runs of the starter took less (5.8 GB in all).
TRAINED, ASKED = 20, 4


class NoModel(StudioError):
    """There is no such model here."""


class NoMemory(StudioError):
    """The model does not fit beside what is at work."""


@dataclass(eq=False)
class Loaded:
    """One model in memory."""

    name: str
    model: Any
    tokenizer: Any
    family: Family
    users: int = 0  # answers at work

    @cached_property
    def constrainer(self) -> Constrainer:
        """Made when an answer is first held to a schema."""
        return Constrainer(self.tokenizer, self.family)

    @property
    def window(self) -> int:
        """The most tokens it reads and writes."""
        return getattr(self.model.config.get_text_config(), "max_position_embeddings", sys.maxsize)

    def check(self, tokens: int) -> None:
        """Raise StudioError where a prompt of so many tokens leaves no room for an answer."""
        if tokens >= self.window:
            raise StudioError(
                f"The conversation is {tokens:,} tokens long with its tools, and this model reads {self.window:,}.",
                "Begin anew, or use fewer tools.",
                "messages",
            )


class Shelf:
    """`only`: the models that may be asked, or all; `free`: bytes of memory that a device has left."""

    def __init__(
        self,
        settings: Settings,
        only: Sequence[str] = (),
        free: Callable[[str], int] = hardware.free_memory,
    ):
        self.settings = settings
        self.only = only
        self.free = free
        self.loaded: OrderedDict[str, Loaded] = OrderedDict()  # the one used longest ago first
        self._loading = threading.Lock()
        self._counting = threading.Lock()

    def names(self) -> Sequence[str]:
        return self.only or known.names(self.settings)

    def take(self, name: str) -> Loaded:
        """A model to be asked, loaded where it is not; `give_back` it. Raises NoModel, NoMemory, StudioError."""
        if self.only and name not in self.only:
            raise NoModel(f"There is no model {name!r} here.", f"Ask {', '.join(self.only)}.", "model")
        with self._loading:
            if name not in self.loaded:
                self._load(name)
            with self._counting:
                self.loaded.move_to_end(name)
                held = self.loaded[name]
                held.users += 1
                return held

    def warm(self) -> None:
        """Set this process up, and read the model libraries: seconds that the first answer need not wait for."""
        with self._loading:
            # Nearly everything that is made here stays: looking for garbage in it is a sixth of the time.
            gc.disable()
            hardware.tune()  # a training may be at work beside it, and the page always is
            import_module("transformers.modeling_utils")
            gc.freeze()
            gc.enable()

    @property
    def busy(self) -> bool:
        """Whether a model is being loaded or asked."""
        return self._loading.locked() or any(held.users for held in list(self.loaded.values()))

    def give_back(self, held: Loaded) -> None:
        with self._counting:
            held.users -= 1

    def _load(self, name: str) -> None:
        try:
            path = known.folder_of(name, self.settings)
        except StudioError as error:
            raise NoModel(error.message, error.hint, "model") from error
        device = hardware.choose_device()
        dtype = hardware.choose_dtype("auto", device)
        self._make_room(name, _parameters(path), path, dtype, device)
        model, tokenizer = loading.load(path, dtype, device)
        self.loaded[name] = Loaded(name, model, tokenizer, family_of(tokenizer))

    def _make_room(self, name: str, parameters: int, path: Path, dtype: str, device: str) -> None:
        needed = parameters * BYTES[dtype] + MARGIN
        if device != "cuda" and (path / "tokenizer.json").is_file():
            needed += fit.PER_TOKENIZER_BYTE * (path / "tokenizer.json").stat().st_size
        with open_store(self.settings) as db:
            working = runs.listed(db, states=runs.WORKING, kind=None)
        kept = sum(_still_takes(run, parameters, device) for run in working)
        while self.free(device) - kept < needed:
            idle = next((held for held in self.loaded.values() if not held.users), None)
            if idle is None:
                raise _no_memory(name, needed, self.free(device) - kept, working, list(self.loaded.values()))
            log.info("%s makes room", idle.name)
            del self.loaded[idle.name], idle
            hardware.give_back()


def _parameters(path: Path) -> int:
    try:
        return fit.read(path).parameters
    except fit.UNREADABLE:  # of an unusual build: as many as there are if each has two bytes
        return sum(file.stat().st_size for file in path.glob("*.safetensors")) // 2


def _still_takes(run: Run, parameters: int, device: str) -> int:
    """Bytes that a run at work will take beyond what it has now."""
    if run.step >= 2 and device == "cuda":
        return 0  # torch keeps on a card what it has had
    at_peak = run.memory if run.step >= 2 else None  # a step is like the one before
    if at_peak is None:
        each = TRAINED if run.kind == "train" else ASKED
        at_peak = each * parameters + fit.PROCESS  # its model is much like the one that is asked for
    if device == "cuda":
        return at_peak
    try:
        has = psutil.Process(run.owner.pid).memory_info().rss if run.owner and run.owner.alive else 0
    except psutil.NoSuchProcess:
        has = 0
    return max(0, at_peak - has)


def _no_memory(name: str, needed: int, free: int, working: list[Run], held: list[Loaded]) -> NoMemory:
    has = f"{max(0, free) / 1e9:.1f} GB are left"
    if working:
        return NoMemory(
            f"{name} needs about {needed / 1e9:.1f} GB of memory, and {has} beside {working[0].name}, "
            "which is at work.",
            "Ask again when it has finished, or close other programs.",
            "playground",
        )
    beside = " beside the models that are answering now" if held else ""
    return NoMemory(
        f"{name} needs about {needed / 1e9:.1f} GB of memory, and {has}{beside}.",
        "Ask again in a moment, or close other programs." if held else "Close other programs.",
        "playground",
    )
