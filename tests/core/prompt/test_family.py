"""Which family a tokenizer belongs to."""

import pytest

from core.errors import StudioError
from core.prompt import family_of
from core.prompt.chat_template import ChatTemplate
from core.prompt.functiongemma import FunctionGemma, render

HELLO = [{"role": "user", "content": "hello"}]


def test_functiongemma_is_known_by_its_tokens(gemma):
    family = family_of(gemma)
    assert isinstance(family, FunctionGemma)
    assert family.name == "functiongemma"


def test_without_a_template_of_its_own_ours_is_used(gemma, monkeypatch):
    monkeypatch.setattr(gemma, "chat_template", None)
    assert family_of(gemma).render(HELLO, None, True) == render(HELLO, None, True)


def test_the_tokenizers_own_template_is_preferred(gemma, monkeypatch):
    monkeypatch.setattr(gemma, "chat_template", gemma.chat_template.replace("You are a model", "I am one"))
    tool = {"type": "function", "function": {"name": "f", "description": "d"}}
    assert "I am one" in family_of(gemma).render(HELLO, [tool], True)


def test_a_template_that_does_not_fit_the_tokens_is_refused(gemma, tagged, monkeypatch):
    monkeypatch.setattr(gemma, "chat_template", tagged.chat_template)
    with pytest.raises(StudioError, match="cannot be read back"):
        family_of(gemma)


def test_others_by_their_template(tagged):
    assert isinstance(family_of(tagged), ChatTemplate)
