"""What must be there at all: tools, prompts, examples to learn from and examples to test with."""

from collections import Counter
from collections.abc import Iterator, Sequence

from core.doctor.finding import Finding, Rows, counted, in_all
from core.doctor.inference import seen_tools
from core.doctor.split import divided
from core.schema import Example, Tool

TEST_SHARE = 0.2  # of the examples, where a remedy divides them
SEED = 0


def missing_parts(
    tools: list[Tool], examples: Sequence[Example], rows: Rows, near: list[list[int]]
) -> Iterator[Finding]:
    """No tools, no examples, or a part without any."""
    if not tools:
        seen = seen_tools(examples)
        fix = f"Add the {counted(len(seen), 'tool')} that the examples call" if seen else ""
        yield Finding("block", "There are no tools.", (), "Add a tool.", "no_tools", fix)
    if not rows:
        yield Finding("block", "There are no examples.", (), "Add examples.", "no_train")
        return
    splits = Counter(example.split for example in examples)
    moves = len(rest_of(examples, near)) if len(splits) == 1 else 0
    if not splits["train"]:
        message, remedy = "All examples are for testing, none to learn from.", "Move some examples to train."
        fix = f"Move {moves:,} to train" if moves else ""
        yield Finding("block", message, (), remedy, "no_train", fix)
    if not splits["test"]:
        message, remedy = "There are no test examples: nothing to measure on.", "Move some examples to test."
        fix = f"Move {moves:,} to test" if moves else ""
        yield Finding("warn", message, (), remedy, "no_test", fix)
    if len(rows) == 1:
        remedy = "Add examples; about 10 for each tool are a good start."
        yield Finding("warn", "There is only one example.", (rows[0][0],), remedy, "few_examples")


def rest_of(examples: Sequence[Example], near: list[list[int]]) -> list[Example]:
    """Of examples that are all in one part, those that a good division moves to the other."""
    new = divided(examples, near, TEST_SHARE, SEED)
    return [after for before, after in zip(examples, new, strict=True) if before.split != after.split]


def empty_prompts(rows: Rows) -> Iterator[Finding]:
    """Rows in which nobody says anything."""
    ids = tuple(id for id, example in rows if not example.prompt.strip())
    if ids:
        left = any(e.split == "train" and e.prompt.strip() for _, e in rows)
        fix = f"Delete {counted(len(ids), 'example')}" if left else ""
        remedy = "Write what a person would say, or delete it."
        yield Finding(
            "block", f"Example {ids[0]} has no prompt{in_all(ids)}.", ids, remedy, "empty_prompt", fix
        )
