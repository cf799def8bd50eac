"""What a worker does with one attempt at a run: prepare, ask before, train, save, ask after.

Everything it knows comes from the store, everything it finds goes there; its words go to the log.
"""

import gc
import logging
import time
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, cast

from core.errors import StudioError
from core.export import environment
from core.jobs import curve, local, need, progress
from core.jobs.curve import Curve
from core.prompt import Row, row_cache
from core.schema.example import SPLITS
from core.settings import Settings
from core.store import evaluations, immediate, metrics, open_store, projects, runs
from core.store.projects import Snapshot
from core.store.runs import Run
from core.training import checkpoints
from core.training.callbacks import after_epoch, peak_memory, stopping_early, store_callback
from core.training.recipe import Dtype, RunConfig
from core.training.stopwatch import Stopwatch

CHECK_EVERY = 250  # rows, between two words about them: a second
log = logging.getLogger("callwright.worker")


class Stopped(Exception):
    """The user asked to stop before anything was learned."""


@dataclass(slots=True)
class Prepared:
    """What a run works with once everything is loaded and checked; its dtype is decided."""

    snapshot: Snapshot
    config: RunConfig
    path: Path  # of the model it begins with
    device: str
    tokenizer: Any
    family: Any
    model: Any
    rows: dict[str, list[Row]]  # by split
    shared: bool  # what rows share is computed once


class Work:
    """One attempt at a run; what an earlier one has done is not repeated."""

    def __init__(self, settings: Settings, run: Run):
        self.settings = settings
        self.run = run
        self.begun = time.monotonic()
        self.start_up = Stopwatch()
        self.train_seconds: float | None = None
        self.seconds_after = 0.0

    def run_all(self) -> runs.State:
        """The final state, "finished" or "cancelled". Raises StudioError, Stopped, Fenced."""
        from core.models import hardware

        hardware.tune()
        # Until the first step nearly everything that is made stays: looking for garbage is a third of the start.
        gc.disable()
        ready = self.prepare()
        gc.freeze()
        gc.enable()
        if self.run.source:
            self.take_checkpoint(ready)
            stopped = False
        else:
            self.learn(ready)
            stopped = self.stop_requested()
        self.keep(ready)
        if stopped:
            return "cancelled"
        self.tidy(
            ready.config, local.checkpoints_of(self.settings, self.run.id), latest=0
        )  # nothing goes on from here
        return "finished"

    def prepare(self) -> Prepared:
        """Everything that is loaded and checked before a weight changes."""
        from core.models import hardware, loading, read_ahead, tree_attention
        from core.prompt.family import family_of
        from core.serving import client
        from core.training import trainer

        with open_store(self.settings) as db:
            snapshot = projects.snapshot(db, self.run.snapshot)
        client.stop(self.settings)  # the model host gives its memory back
        config = RunConfig.from_json(self.run.recipe)
        self.say("Preparing the model")
        path = loading.resolve(self.run.model, self.settings, self.loading_progress)
        read_ahead.begin(path)
        self.start_up.lap("program")
        device = hardware.choose_device()
        config = replace(config, dtype=cast(Dtype, hardware.choose_dtype(config.dtype, device)))
        environment.keep(self.settings, self.run.id, config.dtype)
        self.report(device=hardware.describe().label)
        self.start_up.lap("torch")
        self.say("Loading the model")
        tokenizer = loading.load_tokenizer(path)
        self.start_up.lap("tokenizer")
        model = loading.load_model(path, "float32", device)
        self.start_up.lap("model")
        family = family_of(tokenizer)
        every_row = self.checked_rows(snapshot, path, family, tokenizer, config.max_length)
        trainer.check_window(
            snapshot.examples, every_row, model.config.get_text_config().max_position_embeddings
        )
        rows: dict[str, list[Row]] = {split: [] for split in SPLITS}
        for example, row in zip(snapshot.examples, every_row, strict=True):
            rows[example.split].append(row)
        log.info("%s on %s, %s", config, device, path)
        shared = tree_attention.exact(model, [row.input_ids for row in rows["train"]])
        way = "what rows share is computed once" if shared else "plain batches: this model cannot share"
        self.report(device=f"{hardware.describe().label}; {way}")
        self.start_up.lap("rows")
        return Prepared(snapshot, config, path, device, tokenizer, family, model, rows, shared)

    def learn(self, ready: Prepared) -> None:
        """Ask the untouched model, then train it, from the newest checkpoint on where there is one."""
        from core.models import hardware, loading
        from core.training import trainer

        config, rows, snapshot = ready.config, ready.rows, ready.snapshot
        points = Curve(
            self.settings,
            self.run,
            ready.tokenizer,
            ready.family,
            snapshot.tools,
            snapshot.split("test"),
            rows["test"],
        )
        if not self.asked_before(ready.shared):
            # Loaded anew and not rounded in memory, which would also round what the weights on the disk do not hold.
            bf16 = config.dtype == "bfloat16"
            asked = loading.load_model(ready.path, "bfloat16", ready.device) if bf16 else ready.model
            self.ask("before", "Asking the untouched model", asked, ready)
            if ready.shared:
                points.add(asked, 0)
            del asked
            hardware.give_back()
        self.start_up.skip()  # asking the untouched model
        self.enter("training", "Preparing the training")
        callbacks = [
            self.start_up.callback("trainer"),
            store_callback(self.settings, self.run, self.seconds_after),
        ]
        if ready.shared:  # where not, every choice would be a pass of its own
            callbacks.append(after_epoch(points.add))
        early = stopping_early(lambda: self.scores(config), config.patience)
        if config.patience:
            callbacks.append(early)
        scratch = local.checkpoints_of(self.settings, self.run.id)

        def lacking(needed: int) -> None:
            self.say(f"Training, without a checkpoint: the disk lacks the {need.size(needed)} that one takes")

        def best() -> Path | None:
            """Of a training that stopped early the best checkpoint that is there."""
            step = progress.best_step(self.scores(config)) if early.stopped else None
            there = {one.step: one.folder for one in checkpoints.listed(scratch)}
            return None if step is None else there.get(step)

        if config.checkpoint_every:
            callbacks.append(
                checkpoints.keeping(
                    config.checkpoint_every,
                    lambda folder: self.tidy(config, folder),
                    lacking,
                    sparing=not config.patience,  # which keeps the best epoch, whichever that will be
                )
            )
        resume = checkpoints.newest(scratch)
        if resume:
            log.info("Going on from step %d.", resume.step)
        expected = need.of_rows(ready.path, rows["train"], config, ready.device, ready.shared)
        if expected:
            log.info("The training itself needs about %s of memory.", need.size(expected))
        trained = trainer.train(
            ready.model,
            ready.tokenizer,
            rows["train"],
            [example.tools for example in snapshot.split("train")],
            rows["test"],
            ready.family.control_ids(ready.tokenizer),
            config,
            scratch,
            callbacks,
            shared=ready.shared,
            resume=resume.folder if resume else None,
            chosen=best,
        )
        self.train_seconds = round((self.run.train_seconds or 0) + trained.seconds, 2)
        log.info("It took %s of memory at most.", need.size(peak_memory()))

    def take_checkpoint(self, ready: Prepared) -> None:
        """Put the weights of the checkpoint that the run is made of into the model; no training.

        Raises StudioError where it is gone or damaged.
        """
        from core.training import parts, trainer

        other, _, step = (self.run.source or "").partition("/")
        place = local.checkpoints_of(self.settings, other) / f"checkpoint-{step}"
        if not checkpoints.intact(place):
            raise StudioError(
                "The checkpoint is gone or damaged.", "Choose another one, or train again.", str(place)
            )
        with open_store(self.settings) as db:
            evaluations.copy(db, other, self.run.id, "before")
        with parts.learning(ready.model, ready.family.control_ids(ready.tokenizer), ready.config):
            trainer.load_trained(ready.model, place)

    def keep(self, ready: Prepared) -> None:
        """Save the model and ask what was saved."""
        from core.models import hardware, loading
        from core.training import trainer

        self.say("Saving the model")
        model, config = ready.model, ready.config
        if config.dtype == "bfloat16":
            model.bfloat16()
        folder = self.settings.run_folder(self.run.id) / "model"
        model.eval()
        trainer.save(model, ready.tokenizer, folder)
        self.report(folder=str(folder))
        del model, ready.model
        hardware.give_back()
        tuned = loading.load_model(folder, config.dtype, ready.device)
        self.ask("after", "Asking the tuned model", tuned, ready)

    def scores(self, config: RunConfig) -> dict[int, float]:
        return progress.scores(self.settings, self.run, config.watch)

    def tidy(self, config: RunConfig, folder: Path, latest: int = checkpoints.LATEST) -> None:
        checkpoints.tidy(folder, config.keep_best, self.scores(config), latest)

    def asked_before(self, shared: bool) -> bool:
        """Whether an earlier attempt has judged the untouched model."""
        with open_store(self.settings) as db:
            judged = evaluations.find(db, self.run.id, "before")
            points = metrics.listed(db, self.run.id, (curve.NAME,))
        return judged is not None and (bool(points) or not shared)

    def checked_rows(
        self, snapshot: Snapshot, path: Path, family: Any, tokenizer: Any, max_length: int
    ) -> list[Row]:
        """A row for each example, as it was kept, or made now, read back and compared.

        Raises StudioError for the first that is refused.
        """
        from core.prompt.gate import check

        key = row_cache.key_of(snapshot.hash, path)
        if key and (kept := row_cache.read(self.settings, key, max_length)):
            log.info("The examples were checked before.")
            self.stop_before_learning(len(kept), len(kept))
            return kept

        def watch(done: int, total: int) -> None:
            if done % CHECK_EVERY == 0:
                self.say(f"Checking the examples ({done} of {total})")
                self.stop_before_learning(done, total)

        checked = check(snapshot.tools, snapshot.examples, family, tokenizer, max_length, watch)
        for refusal in checked.refusals:
            log.error("%s", refusal.message)
        if checked.refusals:
            raise checked.refusals[0].error()
        if key:
            try:
                row_cache.write(self.settings, key, checked.rows)
            except OSError as error:
                log.warning("The checked examples could not be kept: %s", error)
        return checked.rows

    def ask(
        self,
        phase: evaluations.Phase,
        words: str,
        model: Any,
        ready: Prepared,
    ) -> None:
        """Evaluate on the test rows and keep every prediction; nothing where there are no test rows."""
        from core.evaluation import wording
        from core.evaluation.evaluate import evaluate

        snapshot = ready.snapshot
        test = snapshot.split("test")
        if not test:
            return
        self.enter("evaluating", words)
        begun = time.monotonic()
        watch = self.stop_before_learning if phase == "before" else lambda done, total: None
        rules = wording.rules(snapshot.tools, snapshot.examples)
        summary, predictions = evaluate(
            model, ready.tokenizer, ready.family, list(snapshot.tools), test, watch, rules
        )
        with open_store(self.settings) as db, immediate(db):
            runs.report(db, self.run.id, self.run.attempt)  # raises Fenced, and then nothing is saved
            evaluations.save(
                db,
                run=self.run.id,
                phase=phase,
                model=self.run.model if phase == "before" else self.run.id,
                snapshot=snapshot.hash,
                split="test",
                summary=summary,
                predictions=predictions,
            )
        self.seconds_after = time.monotonic() - begun
        log.info("%s: %s", words, summary)

    def stop_before_learning(self, done: int, total: int) -> None:
        if self.stop_requested():
            raise Stopped

    def stop_requested(self) -> bool:
        with open_store(self.settings) as db:
            return runs.stop_requested(db, self.run.id)

    def loading_progress(self, text: str, fraction: float | None = None) -> None:
        self.say(text if fraction is None else f"{text} ({fraction:.0%})")
        if self.stop_requested():
            raise Stopped

    def say(self, doing: str) -> None:
        log.info("%s", doing)
        self.report(doing=doing)

    def report(self, **values: Any) -> None:
        with open_store(self.settings) as db:
            runs.report(db, self.run.id, self.run.attempt, **values)

    def enter(self, state: runs.State, doing: str) -> None:
        log.info("%s", doing)
        with open_store(self.settings) as db:
            runs.enter(db, self.run.id, self.run.attempt, state, doing)
