"""What the model sees, in pieces and in tokens."""

import pytest

from core.prompt import Piece, Token, answer_of, encode, family_of, look, look_tokens, messages_of
from core.prompt.functiongemma import render
from core.prompt.lens import see, see_text, shared
from core.schema import Example, ToolCall, Turn

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
    assert [token.id for token in tokens] == row.input_ids
    trained = "".join(token.text for token in tokens if token.kind == "trained")
    assert trained == next(p.text for p in look(example, tools) if p.kind == "trained")
    assert tokens[0] == Token("<bos>", gemma.bos_token_id, "prompt", 0)


# All rows together


@pytest.mark.parametrize("kind", ["gemma", "tagged"])
def test_what_all_rows_share_is_what_they_begin_with(kind, tools, request):
    tokenizer = request.getfixturevalue(kind)
    family = family_of(tokenizer)
    said = ["zebra", "policy?", "apple", "  apples", "Policy"]
    rows = [Example.single(text, ToolCall("search_docs", {"query": text.strip()})) for text in said]
    count = shared(rows, tools, family, tokenizer)
    ids = [encode(row, tools, family, tokenizer).input_ids for row in rows]
    assert len({tuple(row[:count]) for row in ids}) == 1
    assert len({tuple(row[: count + 1]) for row in ids}) > 1
    text = tokenizer.decode(ids[0][:count], skip_special_tokens=False)
    assert "search_docs" in text and "search_web" in text and "zebra" not in text


def test_one_row_with_a_system_message_shares_less(tools, gemma):
    family = family_of(gemma)
    rows = [Example.single(f"{n} times") for n in range(200)]
    led = Example((Turn("system", "Be kind."), Turn("user", "x")))
    greeted = Example((Turn("assistant", "Hello"), Turn("user", "x")))
    ids = [encode(row, tools, family, gemma).input_ids for row in (rows[0], led)]
    count = shared([*rows[:77], led, greeted, *rows[77:]], tools, family, gemma)
    assert count < shared(rows, tools, family, gemma)
    assert ids[0][:count] == ids[1][:count] and ids[0][count] != ids[1][count]


def test_rows_that_all_begin_alike_share_that_too(tools, gemma):
    family = family_of(gemma)
    rows = [Example.single(f"Hey Siri, {text}") for text in ("b", "a", "c")]
    count = shared(rows, tools, family, gemma)
    ids = encode(rows[0], tools, family, gemma).input_ids
    assert gemma.decode(ids[:count], skip_special_tokens=False).endswith("Hey Siri, ")


@pytest.mark.parametrize("kind", ["gemma", "tagged", "listed", "bare"])
def test_the_tokens_are_the_text_whatever_the_letters(kind, tools, request):
    tokenizer = request.getfixturevalue(kind)
    example = Example.single("🙂 é漢\n\n  x", ToolCall("search_docs", {"query": "🙂"}))
    family = family_of(tokenizer)
    tokens = look_tokens(example, tools, family, tokenizer)
    pieces = look(example, tools, family.render)
    whole = "".join(piece.text for piece in pieces)
    assert whole.startswith("".join(token.text for token in tokens))
    for place, piece in enumerate(pieces):
        if piece.kind != "prompt":
            assert "".join(token.text for token in tokens if token.piece == place) == piece.text
    for one in ("declaration", "trained"):
        said = "".join(piece.text for piece in pieces if piece.kind == one)
        assert "".join(token.text for token in tokens if token.kind == one) == said


def test_seen_holds_it_all_and_the_text_alone_where_there_is_no_tokenizer(tools, gemma):
    rows = [*EXAMPLES, Example.single("policies")]
    seen = see(rows[0], rows, tools, family_of(gemma), gemma, 2000)
    assert seen.state == "here" and 0 < seen.shared < len(seen.tokens)
    assert seen.budget.limit == 2000 and seen.budget.exact
    text = see_text(rows[0], rows, tools, 2000, "absent")
    assert text.pieces == seen.pieces and text.tokens == [] and not text.budget.exact
