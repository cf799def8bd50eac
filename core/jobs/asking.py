"""What a worker does with an evaluation that was asked for: one model, the rows of a split, changed in each way.

What was asked whole is kept at once, so an evaluation that is stopped or killed goes on with the rest.
"""

import logging
import re
import shutil
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

from core.errors import StudioError
from core.evaluation import endpoint, wording
from core.evaluation.evaluate import evaluate, evaluate_endpoint
from core.evaluation.request import EvaluationConfig
from core.evaluation.robustness.variants import change
from core.evaluation.wording import Rules
from core.jobs import local
from core.jobs.attempt import Attempt, Stopped
from core.schema import Example, Tool
from core.settings import Settings
from core.store import Database, evaluations, immediate, open_store, projects, runs
from core.store.runs import Run
from core.training import checkpoints
from core.training.recipe import RunConfig

LOOK_SECONDS = 0.3  # between two looks whether to stop
NEEDED = 2.0  # times the weights, while a model is loaded and asked
CHECKPOINT = re.compile(r"([0-9a-f-]+)/(\d+)")
log = logging.getLogger("callwright.worker")

Summary = dict[str, Any]
Ask = Callable[
    [list[Tool], list[Example], Callable[[int, int], None], Rules],
    tuple[Summary, list[evaluations.Prediction]],
]


class Asking(Attempt):
    """One attempt at an evaluation."""

    def run_all(self) -> runs.State:
        with open_store(self.settings) as db:
            snapshot = projects.snapshot(db, self.run.snapshot)
            done = evaluations.of_job(db, self.run.id)
        config = EvaluationConfig.from_json(self.run.recipe)
        # Chosen in the tools, the rules of wording follow into changed rows and are not guessed from these.
        rules = wording.rules(snapshot.tools, snapshot.examples)
        tools = [replace(tool, wording=rules[tool.name]) for tool in snapshot.tools]
        rows = len(snapshot.split(config.split))
        left = [variant for variant in config.variants if variant not in done]
        total = rows * len(config.variants)
        asked = total - rows * len(left)
        self.report(step=asked, steps=total)
        ask = self.prepared(config)
        begun, at_first = time.monotonic(), asked
        looked = 0.0
        for variant in left:
            self.enter("evaluating", f"Asking {rows} rows" + (f" ({variant})" if variant else ""))
            changed, examples = change(variant, tools, snapshot.examples, config.seed)
            examples = [example for example in examples if example.split == config.split]

            def progress(answered: int, of: int, before: int = asked) -> None:
                """Equal rows are asked once, so they are counted by their share. Called with every token of a batch."""
                nonlocal looked
                if time.monotonic() - looked < LOOK_SECONDS:
                    return
                looked = time.monotonic()
                step = before + round(rows * answered / max(1, of))
                since = time.monotonic() - begun
                pace = since / (step - at_first) if step > at_first else None
                self.report(step=step, seconds_left=None if pace is None else pace * (total - step))
                if self.stop_requested():
                    raise Stopped

            summary, predictions = ask(changed, examples, progress, wording.rules(changed, examples))
            asked += rows
            more = {"tools": len(changed), "constrained": config.constrained}
            self.keep(config, variant, {**summary, **more}, predictions)
            self.report(step=asked)
        return "finished"

    def keep(
        self,
        config: EvaluationConfig,
        variant: str,
        summary: Summary,
        predictions: list[evaluations.Prediction],
    ) -> None:
        with open_store(self.settings) as db, immediate(db):
            runs.report(db, self.run.id, self.run.attempt)  # raises Fenced, and then nothing is saved
            evaluations.save(
                db,
                run=None,
                phase="alone",
                model=self.run.model,
                snapshot=self.run.snapshot,
                split=config.split,
                summary=summary,
                predictions=predictions,
                job=self.run.id,
                variant=variant,
            )
        log.info("%s: %s", variant or "unchanged", summary)

    def prepared(self, config: EvaluationConfig) -> Ask:
        """What asks the model, loaded where it is one of this machine's."""
        if endpoint.is_address(self.run.model):
            logging.getLogger("httpx").setLevel(logging.WARNING)  # it logs a line a row
            there = endpoint.read(self.run.model, config.key_variable)
            self.report(device=there.url)
            return lambda *asked: evaluate_endpoint(there, *asked)
        from core.prompt.family import family_of

        model, tokenizer = self.loaded()
        family = family_of(tokenizer)
        return lambda *asked: evaluate(model, tokenizer, family, *asked, constrained=config.constrained)

    def loaded(self) -> tuple[Any, Any]:
        """The model and its tokenizer. Raises StudioError where it cannot be had."""
        from core.models import hardware, known, loading

        hardware.tune()
        self.say("Preparing the model")
        with open_store(self.settings) as db:
            found = checkpoint_of(db, self.settings, self.run.model)
        if found:
            path = loading.resolve(found[0].model, self.settings, self.loading_progress)
        else:
            path = known.folder_of(self.run.model, self.settings, self.loading_progress)
        device = hardware.choose_device()
        make_room(self.settings, path, device)
        self.report(device=hardware.describe().label)
        self.say("Loading the model")
        if found is None:
            return loading.load(path, hardware.choose_dtype("auto", device), device)
        scratch = self.settings.run_folder(self.run.id) / "model"
        try:
            return _load_checkpoint(path, found[0], found[1], device, scratch)
        finally:
            shutil.rmtree(scratch, ignore_errors=True)


def checkpoint_of(db: Database, settings: Settings, model: str) -> tuple[Run, Path] | None:
    """The training and the folder of a checkpoint that is named RUN/STEP; None where the name is of something else.

    Raises StudioError where that training has no such checkpoint, or it is damaged.
    """
    name = CHECKPOINT.fullmatch(model.strip())
    run = runs.find_or_none(db, name[1]) if name else None
    if name is None or run is None or run.kind != "train" or run.deleted:
        return None
    there = {one.step: one.folder for one in checkpoints.listed(local.checkpoints_of(settings, run.id))}
    place = there.get(int(name[2]))
    if place is None:
        steps = ", ".join(map(str, sorted(there)))
        raise StudioError(
            f"{run.name} has no checkpoint of step {name[2]}.",
            f"It has those of {steps}." if steps else "It has none.",
            model,
        )
    return run, place


def make_room(settings: Settings, path: Path, device: str) -> None:
    """Have the model host give its memory back where what is free does not bear the model in `path` beside it."""
    from core.models import hardware
    from core.serving import client

    weights = sum(file.stat().st_size for file in path.glob("*.safetensors"))
    if hardware.free_memory(device) < NEEDED * weights:
        client.stop(settings)


def _load_checkpoint(base: Path, run: Run, place: Path, device: str, scratch: Path) -> tuple[Any, Any]:
    """A model with the weights of a checkpoint, as a run that is made of it would be asked."""
    from core.models import hardware, loading
    from core.prompt.family import family_of
    from core.training import parts, trainer

    if not checkpoints.intact(place):
        raise StudioError("The checkpoint is damaged.", "Choose another one.", str(place))
    config = RunConfig.from_json(run.recipe)
    dtype = hardware.choose_dtype(config.dtype, device)
    tokenizer = loading.load_tokenizer(base)
    model = loading.load_model(base, "float32", device)
    with parts.learning(model, family_of(tokenizer).control_ids(tokenizer), config):
        trainer.load_trained(model, place)
    if dtype == "bfloat16":
        model.bfloat16()
    model.eval()
    # Written and read as a finished run is: rounding in memory would round what the files do not hold, too.
    trainer.save(model, tokenizer, scratch)
    del model
    hardware.give_back()
    return loading.load_model(scratch, dtype, device), tokenizer
