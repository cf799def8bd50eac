"""Which models are asked beside the first two, and how their words are chosen: greedy, where nobody says else."""

from dataclasses import dataclass
from typing import Any

import gradio as gr

from core.errors import StudioError
from studio.text import t
from studio.views.pieces import pill

MOST_MORE = 2
LONGEST = 128  # tokens; an untouched model often does not come to an end by itself
MOST_TOKENS = 1024
MOST_SYSTEM = 8000  # characters


@dataclass(frozen=True, slots=True)
class Sampling:
    """The fields; `inputs` are all but the models, in the order in which `read` takes them."""

    more: gr.Dropdown
    inputs: list[Any]


@dataclass(frozen=True, slots=True)
class Options:
    """How an answer is asked for: the system text, and what the model host is told."""

    system: str
    host: dict[str, Any]

    @property
    def mark(self) -> str:
        """What is said of it beside the title."""
        warm = self.host["temperature"]
        marks = pill(t("play.sampled", value=warm) if warm else t("play.greedy"), "plain")
        return marks + (f" {pill(t('play.fitting'), 'plain')}" if self.host["constrained"] else "")


GREEDY = Options("", {"temperature": 0, "top_p": 1, "max_tokens": LONGEST, "seed": 0, "constrained": False})


def build() -> Sampling:
    """The fold."""
    with gr.Accordion(t("play.settings"), open=False, elem_classes="cw-fold"):
        more = gr.Dropdown(
            [],
            value=[],
            multiselect=True,
            max_choices=MOST_MORE,
            label=t("play.more"),
            info=t("play.more_info"),
        )
        system = gr.Textbox(
            label=t("play.system"), info=t("play.system_info"), lines=1, max_lines=6, max_length=MOST_SYSTEM
        )
        fits = gr.Checkbox(label=t("play.fits"), info=t("play.fits_info"))
        with gr.Row():
            temperature = gr.Slider(
                0, 2, 0, step=0.05, label=t("play.temperature"), info=t("play.temperature_info")
            )
            top_p = gr.Slider(0.05, 1, 1, step=0.05, label=t("play.top_p"), info=t("play.top_p_info"))
        with gr.Row():
            longest = gr.Number(LONGEST, precision=0, label=t("play.longest"), info=t("play.longest_info"))
            seed = gr.Number(0, precision=0, label=t("play.seed"), info=t("play.seed_info"))
    return Sampling(more, [system, fits, temperature, top_p, longest, seed])


def read(system: Any, fits: Any, temperature: Any, top_p: Any, longest: Any, seed: Any) -> Options:
    """What stands in the fields. Raises StudioError naming the field that cannot be."""
    system = str(system or "").strip()
    if len(system) > MOST_SYSTEM:
        raise StudioError(t("play.too_long", most=MOST_SYSTEM), t("play.too_long_hint"), t("play.system"))
    return Options(
        system,
        {
            "temperature": _number("temperature", temperature, 0, 2),
            "top_p": _number("top_p", top_p, 0.05, 1),
            "max_tokens": int(_number("longest", longest, 1, MOST_TOKENS)),
            "seed": None if seed is None else int(_number("seed", seed, 0, 2**31 - 1)),
            "constrained": fits is True,
        },
    )


def _number(name: str, value: Any, low: float, high: float) -> float:
    wrong = isinstance(value, bool) or not isinstance(value, int | float)
    if wrong or not low <= value <= high:  # which no NaN is either
        field = t(f"play.{name}")
        raise StudioError(t("play.number", name=field, low=low, high=high), where=field)
    return value
