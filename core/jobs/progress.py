"""How good a run was at each epoch, read from its metrics: which checkpoint is the best."""

from core.settings import Settings
from core.store import metrics, open_store
from core.store.runs import Run
from core.training.recipe import Watched


def scores(settings: Settings, run: Run, watch: Watched) -> dict[int, float]:
    """A number for each step that was judged, the higher the better; the state before training (0) is not one."""
    sign = 1 if watch == "right_tool" else -1
    with open_store(settings) as db:
        found = metrics.listed(db, run.id, (watch,))
    return {one.step: sign * one.value for one in found if one.step}


def best_step(scores: dict[int, float]) -> int | None:
    """The step with the highest score, the later of equal ones."""
    return max(scores, key=lambda step: (scores[step], step), default=None)
