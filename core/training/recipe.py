"""One RunConfig for the form, the store, the worker, the command line and the export."""

import math
from dataclasses import asdict, dataclass, fields, replace
from typing import Any, Literal, get_args

from core.errors import StudioError
from core.prompt.budget import LIMIT

Dtype = Literal["auto", "float32", "bfloat16"]
Schedule = Literal["constant", "linear"]
Vocabulary = Literal["calls", "all"]
Watched = Literal["right_tool", "eval_loss"]
Reports = Literal["none", "tensorboard", "trackio"]


@dataclass(frozen=True, slots=True)
class RunConfig:
    """What can be chosen about a training; the defaults are the recommended recipe."""

    epochs: int = 16  # passes over the training examples
    batch_size: int = 4  # examples for one step of the optimizer
    learning_rate: float = 1e-5  # of the first step
    schedule: Schedule = "linear"  # of the learning rate: "linear" falls to zero at the last step
    vocabulary: Vocabulary = (
        "calls"  # the words whose vectors are trained: those that only calls have, or all
    )
    max_length: int = LIMIT  # tokens; a longer row is refused, none is ever cut
    dtype: Dtype = "auto"  # of the arithmetic; the weights that are trained are float32
    seed: int = 0  # of the order of the rows, and of what adapters begin with
    average: int = 1  # steps at the end over which the kept weights are averaged; 1 keeps the last ones
    checkpoint_every: int = 1  # epochs, at least; 0 keeps none, and a run that is interrupted begins again
    keep_best: int = 1  # checkpoints that stay when the run is finished, those with the most right tools
    patience: int = 0  # epochs without a better one after which the training stops early; 0 never
    watch: Watched = (
        "right_tool"  # what "better" means there: more right tools, or less loss on the test examples
    )
    report_to: Reports = "none"  # a tracker beside the studio, on this computer
    lora_rank: int = 0  # of the adapters that are trained instead of the layers' weights; 0 trains these
    rows_at_once: int = 0  # most examples that go through the model together; 0: as many as memory bears

    def to_json(self) -> dict[str, Any]:
        return asdict(self)

    @classmethod
    def from_json(cls, data: dict[str, Any]) -> "RunConfig":
        before = {"schedule": "constant", "vocabulary": "all"}  # there was a choice
        return cls(**{**before, **data})

    def problems(self) -> dict[str, str]:
        """What is wrong, by field; empty when the configuration can run."""
        found = {}
        for name, (low, high) in LIMITS.items():
            value = getattr(self, name)
            number = isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)
            if not number or not low <= value <= high:
                found[name] = f"Choose a number from {low} to {high}."
        for name, choices in CHOICES.items():
            if getattr(self, name) not in choices:
                found[name] = f"Choose one of {', '.join(choices)}."
        return found


CHOICES: dict[str, tuple[str, ...]] = {
    "schedule": get_args(Schedule),
    "vocabulary": get_args(Vocabulary),
    "dtype": get_args(Dtype),
    "watch": get_args(Watched),
    "report_to": get_args(Reports),
}
LIMITS: dict[str, tuple[float, float]] = {
    "epochs": (1, 100),
    "batch_size": (1, 256),
    "learning_rate": (1e-7, 1e-2),
    "max_length": (64, 32768),
    "seed": (0, 2**31 - 1),
    "average": (1, 1000),
    "checkpoint_every": (0, 100),
    "keep_best": (0, 20),
    "patience": (0, 100),
    "lora_rank": (0, 256),
    "rows_at_once": (0, 256),
}
RECIPES: dict[str, RunConfig] = {
    "recommended": RunConfig(),  # tests/benchmarks/recipes.md tells why
    # Google's guide to fine-tuning FunctionGemma; it also trains the prompts, which is not done here.
    "guide": RunConfig(epochs=8, learning_rate=5e-5, schedule="constant", vocabulary="all"),
}


def configure(recipe: str, settings: dict[str, str]) -> RunConfig:
    """A recipe by name with some values set from text. Raises StudioError naming the field."""
    if recipe not in RECIPES:
        raise StudioError(f"There is no recipe {recipe!r}.", f"Recipes: {', '.join(RECIPES)}.", "recipe")
    kinds: dict[str, type] = {field.name: type(field.default) for field in fields(RunConfig)}
    values: dict[str, Any] = {}
    for name, text in settings.items():
        if name not in kinds:
            raise StudioError(f"There is no setting {name!r}.", f"Settings: {', '.join(kinds)}.", name)
        try:
            values[name] = kinds[name](text)
        except ValueError:
            raise StudioError(f"{name} should be a number, not {text!r}.", where=name) from None
    config = replace(RECIPES[recipe], **values)
    for name, problem in config.problems().items():
        raise StudioError(problem, where=name)
    return config
