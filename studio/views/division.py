"""How many examples of each tool are to learn from and to test with, before and after a division."""

from core.doctor.split import Count
from studio.text import t
from studio.views.pieces import empty, h

HEADS = ("train_now", "test_now", "train", "test")


def table(now: list[Count], then: list[Count], moved: int) -> str:
    """A row for each tool: train and test as they are and as they would be; `moved` examples change their part."""
    if not any(count.train + count.test for count in now):
        return empty(t("examples.nothing_title"), t("divide.nothing"))
    rows = "".join(_row(before, after) for before, after in zip(now, then, strict=True))
    heads = "".join(f'<th class="num">{h(t(f"divide.{name}"))}</th>' for name in HEADS)
    return (
        f'<div class="cw-scroll cw-short"><table class="cw-table"><thead><tr><th>{h(t("divide.tool"))}</th>{heads}'
        f'</tr></thead><tbody>{rows}</tbody></table></div><p class="sub">{h(t("divide.moves", n=moved))}</p>'
    )


def _row(before: Count, after: Count) -> str:
    name = f'<span class="mono">{h(before.tool)}</span>' if before.tool else h(t("call.none"))
    was = "".join(f'<td class="num sub">{n}</td>' for n in (before.train, before.test))
    will = "".join(f'<td class="num">{n}</td>' for n in (after.train, after.test))
    return f"<tr><td>{name}</td>{was}{will}</tr>"
