"""The card that is shown before a tool is saved whose examples change with it."""

from typing import Any

import gradio as gr

from studio.editors.tool_draft import Draft
from studio.text import t
from studio.views import tool_form, tool_preview

# What a field of the card holds: ("fill", path of a parameter) or ("taken", old path of a renamed one).
Fields = dict[Any, tuple[str, str]]


def draw(draft: Draft) -> tuple[Fields, gr.Button, gr.Button]:
    """The card; its fields, the button that goes back and the one that saves."""
    preview = draft["preview"]
    fields: Fields = {}
    with gr.Column(elem_classes="cw-preview", min_width=0):
        gr.HTML(tool_preview.words(preview))
        for old, new in preview["offered"].items():
            box = gr.Checkbox(
                old in preview["taken"],
                interactive=True,
                label=t("tool.preview.renamed", old=old, new=new),
                info=t("tool.preview.renamed_hint", old=old, new=new),
            )
            fields[box] = ("taken", old)
        for path, n, schema in preview["needs"]:
            with gr.Column(elem_classes="cw-need", min_width=0):
                gr.HTML(tool_preview.lacking(path, n))
                fields[_field(path, schema, preview["fills"].get(path, ""))] = ("fill", path)
        if preview["broken"]:
            gr.HTML(tool_preview.broken(preview))
        if preview["pairs"]:
            gr.HTML(tool_preview.pairs(preview))
        with gr.Row(elem_classes="cw-foot"):
            back = gr.Button(t("tool.preview.back"), size="md")
            save = gr.Button(_save_text(preview), variant="primary", size="md", elem_id="cw-tool--apply")
    return fields, back, save


def _save_text(preview: tool_preview.Digest) -> str:
    if preview["needs"]:
        return t("tool.preview.save_asked")
    if preview["changed"]:
        return t("tool.preview.save", n=preview["changed"])
    return t("tool.preview.save_only")


def _field(path: str, schema: dict[str, Any], value: str) -> Any:
    kind = tool_form.kind_of(schema)
    label = t("tool.preview.fill", path=path)
    if kind == "yesno" or schema.get("enum"):
        values = [t("field.yes"), t("field.no")] if kind == "yesno" else [str(one) for one in schema["enum"]]
        choices = [(t("tool.preview.leave"), ""), *((one, one) for one in values)]
        return gr.Dropdown(choices, value=value, label=label, interactive=True, filterable=False)
    if kind.startswith("list_") and kind != "list_group":
        hint = t("tool.preview.fill_list")
    else:
        hint = t("tool.preview.fill_json") if kind in ("other", "group", "list_group") else t(f"kind.{kind}")
    return gr.Textbox(value, label=label, placeholder=hint, max_lines=4, interactive=True)
