"""Teaching: the recipe, the batches, the trainer over TRL and what it reports."""
