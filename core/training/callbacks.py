"""What training tells the store, step by step, and how it hears that it should stop."""

import math
import sys
import time
from collections import deque
from collections.abc import Callable
from pathlib import Path
from typing import Any

from core.errors import StudioError
from core.settings import Settings
from core.store import metrics, open_store, runs
from core.store.runs import Run

KEPT = {
    "loss": "loss",
    "eval_loss": "eval_loss",
    "learning_rate": "learning_rate",
    "grad_norm": "grad_norm",
}


def peak_memory() -> int:
    """Resident memory of this process at its highest, in bytes."""
    status = Path("/proc/self/status")
    if status.exists():  # not ru_maxrss: that of Linux begins with the memory of whoever started the process
        peak = next(line for line in status.read_text().splitlines() if line.startswith("VmHWM:"))
        return int(peak.split()[1]) * 1024
    import resource

    unit = 1 if sys.platform == "darwin" else 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit


def store_callback(settings: Settings, run: Run, seconds_after: float) -> Any:
    """A TrainerCallback that writes every logged step before the next begins.

    `seconds_after` is the time expected between the last step and the end of the run, for the time left.
    """
    from transformers import TrainerCallback

    class StoreCallback(TrainerCallback):
        def __init__(self) -> None:
            self.begun = 0.0
            self.durations: deque[float] = deque(maxlen=10)

        def on_train_begin(self, args, state, control, **kwargs):
            with open_store(settings) as db:
                runs.report(
                    db, run.id, run.attempt, steps=state.max_steps, step=state.global_step, doing="Training"
                )

        def on_step_begin(self, args, state, control, **kwargs):
            self.begun = time.monotonic()

        def on_step_end(self, args, state, control, **kwargs):
            self.durations.append(time.monotonic() - self.begun)
            with open_store(settings) as db:
                if runs.stop_requested(db, run.id):
                    control.should_training_stop = True

        def on_log(self, args, state, control, logs=None, **kwargs):
            values = {KEPT[name]: float(value) for name, value in (logs or {}).items() if name in KEPT}
            if not values:
                return
            per_step = sum(self.durations) / len(self.durations) if self.durations else None
            with open_store(settings) as db:
                metrics.add(
                    db,
                    run.id,
                    run.attempt,
                    state.global_step,
                    values,
                    step=state.global_step,
                    steps=state.max_steps,
                    memory=peak_memory(),
                    seconds_per_step=per_step,
                    seconds_left=per_step
                    and per_step * (state.max_steps - state.global_step) + seconds_after,
                )
            if not math.isfinite(values.get("loss", 0.0)):
                raise StudioError(
                    f"The loss is no longer a number after step {state.global_step}: the training diverged.",
                    "Train again with a lower learning rate.",
                    "learning_rate",
                )

    return StoreCallback()


def after_epoch(ask: Callable[[Any, int], None]) -> Any:
    """A TrainerCallback that gives the model and the step to `ask` after each epoch."""
    from transformers import TrainerCallback

    class AfterEpoch(TrainerCallback):
        def on_epoch_end(self, args, state, control, model=None, **kwargs):
            model.eval()
            ask(model, state.global_step)
            model.train()

    return AfterEpoch()


def stopping_early(scores: Callable[[], dict[int, float]], patience: int) -> Any:
    """A TrainerCallback that ends the training once `patience` epochs in a row brought no higher score.

    `scores` gives that of each step judged so far, those before a resumption too; `stopped` tells whether it did.
    """
    from transformers import TrainerCallback

    class StoppingEarly(TrainerCallback):
        def __init__(self) -> None:
            self.stopped = False

        def on_evaluate(self, args, state, control, **kwargs):
            reached = {step: score for step, score in scores().items() if step <= state.global_step}
            if reached and state.global_step < state.max_steps:
                best = min(reached, key=lambda step: (-reached[step], step))
                self.stopped = sum(step > best for step in reached) >= patience
                control.should_training_stop |= self.stopped

    return StoppingEarly()
