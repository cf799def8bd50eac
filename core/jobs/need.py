"""Whether a training fits into this machine's memory: asked by the page and the command line before it starts."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from core.errors import StudioError
from core.models import catalog, fit, hardware, known, seen
from core.prompt import Row, light
from core.prompt.budget import budget, longest
from core.schema import Example, Tool
from core.settings import Settings
from core.store import Database, open_store, projects, runs
from core.training.batches import micro_batch
from core.training.lora import ADVISED
from core.training.recipe import RunConfig

# Bytes for each parameter: before, during and after the training the model is asked, and what that leaves lies between
# what training needs. Runs of the starter took 1.0 to 1.4 GB more than their training alone.
ASKING = 4
FEW = 4  # rows that are measured to find the longest


@dataclass(frozen=True, slots=True)
class Need:
    """Bytes: what a training needs at its peak, what its machine has, and what of that is free.

    `free` is None where it is not known: on a graphics card, or where another run has memory that it will give back.
    """

    peak: int
    total: int
    free: int | None
    without_average: int  # the peak of the same training that averages no weights
    one_at_once: int  # and with one row through the model at once, the others of its batch after it
    row_by_row: int  # and with batches of one row
    calls_alone: int  # and that trains of the vocabulary only what calls have
    with_lora: int  # and that trains adapters instead of the layers

    @property
    def tight(self) -> bool:
        return self.peak > (self.total if self.free is None else self.free)


def of_project(settings: Settings, project: str, model: str, config: RunConfig) -> Need | None:
    """What a training of a project as it stands would need; None where that cannot be known yet.

    Takes about 0.1 seconds and loads nothing: without the model's tokenizer in memory, tokens are estimated.
    """
    with open_store(settings) as db:
        found = projects.find(db, project).id
        tools = projects.tools(db, found)
        rows = projects.examples(db, found, split="train", limit=seen.ROWS)
        busy = _busy(db)
    return of(settings, tools, rows, model, config, busy)


def of(
    settings: Settings,
    tools: Sequence[Tool],
    rows: Sequence[Example],
    model: str,
    config: RunConfig,
    busy: bool,
) -> Need | None:
    """As `of_project` for tools and training examples; `busy`: whether a run has memory that it will give back."""
    try:
        folder = known.here(model, settings)
        if not rows or (folder is None and model.strip() != catalog.STARTER):
            return None
        sizes = fit.read(folder) if folder else fit.GEMMA_270M
        spoken = seen.tokenizer_of(settings, model)
        tokenizer, family = light.load(spoken) if spoken and light.loaded(spoken) else (None, None)
        filled = budget(tools, longest(rows, FEW), family, tokenizer, config.max_length)
    except (StudioError, *fit.UNREADABLE):
        return None  # of the model or the examples; the start says it
    tokens = filled.limit - filled.room_left
    lengths = fit.Lengths(min(filled.declarations, tokens), tokens, filled.longest_answer)
    machine = hardware.describe()
    dtype = config.dtype if config.dtype != "auto" else "bfloat16" if machine.bf16 else "float32"

    def peak(**changed: Any) -> int:
        chosen = replace(config, dtype=dtype, **changed)
        training = _estimate(sizes, lengths, len(rows), chosen, machine.device, True).peak
        return training + ASKING * sizes.parameters

    on_card = bool(machine.device_memory)
    return Need(
        peak=peak(),
        total=machine.device_memory or machine.memory_total,
        free=None if on_card or busy else machine.memory_total - machine.memory_used,
        without_average=peak(average=1),
        one_at_once=peak(rows_at_once=1),
        row_by_row=peak(batch_size=1),
        calls_alone=peak(vocabulary="calls"),
        with_lora=peak(lora_rank=config.lora_rank or ADVISED),
    )


def of_rows(folder: Path, rows: Sequence[Row], config: RunConfig, device: str, shared: bool) -> int | None:
    """The peak in bytes of a training on rows as they are, its dtype decided, without the asking around it.

    None for a model of an unusual build.
    """
    try:
        sizes = fit.read(folder)
    except fit.UNREADABLE:
        return None
    lengths = fit.Lengths.of(rows)
    return _estimate(sizes, lengths, len(rows), config, device, shared).peak


def check(need: Need | None) -> None:
    """Raise StudioError where a training needs more than the whole machine has."""
    if need is None or need.peak <= need.total:
        return
    raise StudioError(
        f"This training needs about {size(need.peak)} of memory, and this machine has {size(need.total)}.",
        advice(need, close=False) or "Choose a smaller model.",
        "batch_size",
    )


def sentence(need: Need) -> str:
    """What is needed and what there is, for the command line."""
    has = f"{size(need.total)}" if need.free is None else f"{size(need.free)} free"
    told = f"Needs about {size(need.peak)} of memory; this machine has {has}."
    return f"{told} {advice(need)}" if need.tight else told


def advice(need: Need, close: bool = True) -> str:
    """What would make the training smaller, in the order of what it costs."""
    ways = ["close other programs"] * close
    if need.one_at_once < need.peak:
        ways.append(f"put one row at a time through the model (rows_at_once=1: {size(need.one_at_once)})")
    if need.row_by_row < need.peak:
        ways.append(f"choose a batch of fewer rows ({size(need.row_by_row)} with one)")
    if need.calls_alone < need.peak:
        ways.append(f"train only the words of calls (vocabulary=calls: {size(need.calls_alone)})")
    if need.without_average < need.peak:
        ways.append(f"average no weights (average=1: {size(need.without_average)})")
    if need.with_lora < need.peak:
        ways.append(f"train small added weights (lora_rank={ADVISED}: {size(need.with_lora)})")
    said = ", or ".join(ways)
    return said[:1].upper() + said[1:] + "." * bool(said)


def size(bytes: int) -> str:
    return f"{bytes / 1e9:.1f} GB"


def _busy(db: Database) -> bool:
    return bool(runs.listed(db, states=runs.WORKING, kind=None))


def _estimate(
    sizes: fit.Model,
    lengths: fit.Lengths,
    rows: int,
    config: RunConfig,
    device: str,
    shared: bool,
) -> fit.Estimate:
    row = {"input_ids": [0] * lengths.longest, "labels": [0] * max(1, lengths.trained)}
    batch = min(config.batch_size, rows)
    at_once = micro_batch(batch, [row], sizes.vocabulary, config.rows_at_once)
    return fit.estimate(
        sizes,
        lengths,
        rows_at_once=at_once,
        turns=at_once < batch,
        dtype=config.dtype,
        average=config.average > 1,
        vocabulary=config.vocabulary == "all",
        lora_rank=config.lora_rank,
        device=device,
        shared=shared,
    )
