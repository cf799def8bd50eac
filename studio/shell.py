"""What the page and its tabs share: the settings, the chosen project and run, and how a tab is drawn anew."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import gradio as gr

from core.settings import Settings
from core.store import Database, evaluations, projects, runs, shelf
from core.store.runs import Run


@dataclass(frozen=True, slots=True)
class Shell:
    """What belongs to no tab. States live on the server; what they name may be gone, so it is looked up when used."""

    settings: Settings
    project: gr.State  # id of the open project
    run: gr.State  # id of the run that is shown, or ""
    mark: gr.State  # changes when another run is shown, or when the runs of the project change their states
    changed: gr.State  # counted up when tools or examples were changed
    tabs: gr.Tabs


@dataclass(frozen=True, slots=True)
class Panel:
    """What the page has to redraw of a tab: `fresh` when a project is opened, `live` at every tick.

    A value of `live` that equals the last one is not sent again. After an event of `hurries` the page looks at once
    instead of at its next tick.
    """

    fresh_outputs: list[Any] = field(default_factory=list)
    fresh: Callable[[str], list[Any]] = lambda project: []
    live_outputs: list[Any] = field(default_factory=list)
    live: Callable[[str, str], list[Any]] = lambda project, run: []
    hurries: list[Any] = field(default_factory=list)


def together(panels: list[Panel]) -> Panel:
    """A tab and the panels that it places, redrawn as one."""
    return Panel(
        [output for panel in panels for output in panel.fresh_outputs],
        lambda project: [value for panel in panels for value in panel.fresh(project)],
        [output for panel in panels for output in panel.live_outputs],
        lambda project, run: [value for panel in panels for value in panel.live(project, run)],
        [event for panel in panels for event in panel.hurries],
    )


def run_of(db: Database, project: str, run: str) -> Run | None:
    """The run that is shown, where it exists and is one of this project's."""
    found = runs.find_or_none(db, run)
    return found if found and found.project == project and not found.deleted else None


def newest_of(db: Database, project: str) -> Run | None:
    """The run that is shown where none was chosen: the one at work, else the newest outside the archive."""
    working = runs.listed(db, project, states=runs.WORKING)
    return next(iter([*working, *shelf.listed(db, project, limit=1)]), None)


def tab_of(db: Database, run: Run) -> str:
    """The tab that shows a run: its results where there are some."""
    return "results" if run.ended and summary_of(db, run, "after") else "train"


def summary_of(db: Database, run: Run | None, phase: evaluations.Phase) -> dict[str, Any] | None:
    """What an evaluation of a run counted, where there is one."""
    found = evaluations.find(db, run.id, phase) if run else None
    return found.summary if found else None


def project_of(db: Database, project: str | None) -> projects.Project | None:
    """The project that is chosen, where it exists."""
    return projects.find_or_none(db, project) if project else None
