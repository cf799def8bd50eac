"""Training small matrices beside a model's own weights, which rest (LoRA, Hu et al. 2021).

For every linear layer of attention and perceptron two thin matrices are learned whose product is added to its weight.
Gradients, both moments of the optimizer and the average are kept for these alone, which is where memory is saved; what
is computed stays as much.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

RATE = 10.0  # times the learning rate: the matrices begin at nothing and need longer steps than whole weights
ALPHA = 2  # times the rank: the product counts alpha / rank times
ADVISED = 16  # the rank that is advised where memory is short


@contextmanager
def adapters(model: Any, rank: int, seed: int) -> Iterator[list[Any]]:
    """Within it the layers of `model` rest and adapters of a rank are trained; their parameters.

    Embedding and head are trained or rest as before: that is `core.training.vocabulary`'s business, since an adapter
    of 262,144 words cannot teach a single one of them. At the end the products are added to the model's own weights, in
    their precision, and the model is built as it was.
    """
    from peft import LoraConfig
    from peft.tuners.lora import LoraModel
    from transformers import set_seed

    ends = [layer.weight for layer in (model.get_input_embeddings(), model.get_output_embeddings())]
    before = {weight: weight.requires_grad for weight in model.parameters()}
    set_seed(seed)  # of one half of the adapters; the other begins at zero
    # No dropout: in a packed row the tokens that rows share would be dropped for all of them together.
    config = LoraConfig(r=rank, lora_alpha=ALPHA * rank, lora_dropout=0.0, target_modules="all-linear")
    tuner = LoraModel(model, config, "default")  # changes the model in place
    for weight in ends:
        weight.requires_grad_(before[weight])
    try:
        yield [weight for name, weight in model.named_parameters() if "lora_" in name]
    finally:
        tuner.merge_and_unload(progressbar=False)
        for weight, trained in before.items():
            weight.requires_grad_(trained)
