"""Results taken away: as a table without formulas, as JSONL without loss, as a page without anything that runs."""

import csv
import io
import json
from dataclasses import replace
from html.parser import HTMLParser

import pytest

from core.__main__ import main
from core.evaluation import report
from core.export import results
from core.importers.staging import FORMULA_SIGNS
from core.schema import Example, ToolCall
from core.store import asked, evaluations, projects, runs
from core.store.evaluations import Prediction
from tests.answered import AFTER, BEFORE, TESTS, judged, keep, make_shop

NAMES = ("Before", "After")
EVIL = "</pre></details><script>alert(1)</script><img src=x onerror=alert(1)>{{ 7 * 7 }}"


@pytest.fixture
def shop(db) -> str:
    return make_shop(db, "Shop")


def trained(db, shop) -> runs.Run:
    run = runs.create(db, shop, "starter", {"epochs": 8}, projects.freeze(db, shop).hash)
    keep(db, run, "before", BEFORE)
    keep(db, run, "after", AFTER)
    return run


@pytest.fixture
def told(db, shop) -> report.Report:
    return report.read(db, *asked.of_run(db, trained(db, shop)))


def written(db, told, kind) -> str:
    return results.text(db, told, kind, NAMES, "Results of Run 1")


def with_text(told, text) -> report.Report:
    """The report with `text` in every place that a person, a model or a file can fill."""
    calls = [{"name": text, "arguments": {text: text, "deep": {text: [text]}}}]
    pairs = []
    for pair in told.pairs:
        bad = [
            replace(one, prompt=text, text=text, reason=text, calls=calls, expected=calls,
                    ladder={"calls": [{"tool": text, "answer": 0, "arguments": []}], "surplus": []})
            for one in (pair.before, pair.after)
        ]  # fmt: skip
        pairs.append(replace(pair, before=bad[0], after=bad[1]))
    return replace(told, pairs=tuple(pairs), tools=(text,))


def test_the_table_has_a_line_for_each_row(db, told):
    rows = list(csv.DictReader(io.StringIO(written(db, told, "csv").removeprefix("\ufeff"))))
    assert len(rows) == TESTS
    assert [row["change_tool"] for row in rows] == ["fixed"] * 8 + ["still_wrong", "fixed", "fixed", "broke"]
    assert rows[0]["after_answer"] == '[{"name": "find_order", "arguments": {"order": "A-1"}}]'
    assert rows[3]["after_right_tool"] == "1" and rows[3]["after_right_call"] == "0"
    assert rows[0]["before_verdict"] == "malformed" and rows[0]["before_text"] == "<broken"


@pytest.mark.parametrize("sign", FORMULA_SIGNS)
def test_no_cell_is_a_formula_for_a_spreadsheet(db, told, sign):
    text = results.as_csv(with_text(told, f"{sign}cmd|' /C calc'!A0"))
    cells = [cell for row in csv.reader(io.StringIO(text.removeprefix("\ufeff"))) for cell in row]
    assert not [cell for cell in cells if cell.startswith(FORMULA_SIGNS)]
    assert f"'{sign}cmd|' /C calc'!A0" in cells


def test_text_with_commas_quotes_and_lines_comes_back(db, told):
    nasty = 'a,"b"\nc;d\r\ne\u2028f'
    rows = list(
        csv.DictReader(io.StringIO(results.as_csv(with_text(told, nasty)).removeprefix("\ufeff"), newline=""))
    )
    assert len(rows) == TESTS and all(row["prompt"] == nasty and row["after_text"] == nasty for row in rows)


def test_jsonl_loses_nothing(db, shop):
    run = trained(db, shop)
    told = report.read(db, *asked.of_run(db, run))
    lines = written(db, told, "jsonl").splitlines()
    found = [json.loads(line) for line in lines]
    snapshot = projects.snapshot(db, run.snapshot)
    assert [Prediction(**row["before"]) for row in found] == judged(snapshot, BEFORE)
    assert [Prediction(**row["after"]) for row in found] == judged(snapshot, AFTER)
    turns = [[turn.to_json() for turn in example.turns] for example in snapshot.split("test")]
    assert [row["turns"] for row in found] == turns and len(turns[9]) == 3
    assert [row["change_call"] for row in found].count("fixed") == 7


def test_jsonl_keeps_every_character(db, told):
    nasty = '=1+1 "quoted" \\ \n\t\u2028\x00 é 漢'
    [first, *_] = results.as_jsonl(with_text(told, nasty), {}).split("\n")
    assert json.loads(first)["after"]["text"] == nasty and json.loads(first)["prompt"] == nasty


class Tags(HTMLParser):
    def __init__(self, text):
        super().__init__()
        self.found, self.attributes, self.words = [], set(), []
        self.feed(text)
        self.close()

    def handle_starttag(self, tag, attrs):
        self.found.append(tag)
        self.attributes |= {name for name, _ in attrs}

    def handle_data(self, data):
        self.words.append(data)


def test_the_page_needs_nothing_and_runs_nothing(db, told):
    text = written(db, told, "html")
    seen = Tags(text)
    assert not set(seen.found) & {"script", "img", "link", "iframe", "object", "form", "base"}
    assert not [name for name in seen.attributes if name.startswith("on") or name in ("src", "href")]
    assert "http" not in text.replace("http-equiv", "") and "url(" not in text
    assert "default-src 'none'" in text


def test_nothing_that_was_said_becomes_markup(db, told):
    evil = results.as_html(with_text(told, EVIL), {}, (EVIL, EVIL), EVIL)
    plain = results.as_html(with_text(told, "harmless"), {}, ("harmless", "harmless"), "harmless")
    assert Tags(evil).found == Tags(plain).found and Tags(evil).attributes == Tags(plain).attributes
    assert "49" not in evil.replace("1949", "") or "{{ 7 * 7 }}" in evil


def test_the_page_has_numbers_intervals_the_matrix_and_all_rows(db, told):
    words = " ".join(" ".join(Tags(written(db, told, "html")).words).split())
    assert "1 of 12" in words and "10 of 12" in words and "55 to 95 % likely" in words
    assert "Clearly better. 10 fixed, 1 broke, 1 still wrong" in words
    assert "Could be luck. 7 fixed, 1 broke" in words and words.count("Clearly") == 1
    assert "(unparsable)" in words and all(f"Where is parcel A-{n}?" in words for n in range(1, 6))
    assert (
        "order: A-40 (wrong value)" in words and "subject: lamp broken (wording, 80 % of the words)" in words
    )
    assert "On its way." in words and "find_order (not asked for)" in words


def test_results_of_one_side_alone_are_written_too(db, shop):
    run = runs.create(db, shop, "starter", {}, projects.freeze(db, shop).hash)
    keep(db, run, "after", AFTER)
    alone = report.read(db, *asked.of_run(db, run))
    assert alone.left is None and len(alone.both) == TESTS
    rows = list(csv.DictReader(io.StringIO(written(db, alone, "csv").removeprefix("\ufeff"))))
    assert len(rows) == TESTS and "before_text" not in rows[0] and "change_tool" not in rows[0]
    page = written(db, alone, "html")
    assert "10 of 12" in page and "Clearly" not in page and "luck" not in page
    assert json.loads(written(db, alone, "jsonl").splitlines()[0])["before"] is None


@pytest.mark.parametrize("kind", results.KINDS)
def test_the_command_line_writes_the_file_and_says_the_numbers(db, settings, shop, tmp_path, capsys, kind):
    run, file = trained(db, shop), tmp_path / f"out.{kind}"
    words = ["results", run.id, "--to", kind, "--out", str(file), "--json", "--home", str(settings.home)]
    assert main(words) == 0
    answer = json.loads(capsys.readouterr().out)
    assert answer["rows"] == TESTS and answer["tool"]["verdict"] == "better" and answer["tool"]["fixed"] == 10
    assert (
        answer["call"]["verdict"] == "open" and answer["call"]["before"] == 1 and answer["call"]["after"] == 7
    )
    told = report.read(db, *asked.of_run(db, run))
    if kind != "html":  # that one has the time in it
        assert file.read_bytes().decode() == written(db, told, kind)


def test_a_run_without_results_says_so(db, settings, shop, tmp_path, capsys):
    run = runs.create(db, shop, "starter", {}, projects.freeze(db, shop).hash)
    words = [
        "results",
        run.id,
        "--to",
        "csv",
        "--out",
        str(tmp_path / "x"),
        "--json",
        "--home",
        str(settings.home),
    ]
    assert main(words) == 1
    assert "has no results" in json.loads(capsys.readouterr().out)["error"]["message"]
    keep(db, run, "after", AFTER)
    words[5] = str(tmp_path / "nowhere" / "x")
    assert main(words) == 1
    assert "cannot be written" in json.loads(capsys.readouterr().out)["error"]["message"]


def test_tools_with_many_rows_are_not_slow(db, shop):
    """A page with a thousand rows stays a page that is written at once and opened by any browser."""
    projects.add_examples(
        db, shop, [Example.single(f"Where is parcel C-{n}?", ToolCall("find_order", {"order": f"C-{n}"}), split="test")
                   for n in range(1000)]
    )  # fmt: skip
    run = runs.create(db, shop, "starter", {}, projects.freeze(db, shop).hash)
    for phase in ("before", "after"):
        keep(db, run, phase, [*(AFTER), *([] for _ in range(1000))])
    text = written(db, report.read(db, *asked.of_run(db, run)), "html")
    assert text.count("Where is parcel C-") == 1000 and len(text) < 2_000_000
    assert evaluations.find(db, run.id, "after").summary["n"] == 1012
