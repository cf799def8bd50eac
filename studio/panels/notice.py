"""What its user has to know of the database, above the tabs until it is dismissed."""

import gradio as gr

from core.settings import Settings
from core.store import repair
from studio.events import PRIVATE, html, shown
from studio.views import notice as view


def build(settings: Settings, demo: gr.Blocks) -> None:
    """A banner that is read when the page is opened."""
    banner = html(elem_classes="cw-notice")

    def on_load() -> str:
        return view.banner(repair.notice(settings))

    def on_dismiss() -> str:
        repair.dismiss(settings)
        return ""

    demo.load(shown(on_load), None, [banner], **PRIVATE)
    banner.act(shown(on_dismiss), None, [banner], **PRIVATE)
