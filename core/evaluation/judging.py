"""Answers to the rows of a split, from wherever they came, judged and counted."""

import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from core.evaluation import dialogues, ladder, wording
from core.evaluation.score import judge, summarise
from core.evaluation.wording import Rules
from core.prompt.parsed import Parsed
from core.schema import Example, Tool
from core.store.evaluations import Prediction


@dataclass(frozen=True, slots=True)
class Answered:
    """An answer as it was written, what that says, how long it is and took, and whether it was cut before its end.

    What an endpoint wrote is its calls as JSON where it made some, else its words.
    """

    text: str
    parsed: Parsed
    tokens: int
    truncated: bool = False
    seconds: float = 0.0


def judged(
    tools: Sequence[Tool],
    examples: Sequence[Example],
    answers: Sequence[Answered],
    rules: Rules | None,
    begun: float,
) -> tuple[dict[str, Any], list[Prediction]]:
    """Summary and predictions of answers, one for each example; `begun` is when the first was asked (monotonic).

    `rules` say how text in arguments is compared; without them they are guessed from `examples` alone. The summary
    has the counts of verdicts (score), of ladders, and of dialogues.
    """
    by_name = {tool.name: tool for tool in tools}
    rules = wording.rules(tools, examples) if rules is None else rules
    predictions, ladders = [], []
    for example, answer in zip(examples, answers, strict=True):
        verdict = judge(example.calls, answer.parsed, by_name)
        ladders.append(ladder.climb(example.calls, answer.parsed, by_name, rules, truncated=answer.truncated))
        predictions.append(
            Prediction(
                example=example.id or 0,
                prompt=example.prompt,
                expected=[call.to_json() for call in example.calls],
                text=answer.text,
                calls=[call.to_json() for call in answer.parsed.calls],
                verdict=verdict,
                right=verdict in ("exact", "right"),
                exact=verdict == "exact",
                reason=answer.parsed.malformed,
                tokens=answer.tokens,
                seconds=round(answer.seconds, 4),
                ladder=ladders[-1].to_json(),
            )
        )
    summary = {
        **summarise([p.verdict for p in predictions], time.monotonic() - begun),
        **ladder.counts(ladders, rules),
        **dialogues.counts(examples, [p.right for p in predictions], [one.accepted for one in ladders]),
    }
    return summary, predictions
