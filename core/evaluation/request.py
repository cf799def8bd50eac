"""What is asked for in an evaluation: which rows, changed in which ways, and how answers are written."""

from dataclasses import asdict, dataclass
from typing import Any

from core.evaluation import endpoint
from core.evaluation.robustness.variants import UNCHANGED, VARIANTS
from core.schema.example import SPLITS, Split

MOST_SEED = 2**31 - 1


@dataclass(frozen=True, slots=True)
class EvaluationConfig:
    """Beside the model: a run of kind "evaluate" has that in its own column, as a training has."""

    split: Split = "test"
    variants: tuple[str, ...] = (UNCHANGED,)  # each is asked by itself, in this order
    constrained: bool = False  # names and arguments are held to the tools' schemas while answers are written
    seed: int = 0  # of the changes
    key_variable: str = ""  # of the environment, that has the key of an endpoint; "" the one it has as a rule

    def to_json(self) -> dict[str, Any]:
        return {**asdict(self), "variants": list(self.variants)}

    @classmethod
    def from_json(cls, data: dict[str, Any]) -> "EvaluationConfig":
        return cls(**{**data, "variants": tuple(data["variants"])})

    def problems(self, model: str) -> dict[str, str]:
        """What is wrong with asking this of a model, by field; empty where it can be asked."""
        found = {}
        if self.split not in SPLITS:
            found["split"] = f"Choose one of {', '.join(SPLITS)}."
        unknown = [name for name in self.variants if name not in VARIANTS]
        if not self.variants or unknown or len(set(self.variants)) < len(self.variants):
            found["variants"] = f"Choose some of {', '.join(name for name in VARIANTS if name)}, each once."
        if isinstance(self.seed, bool) or not isinstance(self.seed, int) or not 0 <= self.seed <= MOST_SEED:
            found["seed"] = f"Choose a whole number from 0 to {MOST_SEED}."
        if self.constrained and endpoint.is_address(model):
            found["constrained"] = (
                "How a model behind an address writes is decided there: leave constrained out."
            )
        if self.key_variable and not endpoint.VARIABLE.fullmatch(self.key_variable):
            found["key_variable"] = "The name of a variable has letters, digits and _ alone."
        return found
