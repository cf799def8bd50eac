"""When two examples ask the same."""

from core.schema import Example


def same_text(text: str) -> str:
    """The text without what does not make it another one: case and white space."""
    return " ".join(text.casefold().split())


def asked(example: Example) -> tuple[object, ...]:
    """Equal for examples that ask the same: the prompt, and the conversation before it where there is one."""
    return tuple(
        (turn.role, same_text(turn.content), tuple(str(call) for call in turn.calls))
        for turn in example.turns
    )
