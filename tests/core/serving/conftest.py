"""A tiny model, and a host for it that the first who asks starts."""

import pytest
import tiny_model

from core.serving import client
from core.settings import Settings


@pytest.fixture(scope="module")
def model(tmp_path_factory) -> str:
    return str(tiny_model.make(tmp_path_factory.mktemp("tiny") / "model"))


@pytest.fixture(scope="module")
def host(tmp_path_factory):
    """Settings whose host is started by the first who asks, and again after each that ends it."""
    settings = Settings.load(tmp_path_factory.mktemp("home"))
    yield settings
    client.stop(settings)
