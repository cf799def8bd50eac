"""What keeps training from working, makes its result doubtful, or could be better, each with a remedy."""

from core.doctor.calls import bad_calls
from core.doctor.control import control_tokens
from core.doctor.coverage import balance, coverage, unused_parts
from core.doctor.declarations import declarations
from core.doctor.finding import ORDER, Finding, numbered
from core.doctor.parts import empty_prompts, missing_parts
from core.doctor.prompts import near
from core.doctor.repeats import contradictions, leaked, repeats
from core.doctor.unsaid import unsaid
from core.schema import Example, Tool

__all__ = ["Finding", "blocks", "examine"]


def examine(tools: list[Tool], examples: list[Example]) -> list[Finding]:
    """All findings, those that block training first."""
    rows = numbered(examples)
    groups = near(examples)
    found = [*missing_parts(tools, examples, rows, groups)]
    if rows:
        found += [
            *empty_prompts(rows),
            *bad_calls(tools, rows),
            *coverage(tools, rows),
            *contradictions(rows),
            *leaked(examples, rows, groups),
            *unsaid(tools, rows),
            *balance(tools, rows),
            *unused_parts(tools, rows),
            *repeats(rows),
        ]
    found += [*declarations(tools), *control_tokens(tools, rows)]
    return sorted(found, key=lambda finding: ORDER.index(finding.severity))


def blocks(findings: list[Finding]) -> list[Finding]:
    """The findings that must be mended before training."""
    return [finding for finding in findings if finding.severity == "block"]
