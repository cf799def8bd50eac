"""English: what the model sees, and what fits."""

TEXT: dict[str, str] = {}
