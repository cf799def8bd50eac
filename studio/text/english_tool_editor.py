"""English: the editor of a tool."""

TEXT: dict[str, str] = {}
