"""A run as a plain Python script over TRL with its rows beside it: it trains the same model without the studio."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from jinja2 import Environment, StrictUndefined

from core.errors import StudioError
from core.export import environment
from core.models import known
from core.models.catalog import check_name
from core.prompt import Row, light, row_cache
from core.prompt.gate import check
from core.prompt.rows import texts
from core.schema.example import SPLITS
from core.settings import Settings
from core.store import open_store, projects, runs
from core.store.projects import Snapshot
from core.training import lora, vocabulary
from core.training.recipe import RunConfig

TEMPLATE = Path(__file__).with_name("script.jinja")


def files(settings: Settings, run: str) -> Iterator[tuple[str, str]]:
    """Names and texts of train.py, requirements.txt, train.jsonl and test.jsonl.

    Raises StudioError where there is no such run, its model is not on this computer, or its rows cannot be made
    (again) with the model's tokenizer.
    """
    with open_store(settings) as db:
        found = runs.find(db, run)
        snapshot = projects.snapshot(db, found.snapshot)
    folder = known.here(found.model, settings)
    if folder is None:
        raise StudioError(
            f"The model {found.model} is not on this computer, so the tokens of the rows cannot be written.",
            "Train with it here first, or fetch it.",
            "model",
        )
    config = RunConfig.from_json(found.recipe)
    tokenizer, family = light.load(folder)
    rows = _rows(settings, snapshot, folder, config.max_length)
    present = environment.of_run(settings, found)
    named = found.model.strip() if check_name(found.model) == "hub" else str(folder)
    yield "train.py", _script(config, found.id, named, present["dtype"], family.control_ids(tokenizer))
    yield (
        "requirements.txt",
        "".join(f"{name}=={version.partition('+')[0]}\n" for name, version in present["versions"].items()),
    )
    for split in SPLITS:
        lines = [
            json.dumps(_line(*texts(example, snapshot.tools, family), example.tools, row)) + "\n"
            for example, row in zip(snapshot.examples, rows, strict=True)
            if example.split == split
        ]
        yield f"{split}.jsonl", "".join(lines)


def _rows(settings: Settings, snapshot: Snapshot, folder: Path, limit: int) -> list[Row]:
    """The rows of all examples: those that the training kept, or made again and checked as it does."""
    key = row_cache.key_of(snapshot.hash, folder)
    if key and (kept := row_cache.read(settings, key, limit)):
        return kept
    tokenizer, family = light.load(folder)
    checked = check(snapshot.tools, snapshot.examples, family, tokenizer, limit)
    for refusal in checked.refusals:
        raise refusal.error()
    return checked.rows


def _line(prompt: str, answer: str, group: str, row: Row) -> dict[str, Any]:
    return {
        "prompt": prompt,
        "answer": answer,
        "group": group,
        "prompt_length": row.prompt_length,
        "input_ids": row.input_ids,
    }


def _script(config: RunConfig, run: str, model: str, dtype: str, control: list[int]) -> str:
    most = config.rows_at_once or config.batch_size
    at_once = max(size for size in range(1, most + 1) if config.batch_size % size == 0)
    template = Environment(
        undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True, keep_trailing_newline=True
    ).from_string(TEMPLATE.read_text("utf-8"))
    return template.render(
        run=run,
        config=config,
        model=repr(model),
        dtype=dtype,
        control=control,
        at_once=at_once,
        rate_of_words=vocabulary.RATE,
        rate_of_lora=lora.RATE,
        alpha=lora.ALPHA * config.lora_rank,
    )
