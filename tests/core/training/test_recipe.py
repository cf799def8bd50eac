"""One RunConfig: the guide's values, and sentences for all others."""

import pytest

from core.errors import StudioError
from core.training.recipe import RunConfig, configure


def test_the_guide_is_the_default():
    assert configure("guide", {}) == RunConfig(8, 4, 5e-5, 2048, "auto", 0, 10)


def test_values_are_set_from_text():
    config = configure("guide", {"epochs": "3", "learning_rate": "1e-4", "dtype": "float32"})
    assert (config.epochs, config.learning_rate, config.dtype) == (3, 1e-4, "float32")
    assert RunConfig.from_json(config.to_json()) == config


@pytest.mark.parametrize(
    ("settings", "field"),
    [
        ({"epochs": "0"}, "epochs"),
        ({"epochs": "three"}, "epochs"),
        ({"epochs": "2.5"}, "epochs"),
        ({"learning_rate": "nan"}, "learning_rate"),
        ({"learning_rate": "1"}, "learning_rate"),
        ({"dtype": "float16"}, "dtype"),
        ({"steps": "3"}, "steps"),
    ],
)
def test_a_value_out_of_range_names_its_field(settings, field):
    with pytest.raises(StudioError) as caught:
        configure("guide", settings)
    assert caught.value.where == field


def test_what_a_page_could_send_is_checked_too():
    assert set(RunConfig(epochs=True, batch_size="4", max_length=None).problems()) == {  # type: ignore[arg-type]
        "epochs", "batch_size", "max_length",
    }  # fmt: skip
