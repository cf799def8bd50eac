"""Asking a model about rows it never saw, and judging what it answers."""
