"""The Train tab's left card in words: what a run will cost, which step a model still needs."""

import math
from collections.abc import Mapping

from core.models.catalog import Choice
from core.store.runs import Run
from studio.text import t
from studio.views.asked import model_name
from studio.views.pieces import about, act, gigabytes, h, head


def lead(train: int, test: int, epochs: int) -> str:
    if not train:
        return head(t("train.title"), t("train.lead_empty"))
    tested = t("train.lead_test", n=test) if test else t("train.lead_no_test")
    return head(t("train.title"), f"{t('train.lead', n=train, epochs=epochs)} {tested}")


def steps_of(train: int, epochs: int, batch: int) -> int:
    return epochs * math.ceil(train / batch) if train and batch else 0


def estimate(train: int, epochs: int, batch: int, seconds_per_step: float | None) -> str:
    """Steps, and the time where earlier runs of this machine measured one."""
    steps = steps_of(train, epochs, batch)
    if not steps:
        return f'<p class="sub">{h(t("train.no_estimate"))}</p>'
    told = t("train.steps_batch", n=steps, batch=min(batch, train))
    if seconds_per_step is None:
        return f'<p class="cw-estimate"><b>{h(told)}</b><br><span class="sub">{h(t("train.first_time"))}</span></p>'
    pace = f"{seconds_per_step:.2f} s" if seconds_per_step < 1 else f"{seconds_per_step:.1f} s"
    time = about(steps * seconds_per_step)
    return (
        f'<p class="cw-estimate"><b>{h(time[:1].upper() + time[1:])}</b><br>'
        f'<span class="sub">{h(told)}. {h(t("train.earlier", pace=pace))}</span></p>'
    )


def memory(need: int, total: int, free: int | None, **smaller: int) -> str:
    """What a run needs of the computer's memory, and what to do where that is too much; `free` None where unknown.

    `smaller` are needs of the same run arranged otherwise, by the last part of the key of their text ("train.tight_").
    """
    told = (
        t("train.need", need=gigabytes(need), total=gigabytes(total))
        if free is None
        else t("train.need_free", need=gigabytes(need), free=gigabytes(free))
    )
    said = f'<p class="sub">{h(told)}</p>'
    if need <= (total if free is None else free):
        return said
    ways = [t("train.tight_close")] if need <= total else []
    ways += [t(f"train.tight_{way}", need=gigabytes(less)) for way, less in smaller.items() if less < need]
    title = t("train.tight") if need <= total else t("train.tight_never")
    todo = " ".join(ways or [t("train.tight_model")])
    return f'{said}<div class="cw-problem"><b>{h(title)}.</b> {h(todo)}</div>'


def pace(runs: list[Run], model: str, batch: int) -> float | None:
    """Seconds for a step of `batch` rows, from the newest run of this model that measured one."""
    run = next((run for run in runs if run.model == model and run.seconds_per_step), None)
    if run is None:
        return None
    return (run.seconds_per_step or 0) * batch / (run.recipe.get("batch_size") or batch)


def choice_note(choice: Choice | None) -> str:
    """What the chosen model is, and the step that is still missing for it."""
    if choice is None:
        return f'<p class="sub cw-small">{h(t("train.own_model"))}</p>'
    more = link(choice.link, choice.link_name)
    note = f'<p class="sub cw-small">{h(choice.note)} {more}</p>'
    if choice.ready or not choice.missing:
        return note
    return f'{note}<div class="cw-problem"><b>{h(t("train.missing"))}</b> {h(choice.missing)}</div>'


def link(address: str, name: str) -> str:
    """A link, where the address is one that a browser may follow."""
    if not address or not address.startswith(("https://", "http://")):
        return ""
    return f'<a href="{h(address)}" target="_blank" rel="noopener noreferrer">{h(name)}</a>'


def queue(waiting: list[Run], names: Mapping[str, str]) -> str:
    """Runs that wait for their turn, the next one first; `names` are those of trainings by id."""
    if not waiting:
        return ""
    rows = "".join(_waiting(run, place, len(waiting), names) for place, run in enumerate(waiting))
    return f"<h2>{h(t('train.waiting'))}</h2>{rows}"


def _waiting(run: Run, place: int, count: int, names: Mapping[str, str]) -> str:
    asks = t("asked.asks", model=model_name(run.model, names)) if run.kind == "evaluate" else ""
    what = h(asks or t("train.epochs", n=run.recipe.get("epochs", 1)))
    ways = [("sooner", "↑")] * (place > 0) + [("later", "↓")] * (place < count - 1)
    buttons = [
        act(sign, way, classes="cw-link", label=f"{run.name}: {t(f'train.{way}')}", id=run.id)
        for way, sign in ways
    ]
    buttons.append(act(h(t("train.cancel")), "cancel", classes="cw-link", id=run.id))
    name = f'<span>{h(run.name)} <span class="sub">{what}</span></span>'
    return f'<div class="cw-top">{name}<span class="cw-ways">{"".join(buttons)}</span></div>'
