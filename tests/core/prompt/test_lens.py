"""What the model sees, in pieces and in tokens."""

import pytest

from core.prompt import Piece, answer_of, encode, family_of, look, look_tokens, messages_of
from core.prompt.functiongemma import render
from core.schema import Example, ToolCall

EXAMPLES = [Example.single("policy?", ToolCall("search_docs", {"query": "policy"})), Example.single("thanks")]


@pytest.mark.parametrize("example", EXAMPLES)
@pytest.mark.parametrize("kind", ["functiongemma", "tagged"])
def test_the_pieces_are_the_whole(kind, example, tools, request):
    draw = render if kind == "functiongemma" else family_of(request.getfixturevalue(kind)).render
    pieces = look(example, tools, draw)
    whole = draw([*messages_of(example), answer_of(example)], [t.declaration() for t in tools], False)
    assert "".join(piece.text for piece in pieces) == whole
    assert [piece.text for piece in pieces if piece.kind == "trained"] != []


def test_each_declaration_is_a_piece(tools):
    pieces = look(EXAMPLES[1], tools)
    declared = [piece.text for piece in pieces if piece.kind == "declaration"]
    assert [text.split("{")[0] for text in declared] == [
        "<start_function_declaration>declaration:search_docs",
        "<start_function_declaration>declaration:search_web",
    ]
    assert all(text.endswith("<end_function_declaration>") for text in declared)
    assert pieces[-2:] == [Piece("I have no tool for that.<end_of_turn>", "trained"), Piece("\n", "prompt")]


def test_declarations_of_an_unknown_format_are_found(tools, tagged):
    (declared,) = [
        p.text for p in look(EXAMPLES[0], tools, family_of(tagged).render) if p.kind == "declaration"
    ]
    assert "search_docs" in declared and "search_web" in declared and "policy?" not in declared


def test_without_tools():
    assert [piece.kind for piece in look(EXAMPLES[1], [])] == ["prompt", "trained", "prompt"]


@pytest.mark.parametrize("example", EXAMPLES)
def test_tokens(example, tools, gemma):
    tokens = look_tokens(example, tools, family_of(gemma), gemma)
    row = encode(example, tools, family_of(gemma), gemma)
    assert [id for _, id, _ in tokens] == row.input_ids
    trained = "".join(text for text, _, taught in tokens if taught)
    assert trained == next(p.text for p in look(example, tools) if p.kind == "trained")
    assert tokens[0] == ("<bos>", gemma.bos_token_id, False)
