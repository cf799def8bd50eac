"""How many test examples reach the right tool while a model learns: one forward pass an epoch, nothing is written."""

import logging
from collections.abc import Sequence
from typing import Any

from core.errors import StudioError
from core.evaluation.choice import choose, count_right
from core.prompt import Row
from core.prompt.family import Family
from core.schema import Example, Tool
from core.settings import Settings
from core.store import metrics, open_store
from core.store.runs import Run

NAME = "right_tool"  # of the metric, a number of examples
log = logging.getLogger("callwright.worker")


class Curve:
    """Points of the metric "right_tool" of a run: before its first step and after each epoch.

    Chosen among the tools as `evaluation.choice` does, which sees no calls that follow some words; so the last point
    may differ from the answers that are written after training.
    """

    def __init__(
        self,
        settings: Settings,
        run: Run,
        tokenizer: Any,
        family: Family,
        tools: Sequence[Tool],
        examples: Sequence[Example],
        rows: Sequence[Row],
    ):
        self.settings = settings
        self.run = run
        self.tokenizer = tokenizer
        self.family = family
        self.tools = tools
        self.examples = examples
        self.prompts = [row.input_ids[: row.prompt_length] for row in rows]

    def add(self, model: Any, step: int) -> None:
        """Ask `model`, in whatever mode it is, and write what it chose as the point at `step`."""
        if not self.prompts:
            return
        try:
            choices = choose(model, self.tokenizer, self.family, self.tools, self.prompts)
        except StudioError as error:  # calls of no common form; the answers are judged all the same
            log.info("No curve of right tools: %s", error.sentence())
            self.prompts = []
            return
        right = count_right(choices, self.examples)
        with open_store(self.settings) as db:
            metrics.add(db, self.run.id, self.run.attempt, step, {NAME: float(right)})
