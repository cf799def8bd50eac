"""The tool a model would call, from one pass, against scores that are taken token by token and row by row."""

import math

import pytest
import tiny_model

from core.evaluation import choice, sharing
from core.evaluation.choice import Choice, choose, count_right
from core.evaluation.generate import generate
from core.models import tree_attention
from core.models.tree import Tree
from core.prompt.beginning import beginnings_of
from core.prompt.family import family_of
from core.prompt.rows import encode
from core.schema import Example, Tool, ToolCall

QUERY = {"type": "object", "properties": {"q": {"type": "string", "description": ""}}, "required": []}
TOOLS = [Tool("find", "", QUERY), Tool("find_web", "", QUERY), Tool("find_wine", "", QUERY), Tool("stop")]
SAID = [
    Example.single("a file", ToolCall("find", {"q": "file"})),
    Example.single("some news", ToolCall("find_web", {"q": "news"})),
    Example.single("a red one", ToolCall("find_wine", {"q": "red"})),
    Example.single("enough", ToolCall("stop")),
    Example.single("hello", reply="Hello."),
]


@pytest.fixture(scope="module")
def tiny(tmp_path_factory):
    import torch
    from transformers import AutoModelForCausalLM, AutoTokenizer

    folder = tiny_model.make(tmp_path_factory.mktemp("tiny") / "model")
    tokenizer = AutoTokenizer.from_pretrained(folder)
    model = AutoModelForCausalLM.from_pretrained(folder, dtype=torch.float32).eval()
    return model, tokenizer, family_of(tokenizer)


@pytest.fixture(scope="module")
def trained(tiny):
    """A copy that has learned what is said, and the rows it learned from."""
    import copy

    import torch

    model, tokenizer, family = tiny
    model = copy.deepcopy(model).train()
    rows = [encode(example, TOOLS, family, tokenizer) for example in SAID]
    tree_attention.use(model)
    tree = Tree.of([row.input_ids for row in rows])
    given = tree_attention.arguments(model.config, tree.nodes, tree.nodes)
    places = torch.cat([path[row.prompt_length - 1 : -1] for row, path in zip(rows, tree.paths, strict=True)])
    labels = torch.tensor([token for row in rows for token in row.input_ids[row.prompt_length :]])
    optimizer = torch.optim.AdamW(model.parameters(), lr=5e-3)
    for _ in range(150):
        logits = model(tree.tokens[None], logits_to_keep=places, use_cache=False, **given).logits[0]
        loss = torch.nn.functional.cross_entropy(logits, labels)
        loss.backward()
        optimizer.step()
        optimizer.zero_grad()
        if loss < 0.02:
            break
    return model.eval(), tokenizer, family, rows


def prompts_of(tokenizer, family):
    rows = [encode(example, TOOLS, family, tokenizer) for example in SAID]
    return [row.input_ids[: row.prompt_length] for row in rows]


def slow_scores(model, tokenizer, family, prompt):
    """The same by the definition: every token of every call asked on its own, without a tree."""
    import torch

    calls = beginnings_of(TOOLS, family, tokenizer).calls
    with torch.inference_mode():

        def expected(begun):
            return model(torch.tensor([[*prompt, *begun]]), use_cache=False).logits[0, -1].double().softmax(0)

        first = {call[0] for call in calls.values()}
        begins = sum(float(expected(())[token]) for token in first)
        scores = {None: math.log(1 - begins)}
        for name, call in calls.items():
            scores[name] = math.log(begins)
            for place, token in enumerate(call):
                rivals = {other[place] for other in calls.values() if other[:place] == call[:place]}
                after = expected(call[:place])
                scores[name] += math.log(float(after[token]) / sum(float(after[rival]) for rival in rivals))
    return scores


@pytest.mark.parametrize("shared", [True, False])
def test_scores_are_those_of_asking_row_by_row(tiny, monkeypatch, shared):
    model, tokenizer, family = tiny
    monkeypatch.setattr(sharing, "_answers", {})
    model.set_attn_implementation("sdpa")
    if not shared:
        monkeypatch.setattr(tree_attention, "visible", lambda *_: 1 / 0)  # nothing can be packed
    prompts = prompts_of(tokenizer, family)
    found = choose(model, tokenizer, family, TOOLS, [*prompts, prompts[0]])
    assert found[-1] == found[0]
    for prompt, one in zip(prompts, found, strict=False):
        slow = slow_scores(model, tokenizer, family, prompt)
        assert one.scores == pytest.approx(slow, abs=1e-5)
        assert sum(map(math.exp, one.scores.values())) == pytest.approx(1)


def test_a_trained_model_chooses_what_it_would_write(trained):
    model, tokenizer, family, rows = trained
    prompts = [row.input_ids[: row.prompt_length] for row in rows]
    written = generate(model, tokenizer, family, prompts, max_new_tokens=60)
    calls = [family.parse(one.text).calls for one in written]
    assert [call[0].name if call else None for call in calls] == [
        "find",
        "find_web",
        "find_wine",
        "stop",
        None,
    ]
    found = choose(model, tokenizer, family, TOOLS, prompts)
    assert [one.name for one in found] == [call[0].name if call else None for call in calls]
    assert count_right(found, SAID) == len(SAID)
    for prompt, one in zip(prompts, found, strict=True):
        assert one.scores == pytest.approx(slow_scores(model, tokenizer, family, prompt), abs=1e-4)


def test_groups_change_nothing(trained, monkeypatch):
    model, tokenizer, family, rows = trained
    prompts = [row.input_ids[: row.prompt_length] for row in rows]
    whole, told = choose(model, tokenizer, family, TOOLS, prompts), []
    monkeypatch.setattr(choice, "LOGITS", 9)
    parts = choose(model, tokenizer, family, TOOLS, prompts, lambda *numbers: told.append(numbers))
    assert [one.name for one in parts] == [one.name for one in whole]
    for part, one in zip(parts, whole, strict=True):
        assert part.scores == pytest.approx(one.scores, abs=1e-5)
    assert told[0] == (0, 5) and told[-1] == (5, 5) and len(told) > 2


def test_one_tool_is_asked_for_its_first_token_alone(trained):
    model, tokenizer, family, rows = trained
    prompts = [row.input_ids[: row.prompt_length] for row in rows]
    found = choose(model, tokenizer, family, TOOLS[:1], prompts)
    assert [one.name for one in found] == ["find", "find", "find", "find", None]
    assert all(math.exp(one.scores["find"]) + math.exp(one.scores[None]) == pytest.approx(1) for one in found)


def test_right_is_a_tool_that_is_called_or_none_where_none_is():
    two = Example.single("both", ToolCall("find"), ToolCall("stop"))
    words = Example.single("hello", reply="Hello.")
    named = [Choice(name, {}) for name in ("stop", "find", "find_web", None)]
    assert [count_right([one], [two]) for one in named] == [1, 1, 0, 0]
    assert [count_right([one], [words]) for one in named] == [0, 0, 0, 1]
