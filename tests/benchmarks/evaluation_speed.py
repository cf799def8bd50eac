"""How fast the test rows of a project are answered: all at once against one by one with plain `model.generate`.

`python tests/benchmarks/evaluation_speed.py [--model FOLDER] [--rows N ...] [--dtype DTYPE ...] [--json FILE]` asks the
first starter project's questions; where more rows are wanted than it has, with further words in them. Every answer has
the same number of tokens on both sides, stop tokens or not, so that none gains by ending early. One by one is measured
on a sample of the rows and scaled. Both sides take turns. CPU seconds tell what other programs did not take.
"""

import argparse
import json
import os
import statistics
import sys
import time
from collections.abc import Callable
from itertools import chain, islice, product
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parents[2]))

from core.evaluation import greedy, sharing
from core.importers import starters
from core.importers.examples import read_examples
from core.importers.tools import read_tools
from core.models import hardware, loading, starter
from core.prompt.family import family_of
from core.prompt.rows import encode
from core.schema import Example
from core.settings import Settings

WORDS = ("please", "today", "quickly", "again", "if possible", "for me", "for a colleague", "in short")
NEVER = -1  # no token: an answer ends at its length


def asked(examples: list[Example], rows: int) -> list[Example]:
    """So many different questions: those for testing, then the same with further words."""
    test = [example for example in examples if example.split == "test"]
    endings = chain.from_iterable(product(WORDS, repeat=size) for size in range(3))
    questions = (
        Example.single(" ".join((example.prompt, *words)), *example.calls, reply=example.reply)
        for words, example in product(list(endings), test)
    )
    return list(islice(questions, rows))


def timed(work: Callable[[], Any]) -> tuple[float, float, Any]:
    """Seconds, CPU seconds and the outcome of some work."""
    begun, cpu = time.perf_counter(), time.process_time()
    outcome = work()
    return time.perf_counter() - begun, time.process_time() - cpu, outcome


def one_by_one(model: Any, prompts: list[tuple[int, ...]], tokens: int) -> list[list[int]]:
    import torch
    from transformers import GenerationConfig

    config = GenerationConfig(do_sample=False, max_new_tokens=tokens, eos_token_id=NEVER, pad_token_id=0)
    written = []
    with torch.inference_mode():
        for prompt in prompts:
            ids = torch.tensor([prompt], device=model.device)
            whole = model.generate(
                input_ids=ids, attention_mask=torch.ones_like(ids), generation_config=config
            )
            written.append(whole[0, len(prompt) :].tolist())
    return written


def together(
    model: Any, rows: dict[tuple[int, ...], list[int]], guess: bool, tokens: int, batch: int
) -> list[list[int]]:
    """What `generate` does, with the question whether the model can share, and without the text."""
    sharing._answers.clear()
    assert sharing.can_share(model, list(rows))
    guesses = list(rows.values()) if guess else [()] * len(rows)
    found = greedy.answer(model, list(rows), guesses, [], tokens, batch, lambda done: None)
    return [one.tokens for one in found]


def compared(
    model: Any, rows: dict[tuple[int, ...], list[int]], options: argparse.Namespace
) -> dict[str, Any]:
    """Medians of both sides for the same rows, and what became of the answers."""
    prompts = list(rows)
    sample = prompts[:: max(1, len(prompts) // options.sample)][: options.sample]
    scale = len(prompts) / len(sample)
    singles, ours = [], []
    for _ in range(options.times):
        model.set_attn_implementation("sdpa")
        singles.append(timed(lambda: one_by_one(model, sample, options.tokens)))
        ours.append(timed(lambda: together(model, rows, options.guess, options.tokens, options.batch)))
    alone, shared = singles[0][2], dict(zip(prompts, ours[0][2], strict=True))
    result: dict[str, Any] = {"rows": len(prompts), "sample": len(sample)}
    for n, kind in enumerate(("seconds", "cpu_seconds")):
        single, our = (statistics.median(run[n] for run in runs) for runs in (singles, ours))
        result[kind] = {"one_by_one": round(single * scale, 2), "ours": round(our, 2)}
        result[kind]["ratio"] = round(single * scale / our, 1)
    result["equal_in_sample"] = sum(shared[row] == ids for row, ids in zip(sample, alone, strict=True))
    return result


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--model", type=Path, help="a model's folder (else the starter model)")
    parser.add_argument("--rows", type=int, nargs="+", default=[20, 200])
    parser.add_argument("--sample", type=int, default=10, help="rows to ask one by one, scaled up")
    parser.add_argument("--tokens", type=int, default=24, help="length of every answer")
    parser.add_argument("--times", type=int, default=3)
    parser.add_argument("--dtype", nargs="+", default=["float32", "bfloat16"])
    parser.add_argument("--batch", type=int, default=128, help="rows at once")
    parser.add_argument(
        "--guess", action="store_true", help="give ours the expected answers, as `evaluate` does"
    )
    parser.add_argument("--json", type=Path, help="also write the figures there")
    options = parser.parse_args()
    hardware.tune()
    import torch

    home = Settings.load(os.environ.get("CALLWRIGHT_TEST_HOME"))
    folder = options.model or starter.path(home, lambda text, share: print(text, file=sys.stderr))
    device = hardware.choose_device()
    project = starters.FOLDER / starters.IDS[0]
    tools = read_tools((project / "tools.json").read_bytes()).tools
    read = read_examples((project / "examples.jsonl").read_bytes(), "examples.jsonl", tools)
    report: dict[str, Any] = {
        "machine": hardware.describe().label,
        "threads": torch.get_num_threads(),
        "load": os.getloadavg()[0],
        "tokens": options.tokens,
        "guess": options.guess,
    }
    for dtype in options.dtype:
        model, tokenizer = loading.load(folder, dtype, device)
        family = family_of(tokenizer)
        report[dtype] = []
        for count in options.rows:
            encoded = [encode(one, tools, family, tokenizer) for one in asked(read.examples, count)]
            rows = {
                tuple(row.input_ids[: row.prompt_length]): row.input_ids[row.prompt_length :]
                for row in encoded
            }
            report[dtype].append(compared(model, dict(sorted(rows.items())), options))
            print(dtype, json.dumps(report[dtype][-1]), file=sys.stderr)
    text = json.dumps(report, indent=2)
    print(text)
    if options.json:
        options.json.write_text(text + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
