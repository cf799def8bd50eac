"""Runs with results and without a model: answers that are written down, judged as an evaluation judges them."""

from collections.abc import Mapping, Sequence

from core.evaluation import dialogues, ladder, wording
from core.evaluation.score import judge, summarise
from core.prompt.parsed import Parsed
from core.schema import Example, ToolCall, read_tool
from core.schema.example import Turn
from core.store import Database, evaluations, projects, runs
from core.store.evaluations import Phase, Prediction
from core.store.projects import Snapshot

Answer = Sequence[ToolCall] | str  # calls, or the text of an answer that cannot be read
TESTS = 12


def order(number: object, **more: object) -> ToolCall:
    return ToolCall("find_order", {"order": number, **more})


def ticket(subject: str) -> ToolCall:
    return ToolCall("open_ticket", {"subject": subject})


GOODS = ("lamp", "chair", "kettle", "mirror")
# What twelve rows expect: five orders, four tickets, two orders that were talked about before, and no call.
EXPECTED: tuple[tuple[str, list[ToolCall]], ...] = (
    *((f"Where is parcel A-{n}?", [order(f"A-{n}")]) for n in range(1, 6)),
    *((f"The {one} came in pieces!", [ticket(f"broken {one} complaint")]) for one in GOODS),
    *((f"And A-{n}?", [order(f"A-{n}")]) for n in (10, 11)),
    ("Thanks!", []),
)
# Untouched: nothing can be read but the last one, which rightly calls nothing.
BEFORE: tuple[Answer, ...] = (*("<broken" for _ in range(11)), [])
# Tuned: the fourth order is another one, the fifth is missing, the third ticket says something else, the fourth is an
# order, and where no call is right there is one.
AFTER: tuple[Answer, ...] = (
    [order("A-1")], [order("a-2")], [order("A-3")], [order("A-40")], [ToolCall("find_order", {"limit": 3})],
    [ticket("lamp broken")], [ticket("broken chair complaint")], [ticket("hello there")], [order("mirror")],
    [order("A-10")], [order("A-11")], [order("thanks")],
)  # fmt: skip


def make_shop(db: Database, name: str) -> str:
    """A project with two tools, three training examples and the twelve rows above; its id."""
    project = projects.create(db, name).id
    text, number = {"type": "string"}, {"type": "integer"}
    for tool, properties in (
        ("find_order", {"order": text, "limit": number}),
        ("open_ticket", {"subject": text}),
    ):
        required = [name for name in properties if name != "limit"]
        schema = {"type": "object", "properties": properties, "required": required}
        projects.save_tool(
            db, project, read_tool({"name": tool, "description": tool, "parameters": schema})[0]
        )
    rows = [
        Example.single("Where is B-1?", order("B-1")),
        Example.single("The table has a scratch", ticket("scratched table complaint")),
        Example.single("Hello", reply="Hello!"),
    ]
    for place, (prompt, calls) in enumerate(EXPECTED):
        before = (Turn("user", "Where is A-9?"), Turn("assistant", "On its way.")) if place in (9, 10) else ()
        rows.append(
            Example((*before, Turn("user", prompt)), tuple(calls), "" if calls else "Welcome!", "test")
        )
    projects.add_examples(db, project, rows)
    return project


def judged(snapshot: Snapshot, answers: Sequence[Answer]) -> list[Prediction]:
    """Predictions of answers to the test rows, in their order."""
    rules = wording.rules(snapshot.tools, snapshot.examples)
    tools = {tool.name: tool for tool in snapshot.tools}
    return [
        _prediction(example, answer, tools, rules)
        for example, answer in zip(snapshot.split("test"), answers, strict=True)
    ]


def _prediction(example: Example, answer: Answer, tools: Mapping, rules: wording.Rules) -> Prediction:
    parsed = Parsed(malformed="It cannot be read.") if isinstance(answer, str) else Parsed(tuple(answer))
    verdict = judge(example.calls, parsed, tools)
    return Prediction(
        example=example.id or 0,
        prompt=example.prompt,
        expected=[call.to_json() for call in example.calls],
        text=answer if isinstance(answer, str) else " ".join(f"{one.name} {one.arguments}" for one in answer),
        calls=[call.to_json() for call in parsed.calls],
        verdict=verdict,
        right=verdict in ("exact", "right"),
        exact=verdict == "exact",
        reason=parsed.malformed,
        tokens=7,
        ladder=ladder.climb(example.calls, parsed, tools, rules).to_json(),
    )


def keep(db: Database, run: runs.Run, phase: Phase, answers: Sequence[Answer]) -> list[Prediction]:
    """Keep answers as the evaluation of a run."""
    snapshot = projects.snapshot(db, run.snapshot)
    found = judged(snapshot, answers)
    evaluations.save(
        db, run=run.id, phase=phase, model=run.model, snapshot=run.snapshot, split="test",
        summary={
            **summarise([one.verdict for one in found], 3.0),
            **dialogues.counts(snapshot.split("test"), [one.right for one in found], [one.right for one in found]),
        }, predictions=found,
    )  # fmt: skip
    return found
