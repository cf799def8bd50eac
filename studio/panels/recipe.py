"""The settings of a run: a recipe by its name, and every value of it to change."""

from collections.abc import Iterable
from typing import Any

import gradio as gr

from core.errors import StudioError
from core.training.recipe import CHOICES, RECIPES, RunConfig
from studio.text import t

DEFAULT = RunConfig()
NUMBERS = (
    "epochs", "batch_size", "learning_rate", "max_length", "seed", "average", "lora_rank", "rows_at_once",
    "patience", "checkpoint_every", "keep_best",
)  # fmt: skip
# What a recipe is known by.
NAMED = (
    "epochs", "batch_size", "learning_rate", "schedule", "vocabulary", "average", "lora_rank", "patience"
)  # fmt: skip
OWN = "own"
PAIRS = (
    ("epochs", "batch_size"),
    ("learning_rate", "schedule"),
    ("vocabulary", "average"),
    ("lora_rank", "rows_at_once"),
    ("max_length", "dtype"),
    ("patience", "watch"),
    ("checkpoint_every", "keep_best"),
    ("seed", "report_to"),
)


def build() -> tuple[gr.Radio, dict[str, Any]]:
    """The choice of a recipe, and the fields by their names in RunConfig."""
    names = [(t(f"recipe.{name}"), name) for name in (*RECIPES, OWN)]
    named = gr.Radio(
        names,
        value=name_of(DEFAULT.to_json()),
        label=t("recipe.name"),
        info=t("recipe.name.hint"),
        elem_classes="cw-radio",
    )
    fields: dict[str, Any] = {}
    for pair in PAIRS:
        with gr.Row():
            for name in pair:
                fields[name] = _field(name)
    return named, fields


def _field(name: str) -> Any:
    value = getattr(DEFAULT, name)
    words: dict[str, Any] = {"label": t(f"recipe.{name}"), "info": t(f"recipe.{name}.hint"), "min_width": 110}
    if name in CHOICES:
        return gr.Dropdown(
            [(t(f"{name}.{choice}"), choice) for choice in CHOICES[name]], value=value, **words
        )
    if name == "learning_rate":  # a field for numbers would write 1e-05 as 0
        return gr.Textbox(f"{value:g}", **words)
    return gr.Number(value, **words)


def name_of(values: dict[str, Any]) -> str:
    """The recipe that has these values, whatever does not change what is learned; "own" where none has."""
    try:
        config = config_of(values)
    except StudioError:
        return OWN  # of a field that is being typed; the start says it
    for name, recipe in RECIPES.items():
        if all(getattr(config, field) == getattr(recipe, field) for field in NAMED):
            return name
    return OWN


def on_named(name: str, *values: Any) -> list[Any]:
    """The fields with the values of the chosen recipe; "own" leaves them as they are."""
    kept = dict(zip(sum(PAIRS, ()), values, strict=True))
    if name in RECIPES:
        kept |= {field: getattr(RECIPES[name], field) for field in NAMED}
        kept["learning_rate"] = f"{kept['learning_rate']:g}"
    return list(kept.values())


def filled(config: RunConfig, names: Iterable[str]) -> list[Any]:
    """The values of the named fields for a recipe that is put into the form."""
    values = {name: getattr(config, name) for name in names}
    return [f"{value:g}" if name == "learning_rate" else value for name, value in values.items()]


def config_of(values: dict[str, Any]) -> RunConfig:
    """The recipe that was typed. Raises StudioError naming the setting in the form's own words."""
    kept: dict[str, Any] = {}
    for name, value in values.items():
        kept[name] = value
        if name in NUMBERS:
            kept[name] = _number(name, value)
            if name != "learning_rate" and kept[name] != int(kept[name]):
                raise StudioError(t("recipe.whole", name=t(f"recipe.{name}")))
            kept[name] = kept[name] if name == "learning_rate" else int(kept[name])
    config = RunConfig(**kept)
    for name, problem in config.problems().items():
        raise StudioError(f"{t(f'recipe.{name}')}: {problem}")
    return config


def _number(name: str, value: Any) -> float:
    try:
        number = float(value)
        if abs(number) < 1e12:
            return number
    except (TypeError, ValueError):
        pass
    raise StudioError(t("recipe.number", name=t(f"recipe.{name}")))


def whole(value: Any, otherwise: int) -> int:
    """A number for the estimate; what is no number is said when the run is asked for."""
    try:
        number = int(float(value))
    except (TypeError, ValueError, OverflowError):
        return otherwise
    return number if 0 < number < 10**6 else otherwise
