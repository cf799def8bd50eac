"""Projects of generated schemas, texts and calls pass the start gate, whatever is in them."""

from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from core.prompt import family_of
from core.prompt.gate import refusals
from core.schema import Example, Tool, ToolCall

ROOM = 1_000_000
NAMES = st.from_regex(r"[A-Za-z_][A-Za-z0-9_]{0,8}", fullmatch=True).filter(
    lambda name: name not in ("description", "type", "properties", "required", "nullable")
)
MARKED = st.sampled_from(
    ["<escape>", "<end_of_turn>", "</tool_call>", "<|im_end|>", '"', "\\", "{", "}", ","]
)
TEXTS = st.lists(MARKED | st.text(max_size=4), max_size=4).map("".join)


def values(schema: dict[str, Any]) -> st.SearchStrategy[Any]:
    match schema["type"]:
        case "string":
            return (
                st.sampled_from(schema["enum"])
                if "enum" in schema
                else TEXTS | st.sampled_from(["1", "true"])
            )
        case "integer":
            return st.integers(-(10**18), 10**18)
        case "number":
            return st.floats(allow_nan=False, allow_infinity=False) | st.integers(-9, 9)
        case "boolean":
            return st.booleans()
        case "array":
            return st.lists(values(schema.get("items", {"type": "string"})), max_size=3)
    required, known = schema.get("required", []), schema["properties"]
    return st.fixed_dictionaries(
        {name: values(known[name]) for name in required},
        optional={name: values(part) for name, part in known.items() if name not in required},
    )


LEAVES = st.sampled_from(["string", "integer", "number", "boolean"]).map(
    lambda kind: {"type": kind, "description": "d"}
) | st.lists(st.text("abc é", min_size=1, max_size=4), min_size=1, max_size=3, unique=True).map(
    lambda words: {"type": "string", "description": "", "enum": words}
)


def objects(inner: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    return st.dictionaries(NAMES, inner, min_size=1, max_size=3).flatmap(
        lambda parts: st.lists(st.sampled_from(sorted(parts)), unique=True).map(
            lambda required: {
                "type": "object",
                "description": "g",
                "properties": parts,
                "required": required,
            }
        )
    )


SCHEMAS = st.recursive(
    LEAVES,
    lambda inner: (
        inner.map(lambda items: {"type": "array", "description": "l", "items": items}) | objects(inner)
    ),
    max_leaves=5,
)


@st.composite
def projects(draw):
    """Tools of generated schemas, and an example of calls that fit them."""
    names = draw(st.lists(NAMES, min_size=1, max_size=3, unique_by=str.lower))
    parameters = [
        draw(objects(SCHEMAS) | st.just({"type": "object", "properties": {}, "required": []})) for _ in names
    ]
    tools = [Tool(name, draw(TEXTS), schema) for name, schema in zip(names, parameters, strict=True)]
    calls = [
        ToolCall(tool.name, draw(values(tool.parameters)))
        for tool in draw(st.lists(st.sampled_from(tools), min_size=1, max_size=2))
    ]
    return tools, Example.single(draw(TEXTS) + "x", *calls)


@settings(
    max_examples=120, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large]
)
@given(project=projects())
def test_generated_projects_pass_as_text(project):
    tools, example = project
    assert refusals(tools, [example]) == []


@settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large]
)
@given(project=projects())
@pytest.mark.parametrize("kind", ["gemma", "tagged", "listed"])
def test_generated_projects_pass_with_tokens(kind, project, request):
    tokenizer = request.getfixturevalue(kind)
    tools, example = project
    assert refusals(tools, [example], family_of(tokenizer), tokenizer, ROOM) == []
