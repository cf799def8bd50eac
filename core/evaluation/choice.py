"""Which tool a model would call, from one forward pass and without writing an answer: cheap curves while it learns."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from core.evaluation.sharing import can_share
from core.models import tree_attention
from core.models.tree import Tree
from core.prompt.beginning import beginnings_of
from core.prompt.family import Family
from core.schema import Example, Tool

if TYPE_CHECKING:
    import torch

TOKENS = 16384  # in one packed row
LOGITS = 256  # places asked at once, each with a number for every word of the vocabulary


Begun = tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Choice:
    """The tool chosen, None where no call is, and the natural logarithm of the probability of each choice.

    "No call" is that the first token, after what every answer begins with, begins no call. The rest belongs to the
    tools, shared out as by a model that can write nothing but a call of one of them: wherever their calls part, the
    probabilities of going on as one of them does are made to add up to one. So do all choices together.
    """

    name: str | None
    scores: dict[str | None, float]


def choose(
    model: Any,
    tokenizer: Any,
    family: Family,
    tools: Sequence[Tool],
    prompts: Sequence[list[int]],
    progress: Callable[[int, int], None] = lambda done, total: None,
) -> list[Choice]:
    """What is chosen after each token row, in their order.

    As greedy generation does, a call is chosen where the most probable first token begins one, and the tool is the
    most probable one. Calls that would follow some words, or name a tool that does not exist, are not seen.
    `progress` is called with (answered, all) before each pass and at the end, equal prompts counted once; what it
    raises ends the work.
    """
    begin = beginnings_of(tools, family, tokenizer)
    parting = partings(begin.calls.values())
    rows = sorted({tuple(prompt) for prompt in prompts})
    choices: dict[tuple[int, ...], Choice] = {}
    for group in _groups(rows, parting):
        progress(len(choices), len(rows))
        logits = _logits(model, [row + begin.lead + begun for row in group for begun in parting])
        for row, part in zip(group, logits.split(len(parting)), strict=True):
            choices[row] = _choice(dict(zip(parting, part, strict=True)), parting, begin.calls)
    progress(len(rows), len(rows))
    return [choices[tuple(prompt)] for prompt in prompts]


def count_right(choices: Sequence[Choice], examples: Sequence[Example]) -> int:
    """How many choices are a tool that the example calls, or no call where it has none."""
    return sum(
        any(call.name == choice.name for call in example.calls) if example.calls else choice.name is None
        for choice, example in zip(choices, examples, strict=True)
    )


def partings(calls: Iterable[Begun]) -> dict[Begun, list[int]]:
    """Where calls part: what was written until then, and the tokens that may follow; their first tokens in any case."""
    followed: dict[Begun, set[int]] = {(): set()}
    for call in calls:
        for place, token in enumerate(call):
            followed.setdefault(call[:place], set()).add(token)
    return {begun: sorted(tokens) for begun, tokens in followed.items() if len(tokens) > 1 or not begun}


def _groups(rows: Sequence[Begun], parting: dict[Begun, list[int]]) -> Iterator[list[Begun]]:
    """The rows as they go together: not too many questions, nor tokens if nothing were shared between rows."""
    further = sum(map(len, parting))
    group: list[Begun] = []
    tokens = 0
    for row in rows:
        tokens += len(row) + further
        if group and (tokens > TOKENS or (len(group) + 1) * len(parting) > LOGITS):
            yield group
            group, tokens = [], len(row) + further
        group.append(row)
    if group:
        yield group


def _logits(model: Any, rows: Sequence[Begun]) -> "torch.Tensor":
    """What the model expects after each row, [rows, vocabulary]."""
    import torch

    with torch.inference_mode():
        if not can_share(model, rows):
            alone = [
                model(torch.tensor([row], device=model.device), logits_to_keep=1, use_cache=False).logits[0]
                for row in rows
            ]
            return torch.cat(alone)
        tree = Tree.of(rows)
        nodes = tree.nodes.to(model.device)
        return model(
            tree.tokens[None].to(model.device),
            logits_to_keep=torch.stack([path[-1] for path in tree.paths]).to(model.device),
            use_cache=False,
            **tree_attention.arguments(model.config, nodes, nodes),
        ).logits[0]


def _choice(
    logits: "dict[Begun, torch.Tensor]", parting: dict[Begun, list[int]], calls: dict[str, Begun]
) -> Choice:
    first = logits[()].float().log_softmax(0)
    begins = first[parting[()]].logsumexp(0)
    others = first.clone()
    others[parting[()]] = float("-inf")
    shares = {
        begun: dict(zip(tokens, logits[begun][tokens].float().log_softmax(0).tolist(), strict=True))
        for begun, tokens in parting.items()
    }
    scores: dict[str | None, float] = {None: float(others.logsumexp(0))}
    for name, call in calls.items():
        scores[name] = float(begins) + sum(
            shares[call[:place]][token] for place, token in enumerate(call) if call[:place] in shares
        )
    calling = int(first.max(0).indices) in parting[()]
    return Choice(max(calls, key=lambda name: scores[name]) if calling else None, scores)
