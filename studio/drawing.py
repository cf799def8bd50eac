"""What Gradio 6.31 does not guard where gr.render adds components and events to a page that is open.

It goes through the events of a visitor's page whenever one of them begins, and again when a drawing has ended, in a
plain loop over a dictionary to which a drawing in another thread may be adding. Then the event ended in an error: a
press did nothing, or an editor stayed empty.
"""

from typing import Any

import gradio as gr

# What every gr.render has: of all of them, one draws at a time. What a function drew last is kept on one object for
# all visitors, and the numbers of new events are counted up without a lock.
DRAWING: dict[str, Any] = {"concurrency_id": "drawing", "concurrency_limit": 1}


class _Events(dict[int, Any]):
    """The events of a page by number; a loop goes through those of the moment it began."""

    def values(self) -> list[Any]:  # type: ignore[override]
        return list(super().values())


def guard(page: gr.Blocks) -> None:
    """Let the events of a page that is built be gone through while a drawing adds some; each visitor has a copy."""
    page.default_config.fns = _Events(page.default_config.fns)
