"""The two editors: of a tool, and of an example. Each draws a draft and writes the draft back, wherever it stands."""
