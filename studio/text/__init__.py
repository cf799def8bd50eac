"""Every word the user reads. Plain words first; the field's own term stands in the hint.

`one|many` is chosen by the value called n. Another language is another set of dictionaries with the same keys.
"""

from studio.text import (
    english_documents,
    english_editing,
    english_example_editor,
    english_examples,
    english_import,
    english_lens,
    english_playground,
    english_runs,
    english_tool_editor,
    english_training,
    english_use_it,
)

PARTS = (
    english_documents,
    english_editing,
    english_tool_editor,
    english_example_editor,
    english_examples,
    english_import,
    english_lens,
    english_playground,
    english_runs,
    english_training,
    english_use_it,
)
ENGLISH: dict[str, str] = {key: text for part in PARTS for key, text in part.TEXT.items()}


def t(key: str, **values: object) -> str:
    """The text of a key with its values filled in."""
    text = ENGLISH[key]
    if "|" in text and "n" in values:
        one, many = text.split("|")
        text = one if values["n"] == 1 else many
    return text.format(**values)
