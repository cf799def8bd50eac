"""Weights put in order give the same products, and leave the model as it was."""

import platform

import psutil
import pytest

from core.evaluation.packed import packed

pytestmark = pytest.mark.skipif(
    platform.machine() not in ("x86_64", "AMD64"), reason="The order is that of x86 processors."
)


@pytest.fixture
def model():
    """A stand-in with what a packed model is asked for: linear layers with and without a bias, device and dtype."""
    import torch

    class Layers(torch.nn.Sequential):
        device = torch.device("cpu")

        @property
        def dtype(self):
            return self[0].weight.dtype

    return Layers(torch.nn.Linear(40, 30), torch.nn.GELU(), torch.nn.Linear(30, 50, bias=False))


def forwards(model):
    return [layer for layer in model if "forward" in vars(layer)]


@pytest.mark.parametrize("dtype", ["float32", "bfloat16"])
@pytest.mark.parametrize("rows", [1, 9, 64])
def test_products_are_the_same(model, rows, dtype):
    import torch

    if dtype == "bfloat16" and not torch.ops.mkldnn._is_mkldnn_bf16_supported():
        pytest.skip("This processor has no products in bfloat16.")
    model.to(getattr(torch, dtype))
    given = torch.randn(1, rows, 40, dtype=model.dtype)
    with torch.inference_mode():
        before = model(given)
        with packed(model, 9):
            assert len(forwards(model)) == 2
            during = model(given)
        assert not forwards(model)
    near = 1e-5 if dtype == "float32" else 2e-2
    assert torch.allclose(before, during, atol=near, rtol=near) and during.dtype == before.dtype


def test_an_error_leaves_the_model_as_it_was(model):
    with pytest.raises(ZeroDivisionError), packed(model, 9):
        1 / 0  # noqa: B018
    assert not forwards(model)


def test_short_memory_is_not_spent_on_a_second_copy(model, monkeypatch):
    size = sum(4 * weight.numel() for weight in model.parameters())
    for available, used in ((2 * size, 0), (2 * size + 1, 2)):
        memory = psutil.virtual_memory()._replace(available=available)
        monkeypatch.setattr(psutil, "virtual_memory", lambda memory=memory: memory)
        with packed(model, 9):
            assert len(forwards(model)) == used
