"""A model against the rows of one split: prompts in, verdicts and counts out."""

import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

from core.errors import StudioError
from core.evaluation.constrained import Constrainer
from core.evaluation.generate import Generated, generate
from core.evaluation.score import judge, summarise
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
    *,
    constrained: bool = False,
) -> tuple[dict[str, Any], list[Prediction]]:
    """Summary and predictions of greedy answers to each example, in their order.

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
    rules = Constrainer(tokenizer, family).rules(tools) if constrained else None
    answers = generate(
        model,
        tokenizer,
        family,
        [row.input_ids[: row.prompt_length] for row in rows],
        max_new_tokens=limit + (rules.reserve if rules else 0),
        guesses=[row.input_ids[row.prompt_length :] for row in rows],  # most of what a good model answers
        progress=progress,
        rules=rules,
    )
    names = [tool.name for tool in tools]
    predictions = []
    for example, answer in zip(examples, answers, strict=True):
        parsed = read_answer(answer, family, tools)
        verdict = judge(example.calls, parsed, names)
        predictions.append(
            Prediction(
                example=example.id or 0,
                prompt=example.prompt,
                expected=[call.to_json() for call in example.calls],
                text=answer.text,
                calls=[call.to_json() for call in parsed.calls],
                verdict=verdict,
                right=verdict in ("exact", "right"),
                exact=verdict == "exact",
                reason=parsed.malformed,
                tokens=answer.tokens,
            )
        )
    return summarise([p.verdict for p in predictions], time.monotonic() - begun), predictions


def read_answer(answer: Generated, family: Family, tools: Sequence[Tool]) -> Parsed:
    """What was answered; an answer cut at the length limit is malformed, whatever it began to say."""
    parsed = family.parse(answer.text, tools)
    if not answer.ended and not parsed.malformed:
        return replace(
            parsed, calls=(), malformed=f"It did not come to an end within {answer.tokens} tokens."
        )
    return parsed
