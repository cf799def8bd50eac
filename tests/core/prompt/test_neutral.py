"""Control tokens in texts: made harmless, and made whole again."""

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from core.prompt import neutral
from core.prompt.functiongemma_tokens import MARKS, OTHERS, PATTERN

Z = "\u200b"
OWN = neutral.pattern_of(["<s>", "</s>", "<|im_end|>", "[INST]", "[/INST]", "<tool_call>", "</tool_call>"])
PARTS = [
    *MARKS,
    *OTHERS,
    Z,
    Z + Z,
    "<",
    ">",
    "escape>",
    f"<{Z}",
    f"<{Z}escape>",
    "<s>",
    "[INST]",
    "[",
    "INST]",
]
TEXTS = st.lists(st.sampled_from(PARTS) | st.text(max_size=4), max_size=10).map("".join)
VALUES = st.recursive(TEXTS | st.integers(), lambda v: st.lists(v) | st.dictionaries(TEXTS, v), max_leaves=6)


@pytest.mark.parametrize("pattern", [PATTERN, OWN], ids=["functiongemma", "others"])
@settings(max_examples=100, deadline=None)
@given(value=VALUES)
@example(value="<escape>")
@example(value=f"<{Z}{Z}escape>")
@example(value="<<escape>>")
def test_restore_undoes_neutralise(pattern, value):
    assert neutral.restore(neutral.neutralise(value, pattern), pattern) == value


@settings(max_examples=150, deadline=None)
@given(TEXTS)
def test_no_token_is_left(text):
    made = neutral.neutralise(text, PATTERN)
    assert not any(token in made for token in (*MARKS, *OTHERS))
    assert neutral.token_in(made, PATTERN) == ""


@settings(max_examples=150, deadline=None)
@given(TEXTS, TEXTS)
def test_different_texts_stay_different(a, b):
    if a != b:
        assert neutral.neutralise(a, PATTERN) != neutral.neutralise(b, PATTERN)


@pytest.mark.parametrize(
    "text", ["", "hello", f"a{Z}b", "<b>bold</b> <escape ", f"<{Z}b>", "5 < 6 > 4", "< escape>", "<Escape>"]
)
def test_clean_text_is_not_touched(text):
    assert neutral.neutralise(text, PATTERN) == text == neutral.restore(text, PATTERN)


def test_exact_form():
    assert neutral.neutralise(f"x<escape>y<{Z}escape>", PATTERN) == f"x<{Z}escape>y<{Z}{Z}escape>"
    assert neutral.neutralise({"<eos>": ["<eos>", 1, None]}, PATTERN) == {f"<{Z}eos>": [f"<{Z}eos>", 1, None]}


def test_the_first_token_is_found():
    assert neutral.token_in(f"a <{Z}eos> <bos> <eos>", PATTERN) == "<bos>"
