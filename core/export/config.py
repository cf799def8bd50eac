"""The whole configuration of a run as one JSON object."""

from typing import Any

from core.errors import StudioError
from core.export import environment
from core.schema.example import SPLITS
from core.settings import Settings
from core.store import open_store, projects, runs
from core.training import lora, vocabulary
from core.training.recipe import RunConfig


def configuration(settings: Settings, run: str) -> dict[str, Any]:
    """All that decides what a run learns, and what it was trained with. Raises StudioError where there is no such run.

    `recipe` holds every setting, `fixed` what is the same in every run, `rows` counts the examples by their part.
    """
    with open_store(settings) as db:
        found = runs.find(db, run)
        snapshot = projects.snapshot(db, found.snapshot)
    if found.kind != "train":
        raise StudioError(f"{found.name} trained nothing.", "Only a training can be exported.", run)
    return {
        "run": {
            "id": found.id,
            "name": found.name,
            "project": found.project,
            "state": found.state,
            "created": found.created,
            "started": found.started,
            "finished": found.finished,
            "attempt": found.attempt,
        },
        "model": found.model,
        "recipe": RunConfig.from_json(found.recipe).to_json(),
        "fixed": {
            "optimizer": "AdamW, no weight decay, gradients clipped to a norm of 1",
            "learning_rate_of_words_of_calls": vocabulary.RATE,  # times the recipe's
            "learning_rate_of_lora": lora.RATE,
            "lora_alpha": lora.ALPHA,  # times the rank
        },
        "snapshot": snapshot.hash,
        "tools": [tool.name for tool in snapshot.tools],
        "rows": {split: len(snapshot.split(split)) for split in SPLITS},
        "device": found.device,
        "environment": environment.of_run(settings, found),
    }
