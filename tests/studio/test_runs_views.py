"""The table of runs and the comparison: what they say, and that nothing a user or a model wrote becomes markup."""

import math
import re
from dataclasses import replace
from itertools import pairwise

import pytest

from core.store.metrics import Metric
from core.store.runs import Run
from studio.views import chart, compare, runs_table
from studio.views.compare import Side
from studio.views.runs_table import Entry
from tests.studio.test_views import NASTY, Read, run

BEFORE, AFTER = {"n": 20, "right": 0, "exact": 0}, {"n": 20, "right": 17, "exact": 6}


def made(**values: object) -> Run:
    plain = {
        "state": "finished",
        "kind": "train",
        "label": "",
        "note": "",
        "archived": None,
        "deleted": None,
        "snapshot": "s1",
    }
    return run(**{**plain, **values})


def side(
    number: int, recipe: dict[str, object] | None = None, *, points: object = (), **values: object
) -> Side:
    one = made(id=f"r{number}", number=number, **values)
    return Side(
        Entry(one, "Recommended", BEFORE, AFTER, {"loss": 0.25}), recipe or {"epochs": 8}, list(points)
    )


def drawn(evil: str) -> list[str]:
    error = {"message": evil, "hint": evil, "where": evil}
    one = made(id=evil, label=evil, note=evil, model=evil, state="failed", error=error, snapshot=evil)
    working = replace(one, state="training")
    entry = Entry(one, evil, BEFORE, AFTER, {"loss": 1.0, "eval_loss": math.nan})
    points = [Metric(step, name, 1.0) for step in (1, 2) for name in ("loss", "eval_loss", "right_tool")]
    other = replace(one, model="m", snapshot="s", label="other", state="queued")
    sides = [Side(entry, {evil: evil, "epochs": 1}, points), Side(Entry(other, "x"), {"epochs": 2}, points)]
    return [
        runs_table.table([entry], evil, evil, [evil]),
        runs_table.table([Entry(working, evil)], "", evil, [], total=200, page=1),
        runs_table.deleted_lines([one], 10),
        runs_table.chips(1, 2, evil),
        compare.compare(sides),
    ]


HARMLESS = [Read(text) for text in drawn("harmless")]


@pytest.mark.parametrize("evil", NASTY)
def test_no_text_becomes_markup(evil: str) -> None:
    for text, plain in zip(drawn(evil), HARMLESS, strict=True):
        seen = Read(text)
        assert (seen.tags, seen.names, seen.open) == (plain.tags, plain.names, [])


def words(html: str) -> str:
    return " ".join(re.sub(r"<[^>]+>", " ", html).split())


def test_a_row_says_scores_with_their_number_losses_and_recipe() -> None:
    entry = Entry(made(seconds=192.0), "Guide", BEFORE, AFTER, {"loss": 0.41234, "eval_loss": math.nan})
    text = words(runs_table.table([entry], "", "", []))
    assert "0 → 17 of 20" in text and "6 of 20" in text and "3 min 12 s" in text
    assert "train 0.412 test nan" in text and "Gemma 3 270M Guide" in text and "finished" in text


def test_scores_of_other_numbers_of_rows_are_not_joined() -> None:
    text = words(runs_table.table([Entry(made(), "", {**BEFORE, "n": 19}, AFTER)], "", "", []))
    assert "17 of 20" in text and "→" not in text
    assert "0 of 20 before" in words(runs_table.table([Entry(made(), "", BEFORE)], "", "", []))


def test_a_run_at_work_shows_its_progress_and_cannot_be_put_away() -> None:
    text = runs_table.table([Entry(made(state="training"), "")], "", "r1", [])
    assert "step 27 of 40" in text and 'aria-valuenow="68"' in text
    assert 'data-do="delete"' not in text and 'data-do="archive"' not in text and 'data-do="again"' in text


@pytest.mark.parametrize(
    ("values", "there", "not_there"),
    [
        ({}, {"archive", "delete", "again", "describe", "csv", "script"}, {"bring_back"}),
        ({"archived": "2026-01-01"}, {"bring_back", "delete"}, {"archive"}),
        ({"state": "queued"}, {"delete"}, {"archive", "bring_back"}),
    ],
)
def test_what_can_be_done_to_a_run(values: dict, there: set[str], not_there: set[str]) -> None:
    text = runs_table.table([Entry(made(**values), "")], "", "r1", [])
    offered = set(re.findall(r'data-do="(\w+)"', text))
    assert there <= offered and not offered & not_there
    closed = runs_table.table([Entry(made(**values), "")], "", "", [])
    assert set(re.findall(r'data-do="(\w+)"', closed)) == {"pick", "open", "more"}


def test_ticked_and_shown_runs_are_marked() -> None:
    entries = [Entry(made(id=id), "") for id in ("r1", "r2")]
    text = runs_table.table(entries, "r2", "", ["r1"])
    assert text.count('aria-checked="true"') == 1 and '<tr class="on">' in text
    assert "Tick one more" in runs_table.picked_bar(1) and "Tick one more" not in runs_table.picked_bar(2)
    assert runs_table.picked_bar(0) == ""


def test_many_runs_come_in_pages() -> None:
    entries = [Entry(made(), "")]
    assert "cw-pager" not in runs_table.table(entries, "", "", [], total=50)
    middle = runs_table.table(entries, "", "", [], page=1, total=1234)
    assert "51 to 100 of 1,234" in middle and middle.count('data-do="page"') == 2
    last = runs_table.table(entries, "", "", [], page=24, total=1234)
    assert "1,201 to 1,234" in last and last.count('data-do="page"') == 1


def test_an_empty_place_says_what_will_stand_there() -> None:
    assert "The Train tab starts the first one" in runs_table.table([], "", "", [])
    assert "archive is empty" in runs_table.table([], "", "", [], archived=True)


def test_only_the_settings_that_differ_are_named() -> None:
    first, second = (
        {"epochs": 8, "seed": 0, "learning_rate": 1e-5},
        {"epochs": 4, "seed": 0, "learning_rate": 2e-5},
    )
    text = words(compare.settings([side(1, first), side(2, second)]))
    assert "Passes over your examples 8 4" in text and "Size of each change 1e-05 2e-05" in text
    assert "Order of the rows" not in text and "Model" not in text and "Tools and examples" not in text


def test_choices_are_said_in_the_words_of_the_form_and_unknown_settings_by_name() -> None:
    sides = [side(1, {"schedule": "linear", "rank": 8}), side(2, {"schedule": "constant"})]
    text = words(compare.settings(sides))
    assert "From then on falls to zero stays the same" in text and "rank 8 None" in text


def test_other_examples_are_said_and_a_warning_stands_by_the_scores() -> None:
    sides = [side(1), side(2), side(3, snapshot="s2")]
    assert "Tools and examples these the same other examples" in words(compare.settings(sides))
    assert "may not be of the same questions" in compare.scores(sides)
    assert "may not be of the same questions" not in compare.scores(sides[:2])
    assert "have the same model, settings, tools and examples" in compare.settings(sides[:2])


def test_scores_always_say_of_how_many_and_claim_nothing() -> None:
    other = replace(side(2), entry=Entry(made(id="r2", number=2), "", BEFORE, None))
    text = words(compare.scores([side(1), other]))
    assert "Right tool after 17 of 20 –" in text and "Exact after 6 of 20 –" in text
    assert not re.search(r"\b(better|best|wins|winner)\b", text)


def points(name: str, values: dict[int, float]) -> list[Metric]:
    return [Metric(step, name, value) for step, value in values.items()]


def test_each_run_has_a_line_of_its_own_kind_and_its_name() -> None:
    sides = [side(n, points=points("loss", {1: 3.0, 40: 1.0 / n})) for n in (1, 2, 3, 4)]
    text = compare.charts(sides)
    for n in (1, 2, 3, 4):
        assert f'<path class="run-{n}"' in text and f">Run {n}</text>" in text
    assert "Run 2 from 3 to 0.5" in text
    assert compare.charts([side(1), side(2)]) == ""


def test_right_tools_are_shares_of_what_each_run_was_asked() -> None:
    first = side(1, points=points("right_tool", {0: 0.0, 8: 10.0}))
    fewer = Entry(made(id="r2", number=2), "", {**BEFORE, "n": 10})
    second = replace(side(2, points=points("right_tool", {0: 0.0, 8: 10.0})), entry=fewer)
    text = compare.charts([first, second])
    assert "Run 1 from 0 to 50; Run 2 from 0 to 100" in text and ">100</text>" in text


def test_a_diverged_line_ends_where_it_was_finite() -> None:
    broken = side(1, points=points("loss", {1: 2.0, 2: math.nan, 3: math.inf}))
    text = compare.charts([broken, side(2, points=points("loss", {1: 1.0, 3: 0.5}))])
    assert "nan" not in text and "inf" not in text


@pytest.mark.parametrize("gap", [0.0, 0.001, 0.05])
def test_names_at_the_ends_of_lines_never_touch(gap: float) -> None:
    lines = [chart.Line(f"run-{n}", f"Run {n}", [(0, 1.0), (9, 0.5 + n * gap)]) for n in (1, 2, 3, 4)]
    lines.append(chart.Line("low", "Low", [(0, 1.0), (9, 0.0)]))
    text = chart.lines_chart(lines, "loss", "said")
    heights = sorted(float(y) for y in re.findall(r'class="name [\w-]+" x="[\d.]+" y="([\d.]+)"', text))
    assert len(heights) == 5
    assert all(low + chart.NAME_HEIGHT <= high + 0.2 for low, high in pairwise(heights))
    assert heights[0] >= chart.TOP and heights[-1] <= chart.HEIGHT
