"""A tiny model that knows a few rows by heart: what it answers is known, and it is asked within a second."""

from pathlib import Path

import tiny_model

from core.schema import Example, Tool


def make(folder: Path, tools: list[Tool], rows: list[Example], *, steps: int = 500) -> Path:
    """Save a tiny model that answers each row greedily as the row says.

    Raises AssertionError where it has not learned them within so many steps.
    """
    import torch
    from transformers import AutoModelForCausalLM

    from core.prompt.family import family_of
    from core.prompt.rows import encode

    torch.manual_seed(0)
    tiny_model.make(folder, width=96)
    tokens = tiny_model.tokenizer()
    family = family_of(tokens)
    model = AutoModelForCausalLM.from_pretrained(folder)
    made = [encode(row, tools, family, tokens) for row in rows]
    longest = max(len(row.input_ids) for row in made)
    ids = torch.tensor([row.input_ids + [0] * (longest - len(row.input_ids)) for row in made])
    labels = torch.tensor([row.labels + [-100] * (longest - len(row.input_ids)) for row in made])
    mask = torch.tensor([[1] * len(row.input_ids) + [0] * (longest - len(row.input_ids)) for row in made])
    optimizer = torch.optim.AdamW(model.parameters(), lr=5e-3, betas=(0.9, 0.95), weight_decay=0.0)
    model.train()
    for _ in range(steps):
        loss = model(input_ids=ids, attention_mask=mask, labels=labels).loss
        optimizer.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        if loss.item() < 0.003:  # rounded to bfloat16 it still knows them
            break
    assert loss.item() < 0.01, f"not learned by heart: {loss.item():.2f}"
    model.eval()
    model.save_pretrained(folder)
    return folder
