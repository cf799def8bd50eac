"""Runs as a training would leave them, written straight into the store: no model is needed."""

from core.schema import Example, ToolCall, read_tool
from core.store import Database, claims, evaluations, metrics, projects, runs

QUERY = {"type": "object", "properties": {"query": {"type": "string"}}, "required": ["query"]}
TESTS = 20


def make_project(db: Database, name: str) -> str:
    """A project with two tools and three examples; its id."""
    project = projects.create(db, name).id
    for tool in ("find_order", "open_ticket"):
        projects.save_tool(
            db, project, read_tool({"name": tool, "description": tool, "parameters": QUERY})[0]
        )
    rows = [
        Example.single(f"Where is parcel {n}?", ToolCall("find_order", {"query": str(n)})) for n in (1, 2)
    ]
    projects.add_examples(
        db, project, [*rows, Example.single("Lost", ToolCall("open_ticket", {"query": "x"}), split="test")]
    )
    return project


def add_run(
    db: Database, project: str, recipe: dict[str, object], right: int, *, epochs: int = 8
) -> runs.Run:
    """A finished run of `epochs` passes of eight steps that learned to name so many of TESTS tools rightly."""
    run = waiting_run(db, project, recipe)
    claimed = claims.claim(db, run.id)
    assert claimed
    work(db, claimed, right, epochs)
    runs.end(db, run.id, claimed.attempt, "finished", train_seconds=150.0, seconds=192.0)
    save(db, claimed, "after", right)
    return runs.find(db, run.id)


def waiting_run(db: Database, project: str, recipe: dict[str, object]) -> runs.Run:
    return runs.create(db, project, "starter", dict(recipe), projects.freeze(db, project).hash)


def work(db: Database, run: runs.Run, right: int, epochs: int) -> None:
    """The metrics of a training, and what the untouched model scored before it."""
    save(db, run, "before", 0)
    runs.enter(db, run.id, run.attempt, "training", "Training")
    steps = 8 * epochs
    for step in range(1, steps + 1):
        loss = 0.1 + 2.5 * 0.93**step + 0.1 * (step * 7 % 5) / 5 + 0.2 / max(1, right)
        metrics.add(db, run.id, run.attempt, step, {"loss": loss}, step=step, steps=steps)
    for epoch in range(epochs + 1):
        values = {"right_tool": float(round(right * epoch / epochs)), "eval_loss": 0.4 + 2 * 0.6**epoch}
        metrics.add(db, run.id, run.attempt, 8 * epoch, values if epoch else {"right_tool": 0.0})


def save(db: Database, run: runs.Run, phase: evaluations.Phase, right: int) -> None:
    summary = {"n": TESTS, "right": right, "exact": right // 3, "malformed": TESTS - right}
    evaluations.save(
        db, run=run.id, phase=phase, model="m", snapshot=run.snapshot, split="test", summary=summary, predictions=[]
    )  # fmt: skip
