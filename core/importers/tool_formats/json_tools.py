"""Tools as JSON: OpenAI, Anthropic, Gemini, MCP, bare functions and the JSON Schema of pydantic and LangChain."""

from collections.abc import Iterator
from typing import Any

from core.errors import StudioError
from core.importers.outcome import Reject
from core.importers.strict_json import problem, shown
from core.importers.tool_formats.definition import Definition, Understood, check_count

OPENAI, RESPONSES, BARE = "OpenAI tools", "OpenAI Responses tools", "function JSON"
ANTHROPIC, GEMINI, MCP = "Anthropic tools", "Gemini function declarations", "MCP tools/list"
SCHEMA = "JSON Schema (pydantic, LangChain)"

LISTS = ("tools", "functions", "functionDeclarations", "function_declarations")
SCHEMA_KEYS = {
    "input_schema": ANTHROPIC, "inputSchema": MCP,
    "parametersJsonSchema": GEMINI, "parameters_json_schema": GEMINI, "parameters": BARE,
}  # fmt: skip
# Beside name, description and schema; other keys are named in the notes.
SILENT = ("type", "title", "strict", "originals", "$schema", "_meta")
OURS = ("function", "custom", "object")  # values of "type" under which a definition of the user's own stands
MAX_CONTAINERS = 4  # a list in an envelope in a list ...


def understand(value: Any) -> Understood:
    """The definitions of a parsed JSON value. Raises StudioError where it is something else that is recognised."""
    _check_kind(value)
    pages: list[dict[str, Any]] = []
    items = list(_items(value, "", pages, MAX_CONTAINERS))
    check_count(len(items))
    forms: dict[str, None] = {}
    others: dict[str, None] = {}
    definitions = [_definition(row, item, under, forms, others) for row, (item, under) in enumerate(items, 1)]
    notes = [f"Left out, models are not shown it: {', '.join(others)}."] if others else []
    if pages and pages[-1].get("nextCursor"):
        notes.append("The list goes on after this page (nextCursor): the tools that follow are not in it.")
    return Understood(" and ".join(forms) or "JSON", definitions, notes)


def _check_kind(value: Any) -> None:
    if not isinstance(value, dict):
        return
    if isinstance(value.get("mcpServers"), dict):
        raise StudioError(
            "This is a list of MCP servers, not of their tools.",
            "Give the address of one server, or paste its answer to tools/list.",
        )
    if "jsonrpc" in value and isinstance(value.get("error"), dict):
        said = str(value["error"].get("message"))[:200].encode(errors="replace").decode()
        raise StudioError(f"The MCP server answered with an error: {said}.", "Ask it again.")


def _items(value: Any, under: str, pages: list[dict[str, Any]], depth: int) -> Iterator[tuple[Any, str]]:
    """The single definitions in lists and envelopes of any of the forms, each with the key its list stood under."""
    if depth and isinstance(value, list):
        for item in value:
            yield from _items(item, under, pages, depth - 1) if _inner(item) else ((item, under),)
    elif depth and (key := _inner(value)):
        # The object itself, without what is in it: a name given twice would hide one of two lists.
        if reason := problem(type(value)(dict.fromkeys(value))):
            raise StudioError(f"The file cannot be kept: {reason}.", "Mend it.")
        if key != "result":
            pages.append(value)
        yield from _items(value[key], key, pages, depth - 1)
    else:
        yield value, under


def _inner(value: Any) -> str | None:
    """The key under which an envelope holds its list, or None where the value is no envelope."""
    if not isinstance(value, dict):
        return None
    if isinstance(value.get("result"), dict) and isinstance(value["result"].get("tools"), list):
        return "result"
    return next((key for key in LISTS if isinstance(value.get(key), list)), None)


def _definition(
    row: int, item: Any, under: str, forms: dict[str, None], others: dict[str, None]
) -> Definition | Reject:
    text = shown(item)
    if reason := problem(item):
        return Reject.of(row, f"The definition cannot be kept: {reason}.", text)
    if not isinstance(item, dict):
        return Reject.of(
            row, 'A tool must be an object such as {"name": "search", "parameters": {...}}.', text
        )
    form = RESPONSES if item.get("type") == "function" and "name" in item else BARE
    if isinstance(item.get("function"), dict):
        item, form = item["function"], OPENAI
    key = next((key for key in SCHEMA_KEYS if key in item), None)
    if key is None and "properties" in item:
        return _from_schema(row, item, text, forms)
    name = item.get("name")
    if not isinstance(name, str) or not name.strip():
        return Reject.of(row, "The tool has no name.", text)
    kind = item.get("type")
    if key is None and isinstance(kind, str) and kind not in OURS:
        return Reject.of(row, f"{name[:64]} is a tool that its provider runs; it has no definition.", text)
    schema = item.get(key) if key else None
    if key and form == BARE:
        form = SCHEMA_KEYS[key]
    if form == BARE and ("eclarations" in under or _in_capitals(schema)):
        form = GEMINI
    forms[form] = None
    others.update(dict.fromkeys(k for k in item if k not in (*SILENT, "name", "description", key)))
    return Definition(row, name, item.get("description"), schema, schema, text, item.get("originals"))


def _in_capitals(schema: Any) -> bool:
    kind = schema.get("type") if isinstance(schema, dict) else None
    return isinstance(kind, str) and kind.isupper()


def _from_schema(row: int, item: dict[str, Any], text: str, forms: dict[str, None]) -> Definition | Reject:
    """A model's own JSON Schema: its title is the name of the tool."""
    name = item.get("name") if isinstance(item.get("name"), str) else item.get("title")
    if not isinstance(name, str) or not name.strip():
        return Reject.of(row, "The schema has no title, so the tool has no name.", text)
    forms[SCHEMA] = None
    schema = {key: value for key, value in item.items() if key not in ("name", "title", "description")}
    return Definition(row, name, item.get("description"), schema, item, text)
