"""A model against the rows of one split: prompts in, verdicts and counts out."""

import time
from collections.abc import Callable, Sequence
from typing import Any

from core.errors import StudioError
from core.evaluation.constrained import Constrainer
from core.evaluation.endpoint import Endpoint, ask
from core.evaluation.generate import Generated, generate
from core.evaluation.judging import Answered, judged
from core.evaluation.wording import Rules
from core.prompt.family import Family, Parsed
from core.prompt.rows import encode
from core.schema import Example, Tool
from core.store.evaluations import Prediction

SPARE_TOKENS = 32  # an answer may be this much longer than the longest expected one before it is cut


def evaluate(
    model: Any,
    tokenizer: Any,
    family: Family,
    tools: Sequence[Tool],
    examples: Sequence[Example],
    progress: Callable[[int, int], None] = lambda done, total: None,
    rules: Rules | None = None,
    *,
    constrained: bool = False,
) -> tuple[dict[str, Any], list[Prediction]]:
    """Summary and predictions of greedy answers to each example, in their order, as `judging.judged` counts them.

    `constrained` holds names and arguments to the tools' schemas while answers are written: what is wrong then was
    decided wrongly, not written wrongly.

    Raises StudioError where there is nothing to ask.
    """
    if not examples:
        raise StudioError(
            "There are no test examples to ask about.", "Move some examples to the test part.", "examples"
        )
    begun = time.monotonic()
    rows = [encode(example, tools, family, tokenizer) for example in examples]
    limit = max(len(row.input_ids) - row.prompt_length for row in rows) + SPARE_TOKENS
    held = Constrainer(tokenizer, family).rules(tools) if constrained else None
    answers = generate(
        model,
        tokenizer,
        family,
        [row.input_ids[: row.prompt_length] for row in rows],
        max_new_tokens=limit + (held.reserve if held else 0),
        guesses=[row.input_ids[row.prompt_length :] for row in rows],  # most of what a good model answers
        progress=progress,
        rules=held,
    )
    read = [
        Answered(
            answer.text, read_answer(answer, family, tools), answer.tokens, not answer.ended, answer.seconds
        )
        for answer in answers
    ]
    return judged(tools, examples, read, rules, begun)


def evaluate_endpoint(
    endpoint: Endpoint,
    tools: Sequence[Tool],
    examples: Sequence[Example],
    progress: Callable[[int, int], None] = lambda done, total: None,
    rules: Rules | None = None,
) -> tuple[dict[str, Any], list[Prediction]]:
    """The same of a model behind an address. Raises StudioError where that cannot be asked."""
    begun = time.monotonic()
    return judged(tools, examples, ask(endpoint, tools, examples, progress), rules, begun)


def read_answer(answer: Generated, family: Family, tools: Sequence[Tool]) -> Parsed:
    """What was answered; an answer cut at the length limit is malformed, whatever it began to say."""
    if not answer.ended:
        return Parsed(malformed=f"It did not come to an end within {answer.tokens} tokens.")
    return family.parse(answer.text, tools)
