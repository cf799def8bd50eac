"""English: the editor of an example."""

TEXT: dict[str, str] = {}
