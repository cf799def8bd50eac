"""The models beside each other: which ones, what each is told next, and how its column is drawn."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from core.errors import StudioError
from core.models import catalog
from core.schema import Tool
from core.settings import Settings
from core.store import Database, projects, runs
from core.store.runs import Run
from studio.panels.sampling import MOST_MORE
from studio.text import t
from studio.views import playground as view
from studio.views.chat import Lane
from studio.views.runs import model_name

PLACES = 2 + MOST_MORE  # the untouched model, the tuned one, and more
BASE, TUNED = 0, 1


@dataclass(frozen=True, slots=True)
class Shown:
    """Who is asked: the model of each place that has one, its name, and the tools that all are shown."""

    models: dict[int, str]
    names: dict[int, str]
    tools: list[Tool]


def tunable(found: list[Run]) -> list[Run]:
    """The runs that left a model, the newest first."""
    return [run for run in found if run.folder and run.ended]


def choices(settings: Settings, db: Database, project: str) -> list[tuple[str, str]]:
    """Every model of this project that can be asked, and the ones it could begin with, as name and id."""
    found = tunable(runs.listed(db, project))
    bases = [choice.id for choice in catalog.choices(settings) if choice.ready]
    bases += [run.model for run in found]
    return [(run.name, run.id) for run in found] + [(model_name(id), id) for id in dict.fromkeys(bases)]


def shown(db: Database, project: str, chosen: str | None, more: Any) -> Shown:
    """The models as the page names them, each looked up; the tools are those that the tuned one learned."""
    found = runs.listed(db, project)
    tuned = tunable(found)
    run = next((one for one in tuned if one.id == chosen), None)
    tools = list(projects.snapshot(db, run.snapshot).tools) if run else projects.tools(db, project)
    models = {BASE: run.model if run else catalog.STARTER}
    if run:
        models[TUNED] = run.id
    known = (
        {one.id for one in tuned} | {one.model for one in tuned} | {catalog.STARTER, catalog.FUNCTIONGEMMA}
    )
    others = [id for id in more if isinstance(id, str)] if isinstance(more, list) else []
    wanted = [id for id in dict.fromkeys(others) if id in known and id not in models.values()]
    models |= dict(enumerate(wanted[:MOST_MORE], 2))
    by_id = {one.id: one.name for one in tuned}
    names = {place: by_id.get(id) or model_name(id) for place, id in models.items()}
    return Shown(models, names, tools)


def held(now: Shown, lanes: Sequence[Lane]) -> list[Lane]:
    """The conversations with the models that are shown; one with another model is over."""
    return [
        lane if lane.model == now.models.get(place) else Lane(now.models.get(place, ""))
        for place, lane in enumerate(lanes)
    ]


def said_last(lanes: Sequence[Lane]) -> str:
    """What was said last to anybody."""
    return next((lane.prompt for lane in (lanes[TUNED], lanes[BASE], *lanes[2:]) if lane.prompt), "")


def asked(now: Shown, lanes: Sequence[Lane], todo: dict[str, Any], system: str) -> dict[int, Lane]:
    """The conversations that go on, by place, with what is to be answered now at their ends.

    `todo` is what a handler of the page wrote: to "say" something to all, to say it in the place of what was said last
    ("edit"), to "retry" one answer, or to go on with the "result" of one. Raises StudioError where that answer is gone.
    """
    if todo["do"] in ("say", "edit"):
        last = said_last(lanes) if todo["do"] == "edit" else ""
        return {
            place: (lane.unsaid() if last and lane.prompt == last else lane).asked(todo["prompt"], system)
            for place, lane in enumerate(lanes)
            if place in now.models
        }
    place = int(todo["place"])
    lane = lanes[place]
    if lane.last is None or lane.last.uid != todo["uid"]:
        raise StudioError(t("play.gone"), t("play.gone_hint"))
    if todo["do"] == "retry":
        return {place: lane.unanswered()}
    return {place: lane.returned(tuple(todo["results"]))}


def drawn(now: Shown, place: int, lane: Lane, *, doing: str = "", growing: str = "") -> str:
    """One column."""
    if place >= 2 and place not in now.models:
        return ""
    title = (t("play.base"), t("play.tuned"))[place] if place < 2 else t("play.other")
    nothing = "" if place in now.models else f"{t('play.no_run_title')}|{t('play.no_run_body')}"
    return view.column(
        lane,
        title,
        now.names.get(place, ""),
        now.tools,
        nothing=nothing,
        doing=doing,
        growing=growing,
        judged=place != BASE or TUNED not in now.models,
    )
