"""Views: what they say, and that nothing which came from data, a model or a user becomes markup."""

import ast
from dataclasses import fields, replace
from html.parser import HTMLParser
from pathlib import Path

import pytest

from core.doctor import remedies
from core.doctor.findings import Finding
from core.doctor.split import Count
from core.errors import StudioError
from core.importers.outcome import Column, Reject, Rename, ToolsRead
from core.importers.reading import Options
from core.importers.staging import Staged
from core.models import catalog
from core.models.catalog import Choice
from core.prompt.budget import Budget
from core.prompt.gate import Refusal
from core.prompt.lens import Piece, Seen, Token
from core.schema import Example, Tool, ToolCall
from core.settings import Settings
from core.store.metrics import Metric
from core.store.runs import Run
from studio.text import ENGLISH, PARTS
from studio.views import (
    batch,
    bring,
    chart,
    division,
    examples,
    lens,
    pieces,
    playground,
    results,
    runs,
    tools,
    train,
)
from studio.views.chat import Lane, Said

NASTY = (
    "<script>alert(1)</script>",
    '"><img src=x onerror=alert(1)>',
    "' onmouseover='alert(1)",
    "</pre></details><svg onload=alert(1)>",
    "&lt;b&gt; <b>bold</b>",
    "${alert(1)} {{value}}",
)


def run(**values: object) -> Run:
    empty = {field.name: None for field in fields(Run)}
    first = {
        "id": "r1",
        "project": "p",
        "number": 3,
        "state": "training",
        "model": "starter",
        "recipe": {"epochs": 8},
        "kind": "train",
    }
    more = {
        "doing": "Training",
        "step": 27,
        "steps": 40,
        "seconds_left": 65.0,
        "device": "CPU",
        "stop_requested": 0,
    }
    return Run(**{**empty, **first, **more, "created": "2026-01-01T00:00:00+00:00", **values})


class Read(HTMLParser):
    """The tags and attributes that a browser would see."""

    def __init__(self, text: str):
        super().__init__()
        self.tags: list[str] = []
        self.names: set[str] = set()
        self.open: list[str] = []
        self.feed(text)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.names |= {name for name, _ in attrs}
        if tag not in ("br", "img"):
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.names |= {name for name, _ in attrs}

    def handle_endtag(self, tag: str) -> None:
        assert self.open and self.open.pop() == tag, f"</{tag}> closes nothing"


def drawn(evil: str) -> list[str]:
    """Every view with the same text in every place that can hold one."""
    tool = Tool("seek", evil, {"type": "object", "properties": {"q": {"type": "string"}}, "required": []})
    call = {"name": evil, "arguments": {evil: evil, "list": [evil], "deep": {evil: [{evil: evil}]}}}
    example = replace(Example.single(evil, ToolCall(evil, {"q": evil})), id=1)
    failed = run(
        state="failed",
        error={"message": evil, "hint": evil, "where": f"/{evil}"},
        model=evil,
        device=evil,
        doing=evil,
    )
    said = Said(evil, (ToolCall(evil, call["arguments"]),), evil, "", 1.0, 3, results=(evil,))
    answers = [
        said,
        Said(words=evil),
        Said(evil, malformed=evil),
        Said(error=evil),
        replace(said, results=()),
    ]
    marked = [replace(said, verdict="wrong"), replace(said, verdict="right")]
    marked.append(replace(said, verdict="right", example=1, split="test"))
    lane = Lane(evil)
    for answer in (*answers, *marked, said, *answers):
        lane = lane.asked(evil, evil).answered(replace(answer, uid=evil))
    tried = [batch.Tried(Lane(evil).asked(evil).answered(one), one) for one in (*answers, *marked)]
    finding = Finding("warn", evil, (1,), evil, evil, evil, (evil,))
    brought = ToolsRead(
        [replace(tool, name=evil, originals={"": evil})],
        [evil],
        [Reject(2, evil, evil)],
        evil,
        [Rename(evil, evil, evil, evil)],
    )
    staged = Staged(
        *("0" * 16, evil, Options(), "csv", [Column(evil, evil, (evil,))], [evil], 2, 1, 1, 1, 1),
        *({evil: {"train": 1, "test": 0}}, [tool], [example], [Reject(2, evil, evil)]),
    )
    kinds = ("prompt", "declaration", "trained")
    seen = Seen(
        [Piece(evil, kind) for kind in kinds],
        [Token(evil, place, kind, place) for place, kind in enumerate(kinds)],
        1,
        Budget(512, 1, {evil: 1, "b": 2}, 1, 1, 9, 1, 1, True),
        "here",
    )
    return [
        runs.sidebar([failed, run(id=evil, doing=evil)], evil, {}),
        runs.run_card(failed, "", evil),
        runs.run_head(failed),
        runs.computer(evil, 1, 2),
        tools.cards([tool], {evil: {"train": 1, "test": 0}}, evil),
        tools.declaration(evil),
        bring.tools(brought, {evil: (3, 1)}),
        bring.examples(staged),
        bring.problem(StudioError(evil, evil, evil)),
        bring.progress(0.5, 3),
        division.table([Count(evil, 1, 1)], [Count(evil, 2, 0)], 1),
        examples.table([example], {"seek"}, 1, {1: "leak"}, 0, 200, {1}),
        examples.chips(1, 2, evil, replace(finding, kind="leak")),
        examples.bulk(1, 2),
        examples.health([finding, replace(finding, severity="block")], 3),
        examples.health_pill([replace(finding, severity="block")]),
        train.choice_note(Choice(evil, evil, evil, False, evil, "https://" + evil, evil)),
        lens.lens(replace(seen, tokens=[], state="absent"), evil),
        lens.lens(seen, evil).replace("<s> </s>", " "),  # how a space is marked
        lens.gate([Refusal(1, evil, evil, "changed"), Refusal(1, evil, evil, "too_long", 640)]),
        train.queue([run(id=evil, state="queued")], {}),
        results.title(failed),
        playground.column(lane, evil, evil, [tool]),
        playground.column(lane, evil, evil, [tool], judged=False),
        playground.column(lane, evil, evil, [tool], doing=evil),
        playground.column(lane, evil, evil, [tool], doing=evil, growing=evil),
        playground.column(Lane(), evil, evil, [], nothing=f"{evil}|{evil}"),
        playground.chips([evil]),
        playground.corrections(1, 2, evil),
        batch.table(tried, [tool], {tried[0].said.uid}, tuned=True, judged=True),
        batch.table(tried, [tool], set(), tuned=False, judged=False),
        batch.summary(tried, [tool]),
        pieces.act(pieces.h(evil), evil, label=evil, id=evil),
        pieces.pill(evil),
        pieces.empty(evil, evil),
    ]


HARMLESS = [Read(text) for text in drawn("harmless")]


@pytest.mark.parametrize("evil", NASTY)
def test_no_text_becomes_markup(evil: str) -> None:
    for text, plain in zip(drawn(evil), HARMLESS, strict=True):
        seen = Read(text)
        assert seen.tags == plain.tags
        assert seen.names == plain.names
        assert not seen.open


def test_a_link_is_followed_only_where_a_browser_may() -> None:
    assert train.link("javascript:alert(1)", "x") == ""
    assert train.link("data:text/html,x", "x") == ""
    assert 'href="https://huggingface.co/x"' in train.link("https://huggingface.co/x", "x")


def test_the_sidebar_says_state_progress_and_time_left() -> None:
    text = runs.sidebar([run()], "r1", {})
    assert "step 27 of 40 · 1 min 05 s left" in text
    assert 'aria-valuenow="68"' in text and 'aria-pressed="true"' in text


def test_a_finished_run_shows_its_score_instead_of_its_state() -> None:
    text = runs.sidebar([run(state="finished", seconds=192)], "", {"r1": {"right": 18, "n": 20}})
    assert "18 of 20" in text and "3 min 12 s" in text


@pytest.mark.parametrize(("step", "epoch"), [(0, 1), (1, 1), (5, 1), (6, 2), (40, 8)])
def test_the_pass_is_counted_from_the_step(step: int, epoch: int) -> None:
    assert f"pass {epoch} of 8" in runs.numbers(run(step=step), None, None)


def test_a_failed_run_says_what_to_do_and_where() -> None:
    error = {"message": "Out of memory.", "hint": "Take a smaller batch.", "where": "/log.txt"}
    text = runs.run_card(run(state="failed", error=error))
    assert all(part in text for part in error.values())


def test_a_stopped_run_says_whether_something_was_kept() -> None:
    assert "is kept" in runs.run_card(run(state="cancelled", folder="/x"))
    assert "before it had learned" in runs.run_card(run(state="cancelled"))


@pytest.mark.parametrize(
    ("top", "ticks"), [(2.6, [0, 1, 2, 3]), (0.09, [0, 0.025, 0.05, 0.075, 0.1]), (0, [0, 1])]
)
def test_the_axis_has_round_numbers(top: float, ticks: list[float]) -> None:
    assert chart.scale(top) == pytest.approx(ticks)


def test_the_chart_names_both_lines_and_survives_a_diverged_loss() -> None:
    points = [Metric(step, "loss", 2 / step) for step in range(1, 9)] + [Metric(4, "eval_loss", 1.0)]
    text = chart.loss_chart(points, 40)
    assert "train loss 0.25" in text and "test loss 1" in text and 'class="test"' in text
    assert "since step 9" in chart.loss_chart([*points, Metric(9, "loss", float("nan"))], 40)
    assert "since step 1" in chart.loss_chart([Metric(1, "loss", float("inf"))], 40)
    assert chart.loss_chart([], 40) == ""


def test_checkpoints_are_flags_on_the_axis() -> None:
    points = [Metric(step, "loss", 2 / step) for step in range(1, 9)]
    text = chart.loss_chart(points, 40, [8, 16, 99])
    assert text.count('<path class="kept"') == 2 and "checkpoint at step 16" in text
    assert "Checkpoints are kept of these steps: 8, 16." in text and "2 checkpoints are kept" in text
    assert "kept" not in chart.loss_chart(points, 40)


def test_right_tools_are_drawn_once_the_first_epoch_is_done() -> None:
    points = [Metric(0, "right_tool", 2.0), Metric(5, "right_tool", 14.0)]
    assert chart.right_chart(points[:1], 40, 20) == ""
    text = chart.right_chart(points, 40, 20)
    assert "14 of 20 right" in text and "went from 2 to 14 of 20" in text and text.count("<circle") == 2
    assert chart.right_chart(
        [Metric(0, "right_tool", 0.0), Metric(1, "right_tool", 1.0)], 1, 1
    )  # whole ticks
    assert chart.right_chart(points, 40, 0) == ""
    nearly = chart.right_chart(points, 36, 21)
    assert ">21</text>" in nearly and ">20</text>" not in nearly  # they would lie on each other


@pytest.mark.parametrize(
    ("train_rows", "epochs", "batch", "steps"), [(32, 8, 4, 64), (33, 8, 4, 72), (1, 1, 4, 1), (0, 8, 4, 0)]
)
def test_steps_are_counted_as_the_trainer_does(train_rows: int, epochs: int, batch: int, steps: int) -> None:
    assert train.steps_of(train_rows, epochs, batch) == steps


def test_time_is_named_only_where_it_was_measured() -> None:
    assert "first run" in train.estimate(32, 8, 4, None)
    assert "About 3 minutes" in train.estimate(32, 8, 4, 2.4)
    measured = run(seconds_per_step=2.0, recipe={"batch_size": 4}, model="other")
    own = run(seconds_per_step=3.0, recipe={"batch_size": 4})
    assert train.pace([measured, own], "starter", 8) == 6.0
    assert train.pace([measured], "starter", 4) is None


def test_memory_is_told_and_a_remedy_only_where_it_is_short() -> None:
    gb = 10**9
    plenty = train.memory(int(6.5 * gb), 24 * gb, 19 * gb, batch=6 * gb, calls=4 * gb)
    assert "Needs about 6.5 GB of memory; this computer has 19 GB free." in plenty
    assert "cw-problem" not in plenty
    less = {
        "turns": 7 * gb,
        "batch": 6 * gb,
        "calls": int(4.4 * gb),
        "lora": 5 * gb,
        "average": int(5.4 * gb),
    }
    short = train.memory(int(6.5 * gb), 24 * gb, 4 * gb, **less)
    assert "Memory is short" in short and "Close other programs" in short
    assert "1 example a step it needs 6.0 GB" in short and "needs 5.4 GB" in short
    assert "Where only the words of calls change it needs 4.4 GB" in short
    assert "(LoRA, rank 16) it needs 5.0 GB" in short and "at once" not in short
    never = train.memory(25 * gb, 24 * gb, 4 * gb, batch=25 * gb, lora=25 * gb)
    assert "too little memory" in never and "smaller model" in never and "Close" not in never
    waiting = train.memory(int(6.5 * gb), 24 * gb, None, batch=6 * gb, calls=5 * gb)
    assert "this computer has 24 GB." in waiting and "cw-problem" not in waiting


def test_rows_of_a_finding_are_marked_by_the_gravest_one_and_hints_are_not() -> None:
    rows = [replace(Example.single(f"p{n}"), id=n) for n in (1, 2, 3)]
    found = [
        Finding("block", "m", (1,), "", "missing_tool"),
        Finding("warn", "m", (1, 2), "", "leak"),
        Finding("hint", "m", (1, 2, 3), "", "repeat"),
    ]
    marks = examples.marks(found)
    assert marks == {1: "missing_tool", 2: "leak"}
    text = examples.table(rows, set(), None, marks, 0, 3, set())
    assert text.count("no such tool") == text.count("in both parts") == 1


def test_every_kind_of_finding_has_its_short_name() -> None:
    kinds = set(remedies.REMEDIES)
    for path in Path(remedies.__file__).parent.glob("*.py"):
        for call in (node for node in ast.walk(ast.parse(path.read_text())) if isinstance(node, ast.Call)):
            if getattr(call.func, "id", "") == "Finding":
                kinds |= {
                    word.value
                    for word in (call.args[4:5] + [k.value for k in call.keywords if k.arg == "kind"])
                }
    assert len(kinds) >= 19
    assert {f"finding.{kind}" for kind in kinds} <= ENGLISH.keys()


def test_no_text_stands_twice() -> None:
    assert sum(len(part.TEXT) for part in PARTS) == len(ENGLISH)


@pytest.mark.parametrize(
    ("seconds", "words"),
    [(5, "5 s"), (65, "1 min 05 s"), (3725, "1 h 02 min"), (-3, "0 s"), (59.7, "1 min 00 s")],
)
def test_durations_in_words(seconds: float, words: str) -> None:
    assert pieces.duration(seconds) == words


def test_clock() -> None:
    assert pieces.clock(65) == "1:05" and pieces.clock(3729) == "1:02:09"


def test_prompts_to_try_come_from_every_tool() -> None:
    rows = [Example.single(f"docs {n}", ToolCall("docs")) for n in range(5)]
    rows += [
        Example.single("web", ToolCall("web")),
        Example.single("thanks"),
        Example.single("docs 0", ToolCall("docs")),
    ]
    assert playground.spread(rows, 4) == ["docs 0", "web", "thanks", "docs 1"]
    assert playground.spread([], 4) == []


def test_the_terms_of_the_starter_are_shown_and_linked(tmp_path) -> None:
    choice = catalog.choices(Settings.load(tmp_path))[0]
    note = train.choice_note(choice)
    assert "Gemma Terms of Use</a>" in note and 'href="https://ai.google.dev/gemma/terms"' in note
