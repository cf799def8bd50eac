"""How long work on models reports where it stands."""

from collections.abc import Callable

# Called with a sentence and the share that is done, None where nobody can know it.
Progress = Callable[[str, float | None], None]


def silent(text: str, fraction: float | None) -> None:
    """The listener of those who do not want to know."""
