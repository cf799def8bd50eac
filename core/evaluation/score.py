"""The verdict on one answer, and the counts over many."""

from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Any

from core.prompt.family import Parsed
from core.schema import ToolCall
from core.schema.call import same_calls

# From best to worst; the first two are right.
VERDICTS = ("exact", "right", "extra_call", "wrong_tool", "unknown_tool", "no_call", "malformed")


def judge(expected: Sequence[ToolCall], parsed: Parsed, tool_names: Iterable[str]) -> str:
    """One of VERDICTS.

    Right is an answer that parses and calls exactly the expected tools, each as often as expected (none, where no
    call is expected); exact is right with equal arguments. An answer that cannot be read is never credited as
    "no call".
    """
    if parsed.malformed:
        return "malformed"
    wanted, called = Counter(call.name for call in expected), Counter(call.name for call in parsed.calls)
    if wanted == called:
        return "exact" if same_calls(expected, parsed.calls) else "right"
    if not called:
        return "no_call"
    if not called.keys() <= set(tool_names):
        return "unknown_tool"
    return "extra_call" if wanted < called else "wrong_tool"


def summarise(verdicts: Sequence[str], seconds: float) -> dict[str, Any]:
    """Counts of verdicts in the shape the command line promises."""
    counts = Counter(verdicts)
    return {
        "n": len(verdicts),
        "right": counts["exact"] + counts["right"],
        "exact": counts["exact"],
        **{name: counts[name] for name in VERDICTS[2:]},
        "seconds": round(seconds, 2),
    }
