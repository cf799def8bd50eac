"""The Playground tab: the same words to several models, what their tools return, and what becomes of the answers."""

import time
from collections.abc import Callable, Iterator
from typing import Any

import gradio as gr

from core.errors import StudioError
from core.store import open_store, projects, runs
from core.store.feedback import Verdict
from studio.editors import example_draft as draft_of
from studio.events import PRIVATE, acted, html, shown
from studio.panels import asking, batch, corrections, documents, lanes, sampling, tool_results, use_it
from studio.panels.corrections import Answer
from studio.panels.lanes import PLACES, Shown
from studio.shell import Panel, Shell
from studio.text import t
from studio.views import playground as view
from studio.views.chat import Lane
from studio.views.pieces import h, head

CHIPS = 4
MOST_PROMPT = 8000  # characters
FIRST_ASKED = (1, 0, 2, 3)  # the tuned model first: its answer is waited for, and an untouched one may ramble


def build(shell: Shell, tab: gr.Tab, again: gr.State) -> Panel:
    """What stands in `tab`; `again` takes the run that the Train tab is to train once more."""
    said = [gr.State(Lane()) for _ in range(PLACES)]
    draft, results, todo, editing = gr.State(draft_of.closed()), gr.State({}), gr.State({}), gr.State(False)
    followed = gr.State("")  # the run that the choice of a tuned model followed last
    kept = gr.BrowserState({}, storage_key="callwright-results", secret="callwright-results")
    with gr.Row(elem_classes="cw-head"):
        gr.HTML(head(t("play.title"), t("play.lead")))
        with gr.Row(elem_classes="cw-actions"):
            mark = html()
            which = gr.Dropdown(
                [], label=t("play.run"), show_label=False, container=False, min_width=210, scale=0
            )
            new = gr.Button(t("play.new"))
    boxes, columns = [], []
    with gr.Row(elem_classes=["cw-two-cards", "cw-lanes"]):
        for place in range(PLACES):
            with gr.Column(elem_classes="cw-panel", min_width=280, visible=place < 2) as box:
                columns.append(html())
            boxes.append(box)
    tool_results.build(shell, results, kept, todo)
    corrections.build(shell, draft)
    with gr.Column(elem_classes="cw-panel"):
        with gr.Row(elem_classes="cw-ask"):
            words = gr.Textbox(
                label=t("play.ask"),
                placeholder=t("play.ask"),
                show_label=False,
                container=False,
                lines=1,
                max_lines=4,
                scale=6,
            )
            send = gr.Button(t("play.send"), variant="primary", scale=1, min_width=90)
        chips, ways = html(), html()
        settings = sampling.build()
    line = corrections.line(shell, again)
    many = batch.build(shell, which, draft, settings.inputs)
    used = use_it.build(shell)
    documents.build(shell)

    def _shown(project: str, chosen: str | None, more: Any) -> Shown:
        with open_store(shell.settings) as db:
            return lanes.shown(db, projects.find(db, project).id, chosen, more)

    def _drawn(now: Shown, place: int, lane: Lane, **doing: str) -> str:
        return lanes.drawn(now, place, lane, **doing)

    def on_look(project: str, chosen: str | None, more: Any, *lanes_now: Lane) -> list[Any]:
        """All columns as they stand, and what can be done with what was said last."""
        now = _shown(project, chosen, more)
        held = lanes.held(now, lanes_now)
        return [
            *(gr.Column(visible=place < 2 or place in now.models) for place in range(PLACES)),
            *(_drawn(now, place, lane) for place, lane in enumerate(held)),
            view.composing(any(lane.exchanges for lane in held), False),
            False,
        ]

    def on_runs(
        project: str,
        shown_run: str,
        before: str,
        chosen: str | None,
        more: Any,
        *lanes_now: Lane,
        talking: bool = True,
    ) -> list[Any]:
        """The models to choose from; a run that is shown anew is chosen once it has one, else the choice stays.

        A run that ends while somebody talks with another one waits until they come back: see `on_arrival`.
        """
        with open_store(shell.settings) as db:
            found = projects.find(db, project).id
            tuned = lanes.tunable(runs.listed(db, found))
            others = lanes.choices(shell.settings, db, found)
        ids = [run.id for run in tuned]
        talks = talking and lanes_now[lanes.TUNED].exchanges
        wanted = chosen if shown_run == before or talks else shown_run
        value = next((id for id in (wanted, chosen, shown_run, *ids) if id in ids), None)
        known = [id for _, id in others]
        more = [id for id in more or [] if id in known]
        return [
            shown_run if value == shown_run else before,
            gr.Dropdown([(run.name, run.id) for run in tuned], value=value, visible=bool(tuned)),
            gr.Dropdown(others, value=more),
            *on_look(project, value, more, *lanes_now),
        ]

    def on_shown(project: str, shown_run: str, before: str, *rest: Any) -> list[Any]:
        """Another run is shown: there, the conversation with the last one is over."""
        return on_runs(project, shown_run, before, *rest, talking=False)

    def on_arrival(project: str, shown_run: str, before: str, *rest: Any) -> list[Any]:
        """The tab is opened: a run that has ended since is chosen now."""
        if shown_run == before:
            return [gr.skip()] * (3 + len(looked))
        return on_shown(project, shown_run, before, *rest)

    # Asking

    def on_say(prompt: str, changes_last: bool) -> dict[str, Any]:
        prompt = (prompt or "").strip()
        if not prompt:
            raise StudioError(t("play.nothing"), t("play.nothing_hint"))
        if len(prompt) > MOST_PROMPT:
            raise StudioError(t("play.too_long", most=MOST_PROMPT), t("play.too_long_hint"))
        return {"do": "edit" if changes_last is True else "say", "prompt": prompt, "at": time.time()}

    def on_todo(
        asked: dict[str, Any], project: str, chosen: str | None, more: Any, *rest: Any
    ) -> Iterator[dict[Any, Any]]:
        """Ask what is to be asked: everybody after something was said, one model to go on or to try again."""
        if not asked:
            yield {send: gr.skip()}
            return
        lanes_now, options = rest[:PLACES], sampling.read(*rest[PLACES:])
        now = _shown(project, chosen, more)
        if not now.tools:
            raise StudioError(t("play.no_tools"), t("play.no_tools_hint"))
        held = lanes.asked(now, lanes.held(now, lanes_now), asked, options.system)
        order = [place for place in FIRST_ASKED if place in held]
        first: dict[Any, Any] = {send: gr.Button(interactive=False), results: {}}
        if asked["do"] in ("say", "edit"):
            first |= {words: "", ways: view.composing(True, False), editing: False}
        for place in order:
            waits = t("play.asking" if place == order[0] else "play.next")
            first |= {columns[place]: _drawn(now, place, held[place], doing=waits), said[place]: held[place]}
        yield first
        for place in order:
            lane = held[place]
            yield {columns[place]: _drawn(now, place, lane, doing=t("play.asking"))}
            for piece in asking.ask(shell.settings, now.models[place], lane.turns(), now.tools, options):
                if isinstance(piece, str):
                    yield {columns[place]: _drawn(now, place, lane, doing=t("play.asking"), growing=piece)}
                else:
                    lane = lane.answered(piece)
            yield {columns[place]: _drawn(now, place, lane), said[place]: lane}
        yield {send: gr.Button(interactive=True)}

    def on_failed(project: str, chosen: str | None, more: Any, *lanes_now: Lane) -> list[Any]:
        """The columns as they were before what could not be asked."""
        return [gr.Button(interactive=True), *on_look(project, chosen, more, *lanes_now)]

    # What is done with an answer

    def _acting(place: int) -> Callable[..., dict[Any, Any]]:
        def on_act(
            lane: Lane,
            project: str,
            chosen: str | None,
            more: Any,
            templates: Any,
            version: int,
            event: gr.EventData,
        ) -> dict[Any, Any]:
            return _act(place, lane, _shown(project, chosen, more), project, templates, version, acted(event))

        return on_act

    def _act(
        place: int, lane: Lane, now: Shown, project: str, templates: Any, version: int, data: dict[str, str]
    ) -> dict[Any, Any]:
        do, answer = data.get("do", ""), lane.find(data.get("uid", ""))
        if answer is None or now.models.get(place) != lane.model:
            raise StudioError(t("play.gone"), t("play.gone_hint"))
        if do == "retry":
            return {todo: {"do": "retry", "place": place, "uid": answer.uid, "at": time.time()}}
        if do == "result" and answer.calls:
            return {results: tool_results.opened(place, answer.uid, answer.calls, project, templates)}
        whole = Answer(answer, lane.example(answer.uid), lane.model, now.names[place], now.tools)
        more_done: dict[Any, Any] = {}
        with open_store(shell.settings) as db:
            found = projects.find(db, project).id
            if do in ("right", "wrong") and answer.example is None and not answer.error:
                verdict: Verdict = "right" if do == "right" else "wrong"
                noted = corrections.keep(db, found, whole, verdict)
                lane = lane.marked(answer.uid, verdict=verdict, feedback=noted)
                if verdict == "wrong":
                    origin = {"place": place, "uid": answer.uid}
                    tools = projects.tools(db, found)
                    more_done = {draft: corrections.opened(whole, noted, tools, origin)}
            elif do in ("add_train", "add_test") and answer.feedback is not None and answer.example is None:
                part = corrections.part_of(do.removeprefix("add_"))
                id = corrections.become(db, found, lane.example(answer.uid, part), answer.feedback)
                gr.Info(h(t("play.saved", id=id, part=t(f"part.{part}"))))
                lane = lane.marked(answer.uid, example=id, split=part)
                more_done = {shell.changed: version + 1}
        return {said[place]: lane, columns[place]: _drawn(now, place, lane), **more_done}

    def on_saved(
        one: dict[str, Any], project: str, chosen: str | None, more: Any, *lanes_now: Lane
    ) -> dict[Any, Any]:
        """The answer that was corrected says so."""
        origin = one.get("saved") or {}
        place = origin.get("place")
        if place is None:
            return {editing: gr.skip()}
        now = _shown(project, chosen, more)
        lane = lanes_now[place].marked(origin["uid"], example=origin["example"], split=origin["split"])
        return {said[place]: lane, columns[place]: _drawn(now, place, lane)}

    def on_ways(event: gr.EventData, *lanes_now: Lane) -> dict[Any, Any]:
        """Ask again, or write what was said last anew."""
        last = lanes.said_last(lanes_now)
        match acted(event).get("do"):
            case "again" if last:
                return {todo: {"do": "edit", "prompt": last, "at": time.time()}}
            case "edit" if last:
                return {
                    words: gr.Textbox(last, autofocus=True),
                    editing: True,
                    ways: view.composing(True, True),
                }
            case "leave":
                return {words: "", editing: False, ways: view.composing(True, False)}
        return {editing: gr.skip()}

    # Prompts to try, and beginning anew

    def _prompts(project: str) -> list[str]:
        with open_store(shell.settings) as db:
            found = projects.find(db, project).id
            rows = projects.examples(db, found, split="test") or projects.examples(db, found)
        return view.spread(rows, CHIPS)

    def on_chip(project: str, event: gr.EventData) -> dict[str, Any]:
        place, prompts = acted(event).get("n", ""), _prompts(project)
        if not place.isdigit() or int(place) >= len(prompts):
            raise StudioError(t("play.gone"), t("play.gone_hint"))
        return on_say(prompts[int(place)], False)

    def on_new(project: str, chosen: str | None, more: Any) -> list[Any]:
        empty = [Lane()] * PLACES
        return [*empty, *on_look(project, chosen, more, *empty), "", {}, draft_of.closed()]

    def on_changed(project: str) -> list[Any]:
        return [view.chips(_prompts(project)), *corrections.drawn(shell, project)]

    models = [shell.project, which, settings.more]
    looked = [*boxes, *columns, ways, editing]
    gr.on([send.click, words.submit], shown(on_say), [words, editing], [todo], **PRIVATE)
    chips.act(shown(on_chip), [shell.project], [todo], **PRIVATE)
    going = todo.change(
        shown(on_todo),
        [todo, *models, *said, *settings.inputs],
        [*columns, *said, send, words, ways, editing, results],
        concurrency_limit=4,
        **PRIVATE,
    )
    going.failure(shown(on_failed), [*models, *said], [send, *looked], **PRIVATE)
    for place, column in enumerate(columns):
        column.act(
            shown(_acting(place)),
            [said[place], *models, kept, shell.changed],
            [said[place], column, todo, results, draft, shell.changed],
            **PRIVATE,
        )
    draft.change(shown(on_saved), [draft, *models, *said], [*said, *columns, editing], **PRIVATE)
    ways.act(shown(on_ways), [*said], [todo, words, editing, ways], **PRIVATE)
    new.click(shown(on_new), models, [*said, *looked, words, results, draft], **PRIVATE)
    gr.on([which.input, settings.more.input], shown(on_look), [*models, *said], looked, **PRIVATE)
    following = [shell.project, shell.run, followed, which, settings.more, *said]
    for event, handler in (
        (shell.mark.change, on_runs),
        (shell.run.change, on_shown),
        (tab.select, on_arrival),
    ):
        event(shown(handler), following, [followed, which, settings.more, *looked], **PRIVATE)
    gr.on(
        [shell.changed.change, shell.mark.change],
        shown(on_changed),
        [shell.project],
        [chips, *line],
        **PRIVATE,
    )
    gr.on(
        [one.change for one in settings.inputs],
        shown(lambda *values: sampling.read(*values).mark),
        settings.inputs,
        [mark],
        trigger_mode="always_last",
        **PRIVATE,
    )

    def fresh(project: str) -> list[Any]:
        empty = [Lane()] * PLACES
        greedy = sampling.GREEDY.mark
        drawn = [*on_changed(project), *many.fresh(project), *used.fresh(project)]
        return [*empty, {}, draft_of.closed(), greedy, *drawn]

    drawn_anew = [*line, *many.fresh_outputs, *used.fresh_outputs]
    return Panel([*said, results, draft, mark, chips, *drawn_anew], fresh)
