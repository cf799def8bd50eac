"""Everything Callwright knows about teaching a model to call tools, without a user interface.

Layers, each importing only those to its left:
errors, settings | schema, processes | prompt, store | doctor | importers, models | evaluation, training | serving |
jobs | commands.
Heavy libraries (torch, transformers, trl, datasets) are imported inside the functions that need them,
so that the page can import any module here and still start at once.
"""

__version__ = "0.1.0"
