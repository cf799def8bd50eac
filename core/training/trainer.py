"""Fine-tuning over TRL's SFTTrainer, of all weights or of adapters, with the loss on the answers alone."""

from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from core.errors import StudioError
from core.models import tree_attention
from core.prompt.messages import place_of
from core.prompt.rows import IGNORED, Row
from core.schema import Example
from core.training import head
from core.training.average import AVERAGE, averaging, trained_weights
from core.training.batches import BLANK, EvenOrder, collate_padded, collate_tree, micro_batch
from core.training.parts import learning
from core.training.recipe import RunConfig

WEIGHTS = "model.safetensors"  # of a checkpoint, as the Trainer looks for it


@dataclass(frozen=True, slots=True)
class Trained:
    steps: int
    seconds: float  # inside training alone


def check_window(examples: Sequence[Example], rows: Sequence[Row], window: int) -> None:
    """Raise StudioError naming the longest example where it is longer than `window`, the model's own limit."""
    needed, longest = max((len(row.input_ids), i) for i, row in enumerate(rows))
    if needed > window:
        raise StudioError(
            f"This example needs {needed} tokens, and this model reads {window} at most.",
            "Shorten it, or shorten the descriptions of the tools.",
            place_of(examples[longest]),
        )


def train(
    model: Any,
    tokenizer: Any,
    rows: Sequence[Row],
    groups: Sequence[str],
    test_rows: Sequence[Row],
    control: Sequence[int],
    config: RunConfig,
    folder: Path,
    callbacks: Sequence[Any],
    *,
    shared: bool,
    resume: Path | None = None,
    chosen: Callable[[], Path | None] = lambda: None,
    **more: Any,
) -> Trained:
    """Train `model` in place on `rows`; loss on `test_rows` after each epoch.

    `control` are the words that are trained where the config's vocabulary is "calls" (`Family.control_ids`).
    `groups` names the group of each row, the tools it calls; batches hold the groups evenly. With `shared`, what the
    rows of a batch have in common is computed once (`tree_attention.exact` tells whether the model can). `resume` is
    a checkpoint of the same training in `folder`; `chosen` is asked at the end for the checkpoint whose weights are to
    be kept, if not the last ones; `more` goes to SFTConfig.

    `config.dtype` must be decided ("float32" or "bfloat16", the precision of the arithmetic). Metrics go to the
    callbacks; what they raise ends the training.
    """
    from datasets import Dataset
    from transformers import PrinterCallback, ProgressCallback

    items, test_items = [_item(row) for row in rows], [_item(row) for row in test_rows]
    vocabulary = model.config.get_text_config().vocab_size
    processes = _processes()
    if config.batch_size % processes:
        raise StudioError(
            f"A batch of {config.batch_size} cannot be divided among {processes} processes.",
            f"Choose a batch size that is a multiple of {processes}.",
            "batch_size",
        )
    micro = micro_batch(
        config.batch_size // processes, [*items, *test_items], vocabulary, config.rows_at_once
    )
    average = averaging(config.average)
    if shared:
        tree_attention.use(model)
    with ExitStack() as stack:
        faster = stack.enter_context(learning(model, control, config))
        if config.vocabulary == "all" and processes == 1:
            stack.enter_context(head.gradient_in_place(model))
        trainer = _trainer_class()(
            order=EvenOrder(groups, config.seed, micro * processes if processes > 1 else 1),
            faster=faster,
            model=model,
            args=_arguments(config, folder, bool(test_rows), micro, more),
            train_dataset=Dataset.from_list([*items, BLANK]),
            eval_dataset=Dataset.from_list(test_items) if test_items else None,
            processing_class=tokenizer,
            data_collator=collate_tree if shared else collate_padded,
            callbacks=[average, *callbacks],
        )
        for printing in (PrinterCallback, ProgressCallback):
            trainer.remove_callback(printing)  # the store's callback reports; the log stays readable
        result = trainer.train(resume_from_checkpoint=resume and str(resume))
        average.apply(model)
        if best := chosen():
            load_trained(model, best)
    return Trained(result.global_step, result.metrics["train_runtime"])


def _item(row: Row) -> dict[str, list[int]]:
    return {"input_ids": row.input_ids, "labels": row.labels}


def _processes() -> int:
    """How many train together: as torchrun, `accelerate launch` and mpirun tell it."""
    from accelerate.utils import get_int_from_env

    return get_int_from_env(["WORLD_SIZE", "PMI_SIZE", "OMPI_COMM_WORLD_SIZE", "MV2_COMM_WORLD_SIZE"], 1)


def _arguments(config: RunConfig, folder: Path, evaluate: bool, micro: int, more: dict[str, Any]) -> Any:
    import torch
    from trl import SFTConfig

    chosen: dict[str, Any] = {
        "output_dir": str(folder),
        "num_train_epochs": config.epochs,
        "per_device_train_batch_size": micro,
        "per_device_eval_batch_size": micro,
        "gradient_accumulation_steps": config.batch_size // (micro * _processes()),
        "learning_rate": config.learning_rate,
        "lr_scheduler_type": config.schedule,
        "optim": "adamw_torch_fused",
        "bf16": config.dtype == "bfloat16",
        "fp16": False,  # Gemma 3 overflows in it
        "activation_checkpointing": False,
        "max_length": None,  # rows arrive whole; those that are too long were refused
        "eval_strategy": "epoch" if evaluate else "no",
        "prediction_loss_only": True,
        "logging_steps": 1,
        "logging_nan_inf_filter": False,  # a diverged loss must be seen
        "save_strategy": "no",  # `core.training.checkpoints` says when
        "report_to": config.report_to,
        "run_name": folder.parent.name,
        "project": "callwright",
        "trackio_space_id": None,  # Trackio stays on this computer: it would make a Space that all can see
        "trackio_static_space_id": False,
        "seed": config.seed,
        "data_seed": config.seed,
        "use_cpu": not torch.cuda.is_available() and not torch.backends.mps.is_available(),
        "dataloader_pin_memory": torch.cuda.is_available(),
        "dataset_kwargs": {"skip_prepare_dataset": True},  # tokenised and labelled by core.prompt.rows
        "remove_unused_columns": False,
    }
    return SFTConfig(**(chosen | more))


def load_trained(model: Any, checkpoint: Path) -> None:
    """Put the weights of a checkpoint, averaged where it has an average, into a model set up as for its training."""
    import torch
    from safetensors.torch import load_file

    average = checkpoint / AVERAGE
    kept = load_file(average if average.exists() else checkpoint / WEIGHTS)
    with torch.no_grad():
        for name, weight in trained_weights(model).items():
            weight.copy_(kept[name])


@cache
def _trainer_class() -> type:
    import torch
    from transformers import TrainerCallback
    from trl import SFTTrainer

    class Epochs(TrainerCallback):
        """Tells the order its epoch: accelerate does not, where several processes resume within one."""

        def __init__(self, order: EvenOrder):
            self.order = order

        def on_epoch_begin(self, args, state, control, **kwargs):
            self.order.set_epoch(int(state.epoch))

    class Tokens(TrainerCallback):
        """Counts tokens; a resumed training goes on with the number it had."""

        def __init__(self) -> None:
            self.seen: Any = None

        def on_train_begin(self, args, state, control, **kwargs):
            before = state.log_history[-1]["num_tokens"] if state.log_history else 0
            self.seen = torch.tensor([before * state.is_world_process_zero], device=args.device)

    class AnswerTrainer(SFTTrainer):
        """SFTTrainer that takes batches as `core.training.batches` makes them, and the rows in a given order."""

        def __init__(self, *, order: EvenOrder, faster: list[tuple[float, list[Any]]], model, **arguments):
            self.faster = faster
            super().__init__(model=model, **arguments)
            self.config = model.config
            self.order = order
            self.tokens = Tokens()
            self.add_callback(self.tokens)
            self.add_callback(Epochs(order))
            self.model_accepts_loss_kwargs = True  # compute_loss divides by all trained tokens of the step

        def create_model_card(self, *names, **more):
            """No card: a checkpoint is for this program."""

        def _save(self, output_dir=None, state_dict=None):
            """The weights that are trained, alone: the others are those of the model that the training began with."""
            from safetensors.torch import save_file

            if self.args.should_save:
                Path(output_dir).mkdir(parents=True, exist_ok=True)
                save_file(trained_weights(self.model), Path(output_dir) / WEIGHTS, {"format": "pt"})

        def _get_train_sampler(self, train_dataset=None):
            return self.order

        def create_optimizer(self, model=None):
            """The optimizer of the library, with the parameters that learn faster in a group of their own."""
            optimizer = super().create_optimizer(model)
            known = {id(parameter) for _, parameters in self.faster for parameter in parameters}
            for group in optimizer.param_groups:
                group["params"] = [one for one in group["params"] if id(one) not in known]
            for times, parameters in self.faster:
                rate = times * self.args.learning_rate
                optimizer.add_param_group({"params": parameters, "lr": rate, "weight_decay": 0.0})
            return optimizer

        def compute_loss(self, model, inputs, return_outputs=False, num_items_in_batch=None):
            labels = inputs.pop("labels")
            del inputs["shift_labels"]
            tokens = inputs.pop("num_tokens")
            if model.training:
                self.tokens.seen += tokens
            if "nodes" in inputs:
                nodes = inputs.pop("nodes")
                inputs |= tree_attention.arguments(self.config, nodes, nodes)
            outputs = model(**inputs, use_cache=False)
            total = torch.nn.functional.cross_entropy(
                outputs.logits.flatten(0, 1).float(), labels.flatten(), ignore_index=IGNORED, reduction="sum"
            )
            if num_items_in_batch is None:
                loss = total / (labels != IGNORED).sum()
            else:  # counted over all processes, whose gradients are averaged
                loss = total / num_items_in_batch * self.accelerator.num_processes
            return (loss, outputs) if return_outputs else loss

        def log(self, logs, start_time=None):
            super().log(logs | {"num_tokens": int(self.accelerator.reduce(self.tokens.seen))}, start_time)

    return AnswerTrainer


def save(model: Any, tokenizer: Any, folder: Path) -> None:
    """Save weights (safetensors, in the model's present precision), tokenizer, template and generation config.

    Written beside `folder` and renamed, so that a folder of this name is always a whole model.
    """
    import shutil

    partial = folder.with_name(folder.name + ".partial")
    shutil.rmtree(partial, ignore_errors=True)
    model.save_pretrained(partial)
    tokenizer.save_pretrained(partial)
    if folder.exists():  # what a run had kept when it was stopped, before it went on
        shutil.rmtree(folder)
    partial.rename(folder)
