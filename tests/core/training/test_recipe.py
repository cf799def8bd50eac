"""One RunConfig: two recipes by name, and sentences for values that cannot be."""

import pytest

from core.errors import StudioError
from core.training.recipe import RunConfig, configure


def test_the_recommended_recipe_is_the_default_and_the_guide_is_what_google_writes():
    assert configure("recommended", {}) == RunConfig()
    guide = RunConfig(8, 4, 5e-5, "constant", "all", average=1)
    assert configure("guide", {}) == guide


def test_a_run_from_before_there_was_a_choice_trained_all_at_a_constant_rate():
    new = ("schedule", "vocabulary", "lora_rank", "rows_at_once")
    old = {name: value for name, value in RunConfig().to_json().items() if name not in new}
    assert RunConfig.from_json(old) == RunConfig(schedule="constant", vocabulary="all")


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
        ({"schedule": "cosine"}, "schedule"),
        ({"steps": "3"}, "steps"),
        ({"lora_rank": "257"}, "lora_rank"),
        ({"rows_at_once": "-1"}, "rows_at_once"),
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
