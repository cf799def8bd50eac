"""The command line: `python -m core VERB ... [--json] [--home DIR]`.

Only the answer goes to stdout; progress goes to stderr. Exit 0: done, 1: failed with a clear error, 2: wrong usage.
"""

import argparse
import json
import logging
import os
import sys
from typing import Any

from core import commands
from core.errors import StudioError
from core.evaluation.robustness.variants import VARIANTS
from core.prompt.budget import LIMIT
from core.schema.example import SPLITS
from core.serving.snippets import PORT
from core.settings import Settings


def parser() -> argparse.ArgumentParser:
    """The whole grammar."""
    common = argparse.ArgumentParser(add_help=False)
    common.add_argument("--json", action="store_true", help="one JSON object on stdout")
    common.add_argument("--home", metavar="DIR", help="where every file lives (else CALLWRIGHT_HOME)")
    top = argparse.ArgumentParser(
        prog="python -m core", description="Teach a small model to call your tools."
    )
    verbs = top.add_subparsers(dest="verb", required=True, metavar="VERB")

    def verb(name: str, target: str, help: str) -> argparse.ArgumentParser:
        made = verbs.add_parser(name, parents=[common], help=help, description=help)
        made.set_defaults(target=target)
        return made

    bring = verb("import", "bring.bring", "create or extend a project from files")
    bring.add_argument("project")
    bring.add_argument(
        "--tools", metavar="FILE", help="JSON, YAML or Python source, in any form that is known"
    )
    bring.add_argument("--mcp", metavar="URL", help="take the tools of a running MCP server")
    bring.add_argument("--allow-remote", action="store_true", help="the MCP server may be on another machine")
    bring.add_argument(
        "--examples", metavar="FILE", help="CSV, TSV, XLSX, JSON, JSONL, Parquet, or hub:OWNER/NAME"
    )
    part = bring.add_mutually_exclusive_group()
    part.add_argument("--split-column", metavar="NAME", help="the column that says train or test")
    part.add_argument(
        "--test-share", type=_share, metavar="SHARE", help="part kept for the test, such as 0.5"
    )
    bring.add_argument("--seed", type=int, default=0)
    bring.add_argument(
        "--default-split", choices=("train", "test"), help="the part of rows that do not say theirs"
    )
    bring.add_argument(
        "--map", type=_meaning, action="append", default=[], metavar="HEADER=MEANING",
        help="what a column means: user_content, tool_name, tool_arguments, ..., argument:NAME, or nothing",
    )  # fmt: skip
    bring.add_argument("--every-answer", action="store_true", help="an example for each answer of a row")

    doctor = verb("doctor", "data.doctor", "what is missing or contradictory; exit 1 if it blocks training")
    doctor.add_argument("project")
    doctor.add_argument("--model", help="check every row with the tokenizer of this model")
    doctor.add_argument("--fix", metavar="KIND", help="apply the remedies of this kind of finding, or of all")
    _limit(doctor)

    lens = verb("lens", "data.lens", "exactly what the model sees, and which part is trained")
    lens.add_argument("project")
    lens.add_argument("--example", type=int, default=1, metavar="N")
    lens.add_argument("--model", help="show the tokens of this model too")
    lens.add_argument("--full", action="store_true", help="show the tokens of the declarations too")
    _limit(lens)

    train = verb("train", "runs.train", "train a model on a project")
    train.add_argument("project")
    train.add_argument("--model", default="starter")
    train.add_argument("--recipe", default="recommended", help="recommended (the default) or guide")
    train.add_argument("--set", type=_setting, action="append", default=[], metavar="KEY=VALUE")
    train.add_argument("--detach", action="store_true", help="do not wait for the end")

    evaluate = verb("evaluate", "models.evaluate", "ask a model about the test rows")
    evaluate.add_argument("project")
    evaluate.add_argument(
        "--model", required=True, help="starter, a run, RUN/STEP of a checkpoint, a folder or a Hub id"
    )
    evaluate.add_argument("--predictions", metavar="FILE", help="write one JSON line a row")
    evaluate.add_argument("--split", choices=SPLITS, default="test")
    changed = evaluate.add_mutually_exclusive_group()
    changed.add_argument("--robustness", action="store_true", help="ask the rows in every changed form too")
    changed.add_argument(
        "--variant", choices=[name for name in VARIANTS if name], action="append", default=[],
        help="ask them in this changed form too",
    )  # fmt: skip
    evaluate.add_argument(
        "--constrained", action="store_true", help="hold names and arguments to the tools' schemas"
    )
    evaluate.add_argument("--seed", type=int, default=0, help="of the changes")
    evaluate.add_argument(
        "--endpoint",
        metavar="URL",
        help="the model is behind this OpenAI-compatible address, such as https://host/v1",
    )
    evaluate.add_argument(
        "--key-variable", metavar="NAME", default="",
        help="of the environment, with the key of the endpoint; else OPENAI_API_KEY for OpenAI's own, "
        "CALLWRIGHT_ENDPOINT_KEY for others",
    )  # fmt: skip
    verb("robustness", "models.robustness", "what changed rows said of a run's model").add_argument("run")

    ask = verb("ask", "models.ask", "one answer of a model")
    ask.add_argument("project")
    ask.add_argument("--model", required=True, help="starter, a run, a folder or a Hub id")
    ask.add_argument("text")

    serve = verb("serve", "serve.serve", "answer other programs on this computer, as OpenAI's API does")
    serve.add_argument(
        "--model",
        action="append",
        required=True,
        help="starter, a run, a folder or a Hub id; may be repeated",
    )
    serve.add_argument("--port", type=int, default=PORT, metavar="N", help=f"{PORT} where none is given")
    serve.add_argument("--key", help="what clients must know; better given as CALLWRIGHT_KEY")
    owned = verb("documents", "documents.documents", "the documents of a project: list, add, delete")
    owned.add_argument("project")
    what = owned.add_mutually_exclusive_group()
    what.add_argument("--add", nargs="+", metavar="FILE", help="plain text, Markdown, PDF, CSV, TSV or XLSX")
    what.add_argument("--delete", metavar="TITLE")
    what.add_argument("--list", action="store_true", help="the default")
    search = verb("search", "documents.search", "what a search finds in the documents of a project")
    search.add_argument("project")
    search.add_argument("words")
    search.add_argument("--most", type=int, default=3, metavar="N", help="documents to find")
    retrieval = verb(
        "retrieval", "documents.retrieval", "whether the searches of a run's model find the right documents"
    )
    retrieval.add_argument("run")

    verb("runs", "runs.listed", "all runs")
    verb("run", "runs.show", "one run").add_argument("run")
    stop = verb("stop", "runs.stop", "stop a run, keeping what it learned")
    stop.add_argument("run")
    stop.add_argument("--now", action="store_true", help="end its process at once; it can be resumed")
    resume = verb("resume", "runs.resume", "let a run that ended early go on from its newest checkpoint")
    resume.add_argument("run")
    resume.add_argument("--detach", action="store_true", help="do not wait for the end")
    take = verb("take", "runs.take", "make a run of a checkpoint of another one, and ask its model")
    take.add_argument("run")
    take.add_argument("step", type=int)
    take.add_argument("--detach", action="store_true", help="do not wait for the end")
    export = verb("export", "export.export", "take a run out of the studio: its settings, or a script")
    export.add_argument("run")
    export.add_argument(
        "--to", choices=("script", "config"), required=True,
        help="a Python script over TRL that trains the same model, with its rows; or all settings as JSON",
    )  # fmt: skip
    export.add_argument("--out", metavar="FOLDER", required=True, help="an empty folder, or a new one")
    verb("check", "store.check", "whether the database is whole; what is damaged is repaired, and kept")
    move = verb("move", "shelf.move", "move a waiting run in the queue")
    move.add_argument("run")
    move.add_argument("places", type=int, help="so many places on; -1 is one forward")
    rename = verb("rename", "shelf.rename", "give a run a name and a note")
    rename.add_argument("run")
    rename.add_argument("name")
    rename.add_argument("--note", metavar="TEXT")
    verb("archive", "shelf.archive", "put a run out of the lists").add_argument("run")
    delete = verb("delete", "shelf.delete", "delete a run; its files go a while later")
    delete.add_argument("run")
    delete.add_argument("--now", action="store_true", help="remove its files at once")
    verb("restore", "shelf.restore", "bring an archived or deleted run back").add_argument("run")
    metrics = verb("metrics", "shelf.save_metrics", "the metrics of a run as CSV")
    metrics.add_argument("run")
    metrics.add_argument("--out", metavar="FILE", required=True)
    results = verb("results", "results.results", "the answers before and after a run, row by row")
    results.add_argument("run")
    results.add_argument("--to", choices=("csv", "jsonl", "html"), required=True)
    results.add_argument("--out", metavar="FILE", required=True)
    return top


def _limit(verb: argparse.ArgumentParser) -> None:
    verb.add_argument("--max-length", type=int, default=LIMIT, metavar="N", help="tokens that a row may have")


def _share(text: str) -> float:
    value = float(text)
    if not 0 < value < 1:
        raise argparse.ArgumentTypeError("choose a share between 0 and 1")
    return value


def _meaning(text: str) -> tuple[str, str]:
    header, sign, meaning = text.rpartition("=")
    if not sign:
        raise argparse.ArgumentTypeError("write header=meaning")
    return header, meaning


def _setting(text: str) -> tuple[str, str]:
    key, sign, value = text.partition("=")
    if not sign:
        raise argparse.ArgumentTypeError("write key=value")
    return key, value


def main(arguments: list[str] | None = None) -> int:
    """Do what was asked; the exit code."""
    options = parser().parse_args(arguments)
    try:
        answer, text = _target(options.target)(options, Settings.load(options.home))
    except StudioError as error:
        return _fail(error, options.json)
    except KeyboardInterrupt:
        return 130
    except Exception as error:
        logging.exception("unexpected")
        return _fail(StudioError(f"{type(error).__name__}: {error}", "Please report this."), options.json)
    print(json.dumps(answer, ensure_ascii=False) if options.json else text)
    return 1 if isinstance(answer, dict) and answer.get("blocked") else 0


def _target(dotted: str) -> Any:
    """The function of a verb; its module is imported only when it is asked for."""
    from importlib import import_module

    module, name = dotted.split(".")
    return getattr(import_module(f"{commands.__name__}.{module}"), name)


def _fail(error: StudioError, as_json: bool) -> int:
    if as_json:
        print(json.dumps({"error": error.to_json()}, ensure_ascii=False))
    else:
        print(error.sentence(), file=sys.stderr)
    return 1


if __name__ == "__main__":
    os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")
    sys.exit(main())
