"""Weights in the order in which a processor multiplies them, for as long as many answers are asked."""

import platform
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from typing import Any

import psutil


@contextmanager
def packed(model: Any, rows: int) -> Iterator[None]:
    """Within it the linear layers of a model on an x86 processor work on weights that were put in order before.

    For few rows putting them in order costs as much as the product, and PyTorch does it for every product: at 20 rows,
    the head of a 270M model takes 0.19 s with it and 0.09 s without (float32, one core). It is a second copy of the
    weights, so it is left where memory is short. `rows` is how many there commonly are.
    """
    import torch

    done: list[Any] = []
    try:
        if _worthwhile(model):
            linear: list[Any] = [layer for layer in model.modules() if type(layer) is torch.nn.Linear]
            for layer in linear:
                with torch.no_grad():
                    weight = torch.ops.mkldnn._reorder_linear_weight(layer.weight, rows)
                layer.forward = partial(_product, weight, layer.bias)
                done.append(layer)
        yield
    finally:
        for layer in done:
            del layer.forward


def _worthwhile(model: Any) -> bool:
    import torch

    size = sum(weight.numel() * weight.element_size() for weight in model.parameters())
    return (
        model.device.type == "cpu"
        and platform.machine() in ("x86_64", "AMD64")
        and torch.backends.mkldnn.is_available()
        and (model.dtype == torch.float32 or torch.ops.mkldnn._is_mkldnn_bf16_supported())
        and 2 * size < psutil.virtual_memory().available
    )


def _product(weight: Any, bias: Any, rows: Any) -> Any:
    import torch

    return torch.ops.mkldnn._linear_pointwise(rows, weight, bias, "none", [], "")
