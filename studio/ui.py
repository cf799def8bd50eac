"""The page: the sidebar, six tabs, the one timer, and what is found again after a reload."""

from functools import partial
from typing import Any

import gradio as gr

from core.errors import StudioError
from core.importers import starters
from core.jobs import local
from core.models import hardware
from core.settings import Settings
from core.store import Database, evaluations, immediate, open_store, projects, runs, shelf
from studio import drawing
from studio.events import PRIVATE, acted, html, opening, shown
from studio.panels import notice
from studio.shell import Panel, Shell, newest_of, project_of, run_of, tab_of
from studio.tabs import examples, playground, results, tools, train
from studio.tabs import runs as runs_tab
from studio.text import t
from studio.theme import ASSETS
from studio.views import runs as view
from studio.views.pieces import h

BUSY_SECONDS, IDLE_SECONDS = 2, 8
EMPTY = "-"  # a new project without tools; no starter has this id
LOGO = (ASSETS / "logo.svg").read_text(encoding="utf-8")
TABS = ("tools", "examples", "train", "runs", "results", "playground")
SIDE_RUNS = 20  # in the sidebar; the Runs tab has them all


def build(settings: Settings) -> gr.Blocks:
    """The whole page. Nothing is started or read before somebody opens it."""
    with gr.Blocks(
        title="Callwright", analytics_enabled=False, fill_width=True, delete_cache=(86400, 86400)
    ) as demo:
        saved = gr.BrowserState(
            {"project": "", "run": ""}, storage_key="callwright", secret="callwright-choices"
        )
        project, run, mark, changed = gr.State(""), gr.State(""), gr.State(""), gr.State(0)
        wanted, sight, again, seen = gr.State({}), gr.State({}), gr.State({}), gr.State([])
        with gr.Row(elem_id="cw-app"):
            side = _Side()
            with gr.Column(elem_id="cw-main"):
                notice.build(settings, demo)
                with gr.Tabs(elem_id="cw-tabs") as tabs:
                    shell = Shell(settings, project, run, mark, changed, tabs)
                    panels = []
                    for name in TABS:
                        with gr.Tab(t(f"tab.{name}"), id=name, elem_id=f"tab-{name}") as tab:
                            panels.append(_panel(name, tab, shell, wanted, sight, again))
        timer = gr.Timer(IDLE_SECONDS)
        page = _Page(shell, side, panels, saved, seen, timer)
        page.wire(demo)
    drawing.guard(demo)
    return demo


def _panel(name: str, tab: gr.Tab, shell: Shell, wanted: gr.State, sight: gr.State, again: gr.State) -> Panel:
    match name:
        case "tools":
            return tools.build(shell, wanted)
        case "examples":
            return examples.build(shell, wanted, sight)
        case "train":
            return train.build(shell, sight, again)
        case "runs":
            return runs_tab.build(shell, again)
        case "results":
            return results.build(shell)
    return playground.build(shell, tab, again)


class _Side:
    """The components of the sidebar."""

    def __init__(self) -> None:
        with gr.Column(elem_id="cw-side", scale=0, min_width=232):
            gr.HTML(f'<div class="cw-brand">{LOGO}Callwright</div>')
            self.project = gr.Dropdown([], label=t("side.project"), elem_id="project")
            with gr.Row(elem_classes="cw-links"):
                self.new = gr.Button(t("side.new"), size="sm", elem_classes="cw-quiet")
                self.rename = gr.Button(t("side.rename"), size="sm", elem_classes="cw-quiet")
            with gr.Column(visible=False, elem_classes="cw-side-form") as self.form:
                self.purpose = gr.State("new")
                self.name = gr.Textbox(label=t("side.name"), max_length=80)
                self.begin = gr.Dropdown([], label=t("side.begin"))
                with gr.Row():
                    self.cancel = gr.Button(
                        t("side.cancel"), size="sm", elem_classes="cw-quiet", min_width=60
                    )
                    self.save = gr.Button(t("side.save"), size="sm", min_width=60)
            gr.HTML(f'<p class="cw-cap">{h(t("side.runs"))}</p>', elem_classes="cw-wide")
            self.runs = html(elem_id="cw-runs")
            gr.HTML(f'<p class="cw-cap">{h(t("side.computer"))}</p>', elem_classes="cw-wide")
            self.computer = html(elem_classes="cw-wide")
            self.counts = html()


class _Page:
    """The events that belong to no tab."""

    def __init__(
        self,
        shell: Shell,
        side: _Side,
        panels: list[Panel],
        saved: gr.BrowserState,
        seen: gr.State,
        timer: gr.Timer,
    ):
        self.shell, self.side, self.panels = shell, side, panels
        self.saved, self.seen, self.timer = saved, seen, timer
        self.fresh_outputs = [output for panel in panels for output in panel.fresh_outputs]
        self.live_outputs = [side.runs, side.computer, timer, shell.mark] + [
            output for panel in panels for output in panel.live_outputs
        ]

    def wire(self, demo: gr.Blocks) -> None:
        shell, side = self.shell, self.side
        quick = {"concurrency_limit": None, **PRIVATE}  # queue=False would lose the change events of states
        opened = [
            side.project,
            shell.project,
            shell.run,
            self.saved,
            side.counts,
            side.runs,
            *self.fresh_outputs,
        ]
        tick = (shown(self.on_tick), [shell.project, shell.run, self.seen], [*self.live_outputs, self.seen])
        demo.load(shown(self.on_load), [self.saved], opened, **PRIVATE).then(*tick, **quick)
        # Not .select, which a choice made with the keyboard does not raise (Gradio 6.31).
        chosen = [side.project, shell.project]
        choice = partial(side.project.input, trigger_mode="always_last")  # else one made meanwhile is dropped
        opening(choice, shown(self.on_project), chosen, opened).then(*tick, **quick)
        self.timer.tick(*tick, **quick)
        shell.run.change(*tick, **quick)
        for event in (event for panel in self.panels for event in panel.hurries):
            event.then(*tick, **quick)
        shell.run.change(
            lambda project, run: {"project": project, "run": run},
            [shell.project, shell.run],
            [self.saved],
            **PRIVATE,
        )
        shell.changed.change(shown(self.on_counts), [shell.project], [side.counts], **PRIVATE)
        side.runs.act(shown(self.on_run), [shell.project], [shell.run, shell.tabs], **PRIVATE)
        form = [side.form, side.purpose, side.name, side.begin]
        side.new.click(shown(self.on_new), None, form, **PRIVATE)
        side.rename.click(shown(self.on_rename), [shell.project], form, **PRIVATE)
        side.cancel.click(lambda: gr.Column(visible=False), None, [side.form], **PRIVATE)
        side.begin.input(self.on_begin, [side.begin], [side.name], **PRIVATE)
        opening(
            partial(gr.on, [side.save.click, side.name.submit]),
            shown(self.on_save),
            [shell.project, side.purpose, side.name, side.begin],
            [side.form, *opened],
        ).then(*tick, **quick)

    def on_load(self, saved: Any, request: gr.Request) -> list[Any]:
        """What the user looked at last; `?run=` in the address goes before it."""
        local.advance(self.shell.settings)
        saved = saved if isinstance(saved, dict) else {}
        with open_store(self.shell.settings) as db:
            with immediate(db):
                if not projects.listed(db):
                    for starter in starters.starters():
                        starters.load(db, starter.id)
            asked = runs.find_or_none(db, request.query_params.get("run", ""))
            if asked and not asked.deleted and asked.kind == "train":
                return self._opened(db, asked.project, asked.id)
            project = project_of(db, str(saved.get("project"))) or projects.listed(db)[0]
            return self._opened(db, project.id, str(saved.get("run", "")))

    def on_project(self, project: str, before: str) -> list[Any]:
        if project == before:  # leaving the field is an input too
            return [gr.skip()] * (6 + len(self.fresh_outputs))
        with open_store(self.shell.settings) as db:
            _, *drawn = self._opened(db, projects.find(db, project).id)
        return [gr.skip(), *drawn]  # the field as it is: by now another project may be chosen in it

    def _opened(self, db: Database, project: str, run: str = "") -> list[Any]:
        """A project with all tabs drawn for it, showing `run` or the newest one."""
        choices = [(one.name, one.id) for one in projects.listed(db)]
        found = run_of(db, project, run) or newest_of(db, project)
        drawn = [value for panel in self.panels for value in panel.fresh(project)]
        shown_run = found.id if found else ""
        dropdown = gr.Dropdown(choices, value=project)
        return [
            dropdown,
            project,
            shown_run,
            {"project": project, "run": shown_run},
            self._counts(db, project),
            self._sidebar(db, project, shown_run),  # at once: the next look is a round later
            *drawn,
        ]

    def on_counts(self, project: str) -> str:
        with open_store(self.shell.settings) as db:
            return self._counts(db, projects.find(db, project).id)

    def _counts(self, db: Database, project: str) -> str:
        """The numbers behind the names of two tabs, by way of the stylesheet: a tab's label is plain text.

        It also shows the tabs, which are hidden until a project is open: what is typed before would be overwritten.
        """
        numbers = {
            "tools": len(projects.tools(db, project)),
            "examples": projects.count_examples(db, project),
        }
        return (
            f'<style data-opened="{h(project)}">'  # read by `opening`
            + "#cw-main{visibility:visible!important}"
            + "".join(f'#tab-{name}-button::after{{content:"{n}"}}' for name, n in numbers.items())
            + "</style>"
        )

    def on_run(self, project: str, event: gr.EventData) -> tuple[Any, Any]:
        with open_store(self.shell.settings) as db:
            found = run_of(db, project, acted(event).get("id", ""))
            if found is None:
                raise StudioError(t("train.gone"))
            return found.id, gr.Tabs(selected=tab_of(db, found))

    def on_tick(self, project: str, run: str, seen: list[Any]) -> list[Any]:
        """The live parts of the page; what has not changed since the last look is not sent again."""
        if not project:
            return [gr.skip()] * (len(self.live_outputs) + 1)
        local.advance(self.shell.settings)
        values = self._live(project, run)
        return unchanged_skipped(values, seen)

    def _sidebar(self, db: Database, project: str, run: str) -> str:
        listed = shelf.listed(db, project, limit=SIDE_RUNS)
        scored = evaluations.summaries(db, [one.id for one in listed])
        after = {id: summary for (id, phase), summary in scored.items() if phase == "after"}
        return view.sidebar(listed, run, after)

    def _live(self, project: str, run: str) -> list[Any]:
        with open_store(self.shell.settings) as db:
            sidebar = self._sidebar(db, project, run)
            busy = bool(runs.listed(db, states=("queued", *runs.WORKING), kind=None))
            states = shelf.states(db, project)
        machine = hardware.describe()
        mark = f"{project}|{run}|{states}"
        used = round(machine.memory_used / 1e8) * 1e8  # in steps, so that the page is not redrawn for nothing
        return [
            sidebar,
            view.computer(machine.label, used, machine.memory_total),
            gr.update(value=BUSY_SECONDS if busy else IDLE_SECONDS),
            mark,
            *(value for panel in self.panels for value in panel.live(project, run)),
        ]

    def on_new(self) -> tuple[Any, ...]:
        offered = [(starter.title, starter.id) for starter in starters.starters()]
        begin = gr.Dropdown([(t("side.empty"), EMPTY), *offered], value=EMPTY, visible=True)
        return gr.Column(visible=True), "new", "", begin

    def on_begin(self, begin: str) -> Any:
        return gr.Textbox(visible=begin == EMPTY)

    def on_rename(self, project: str) -> tuple[Any, ...]:
        with open_store(self.shell.settings) as db:
            name = projects.find(db, project).name
        return gr.Column(visible=True), "rename", gr.Textbox(name, visible=True), gr.Dropdown(visible=False)

    def on_save(self, project: str, purpose: str, name: str, begin: str) -> list[Any]:
        """A new project, or a new name for the one that is open."""
        with open_store(self.shell.settings) as db:
            if purpose == "rename":
                id = projects.find(db, project).id
                projects.rename(db, id, name or "")
            elif begin in {starter.id for starter in starters.starters()}:
                id = starters.load(db, begin).id
            else:
                id = projects.create(db, name or "").id
            return [gr.Column(visible=False), *self._opened(db, id)]


def unchanged_skipped(values: list[Any], seen: list[Any]) -> list[Any]:
    """The values with a skip for each that equals the one sent last, and the list to compare with next time."""
    same = (
        [old == new for old, new in zip(seen, values, strict=True)]
        if len(seen) == len(values)
        else [False] * len(values)
    )
    if all(same):
        return [gr.skip()] * (len(values) + 1)
    return [gr.skip() if equal else value for equal, value in zip(same, values, strict=True)] + [values]
