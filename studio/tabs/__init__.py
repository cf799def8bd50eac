"""One module a tab: its components and their events, nothing of another tab."""
