"""A model against the rows of one split: prompts in, verdicts and counts out."""

import time
from collections.abc import Callable, Sequence
from typing import Any

from core.errors import StudioError
from core.evaluation import dialogues, ladder, wording
from core.evaluation.generate import Generated, generate
from core.evaluation.score import judge, summarise
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
) -> tuple[dict[str, Any], list[Prediction]]:
    """Summary and predictions of greedy answers to each example, in their order.

    `rules` say how text in arguments is compared; without them they are guessed from `examples` alone. The summary
    has the counts of verdicts (score), of ladders, and of dialogues. Raises StudioError where there is nothing to ask.
    """
    if not examples:
        raise StudioError(
            "There are no test examples to ask about.", "Move some examples to the test part.", "examples"
        )
    begun = time.monotonic()
    rows = [encode(example, tools, family, tokenizer) for example in examples]
    limit = max(len(row.input_ids) - row.prompt_length for row in rows) + SPARE_TOKENS
    answers = generate(
        model,
        tokenizer,
        family,
        [row.input_ids[: row.prompt_length] for row in rows],
        max_new_tokens=limit,
        guesses=[row.input_ids[row.prompt_length :] for row in rows],  # most of what a good model answers
        progress=progress,
    )
    by_name = {tool.name: tool for tool in tools}
    rules = wording.rules(tools, examples) if rules is None else rules
    predictions, ladders = [], []
    for example, answer in zip(examples, answers, strict=True):
        parsed = read_answer(answer, family, tools)
        verdict = judge(example.calls, parsed, by_name)
        ladders.append(ladder.climb(example.calls, parsed, by_name, rules, truncated=not answer.ended))
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
                ladder=ladders[-1].to_json(),
            )
        )
    summary = {
        **summarise([p.verdict for p in predictions], time.monotonic() - begun),
        **ladder.counts(ladders, rules),
        **dialogues.counts(examples, [p.right for p in predictions], [one.accepted for one in ladders]),
    }
    return summary, predictions


def read_answer(answer: Generated, family: Family, tools: Sequence[Tool]) -> Parsed:
    """What was answered; an answer cut at the length limit is malformed, whatever it began to say."""
    if not answer.ended:
        return Parsed(malformed=f"It did not come to an end within {answer.tokens} tokens.")
    return family.parse(answer.text, tools)
