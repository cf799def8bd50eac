"""Any model by the name a person gives it: the starter, a run, a folder or a Hub id."""

from pathlib import Path

from core.errors import StudioError
from core.models import loading, starter
from core.models.catalog import check_name
from core.models.model_folder import check_settings
from core.models.progress import Progress, silent
from core.settings import Settings
from core.store import Database, open_store, runs
from core.store.runs import Run


def folder_of(name: str, settings: Settings, progress: Progress = silent) -> Path:
    """The folder of a model, made or fetched where needed. Raises StudioError saying what is missing."""
    with open_store(settings) as db:
        run = check(db, name)
    if run is None or run.folder is None:
        return loading.resolve(name, settings, progress)
    if not Path(run.folder).is_dir():
        raise StudioError(f"The model of {run.name} is no longer on the disk.", "Train it again.", run.folder)
    return Path(run.folder)


def check(db: Database, name: str) -> Run | None:
    """The run of this name, None where it names another kind of model.

    Raises StudioError where nothing can have this name, or the run has no model.
    """
    run = next((run for run in runs.listed(db) if run.id == name), None)
    if run is None:
        check_name(name)
    elif run.folder is None:
        raise StudioError(
            f"{run.name} has no model: it is {run.state}.", "Choose a run that has finished.", name
        )
    return run


def here(name: str, settings: Settings) -> Path | None:
    """The folder of a model where it is on this computer, nothing made or fetched; None where it is not.

    Raises StudioError where nothing can have this name, or what is there can call no tools.
    """
    with open_store(settings) as db:
        run = next((run for run in runs.listed(db) if run.id == name), None)
    if run is not None:
        folder = Path(run.folder) if run.folder else None
    elif (kind := check_name(name)) == "starter":
        folder = settings.models / starter.NAME if starter.ready(settings) else None
    else:
        folder = loading.cached(name.strip()) if kind == "hub" else Path(name.strip()).expanduser().resolve()
    if folder is None or not folder.is_dir():
        return None
    check_settings(folder, name)
    return folder


def names(settings: Settings) -> list[str]:
    """The models that can be asked for by name here: the starter and what was trained."""
    with open_store(settings) as db:
        return ["starter", *(run.id for run in runs.listed(db) if run.folder)]
