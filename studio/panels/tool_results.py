"""What a tool returned: typed, from a template kept for the tool, or found in the project's documents."""

import json
import time
from typing import Any

import gradio as gr

from core.errors import StudioError
from core.evaluation import wording
from core.retrieval import search
from core.retrieval.measure import query_fields, query_of
from core.schema import Tool, ToolCall
from core.store import documents, open_store, projects
from studio.drawing import DRAWING
from studio.events import PRIVATE, shown
from studio.shell import Shell
from studio.text import t
from studio.views.chat import filled, placeholders
from studio.views.pieces import h, short, value_text

MOST_RESULT = 8000  # characters
MOST_TEMPLATES = 200
NOTHING: dict[str, Any] = {}

Templates = dict[
    str, dict[str, str]
]  # by project and tool; kept in the browser, for it is nobody else's business


def opened(place: int, uid: str, calls: tuple[ToolCall, ...], project: str, kept: Any) -> dict[str, Any]:
    """The form for the results of one answer's calls, filled with the templates of their tools."""
    known = templates_of(kept, project)
    return {
        "place": place,
        "uid": uid,
        "calls": [call.to_json() for call in calls],
        "texts": [known.get(call.name, "") for call in calls],
        "at": time.time(),
    }


def templates_of(kept: Any, project: str) -> dict[str, str]:
    """The templates of a project's tools; what the browser sends may be anything."""
    found = kept.get(project) if isinstance(kept, dict) else None
    if not isinstance(found, dict):
        return {}
    return {
        str(name): text[:MOST_RESULT]
        for name, text in list(found.items())[:MOST_TEMPLATES]
        if isinstance(text, str)
    }


def build(shell: Shell, asked: gr.State, kept: gr.BrowserState, todo: gr.State) -> None:
    """The form, drawn while `asked` holds calls; `todo` takes the results for the conversation to go on with."""

    @gr.render(inputs=[asked, shell.project], triggers=[asked.change], **DRAWING)
    def form(now: dict[str, Any], project: str) -> None:
        if not now:
            return
        with open_store(shell.settings) as db:
            tools = {tool.name: tool for tool in projects.tools(db, project)}
            searchable = bool(documents.listed(db, project))
        calls = [ToolCall.from_json(call) for call in now["calls"]]
        with gr.Column(elem_classes=["cw-panel", "cw-bring"]):
            gr.HTML(
                f"<h2>{h(t('play.result_title', n=len(calls)))}</h2>"
                f'<p class="sub">{h(t("play.result_lead"))}</p>'
            )
            boxes = [
                _call(shell, text, call, tools.get(call.name), searchable)
                for call, text in zip(calls, now["texts"], strict=True)
            ]
            with gr.Row(elem_classes="cw-foot"):
                leave = gr.Button(t("play.leave"), elem_classes="cw-quiet")
                send = gr.Button(t("play.result_send"), elem_classes="cw-save")
        leave.click(lambda: {}, None, [asked], **PRIVATE)

        def on_send(project: str, templates: Any, *values: Any) -> tuple[Any, Any, Any]:
            with open_store(shell.settings) as db:
                found = projects.find(db, project).id
            texts, ticked = values[: len(calls)], values[len(calls) :]
            results, known = [], templates_of(templates, found)
            for call, text, tick in zip(calls, texts, ticked, strict=True):
                results.append(result_of(str(text or ""), call))
                if tick:
                    known[call.name] = str(text)
            others = templates if isinstance(templates, dict) else {}
            go_on = {"do": "result", "place": now["place"], "uid": now["uid"], "results": results}
            return {**go_on, "at": time.time()}, {**others, found: known}, {}

        fields = [shell.project, kept, *(box for box, _ in boxes), *(tick for _, tick in boxes)]
        send.click(shown(on_send), fields, [todo, kept, asked], **PRIVATE)


def _call(
    shell: Shell, text: str, call: ToolCall, tool: Tool | None, searchable: bool
) -> tuple[gr.Textbox, gr.Checkbox]:
    """The field for one call's result, and whether it is to be suggested again."""
    said = ", ".join(f"{name}: {short(value_text(value), 60)}" for name, value in call.arguments.items())
    names = placeholders(tool)
    gr.HTML(f'<p><b class="mono">{h(call.name)}</b> <span class="sub">{h(said)}</span></p>')
    box = gr.Textbox(
        text,
        label=t("play.result_label", name=call.name),
        info=t("play.result_info", names=names) if names else t("play.result_info_none"),
        placeholder=t("turn.result_hint"),
        interactive=True,
        lines=3,
        max_lines=10,
        max_length=MOST_RESULT,
        elem_classes="cw-mono-text",
    )
    with gr.Row(elem_classes="cw-links"):
        tick = gr.Checkbox(
            value=bool(text),
            label=t("play.result_keep", name=call.name),
            interactive=True,
            container=False,
        )
        if searchable:
            look = gr.Button(t("play.result_search"), size="sm", elem_classes=["cw-quiet", "cw-fit", "cw-do"])
            look.click(
                shown(lambda project: found(shell, project, call, tool)),
                [shell.project],
                [box, tick],
                **PRIVATE,
            )
    return box, tick


def found(shell: Shell, project: str, call: ToolCall, tool: Tool | None) -> tuple[str, bool]:
    """What the project's documents say to a call, as its result; that is no template.

    Raises StudioError where the call holds no text to search for.
    """
    fields = list(call.arguments)
    if tool is not None:
        with open_store(shell.settings) as db:
            rules = wording.rules([tool], projects.examples(db, projects.find(db, project).id))
        fields = query_fields(tool, rules[tool.name])
    query = query_of(call, fields)
    if not query:
        raise StudioError(t("play.result_no_query"), t("play.result_no_query_hint"), call.name)
    hits = search.find(shell.settings, project, query)
    return json.dumps(search.as_result(hits), ensure_ascii=False, indent=1)[:MOST_RESULT], False


def result_of(text: str, call: ToolCall) -> str:
    """What was typed, with the call's arguments in their places. Raises StudioError where it is empty or too long."""
    if not text.strip():
        raise StudioError(t("play.result_empty", name=call.name), t("play.result_empty_hint"), call.name)
    if len(text) > MOST_RESULT:
        raise StudioError(t("play.too_long", most=MOST_RESULT), t("play.too_long_hint"), call.name)
    return filled(text, call)[: 2 * MOST_RESULT]
