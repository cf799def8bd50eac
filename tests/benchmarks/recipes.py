"""How much a recipe learns: right tools on rows it never saw, over several seeds of three small projects.

`python tests/benchmarks/recipes.py [--recipe NAME] [--set KEY=VALUE ...] [--sft KEY=NUMBER ...] [--projects NAME ...]
[--seeds N ...] [--plain] [--slips]` trains the starter anew for each project and seed, in a process of its own, and
prints a line for each and the means. About two to eleven minutes a run on one core. `--sft` are arguments of TRL's
SFTConfig that no recipe has, as weight_decay; `--plain` takes padded batches, in which nothing is shared; with
`--slips` every row is learned a second time with slips of the keyboard or in another case, so halve the epochs.
The third project needs the SNIPS rows, which lie beside the project; without them it is left out and that is said.
`recipes.md` keeps what was found.
"""

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parents[2]))

from core.evaluation.evaluate import evaluate
from core.evaluation.robustness import slips
from core.importers import starters
from core.importers.examples import read_examples
from core.importers.tools import read_tools
from core.models import hardware, loading, starter, tree_attention
from core.prompt import encode, family_of
from core.schema import Example, Tool
from core.settings import Settings
from core.training import trainer
from core.training.recipe import RunConfig, configure

SNIPS = Path(__file__).parents[3] / "shared" / "data"
SNIPS_TOOLS = ("AddToPlaylist", "PlayMusic")
PROJECTS = ("where", "home", "snips")


def project(name: str) -> tuple[list[Tool], list[Example], list[Example]]:
    """Tools, rows to learn from and rows to be asked about.

    "where": the first 20 rows of the first starter; "home": every second row of the second, that every tool is there;
    both are asked about all test rows. "snips": two tools, 20 rows of each to learn from; asked are all
    100 of each that are for validation.
    """
    if name == "snips":
        tools = read_tools((SNIPS / "snips_tools.json").read_bytes()).tools
        tools = [tool for tool in tools if tool.name in SNIPS_TOOLS]
        return tools, _snips("snips_train.jsonl", tools, 20), _snips("snips_validate.jsonl", tools, 100)
    folder = starters.FOLDER / starters.IDS[PROJECTS.index(name)]
    tools = read_tools((folder / "tools.json").read_bytes()).tools
    found = read_examples((folder / "examples.jsonl").read_bytes(), "examples.jsonl", tools, "split").examples
    train, test = ([one for one in found if one.split == part] for part in ("train", "test"))
    return tools, train[:20] if name == "where" else train[::2], test


def _snips(file: str, tools: list[Tool], each: int) -> list[Example]:
    found = read_examples((SNIPS / file).read_bytes(), file, tools).examples
    return [
        one
        for tool in tools
        for one in [row for row in found if row.calls and row.calls[0].name == tool.name][:each]
    ]


def one(name: str, config: RunConfig, plain: bool, slipping: bool, more: dict[str, float]) -> dict[str, Any]:
    """Train and ask in this process, as the worker does."""
    hardware.tune()
    device = hardware.choose_device()
    dtype = hardware.choose_dtype(config.dtype, device)
    folder = starter.path(Settings.load(os.environ.get("CALLWRIGHT_TEST_HOME")))
    model, tokenizer = loading.load(folder, "float32", device)
    family = family_of(tokenizer)
    tools, train, test = project(name)
    if slipping:
        ways = (slips.mistyped, slips.recased)
        train = [*train, *(ways[place % 2](example, place) for place, example in enumerate(train))]
    rows = [encode(example, tools, family, tokenizer) for example in train]
    config = RunConfig(**(config.to_json() | {"dtype": dtype}))
    shared = not plain and tree_attention.exact(model, [row.input_ids for row in rows])
    groups, control = [example.tools for example in train], family.control_ids(tokenizer)
    with tempfile.TemporaryDirectory() as scratch:
        trained = trainer.train(
            model, tokenizer, rows, groups, [], control, config, Path(scratch), [], shared=shared, **more
        )
    import torch

    model.eval().to(getattr(torch, dtype))
    summary, _ = evaluate(model, tokenizer, family, tools, test)
    kept = {key: summary[key] for key in ("n", "right", "exact", "malformed")}
    return kept | {"steps": trained.steps, "seconds": round(trained.seconds)}


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--recipe", default="recommended")
    parser.add_argument("--set", action="append", default=[], metavar="KEY=VALUE", dest="settings")
    parser.add_argument("--sft", action="append", default=[], metavar="KEY=NUMBER")
    parser.add_argument("--projects", nargs="+", choices=PROJECTS, default=PROJECTS)
    parser.add_argument("--seeds", nargs="+", type=int, default=list(range(5)))
    parser.add_argument("--plain", action="store_true", help="padded batches, in which nothing is shared")
    parser.add_argument("--slips", action="store_true", help="every row once more, written otherwise")
    parser.add_argument("--one", action="store_true", help="do one run here and print it as JSON")
    chosen = parser.parse_args()
    settings = dict(text.split("=", 1) for text in chosen.settings)
    if chosen.one:
        config = configure(chosen.recipe, settings | {"seed": str(chosen.seeds[0])})
        more = {key: float(number) for key, number in (text.split("=", 1) for text in chosen.sft)}
        print(json.dumps(one(chosen.projects[0], config, chosen.plain, chosen.slips, more)))
        return
    for name in chosen.projects:
        if name == "snips" and not SNIPS.is_dir():
            print("snips: left out, its rows are not here.")
            continue
        shares = []
        for seed in chosen.seeds:
            again = [sys.executable, __file__, "--one", "--recipe", chosen.recipe, "--projects", name]
            again += [f"--set={text}" for text in chosen.settings] + ["--seeds", str(seed)]
            again += [f"--sft={text}" for text in chosen.sft]
            again += ["--plain"] * chosen.plain + ["--slips"] * chosen.slips
            done = subprocess.run(
                again, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, check=True
            )
            found = json.loads(done.stdout.splitlines()[-1])
            shares.append(20 * found["right"] / found["n"])
            print(f"{name} seed {seed}: {json.dumps(found)}", flush=True)
        print(f"{name}: {statistics.mean(shares):.1f} of 20 in the mean, {min(shares):.1f} at worst")


if __name__ == "__main__":
    main()
