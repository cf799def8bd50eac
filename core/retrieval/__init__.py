"""Searching a project's own documents, and measuring how well the calls of a model find them."""
