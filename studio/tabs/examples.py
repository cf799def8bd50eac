"""The Examples tab: what people say, and the call it should become."""

from pathlib import Path
from typing import Any

import gradio as gr

from core.doctor.findings import examine
from core.doctor.prompts import asked
from core.errors import StudioError
from core.importers.examples import read_examples
from core.schema import Example
from core.schema.example import SPLITS
from core.store import open_store, projects
from studio.editors import example as editor
from studio.editors import example_draft as draft_of
from studio.events import PRIVATE, acted, html, shown
from studio.shell import Panel, Shell
from studio.text import t
from studio.views import examples as view
from studio.views.pieces import h, head

ANY = "*"  # every tool; no tool can have this name
NONE = "-"  # examples that call none
FILTER = {"part": "all", "tool": ANY, "page": 0}


def build(shell: Shell, wanted: gr.State) -> Panel:
    """The tab; `wanted` brings the tool whose examples another place asked to see."""
    draft = gr.State(draft_of.closed())
    chosen = gr.State(FILTER)
    read: gr.State = gr.State([])  # examples of a file that wait to be confirmed
    with gr.Row(elem_classes="cw-head"):
        gr.HTML(head(t("examples.title"), t("examples.lead")))
        with gr.Row(elem_classes="cw-actions"):
            bring = gr.Button(t("examples.bring"))
            add = gr.Button(t("examples.add"), variant="primary", elem_classes="cw-leaves")
    with gr.Column(visible=False, elem_classes=["cw-panel", "cw-bring"]) as bringing:
        gr.HTML(f'<h2>{h(t("examples.bring_title"))}</h2><p class="sub">{h(t("examples.bring_lead"))}</p>')
        types = [".csv", ".tsv", ".jsonl", ".json", ".ndjson", ".txt"]
        upload = gr.File(label=t("examples.file"), file_types=types, height=120)
        parts = [(t("part.train_long"), "train"), (t("part.test_long"), "test")]
        part = gr.Radio(parts, value="train", label=t("examples.default_part"))
        understood = html()
        with gr.Row(elem_classes="cw-foot"):
            leave = gr.Button(t("bring.leave"), elem_classes="cw-quiet")
            take = gr.Button(t("examples.take"), visible=False)
    with gr.Row(elem_classes="cw-examples"):
        with gr.Column(scale=7, min_width=300, elem_classes="cw-panel"):
            with gr.Row(elem_classes="cw-filters"):
                search = gr.Textbox(
                    label=t("examples.search"),
                    placeholder=t("examples.search"),
                    show_label=False,
                    container=False,
                )
                tool = gr.Dropdown(
                    [], label=t("examples.tool"), show_label=False, container=False, min_width=130, scale=0
                )
            chips = html()
            table = html()
        with gr.Column(scale=5, min_width=300):
            with gr.Column(elem_classes=["cw-panel", "cw-editor"]):
                editor.build(shell, draft)
            with gr.Column(elem_classes="cw-panel"):
                health = html()

    def _matching(now: dict[str, Any], words: str) -> tuple[str | None, dict[str, Any]]:
        """The filter as the store takes it: the part, and all else."""
        named = None if now["tool"] == ANY else projects.NO_CALL if now["tool"] == NONE else now["tool"]
        split = now["part"] if now["part"] in ("train", "test") else None
        return split, {"tool": named, "search": (words or "").strip()}

    def on_list(project: str, now: dict[str, Any], words: str, one: draft_of.Draft) -> tuple[str, str]:
        split, match = _matching(now, words)
        with open_store(shell.settings) as db:
            found = projects.find(db, project).id
            train = projects.count_examples(db, found, split="train", **match)
            test = projects.count_examples(db, found, split="test", **match)
            total = projects.count_examples(db, found, split=split, **match)
            page = min(now["page"], max(0, (total - 1) // view.PAGE))
            rows = projects.examples(
                db, found, split=split, limit=view.PAGE, offset=page * view.PAGE, **match
            )
            leaked = view.leaks(projects.examples(db, found))
            tools = projects.tools(db, found)
        chosen_part = view.chips(train, test, chosen=now["part"])
        return chosen_part, view.table(rows, tools, one.get("id"), leaked, page, total)

    def on_opened(project: str, now: dict[str, Any], words: str, one: draft_of.Draft) -> tuple[Any, str, str]:
        """The table with the opened example on it, where the filter shows it."""
        split, match = _matching(now, words)
        with open_store(shell.settings) as db:
            rows = projects.examples(db, projects.find(db, project).id, split=split, **match)
        ids = [row.id for row in rows]
        if one.get("id") in ids:
            now = {**now, "page": ids.index(one["id"]) // view.PAGE}
        return now, *on_list(project, now, words, one)

    def on_health(project: str, now: dict[str, Any]) -> tuple[str, Any]:
        with open_store(shell.settings) as db:
            found = projects.find(db, project).id
            tools, rows = projects.tools(db, found), projects.examples(db, found)
            names = list(projects.tool_counts(db, found))
        labels = [name for name in dict.fromkeys([*(tool.name for tool in tools), *names]) if name]
        choices = [(t("examples.any_tool"), ANY), *((name, name) for name in labels), (t("call.none"), NONE)]
        value = now["tool"] if now["tool"] in {value for _, value in choices} else ANY
        return view.health(examine(tools, rows), len(rows)), gr.Dropdown(choices, value=value)

    def on_act(project: str, now: dict[str, Any], event: gr.EventData) -> tuple[Any, Any]:
        data = acted(event)
        match data.get("do"):
            case "part" if data.get("name") in ("all", "train", "test"):
                return {**now, "part": data["name"], "page": 0}, gr.skip()
            case "page" if data.get("n", "").isdigit():
                return {**now, "page": int(data["n"])}, gr.skip()
            case "example":
                return gr.skip(), _opened(project, data.get("id", ""))
            case "finding":
                return _finding(project, data.get("n", ""))
        return gr.skip(), gr.skip()

    def _opened(project: str, id: str) -> draft_of.Draft:
        with open_store(shell.settings) as db:
            found = projects.find(db, project).id
            example = projects.example(db, found, int(id) if id.isdigit() else 0)
            return draft_of.opened(example, projects.tools(db, found))

    def _finding(project: str, place: str) -> tuple[Any, Any]:
        """The first row of a finding in the editor, and every row in the table."""
        with open_store(shell.settings) as db:
            found = projects.find(db, project).id
            rows = projects.examples(db, found)
            findings = examine(projects.tools(db, found), rows)
        if not place.isdigit() or int(place) >= len(findings) or not findings[int(place)].rows:
            return gr.skip(), gr.skip()
        return dict(FILTER), _opened(project, str(findings[int(place)].rows[0]))

    def on_add(project: str, now: dict[str, Any]) -> draft_of.Draft:
        with open_store(shell.settings) as db:
            tools = projects.tools(db, projects.find(db, project).id)
        part = now["part"] if now["part"] in ("train", "test") else "train"
        return draft_of.opened(None, tools, split=part)

    def on_read(project: str, file: str | None, default: str) -> tuple[str, list[Example], Any]:
        if not file:
            return "", [], gr.Button(visible=False)
        split = next((one for one in SPLITS if one == default), None)
        if split is None:
            raise StudioError(t("example.no_part"))
        with open_store(shell.settings) as db:
            found = projects.find(db, project).id
            tools = projects.tools(db, found)
            have = {(example.split, asked(example)) for example in projects.examples(db, found)}
        name = Path(file).name
        try:
            result = read_examples(Path(file).read_bytes(), name, tools, default_split=split)
        except StudioError as error:
            return (
                f'<div class="cw-problem" role="alert"><b>{h(error.message)}</b> {h(error.hint)}</div>',
                [],
                gr.Button(visible=False),
            )
        already = sum((example.split, asked(example)) in have for example in result.examples)
        text = view.preview(name, result.examples, result.rejected, result.notes, already)
        n = len(result.examples)
        return text, result.examples, gr.Button(t("examples.take_n", n=n), visible=bool(n))

    def on_take(project: str, examples: list[Example], version: int) -> tuple[Any, ...]:
        with open_store(shell.settings) as db:
            projects.add_examples(db, projects.find(db, project).id, examples)
        gr.Info(t("examples.taken", n=len(examples)))
        return gr.Column(visible=False), [], version + 1

    def on_wanted(ask: dict[str, str]) -> tuple[Any, Any]:
        if not ask:
            return gr.skip(), gr.skip()
        name = ask["tool"] or NONE
        return {**FILTER, "tool": name}, gr.Dropdown(value=name)

    listed = [shell.project, chosen, search, draft]
    gr.on([chosen.change, shell.changed.change], shown(on_list), listed, [chips, table], **PRIVATE)
    # Not search.input, which does not tell of text that was pasted by a menu or a script.
    search.change(shown(on_list), listed, [chips, table], trigger_mode="always_last", **PRIVATE)
    draft.change(shown(on_opened), listed, [chosen, chips, table], **PRIVATE)
    gr.on(
        [shell.changed.change, shell.mark.change],
        shown(on_health),
        [shell.project, chosen],
        [health, tool],
        **PRIVATE,
    )
    tool.select(lambda now, name: {**now, "tool": str(name), "page": 0}, [chosen, tool], [chosen], **PRIVATE)
    for place in (chips, table, health):
        place.act(shown(on_act), [shell.project, chosen], [chosen, draft], **PRIVATE)
    wanted.change(on_wanted, [wanted], [chosen, tool], **PRIVATE)
    add.click(shown(on_add), [shell.project, chosen], [draft], **PRIVATE)
    bring.click(
        lambda: (gr.Column(visible=True), None, "", gr.Button(visible=False)),
        None,
        [bringing, upload, understood, take],
        **PRIVATE,
    )
    leave.click(lambda: gr.Column(visible=False), None, [bringing], **PRIVATE)
    gr.on(
        [upload.upload, upload.clear, part.input],
        shown(on_read),
        [shell.project, upload, part],
        [understood, read, take],
        **PRIVATE,
    )
    take.click(
        shown(on_take), [shell.project, read, shell.changed], [bringing, read, shell.changed], **PRIVATE
    )

    def fresh(project: str) -> list[Any]:
        with open_store(shell.settings) as db:
            first = projects.examples(db, project, limit=1)
            tools = projects.tools(db, project)
        one = draft_of.opened(first[0], tools) if first else draft_of.closed()
        found_health, found_tool = on_health(project, FILTER)
        return [
            one,
            dict(FILTER),
            "",
            gr.Column(visible=False),
            *on_list(project, FILTER, "", one),
            found_health,
            found_tool,
        ]

    return Panel([draft, chosen, search, bringing, chips, table, health, tool], fresh)
