"""Rows: what is read, what is trained, and that generation starts from the very same tokens."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.errors import StudioError
from core.prompt import encode, family_of, messages_of, prompt_ids, written
from core.prompt.functiongemma import FunctionGemma
from core.schema import Example, ToolCall, Turn

CALL = ToolCall("search_docs", {"query": "travel \u00e9"})
LOOKED = (
    Turn("user", "policy?"),
    Turn("assistant", calls=(CALL,)),
    Turn("tool", '{"pages": 2}', name="search_docs"),
)
EXAMPLES = [
    Example.single("policy?", CALL),
    Example.single("both", CALL, ToolCall("search_web", {})),
    Example.single("thanks", reply="Not at <eos> all."),
    Example.single("thanks"),
    Example(LOOKED, reply="Two pages."),
    Example(LOOKED, calls=(CALL,)),
    Example((Turn("system", "Be brief."), *LOOKED, Turn("assistant", "Two."), Turn("user", "and?")), (CALL,)),
]


def special(tokenizer, ids):
    return [token for token in tokenizer.convert_ids_to_tokens(ids) if len(token) > 1]


@pytest.mark.parametrize("kind", ["gemma", "tagged"])
@pytest.mark.parametrize("example", EXAMPLES)
def test_a_row(kind, example, tools, request):
    tokenizer = request.getfixturevalue(kind)
    family = family_of(tokenizer)
    row = encode(example, tools, family, tokenizer)
    given, taught = row.input_ids[: row.prompt_length], row.input_ids[row.prompt_length :]
    assert given == prompt_ids(messages_of(example), [t.declaration() for t in tools], family, tokenizer)
    assert row.labels == [-100] * len(given) + taught
    assert [id for id in taught if id in family.stop_ids(tokenizer)] == taught[-1:]
    parsed = family.parse(written(taught, family, tokenizer))
    assert parsed.malformed == ""
    assert parsed.calls == example.calls
    assert parsed.text == ("" if example.calls else example.answer)


@pytest.mark.parametrize("example", EXAMPLES)
def test_functiongemmas_beginning_and_end(example, tools, gemma):
    row = encode(example, tools, family_of(gemma), gemma)
    assert [n for n, id in enumerate(row.input_ids) if id == gemma.bos_token_id] == [0]
    end = "<start_function_response>" if example.calls else "<end_of_turn>"
    assert gemma.convert_ids_to_tokens(row.input_ids[-1]) == end


def test_the_exact_tokens_that_are_trained(gemma, tools):
    row = encode(EXAMPLES[0], tools, family_of(gemma), gemma)
    assert gemma.decode(row.input_ids[row.prompt_length :]) == (
        "<start_function_call>call:search_docs{query:<escape>travel \u00e9<escape>}<end_function_call>"
        "<start_function_response>"
    )
    row = encode(EXAMPLES[4], tools, family_of(gemma), gemma)
    assert gemma.decode(row.input_ids[row.prompt_length :]) == "Two pages.<end_of_turn>"
    assert gemma.decode(row.input_ids[: row.prompt_length]).endswith("{pages:2}<end_function_response>")


def test_a_conversation_the_template_refuses_names_the_example(bare, tools):
    example = Example((Turn("user", "both"),), (CALL, CALL), id=12)
    with pytest.raises(StudioError, match="one call at a time") as caught:
        encode(example, tools, family_of(bare), bare)
    assert caught.value.where == "example 12"


def test_an_answer_without_an_end_is_refused(gemma, tools, monkeypatch):
    family = family_of(gemma)
    monkeypatch.setattr(gemma, "chat_template", gemma.chat_template.replace("<end_of_turn>", ""))
    with pytest.raises(StudioError, match="does not end this answer"):
        encode(Example.single("x", reply="y"), tools, family, gemma)


@settings(max_examples=40, deadline=None)
@given(st.text(), st.text(), st.text(min_size=1).filter(str.strip))
def test_any_text_can_be_taught(gemma, tools, prompt, query, reply):
    family = FunctionGemma(gemma)
    asked = encode(Example.single(prompt, ToolCall("f", {"query": query})), tools, family, gemma)
    read = family.parse(written(asked.input_ids[asked.prompt_length :], family, gemma))
    assert read.calls == (ToolCall("f", {"query": query}),)
    told = encode(Example.single(prompt, reply=reply), tools, family, gemma)
    assert family.parse(written(told.input_ids[told.prompt_length :], family, gemma)).text == reply.strip()


def test_what_was_generated_ends_at_the_first_stop(gemma):
    family = family_of(gemma)
    ids = gemma.encode("Yes.<end_of_turn>\n<pad><pad>", add_special_tokens=False)
    assert written(ids, family, gemma) == "Yes."
    assert written(ids[:2], family, gemma) == "Ye"
