"""Whether a model can read what token rows have in common once."""

from collections.abc import Sequence
from typing import Any

from core.models import tree_attention

_answers: dict[str, bool] = {}  # of models of a kind one is asked


def can_share(model: Any, rows: Sequence[Sequence[int]]) -> bool:
    """Whether the model answers within a tree of rows as it does alone; if so, it is set to."""
    if model.config._attn_implementation == tree_attention.NAME:
        return True  # it was asked before it was set to it
    settings = {name: value for name, value in model.config.to_dict().items() if name[0] != "_"}
    kind = repr((type(model), settings, model.dtype, model.device.type))
    if kind not in _answers:
        _answers[kind] = tree_attention.exact(model, rows)
    elif _answers[kind]:
        tree_attention.use(model)
    return _answers[kind]
