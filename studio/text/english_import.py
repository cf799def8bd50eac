"""English: bringing tools and examples in."""

TEXT: dict[str, str] = {}
