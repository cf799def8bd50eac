"""The banner with what was found when Callwright started."""

from core.store.repair import Notice
from studio.text import t
from studio.views.pieces import act, h


def banner(notice: Notice | None) -> str:
    """The notice with the button that dismisses it; nothing where there is none."""
    if notice is None:
        return ""
    place = f'<p class="sub">{h(t("notice.where", where=notice.where))}</p>' if notice.where else ""
    button = act(h(t("notice.dismiss")), "dismiss", classes="cw-link")
    told = f"<p><b>{h(notice.message)}</b> {h(notice.hint)} {button}</p>"
    return f'<div class="cw-banner" role="status">{told}{place}</div>'
