"""What a model that is on this computer sees of a project, counted with its tokenizer alone."""

from collections.abc import Sequence
from pathlib import Path

from core.models import known, starter, starter_tokenizer
from core.prompt import light, row_cache
from core.prompt.budget import LIMIT, some
from core.prompt.gate import Refusal, refusals
from core.prompt.lens import Seen, see, see_text
from core.schema import Example, Tool
from core.settings import Settings
from core.store import open_store, projects

GLANCE = 48  # rows that are checked while somebody types
ROWS = 2000  # that are looked at for what all share, and for the longest


def tokenizer_of(settings: Settings, model: str) -> Path | None:
    """The folder with the tokenizer of a model, where it is on this computer. Raises StudioError as `known.here`."""
    folder = known.here(model, settings)
    if folder is None and model.strip() == starter.NAME:
        return starter_tokenizer.ready(settings)
    # An old form of vocabulary is left to transformers, which turns it into this file when the model is loaded.
    return folder if folder and (folder / "tokenizer.json").is_file() else None


def lens_of(settings: Settings, project: str, example: int, model: str, limit: int = LIMIT) -> Seen:
    """What `model` sees of one example of a project. Begins to make the starter's tokenizer where that is missing.

    Takes up to about two seconds the first time. Raises StudioError where example or model are gone or unfit.
    """
    with open_store(settings) as db:
        found = projects.find(db, project).id
        tools, chosen = projects.tools(db, found), projects.example(db, found, example)
        rows = projects.examples(db, found, limit=ROWS)
    folder = tokenizer_of(settings, model)
    if folder is None:
        making = model.strip() == starter.NAME and starter_tokenizer.begin(settings)
        return see_text(chosen, rows, tools, limit, "making" if making else "absent")
    tokenizer, family = light.load(folder)
    return see(chosen, rows, tools, family, tokenizer, limit)


def early_refusals(
    settings: Settings, tools: Sequence[Tool], examples: Sequence[Example], model: str, limit: int
) -> list[Refusal]:
    """What can be known at once of what the start of a training would refuse: the longest rows and some of the others.

    With the model's tokenizer where it is on this computer, else by the text alone. Training itself checks every row.
    Raises StudioError as `known.here` does.
    """
    chosen = some(examples)
    folder = tokenizer_of(settings, model)
    if folder is None:
        return refusals(tools, chosen)
    tokenizer, family = light.load(folder)
    return refusals(tools, chosen, family, tokenizer, limit)


def all_known_good(settings: Settings, snapshot: str, model: str, limit: int) -> bool:
    """Whether a training found nothing to refuse in a snapshot (its hash) before, so that no look is needed.

    Raises StudioError as `known.here` does.
    """
    folder = tokenizer_of(settings, model)
    key = row_cache.key_of(snapshot, folder) if folder else None
    return key is not None and row_cache.read(settings, key, limit) is not None


def known_refusals(settings: Settings, project: str, model: str, limit: int) -> list[Refusal]:
    """What can be known within a quarter of a second, with a tokenizer that is loaded already; else nothing."""
    folder = tokenizer_of(settings, model)
    if folder is None or not light.loaded(folder):
        return []
    with open_store(settings) as db:
        found = projects.find(db, project).id
        tools, rows = projects.tools(db, found), projects.examples(db, found, limit=ROWS)
    tokenizer, family = light.load(folder)
    return refusals(tools, some(rows, GLANCE), family, tokenizer, limit)
