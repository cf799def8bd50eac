"""What the check says about a project, each finding with its rows and, where there is one, its remedy."""

from typing import Any

import gradio as gr

from core.errors import StudioError
from core.jobs.checkup import checkup, mend
from core.store import open_store, projects
from studio.events import PRIVATE, acted, html, shown
from studio.panels.listing import FILTER, Listing, opened
from studio.shell import Shell
from studio.text import t
from studio.views import examples as view
from studio.views.pieces import h


def build(shell: Shell, listing: Listing, draft: gr.State) -> gr.HTML:
    """The panel; its clicks filter the list, open the first row, or mend."""
    health = html()

    def on_health(project: str) -> str:
        return drawn(shell, project)

    def on_act(project: str, version: int, event: gr.EventData) -> list[Any]:
        data = acted(event)
        with open_store(shell.settings) as db:
            found = projects.find(db, project).id
        findings = checkup(shell.settings, found).findings
        n = int(data["n"]) if data.get("n", "").isdigit() else len(findings)
        if n >= len(findings) or findings[n].kind != data.get("kind"):
            raise StudioError(t("health.gone"), t("health.gone_hint"))
        finding = findings[n]
        if data.get("do") == "fix":
            told = mend(shell.settings, found, finding)
            gr.Info(h(t("health.mended", what=told)))
            return [gr.skip(), gr.skip(), version + 1]
        if data.get("do") == "finding" and finding.rows:
            wanted = {"kind": finding.kind, "about": list(finding.about)}
            return [{**FILTER, "finding": wanted}, opened(shell, found, finding.rows[0]), gr.skip()]
        return [gr.skip()] * 3

    gr.on([shell.changed.change, shell.mark.change], shown(on_health), [shell.project], [health], **PRIVATE)
    health.act(
        shown(on_act), [shell.project, shell.changed], [listing.chosen, draft, shell.changed], **PRIVATE
    )
    return health


def drawn(shell: Shell, project: str) -> str:
    check = checkup(shell.settings, project)
    with open_store(shell.settings) as db:
        n = projects.count_examples(db, projects.find(db, project).id)
    return view.health(check.findings, n, check.current)
