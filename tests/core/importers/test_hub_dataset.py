"""Data sets by name, against a stand-in for the Hub; each question in a process of its own, as for models."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from core.errors import StudioError
from core.importers.hub_dataset import check_name, chosen, split_of
from tests.core.models import hub_stand_in

ROOT = Path(__file__).parents[3]
ASK = """
import json, sys
from core.errors import StudioError
from core.importers.hub_dataset import fetch
from core.settings import Settings
told = []
try:
    found = fetch(sys.argv[1], Settings.load(sys.argv[2]), lambda text, share: told.append(text))
    print(json.dumps({"files": [str(path) for path in found], "told": told}))
except StudioError as error:
    print(json.dumps({"error": error.sentence()}))
"""
ROW = {"prompt": "our VPN?", "tool": "search", "args": {"query": "vpn"}}
LINE = (json.dumps(ROW) + "\n").encode()


@pytest.fixture
def hub():
    with hub_stand_in.running() as running:
        yield running


@pytest.fixture
def ask(hub, tmp_path):
    def asked(
        name: str, *, token: str = "", code: tuple[str, ...] = ("-c", ASK), arguments=(), **more
    ) -> dict:
        environment = {k: v for k, v in os.environ.items() if not k.startswith(("HF_", "HUGGING_FACE"))}
        environment |= {"HF_ENDPOINT": hub.address, "HF_HOME": str(tmp_path / "hf"), **more}
        environment |= {"NO_PROXY": "127.0.0.1", "HF_HUB_DISABLE_TELEMETRY": "1", "PYTHONPATH": str(ROOT)}
        if token:
            environment["HF_TOKEN"] = token
        done = subprocess.run(
            [sys.executable, *code, *(arguments or (name, str(tmp_path / "home")))],
            cwd=ROOT, env=environment, capture_output=True, text=True, timeout=120,
        )  # fmt: skip
        assert not token or token not in done.stdout + done.stderr
        return json.loads(done.stdout)

    return asked


def test_the_files_come_as_they_are_those_to_learn_from_first(hub, ask, tmp_path):
    files = {
        "README.md": b"# Rows", "data/test.jsonl": LINE, "data/train.jsonl": LINE * 2,
        "data/train.parquet": b"the same rows again", "dataset_infos.json": b"{}",
    }  # fmt: skip
    hub.repos["datasets/me/rows"] = files
    found = [Path(file) for file in ask("me/rows")["files"]]
    assert [file.name for file in found] == ["train.jsonl", "test.jsonl"]
    assert [file.read_bytes() for file in found] == [LINE * 2, LINE]
    assert all(file.is_relative_to(tmp_path / "home") for file in found)
    assert not any("parquet" in path or "README" in path for path in hub.paths())


def test_the_command_line_imports_one_with_its_parts(hub, ask, tmp_path):
    bad = LINE + b'{"prompt": "x"}\n'
    hub.repos["datasets/me/rows"] = {"train.jsonl": LINE * 2, "validation.jsonl": bad}
    home = str(tmp_path / "home")
    answer = ask(
        "", code=("-m", "core"),
        arguments=("import", "p", "--examples", "hub:me/rows", "--json", "--home", home),
    )  # fmt: skip
    assert (answer["train"], answer["test"], answer["rows"], answer["format"]) == (2, 1, 4, "rows")
    assert [(r["file"], r["row"]) for r in answer["rejected"]] == [("validation.jsonl", 2)]


def test_a_gated_one_asks_for_its_terms_and_opens_with_a_token(hub, ask):
    hub.repos["datasets/me/closed"] = {"rows.jsonl": LINE}
    hub.gated.add("datasets/me/closed")
    assert "asks for terms" in ask("me/closed")["error"] and "hf auth login" in ask("me/closed")["error"]
    assert "account of your token" in ask("me/closed", token=hub_stand_in.STRANGER_TOKEN)["error"]
    assert len(ask("me/closed", token=hub_stand_in.GOOD_TOKEN)["files"]) == 1


@pytest.mark.parametrize(
    "name, files, more, words",
    [
        ("me/nothing", None, {}, "no data set me/nothing"),
        ("me/pictures", {"a.png": b"x"}, {}, "no files that can be read"),
        ("me/rows", {"a.jsonl": LINE}, {"HF_HUB_OFFLINE": "1"}, "cannot be reached"),
        ("me/rows", {"a.jsonl": LINE}, {"HF_ENDPOINT": "http://127.0.0.1:9"}, "cannot be reached"),
        ("../rows", None, {}, "no name of a data set"),
    ],
)
def test_what_stands_in_the_way_is_said(hub, ask, name, files, more, words):
    if files:
        hub.repos[f"datasets/{name}"] = files
    assert words in ask(name, **more)["error"]


def test_too_much_data_is_refused_by_its_listing():
    with pytest.raises(StudioError, match="600 MB of data; 500 MB can be read"):
        chosen({"a.jsonl": 300_000_000, "b.jsonl": 300_000_000}, "me/rows")


@pytest.mark.parametrize(
    "name", ["rows", "me/rows/more", "me/../x", "me\\rows", "/rows", "me/ rows", "me/rows\n", ""]
)
def test_names_that_are_none_are_refused(name):
    with pytest.raises(StudioError):
        check_name(name)


@pytest.mark.parametrize(
    "file, part",
    [
        ("train.jsonl", "train"), ("data/train-00000-of-00002.parquet", "train"), ("validation/0.json", "test"),
        ("my_eval_rows.csv", "test"), ("rows.jsonl", None), ("latest.json", None),
    ],
)  # fmt: skip
def test_the_part_stands_in_the_name(file, part):
    assert split_of(Path(file)) == part
