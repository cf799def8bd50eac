"""One way of training in a process of its own, which does an optimizer step whenever it is told to.

`python tests/benchmarks/training_way.py SPEC` answers each line `step` on standard input with one line of JSON; any
other line ends it. SPEC is a JSON file: way, folder (of the model), rows, batch, rows_at_once, dtype, scratch.
"""

import json
import os
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parents[2]))

import machine

from core.models import hardware, loading, tree_attention
from core.prompt import Row
from core.prompt.family import family_of
from core.training import trainer
from core.training.callbacks import peak_memory
from core.training.recipe import RunConfig

LEARNING_RATE = 5e-5

# name: (words for the table, dtypes it is measured in)
WAYS = {
    "guide": ("TRL, the guide's recipe", ("float32", "bfloat16")),
    "guide-bf16": ("the same with bfloat16 weights", ("bfloat16",)),
    "trl": ("TRL, prompt and completion", ("float32", "bfloat16")),
    "padded": ("Callwright, nothing shared", ("float32", "bfloat16")),
    "ours": ("Callwright", ("float32", "bfloat16")),
    "recommended": ("Callwright, recommended: words of calls alone", ("float32", "bfloat16")),
}


def flop_counter() -> Any:
    """A mode that counts the multiplications and additions of all matrix products."""
    import torch
    from torch.utils import flop_counter

    # What it does not know of itself: attention on processors, and the gradients of TRL's head.
    count, aten = flop_counter.register_flop_formula, torch.ops.aten
    count(aten._scaled_dot_product_flash_attention_for_cpu, get_raw=True)(flop_counter.sdpa_flop)
    backward = aten._scaled_dot_product_flash_attention_for_cpu_backward
    count(backward, get_raw=True)(flop_counter.sdpa_backward_flop)
    count(aten.addmm_, get_raw=True)(flop_counter.addmm_flop)
    return flop_counter.FlopCounterMode(display=False)


def clock(device: str, tell: Callable[[dict[str, Any]], None]) -> Any:
    """A TrainerCallback that waits before each step to be told, and then tells what the step took.

    A step lasts from there to the next: the batch is made, and everything the Trainer does after a step is done.
    """
    import torch
    from transformers import TrainerCallback

    class Clock(TrainerCallback):
        def __init__(self) -> None:
            self.counter = flop_counter()
            self.counting = True  # in the first step, which is not timed where others follow
            self.begun = self.processor = 0.0

        def on_train_begin(self, args, state, control, **kwargs):
            tell({"threads": torch.get_num_threads()})
            self.wait(control)
            self.counter.__enter__()

        def on_step_end(self, args, state, control, **kwargs):
            machine.wait(device)
            seconds, processor = time.perf_counter() - self.begun, time.process_time() - self.processor
            if self.counting:
                self.counter.__exit__(None, None, None)
            peak = torch.cuda.max_memory_allocated() if device == "cuda" else peak_memory()
            report = {"seconds": seconds, "cpu_seconds": processor, "peak": peak}
            tell(report | ({"flop": self.counter.get_total_flops()} if self.counting else {}))
            self.counting = False
            self.wait(control)

        def wait(self, control: Any) -> None:
            if sys.stdin.readline() != "step\n":
                control.should_training_stop = True
            self.begun, self.processor = time.perf_counter(), time.process_time()

    return Clock()


def run(spec: dict[str, Any], tell: Callable[[dict[str, Any]], None]) -> None:
    """Train in the way of the spec until the rows or the orders end."""
    rows = [Row(ids, length) for ids, length in spec["rows"]]
    train = _ours if spec["way"] in ("ours", "padded", "recommended") else _trl
    train(spec, Path(spec["folder"]), rows, Path(spec["scratch"]), tell)


def _ours(spec: dict[str, Any], folder: Path, rows: list[Row], scratch: Path, tell: Any) -> None:
    """As the worker trains, without the average of the weights, which TRL does not make."""
    hardware.tune()
    device = hardware.choose_device()
    model, tokenizer = loading.load(folder, "float32", device)
    shared = spec["way"] != "padded"
    if shared and not tree_attention.exact(model, [row.input_ids for row in rows[:2]]):
        sys.exit("The model cannot take packed rows.")
    config = RunConfig(
        epochs=1,
        batch_size=spec["batch"],
        learning_rate=LEARNING_RATE,
        schedule="constant",
        vocabulary="calls" if spec["way"] == "recommended" else "all",
        dtype=spec["dtype"],
    )
    groups, control = ["any"] * len(rows), family_of(tokenizer).control_ids(tokenizer)
    trainer.train(
        model, tokenizer, rows, groups, [], control, config, scratch, [clock(device, tell)], shared=shared
    )


def _trl(spec: dict[str, Any], folder: Path, rows: list[Row], scratch: Path, tell: Any) -> None:
    """SFTTrainer as it comes: its collator, its fused head, the default memory allocator."""
    import torch
    from datasets import Dataset
    from transformers import AutoModelForCausalLM, AutoTokenizer, PrinterCallback, ProgressCallback
    from trl import SFTConfig, SFTTrainer

    way, bf16 = spec["way"], spec["dtype"] == "bfloat16"
    device = hardware.choose_device()
    model = AutoModelForCausalLM.from_pretrained(
        folder,
        dtype=torch.bfloat16 if way == "guide-bf16" else torch.float32,
        attn_implementation=None if way == "trl" else "eager",  # the guide asks for eager, TRL for nothing
    )
    answers = way == "trl"  # else every token is learned, as with `messages`
    items = [{"input_ids": row.input_ids} | ({"labels": row.labels} if answers else {}) for row in rows]
    arguments = SFTConfig(
        output_dir=str(scratch),
        num_train_epochs=1,
        per_device_train_batch_size=spec["rows_at_once"],
        gradient_accumulation_steps=spec["batch"] // spec["rows_at_once"],
        gradient_checkpointing=False,
        optim="adamw_torch_fused",
        learning_rate=LEARNING_RATE,
        lr_scheduler_type="constant",
        logging_steps=1,
        max_length=None,  # the guide's 512 would cut the answers off
        bf16=bf16,
        fp16=False,
        use_cpu=device == "cpu",
        save_strategy="no",
        report_to="none",
        dataset_kwargs={"skip_prepare_dataset": True},  # the rows are tokens already
    )
    trained = SFTTrainer(
        model=model,
        args=arguments,
        train_dataset=Dataset.from_list(items),
        processing_class=AutoTokenizer.from_pretrained(folder),
        callbacks=[clock(device, tell)],
    )
    for printing in (PrinterCallback, ProgressCallback):
        trained.remove_callback(printing)
    trained.train()


def main() -> None:
    told = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)  # what libraries print is not an answer

    def tell(report: dict[str, Any]) -> None:
        print(json.dumps(report), file=told, flush=True)

    run(json.loads(Path(sys.argv[1]).read_text("utf-8")), tell)


if __name__ == "__main__":
    main()
