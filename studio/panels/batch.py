"""Many prompts at once: pasted or from a file, answered one after the other, and taken as examples in one go."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import gradio as gr

from core.errors import StudioError
from core.importers import prompts as prompts_of
from core.store import changes, open_store, projects
from studio.events import PRIVATE, acted, html, shown
from studio.panels import asking, corrections, lanes, sampling
from studio.panels.corrections import Answer
from studio.panels.lanes import BASE, TUNED, Shown
from studio.shell import Panel, Shell
from studio.text import t
from studio.views import batch as view
from studio.views.batch import Tried
from studio.views.chat import Lane, Said
from studio.views.pieces import h

GIVE_UP = 3  # answers in a row that failed


@dataclass(frozen=True, slots=True)
class Found:
    """What was asked, and who was: the answers keep the names of the models they came from."""

    rows: list[Tried]
    asked: Shown

    @property
    def place(self) -> int:
        return TUNED if TUNED in self.asked.models else BASE

    def find(self, uid: str) -> Tried | None:
        return next((row for row in self.rows if row.said.uid == uid), None)

    def marked(self, uid: str, **values: Any) -> "Found":
        rows = [replace(row, lane=row.lane.marked(uid, **values)) for row in self.rows]
        return replace(self, rows=rows)

    def answer(self, row: Tried) -> Answer:
        lane = row.lane
        name = self.asked.names[self.place]
        return Answer(row.said, lane.example(row.said.uid), lane.model, name, self.asked.tools)


NOTHING = Found([], Shown({}, {}, []))


def build(shell: Shell, which: gr.Dropdown, draft: gr.State, settings: list[Any]) -> Panel:
    """The fold; `which` is the tuned model, `draft` the correction form, `settings` how answers are sampled."""
    found, ticked = gr.State(NOTHING), gr.State([])
    with (
        gr.Column(elem_classes="cw-panel"),
        gr.Accordion(t("batch.title"), open=False, elem_classes=["cw-fold", "cw-part"]),
    ):
        gr.HTML(f'<p class="sub">{h(t("batch.lead", most=prompts_of.MOST))}</p>')
        with gr.Row(elem_classes="cw-two"):
            lines = gr.Textbox(label=t("batch.prompts"), lines=5, max_lines=12, scale=3)
            file = gr.File(
                label=t("batch.file"), file_types=[".txt", ".csv", ".tsv"], height=150, scale=2, min_width=200
            )
        with gr.Row(elem_classes="cw-bar-row"):
            both = gr.Checkbox(label=t("batch.base"), container=False)
            with gr.Row(elem_classes="cw-row-buttons"):
                stop = gr.Button(t("batch.stop"), visible=False, elem_classes="cw-fit")
                start = gr.Button(t("batch.start"), elem_classes=["cw-fit", "cw-save"])
        state, bar, table = html(), html(), html()

    def on_start(
        project: str, chosen: str | None, text: str, path: str | None, base_too: bool, *values: Any
    ) -> Iterator[dict[Any, Any]]:
        options = sampling.read(*values)
        todo = _prompts(text, path)
        with open_store(shell.settings) as db:
            asked = lanes.shown(db, projects.find(db, project).id, chosen, [])
        if not asked.tools:
            raise StudioError(t("play.no_tools"), t("play.no_tools_hint"))
        now = Found([], asked)
        buttons = {start: gr.Button(interactive=False), stop: gr.Button(visible=True)}
        yield {found: now, ticked: [], **buttons, **_drawn(now, [], total=len(todo))}
        for prompt in todo:
            lane = Lane(asked.models[now.place]).asked(prompt, options.system)
            lane = lane.answered(_said(lane, now.place, asked, options))
            beside = None
            if base_too is True and now.place != BASE:
                beside = _said(lane.unanswered(), BASE, asked, options)
            now = replace(now, rows=[*now.rows, Tried(lane, beside)])
            yield {found: now, **_drawn(now, [], total=len(todo))}
            if len(now.rows) >= GIVE_UP and all(row.said.error for row in now.rows[-GIVE_UP:]):
                break  # nobody answers, and each row says why
        yield {start: gr.Button(interactive=True), stop: gr.Button(visible=False), **_drawn(now, [])}

    def _said(lane: Lane, place: int, asked: Shown, options: sampling.Options) -> Said:
        model = asked.models[place]
        answer = Said()
        for piece in asking.ask(shell.settings, model, lane.turns(), asked.tools, options):
            if isinstance(piece, Said):
                answer = piece
        return answer

    def _drawn(now: Found, noted: list[str], total: int | None = None) -> dict[Any, str]:
        """The table; while prompts are still asked (`total` of them), how far it is."""
        tuned, tools, done = now.place == TUNED, now.asked.tools, total is None
        told = view.progress(len(now.rows), total) if total is not None else ""
        if done and now.rows:
            told = view.summary(now.rows, tools)
        return {
            state: told,
            bar: view.bulk(len(noted)) if done and now.rows else "",
            table: view.table(now.rows, tools, set(noted), tuned=tuned, judged=done),
        }

    def on_end(now: Found, noted: list[str]) -> dict[Any, Any]:
        """After it was stopped, or could not go on: what there is by then."""
        return {start: gr.Button(interactive=True), stop: gr.Button(visible=False), **_drawn(now, noted)}

    def on_table(now: Found, noted: list[str], project: str, event: gr.EventData) -> dict[Any, Any]:
        data = acted(event)
        row = now.find(data.get("uid", ""))
        if row is None or row.said.example is not None:
            raise StudioError(t("play.gone"), t("play.gone_hint"))
        uid = row.said.uid
        if data.get("do") == "tick":
            noted = [one for one in noted if one != uid] if uid in noted else [*noted, uid]
            return {ticked: noted, **_drawn(now, noted)}
        answer = now.answer(row)
        with open_store(shell.settings) as db:
            id = projects.find(db, project).id
            kept = corrections.keep(db, id, answer, "wrong")
            form = corrections.opened(answer, kept, projects.tools(db, id), {"batch": uid})
        return {found: now.marked(uid, verdict="wrong", feedback=kept), draft: form}

    def on_bulk(
        now: Found, noted: list[str], project: str, version: int, event: gr.EventData
    ) -> dict[Any, Any]:
        data = acted(event)
        by_name = {tool.name: tool for tool in now.asked.tools}
        match data.get("do"):
            case "tick_all":
                noted = [
                    row.said.uid
                    for row in now.rows
                    if row.said.example is None and view.fits(row.said, by_name)
                ]
            case "clear":
                noted = []
            case "accept":
                return _accepted(now, noted, project, version, data.get("name", ""))
        return {ticked: noted, **_drawn(now, noted)}

    def _accepted(now: Found, noted: list[str], project: str, version: int, name: str) -> dict[Any, Any]:
        """The ticked answers as examples, in one change; those that an example asks already are left out."""
        rows = [row for row in map(now.find, noted) if row and row.said.example is None and row.said.readable]
        if not rows:
            raise StudioError(t("batch.none"), t("batch.none_hint"))
        part, taken = corrections.part_of(name), 0
        with open_store(shell.settings) as db:
            id = projects.find(db, project).id
            with changes.recorded(db, id, t("batch.did", n=len(rows))):
                known = projects.examples(db, id)
                for row in rows:
                    example = row.lane.example(row.said.uid, part)
                    try:
                        corrections.check_new(example, known)
                    except StudioError:
                        continue
                    kept = corrections.keep(db, id, now.answer(row), "right")
                    added = corrections.become(db, id, example, kept, known)
                    known.append(replace(example, id=added))
                    now = now.marked(row.said.uid, verdict="right", feedback=kept, example=added, split=part)
                    taken += 1
        told = t("batch.took", n=taken, part=t(f"part.{part}"))
        told += f" {t('batch.left', n=len(rows) - taken)}" if taken < len(rows) else ""
        gr.Info(h(told))
        return {found: now, ticked: [], shell.changed: version + 1, **_drawn(now, [])}

    def on_saved(one: dict[str, Any], now: Found, noted: list[str]) -> dict[Any, Any]:
        """The answer that was corrected says so."""
        origin = one.get("saved") or {}
        row = now.find(str(origin.get("batch", "")))
        if row is None:
            return {found: gr.skip()}
        noted = [uid for uid in noted if uid != row.said.uid]
        now = now.marked(row.said.uid, example=origin["example"], split=origin["split"])
        return {found: now, ticked: noted, **_drawn(now, noted)}

    drawn = [state, bar, table]
    going = start.click(
        shown(on_start),
        [shell.project, which, lines, file, both, *settings],
        [found, ticked, start, stop, *drawn],
        concurrency_limit=4,
        **PRIVATE,
    )
    ended: dict[str, Any] = {"inputs": [found, ticked], "outputs": [start, stop, *drawn], **PRIVATE}
    going.failure(shown(on_end), **ended)
    stop.click(shown(on_end), cancels=[going], **ended)
    table.act(shown(on_table), [found, ticked, shell.project], [found, ticked, draft, *drawn], **PRIVATE)
    judged = [found, ticked, shell.project, shell.changed]
    bar.act(shown(on_bulk), judged, [found, ticked, shell.changed, *drawn], **PRIVATE)
    draft.change(shown(on_saved), [draft, found, ticked], [found, ticked, *drawn], **PRIVATE)

    def fresh(project: str) -> list[Any]:
        return [NOTHING, [], "", None, "", "", ""]

    return Panel([found, ticked, lines, file, *drawn], fresh)


def _prompts(text: str | None, path: str | None) -> list[str]:
    """What was pasted or dropped. Raises StudioError where it is neither or both, and as the importer does."""
    if path and (text or "").strip():
        raise StudioError(t("batch.both"))
    if not path:
        return prompts_of.of_text((text or "")[: prompts_of.LARGEST])
    file = Path(path)
    with file.open("rb") as data:
        return prompts_of.of_file(data.read(prompts_of.LARGEST + 1), file.name)
