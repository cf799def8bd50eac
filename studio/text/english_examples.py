"""English: the list of examples, its checks and its division."""

TEXT: dict[str, str] = {}
