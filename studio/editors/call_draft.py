"""One call as it stands in an editor: its tool, the fields of its form, or its arguments as JSON."""

import json
import re
from typing import Any

from core.errors import StudioError
from core.schema import Tool, ToolCall, check_call
from studio.text import t
from studio.views import call_form
from studio.views.call_fit import fitting, shows_truly
from studio.views.call_form import Raw
from studio.views.tool_form import new_uid

Draft = dict[str, Any]


def opened(call: ToolCall, tools: dict[str, Tool]) -> Draft:
    """A stored call; as JSON, with a sentence on what is wrong, where its tool's form cannot stand for it."""
    tool = tools.get(call.name)
    truly = tool is not None and shows_truly(tool.parameters, call.arguments)
    return {
        "uid": new_uid(),
        "tool": call.name,
        "mode": "form" if truly else "json",
        "raw": call_form.raw_of(tool.parameters, call.arguments) if tool and truly else {},
        "json": _pretty(call.arguments),
        "told": " ".join(check_call(call, tools)),
        "typed": {},  # what was typed for other tools, by their names
    }


def new(tool: Tool) -> Draft:
    """An empty call."""
    return {**opened(ToolCall(tool.name), {tool.name: tool}), "told": ""}


def read(call: Draft, tools: dict[str, Tool]) -> ToolCall:
    """The call, checked. Raises StudioError with its uid as the place."""
    found = ToolCall(call["tool"], arguments(call, tools))
    problems = check_call(found, tools)
    if problems:
        hint = t("example.mend_json" if call["mode"] == "json" else "example.mend_call")
        raise StudioError(" ".join(problems), hint, call["uid"])
    return found


def arguments(call: Draft, tools: dict[str, Tool]) -> dict[str, Any]:
    """The arguments as they were typed, whether they fit or not. Raises StudioError with the call's uid."""
    tool = tools.get(call["tool"])
    try:
        if call["mode"] == "form" and tool:
            return call_form.arguments_of(tool.parameters, call["raw"])
        value = call_form.read_json(call["json"] or "{}", t("example.arguments"))
    except StudioError as error:
        raise StudioError(error.message, error.hint, call["uid"]) from None
    if not isinstance(value, dict):
        raise StudioError(t("example.not_object"), where=call["uid"])
    return value


def turned(call: Draft, tools: dict[str, Tool]) -> Draft:
    """The arguments as JSON instead of the form, or what fits of them in the form. Raises StudioError."""
    now = arguments(call, tools)
    if call["mode"] == "form":
        return {**call, "mode": "json", "json": _pretty(now), "told": ""}
    schema = tools[call["tool"]].parameters
    kept, lost = fitting(schema, now)
    told = t("example.left_out", n=len(lost), names=", ".join(lost)) if lost else ""
    return {**call, "mode": "form", "raw": call_form.raw_of(schema, kept), "told": told}


def rechosen(call: Draft, tool: Tool, tools: dict[str, Tool]) -> Draft:
    """A call of another tool: what was typed goes along where it fits, the rest comes back with the old tool."""
    was = call["tool"]
    old = tools.get(was)
    if call["mode"] == "json" or old is None:
        return _rechosen_json({**call, "tool": tool.name}, tool, tools)
    kept, _ = fitting(tool.parameters, _readable(old.parameters, call["raw"]))
    before = call["typed"].get(tool.name, {})
    raw = {path: value for path, value in before.items() if re.split("[.#!]", path)[0] not in kept}
    raw |= call_form.raw_of(tool.parameters, kept)
    typed = {**call["typed"], was: call["raw"]}
    return {**call, "tool": tool.name, "raw": raw, "told": "", "typed": typed}


def _rechosen_json(call: Draft, tool: Tool, tools: dict[str, Tool]) -> Draft:
    """The form of the new tool where it can stand for the JSON, the JSON as it is otherwise."""
    try:
        now = arguments(call, tools)
    except StudioError:
        return call
    if shows_truly(tool.parameters, now):
        return {**call, "mode": "form", "raw": call_form.raw_of(tool.parameters, now), "told": ""}
    return {**call, "told": " ".join(check_call(ToolCall(tool.name, now), tools))}


def _readable(schema: dict[str, Any], raw: Raw) -> dict[str, Any]:
    """The arguments whose fields can be read."""
    result: dict[str, Any] = {}
    for name, part in schema["properties"].items():
        try:
            result |= call_form.arguments_of({"properties": {name: part}}, raw)
        except StudioError:
            continue
    return result


def _pretty(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, indent=2)
