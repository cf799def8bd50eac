"""Which form a text of tool definitions is in, told from what stands in it and not from the file's name."""

from typing import Any

from core.errors import StudioError
from core.importers.strict_json import parse
from core.importers.tool_formats import json_tools, openapi, python_source
from core.importers.tool_formats.definition import Understood
from core.importers.tool_formats.yaml_text import parse_yaml

FORMS = (
    "Bring JSON as OpenAI, Anthropic, Gemini or MCP write it, an OpenAPI document (JSON or YAML), "
    "or Python functions."
)
FENCES = ("```", "~~~")


def understand(text: str, filename: str) -> Understood:
    """The text taken apart. Raises StudioError where it is in none of the forms, or broken."""
    text = _unfenced(text)
    is_json = text[:1] in ("{", "[")
    if not is_json and python_source.recognises(text, filename):
        return python_source.understand(text)
    value = _json(text) if is_json else _yaml(text)
    return openapi.understand(value) if openapi.recognises(value) else json_tools.understand(value)


def _unfenced(text: str) -> str:
    """The text without the Markdown fence that it was copied with."""
    text = text.strip()
    fence = next((fence for fence in FENCES if text.startswith(fence)), None)
    if fence is None or not text.endswith(fence) or "\n" not in text:
        return text
    return text[text.index("\n") : -len(fence)].strip("\n").rstrip()


def _json(text: str) -> Any:
    try:
        return parse(text)
    except ValueError as error:
        raise StudioError(f"The file is not JSON: {error}.", "Mend that place.") from error


def _yaml(text: str) -> Any:
    try:
        value = parse_yaml(text)
    except ValueError as error:
        raise StudioError(f"The text was not understood; as YAML, {error}.", FORMS) from error
    if not isinstance(value, dict | list):
        raise StudioError("The text was not understood.", FORMS)
    return value
