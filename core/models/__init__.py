"""The models to start from: where they come from, how they load, and what this machine can carry."""
