"""Full fine-tuning over TRL's SFTTrainer, with the loss on the answers alone."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from core.errors import StudioError
from core.prompt.messages import place_of
from core.prompt.rows import IGNORED, Row
from core.schema import Example
from core.training.average import averaging
from core.training.batches import EvenOrder, collate
from core.training.recipe import RunConfig


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
    config: RunConfig,
    folder: Path,
    callbacks: Sequence[Any],
) -> Trained:
    """Train `model` (float32 weights) in place on `rows`; loss on `test_rows` after each epoch.

    `groups` names the group of each row, the tools it calls; batches hold the groups evenly.

    `config.dtype` must be decided ("float32" or "bfloat16", the precision of the arithmetic). Metrics go to the
    callbacks; what they raise ends the training.
    """
    from datasets import Dataset
    from transformers import PrinterCallback, ProgressCallback

    arguments = _arguments(config, folder, bool(test_rows))
    average = averaging(config.average)
    trainer = _trainer_class()(
        order=EvenOrder(groups, config.seed),
        model=model,
        args=arguments,
        train_dataset=Dataset.from_list([_item(row) for row in rows]),
        eval_dataset=Dataset.from_list([_item(row) for row in test_rows]) if test_rows else None,
        processing_class=tokenizer,
        data_collator=collate,
        callbacks=[average, *callbacks],
    )
    for printing in (PrinterCallback, ProgressCallback):
        trainer.remove_callback(printing)  # the store's callback reports; the log stays readable
    result = trainer.train()
    average.apply(model)
    return Trained(result.global_step, result.metrics["train_runtime"])


def _item(row: Row) -> dict[str, list[int]]:
    return {"input_ids": row.input_ids, "labels": row.labels}


def _arguments(config: RunConfig, folder: Path, evaluate: bool) -> Any:
    import torch
    from trl import SFTConfig

    return SFTConfig(
        output_dir=str(folder),
        num_train_epochs=config.epochs,
        per_device_train_batch_size=config.batch_size,
        per_device_eval_batch_size=config.batch_size,
        learning_rate=config.learning_rate,
        lr_scheduler_type="constant",
        optim="adamw_torch_fused",
        bf16=config.dtype == "bfloat16",
        fp16=False,  # Gemma 3 overflows in it
        gradient_checkpointing=False,
        max_length=None,  # rows arrive whole; those that are too long were refused
        eval_strategy="epoch" if evaluate else "no",
        prediction_loss_only=True,
        logging_steps=1,
        logging_nan_inf_filter=False,  # a diverged loss must be seen
        save_strategy="no",  # saved once, by the worker
        report_to="none",
        seed=config.seed,
        data_seed=config.seed,
        use_cpu=not torch.cuda.is_available() and not torch.backends.mps.is_available(),
        dataloader_pin_memory=torch.cuda.is_available(),
        dataset_kwargs={"skip_prepare_dataset": True},  # tokenised and labelled by core.prompt.rows
        remove_unused_columns=False,
    )


def _trainer_class() -> type:
    import torch
    from trl import SFTTrainer

    class AnswerTrainer(SFTTrainer):
        """SFTTrainer that computes the head only where an answer is learned, and takes the rows in a given order."""

        def __init__(self, *, order: EvenOrder, **arguments):
            super().__init__(**arguments)
            self.order = order

        def _get_train_sampler(self, train_dataset=None):
            return self.order

        def compute_loss(self, model, inputs, return_outputs=False, num_items_in_batch=None):
            labels = inputs.pop("labels")
            outputs = model(**inputs, logits_to_keep=labels.shape[1] + 1, use_cache=False)
            logits = outputs.logits[:, :-1].float()
            total = torch.nn.functional.cross_entropy(
                logits.flatten(0, 1), labels.flatten(), ignore_index=IGNORED, reduction="sum"
            )
            if num_items_in_batch is None:
                num_items_in_batch = (labels != IGNORED).sum()
            loss = total / num_items_in_batch
            return (loss, outputs) if return_outputs else loss

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
    partial.rename(folder)
