"""The light tokenizer gives the ids and the text that transformers gives, for every family and every file form."""

import json

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from core.errors import StudioError
from core.prompt import encode, family_of, light, look_tokens
from core.prompt.template import compiled
from core.schema import Example, ToolCall, Turn

FAMILIES = ["gemma", "tagged", "listed", "bare"]
CALL = ToolCall("search_docs", {"query": 'the "policy" é漢🙂', "n": [1, 2.5, True], "deep": {"a": "b"}})
EXAMPLES = [
    Example.single("policy?", CALL),
    Example.single("thanks <escape> </tool_call> <|im_end|>", reply="You are welcome\n\n🙂"),
    Example((Turn("system", "Be kind."), Turn("user", "x")), (ToolCall("search_web", {"query": ""}),)),
]
WORDS = st.text(st.characters(codec="utf-8"), max_size=30)


@pytest.fixture(scope="module", params=FAMILIES)
def both(request, tmp_path_factory):
    """The tokenizer as transformers loads it, and ours, from the same files."""
    from transformers import AutoTokenizer

    folder = tmp_path_factory.mktemp(request.param)
    request.getfixturevalue(request.param).save_pretrained(folder)
    return AutoTokenizer.from_pretrained(folder), light.LightTokenizer(folder)


@pytest.mark.parametrize("example", EXAMPLES)
def test_rows_are_the_same_to_the_token(both, example, tools):
    rows = [encode(example, tools, family_of(one), one) for one in both]
    assert rows[0] == rows[1]
    texts = [
        one.decode(row.input_ids, skip_special_tokens=False) for one, row in zip(both, rows, strict=True)
    ]
    assert texts[0] == texts[1]
    seen = [look_tokens(example, tools, family_of(one), one) for one in both]
    assert seen[0] == seen[1] and [token.id for token in seen[0]] == rows[0].input_ids


def test_the_family_is_the_same(both):
    theirs, ours = (family_of(one) for one in both)
    assert theirs.name == ours.name and theirs.stop_ids(both[0]) == ours.stop_ids(both[1])
    if theirs.name != "functiongemma":
        assert (theirs.pattern, theirs.form, theirs.endings) == (ours.pattern, ours.form, ours.endings)


@settings(max_examples=80, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(text=WORDS)
def test_any_text_has_the_same_ids(both, text):
    theirs, ours = both
    ids = theirs.encode(text, add_special_tokens=False)
    assert ours.encode(text, add_special_tokens=False) == ids
    assert ours.decode(ids) == theirs.decode(ids, skip_special_tokens=False)
    assert ours.convert_ids_to_tokens(ids) == theirs.convert_ids_to_tokens(ids)


def test_names_and_ids_of_special_tokens(both):
    theirs, ours = both
    for name in ("eos_token_id", "bos_token_id", "pad_token", "chat_template"):
        assert getattr(theirs, name) == getattr(ours, name), name
    assert set(theirs.all_special_tokens) == set(ours.all_special_tokens)
    assert theirs.get_added_vocab() == ours.get_added_vocab()
    for tokens in (["<bos>", "<|im_end|>", "a", "no such token"], []):
        assert theirs.convert_tokens_to_ids(tokens) == ours.convert_tokens_to_ids(tokens)


def test_older_files_say_the_same(gemma, tmp_path):
    """Templates and special tokens where transformers 4 wrote them: in the settings, as objects, in a second file."""
    from transformers import AutoTokenizer

    gemma.save_pretrained(tmp_path)
    (tmp_path / "chat_template.jinja").unlink()
    config = json.loads((tmp_path / "tokenizer_config.json").read_text())
    config.pop("extra_special_tokens", None)
    config["eos_token"] = {"__type": "AddedToken", "content": config["eos_token"], "lstrip": False}
    config["chat_template"] = [
        {"name": "default", "template": "{{ messages[0].content }}"},
        {"name": "tool_use", "template": gemma.chat_template},
    ]
    config["added_tokens_decoder"] = {
        "300": {"content": "<later>", "lstrip": False, "rstrip": False, "normalized": False,
                "single_word": False, "special": True}
    }  # fmt: skip
    (tmp_path / "tokenizer_config.json").write_text(json.dumps(config))
    theirs, ours = AutoTokenizer.from_pretrained(tmp_path), light.LightTokenizer(tmp_path)
    text = "a <later> b <start_function_call>"
    assert ours.encode(text, add_special_tokens=False) == theirs.encode(text, add_special_tokens=False)
    assert ours.chat_template == theirs.chat_template
    assert ours.get_chat_template(tools=[]) == theirs.get_chat_template(tools=[])
    assert ours.eos_token_id == theirs.eos_token_id

    del config["added_tokens_decoder"], config["eos_token"]
    (tmp_path / "tokenizer_config.json").write_text(json.dumps(config))
    (tmp_path / "special_tokens_map.json").write_text(
        json.dumps({"eos_token": {"content": "<eos>", "lstrip": False, "normalized": False}})
    )
    theirs, ours = AutoTokenizer.from_pretrained(tmp_path), light.LightTokenizer(tmp_path)
    assert ours.eos_token_id == theirs.eos_token_id is not None


def llama():
    """Of Llama's class: byte pieces, a mark for spaces that is put before the text."""
    from transformers import LlamaTokenizer

    pieces = [
        "<unk>",
        "<s>",
        "</s>",
        *(f"<0x{byte:02X}>" for byte in range(256)),
        "\u2581",
        "a",
        "b",
        "\u2581a",
    ]
    return LlamaTokenizer(
        vocab={piece: id for id, piece in enumerate(pieces)}, merges=[("\u2581", "a")], chat_template="x"
    )


def qwen():
    """Of Qwen's class: bytes as letters, letters with accents put together first."""
    from tokenizers import pre_tokenizers
    from transformers import Qwen2Tokenizer

    letters = sorted(pre_tokenizers.ByteLevel.alphabet())
    return Qwen2Tokenizer(
        vocab={letter: id for id, letter in enumerate(letters)}, merges=[], chat_template="x"
    )


def gemma_class():
    from transformers import GemmaTokenizer

    pieces = [
        "<pad>",
        "<eos>",
        "<bos>",
        "<unk>",
        "<mask>",
        *(f"<0x{byte:02X}>" for byte in range(256)),
        "\u2581",
    ]
    return GemmaTokenizer(vocab={piece: id for id, piece in enumerate(pieces)}, merges=[], chat_template="x")


@pytest.mark.parametrize("make", [llama, qwen, gemma_class])
def test_tokenizers_of_real_classes(make, tmp_path):
    from transformers import AutoTokenizer

    make().save_pretrained(tmp_path)
    theirs, ours = AutoTokenizer.from_pretrained(tmp_path), light.LightTokenizer(tmp_path)
    for text in ("a b  a", " a", "e\u0301\u00e9\n\t\U0001f642", "<s>a</s><eos> b<bos>", "", "a<unk>\u2581b"):
        ids = theirs.encode(text, add_special_tokens=False)
        assert ours.encode(text, add_special_tokens=False) == ids, text
        assert ours.decode(ids) == theirs.decode(ids, skip_special_tokens=False), text
    assert ours.convert_tokens_to_ids(["nothing", "a"]) == theirs.convert_tokens_to_ids(["nothing", "a"])


TEMPLATES = [
    "{%- for m in messages %}{% if loop.index > 1 %}{% break %}{% endif %}\n  {{ m.content }}\n{% endfor %}",
    "{% generation %}{% set x = 1 %}a{% endgeneration %}{{ x is defined }}",
    "{{ tools | tojson(indent=2) }}{{ dict(a=1) }}{{ bos_token }}",
    "{% set ns = namespace(n=0) %}{% for m in messages %}{% set ns.n = ns.n + 1 %}{% endfor %}{{ ns.n }}",
    "{{ documents is none }}{{ add_generation_prompt }}{{ messages[0].nothing is defined }}",
    "{{ strftime_now('%Y') }}{{ messages | length }}{{ '<é>' | tojson }}",
]


@pytest.mark.parametrize("template", TEMPLATES)
def test_templates_mean_the_same(both, template):
    theirs, ours = both
    messages = [{"role": "user", "content": "é <b>", "nothing": None}, {"role": "user", "content": "y"}]
    tools = [{"type": "function", "function": {"name": "f", "description": "ü"}}]
    wanted = theirs.apply_chat_template(messages, tools=tools, chat_template=template, tokenize=False)
    kept, ours.chat_template = ours.chat_template, template
    try:
        assert ours.apply_chat_template(messages, tools=tools) == wanted
    finally:
        ours.chat_template = kept


@pytest.mark.parametrize(
    "attack",
    [
        "{{ ''.__class__.__mro__ }}",
        "{{ messages.append(1) }}",
        "{% set ns = namespace() %}{% set ns.__init__ = 1 %}",
        "{{ namespace(_x=1) }}",
        "{{ dict.__class__.__bases__ }}",
        "{{ raise_exception('no') }}",
    ],
)
def test_a_template_from_a_stranger_reaches_nothing(attack):
    import jinja2

    with pytest.raises(jinja2.TemplateError):
        compiled(attack).render(messages=[])


def test_it_is_loaded_once_until_the_files_change(gemma, tmp_path):
    import os

    gemma.save_pretrained(tmp_path)
    first, family = light.load(tmp_path)
    assert light.load(tmp_path)[0] is first and family.name == "functiongemma"
    os.utime(tmp_path / "tokenizer.json", (1, 1))
    assert light.load(tmp_path)[0] is not first


def test_what_cannot_be_read_is_a_sentence(tmp_path):
    with pytest.raises(StudioError, match=r"no tokenizer.json"):
        light.load(tmp_path)
    (tmp_path / "tokenizer.json").write_text("{")
    with pytest.raises(StudioError, match="cannot be read"):
        light.load(tmp_path)


def test_nothing_heavy_is_imported():
    import subprocess
    import sys

    code = (
        "import sys; import core.models.seen, core.prompt.light; assert 'tokenizers' not in sys.modules;"
        "import tokenizers; print([n for n in ('torch', 'transformers', 'trl', 'datasets') if n in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
