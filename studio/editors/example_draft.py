"""What stands in the editor of one example, as pure data: opened, changed, read back and checked."""

import json
from collections.abc import Callable
from typing import Any

from core.errors import StudioError
from core.schema import Example, Tool, ToolCall, Turn, check_call
from studio.text import t
from studio.views import call_form
from studio.views.tool_form import new_uid

Draft = dict[str, Any]
NO_CALL = "-"  # no tool can have this name


def opened(example: Example | None, tools: list[Tool], **more: Any) -> Draft:
    """The draft of a stored example, or of a new one that calls the first tool."""
    new = example is None
    example = example or Example.single("", *(ToolCall(tool.name) for tool in tools[:1]))
    by_name = {tool.name: tool for tool in tools}
    return {
        "id": example.id,
        "stored": None if new else example.to_json(),
        "turns": [turn.to_json() for turn in example.turns],
        "prompt": example.prompt,
        "calls": [call_draft(call, by_name.get(call.name), new) for call in example.calls],
        "reply": example.reply,
        "split": example.split,
        "problem": None,
        "confirm": False,
        "revision": new_uid(),
        **more,
    }


def closed() -> Draft:
    return {"revision": new_uid()}


def unsaved(draft: Draft, tools: list[Tool]) -> bool:
    """Whether the draft differs from what is stored."""
    if draft["stored"] is None or draft["id"] is None:
        return bool(draft["prompt"])
    try:
        return example_in(draft, tools).to_json() != draft["stored"]
    except StudioError:
        return draft["problem"] is not None


def call_draft(call: ToolCall, tool: Tool | None, new: bool = False) -> Draft:
    pretty = json.dumps(call.arguments, ensure_ascii=False, indent=2)
    if tool is None:
        return {"uid": new_uid(), "tool": call.name, "mode": "json", "raw": {}, "json": pretty}
    truly = new or call_form.shows_truly(tool.parameters, call.arguments)
    raw = call_form.raw_of(tool.parameters, call.arguments) if truly else {}
    return {
        "uid": new_uid(),
        "tool": call.name,
        "mode": "form" if truly else "json",
        "raw": raw,
        "json": pretty,
    }


def changed(draft: Draft, **values: Any) -> Draft:
    return {**draft, "problem": None, "confirm": False, "revision": new_uid(), **values}


def example_in(draft: Draft, tools: list[Tool]) -> Example:
    """The example that a draft says, checked. Raises StudioError with the call's uid and the path as its place."""
    if not draft["prompt"].strip():
        raise StudioError(t("example.no_prompt"), t("example.no_prompt_hint"), "prompt")
    if draft["split"] not in ("train", "test"):
        raise StudioError(t("example.no_part"), where="split")
    by_name = {tool.name: tool for tool in tools}
    calls = []
    for part in draft["calls"]:
        call = ToolCall(part["tool"], _arguments(part, by_name.get(part["tool"])))
        problems = check_call(call, by_name)
        if problems:
            raise StudioError(" ".join(problems), t("example.mend_call"), part["uid"])
        calls.append(call)
    turns = [Turn.from_json(turn) for turn in draft["turns"]]
    last = max((place for place, turn in enumerate(turns) if turn.role == "user"), default=None)
    said = Turn("user", draft["prompt"])
    turns = [*turns, said] if last is None else [*turns[:last], said, *turns[last + 1 :]]
    reply = "" if calls else draft["reply"].strip()
    return Example(tuple(turns), tuple(calls), reply, draft["split"], draft["id"])


def _arguments(part: Draft, tool: Tool | None) -> dict[str, Any]:
    try:
        if part["mode"] == "json" or tool is None:
            value = call_form.read_json(part["json"] or "{}", t("example.arguments"))
            if not isinstance(value, dict):
                raise StudioError(t("example.not_object"))
            return value
        return call_form.arguments_of(tool.parameters, part["raw"])
    except StudioError as error:
        raise StudioError(error.message, error.hint, part["uid"]) from None


def added(draft: Draft, tools: list[Tool]) -> Draft:
    """With one more call, of the first tool."""
    return changed(draft, calls=[*draft["calls"], call_draft(ToolCall(tools[0].name), tools[0], new=True)])


def rechosen(draft: Draft, uid: str, tools: list[Tool]) -> Draft:
    """Another tool for a call, or none; what was typed stays where the new tool has a field of that name."""
    by_name = {tool.name: tool for tool in tools}
    if not uid:  # there was no call so far
        tool = by_name.get(draft["tool"])
        return changed(draft, calls=[call_draft(ToolCall(tool.name), tool, new=True)]) if tool else draft
    calls = []
    for call in draft["calls"]:
        if call["uid"] != uid:
            calls.append(call)
        elif call["tool"] in by_name:
            calls.append({**call, "mode": "form" if call["raw"] or call["mode"] == "form" else "json"})
    return changed(draft, calls=calls)


def turned(draft: Draft, uid: str, tools: list[Tool]) -> Draft:
    """One call's arguments as JSON instead of the form, or the other way. Raises StudioError."""
    by_name = {tool.name: tool for tool in tools}

    def change(call: Draft) -> Draft:
        tool = by_name.get(call["tool"])
        arguments = _arguments(call, tool)
        if call["mode"] == "form":
            return {"mode": "json", "json": json.dumps(arguments, ensure_ascii=False, indent=2)}
        if tool is None or not call_form.shows_truly(tool.parameters, arguments):
            raise StudioError(t("example.not_in_form"), t("example.not_in_form_hint"), uid)
        return {"mode": "form", "raw": call_form.raw_of(tool.parameters, arguments)}

    return call_changed(draft, uid, change)


def call_changed(draft: Draft, uid: str, change: Callable[[Draft], Draft]) -> Draft:
    return changed(
        draft, calls=[{**call, **change(call)} if call["uid"] == uid else call for call in draft["calls"]]
    )


def with_problem(draft: Draft, error: StudioError) -> Draft:
    return changed(draft, problem={"where": error.where, "text": f"{error.message} {error.hint}".strip()})
