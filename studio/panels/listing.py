"""The list of examples: searched, filtered and paged in the store, and changed many at a time."""

from dataclasses import dataclass, replace
from typing import Any

import gradio as gr

from core.doctor.findings import Finding
from core.jobs.checkup import checkup
from core.schema.example import SPLITS
from core.store import Database, changes, open_store, projects, selection
from core.store.selection import NO_CALL, Selection
from studio.editors import example_draft as draft_of
from studio.events import PRIVATE, acted, asking, html, shown
from studio.panels import corrections
from studio.shell import Shell
from studio.text import t
from studio.views import examples as view

ANY = "*"  # every tool; no tool can have this name
NONE = "-"  # examples that call none
FILTER: dict[str, Any] = {"part": "all", "tool": ANY, "page": 0, "finding": None}
NOBODY: dict[str, Any] = {
    "all": False,
    "ids": [],
}  # the ticked examples, or all that the filter finds but these


@dataclass(frozen=True, slots=True)
class Listing:
    """The parts of the list that the tab and its other panels set or read."""

    chosen: gr.State
    search: gr.Textbox
    tool: gr.Dropdown
    chips: gr.HTML
    bulk: gr.HTML
    table: gr.HTML
    picked: gr.State

    @property
    def drawn(self) -> list[Any]:
        return [self.chips, self.bulk, self.table]


def build(shell: Shell, draft: gr.State, lit: gr.HTML) -> Listing:
    """The list; a click on a row opens the example in `draft`, with the lamp of its editor lit."""
    with gr.Row(elem_classes="cw-filters"):
        search = gr.Textbox(
            label=t("examples.search"), placeholder=t("examples.search"), show_label=False, container=False
        )
        tool = gr.Dropdown(
            [], label=t("examples.tool"), show_label=False, container=False, min_width=130, scale=0
        )
    listing = Listing(gr.State(FILTER), search, tool, html(), html(), html(), gr.State(NOBODY))
    _wire(shell, listing, draft, lit)
    return listing


def _wire(shell: Shell, listing: Listing, draft: gr.State, lit: gr.HTML) -> None:
    def on_list(
        project: str, now: dict[str, Any], words: str, one: dict[str, Any], picked: dict[str, Any]
    ) -> list[str]:
        return drawn(shell, project, now, words, one.get("id"), picked)

    def on_opened(
        project: str, now: dict[str, Any], words: str, one: dict[str, Any], picked: dict[str, Any]
    ) -> list[Any]:
        """The list with the opened example on it, where the filter shows it."""
        now = at_page_of(shell, project, now, words, one.get("id"))
        return [now, *drawn(shell, project, now, words, one.get("id"), picked)]

    def on_chip(now: dict[str, Any], event: gr.EventData) -> dict[str, Any]:
        data = acted(event)
        match data.get("do"):
            case "part" if data.get("name") in ("all", *SPLITS):
                return {**now, "part": data["name"], "page": 0}
            case "unfind":
                return {**now, "finding": None, "page": 0}
            case "page" if data.get("n", "").isdigit():
                return {**now, "page": int(data["n"])}
        return now

    def on_row(
        project: str, now: dict[str, Any], words: str, picked: dict[str, Any], event: gr.EventData
    ) -> list[Any]:
        data = acted(event)
        id = int(data["id"]) if data.get("id", "").isdigit() else 0
        match data.get("do"):
            case "example":
                return [gr.skip(), opened(shell, project, id), gr.skip()]
            case "pick":
                return [gr.skip(), gr.skip(), _toggled(picked, [id])]
            case "pick_page":
                return [gr.skip(), gr.skip(), _toggled(picked, _ids_on_page(shell, project, now, words))]
        return [on_chip(now, event), gr.skip(), gr.skip()]

    def on_bulk(
        project: str,
        now: dict[str, Any],
        words: str,
        picked: dict[str, Any],
        version: int,
        one: dict[str, Any],
        event: gr.EventData,
    ) -> list[Any]:
        data = acted(event)
        if data.get("do") == "pick_all":
            return [{"all": True, "ids": []}, gr.skip(), gr.skip()]
        if data.get("do") == "clear":
            return [NOBODY, gr.skip(), gr.skip()]
        with open_store(shell.settings) as db:
            found = projects.find(db, project).id
            chosen = _picked(shell, db, found, now, words, picked)
            n = selection.count(db, found, chosen)
            if data.get("do") == "move" and data.get("name") in SPLITS:
                told = t("examples.did_move", n=n, part=t(f"part.{data['name']}"))
                with changes.recorded(db, found, told):
                    selection.move(db, found, chosen, data["name"])
            elif data.get("do") == "delete":
                told = t("examples.did_delete", n=n)
                with changes.recorded(db, found, told):
                    selection.delete(db, found, chosen)
            else:
                return [gr.skip()] * 3
            left = selection.count(db, found, Selection(ids=(one.get("id") or 0,)))
        gr.Info(told)
        return [NOBODY, version + 1, gr.skip() if left or not one.get("id") else draft_of.closed()]

    at = [shell.project, listing.chosen, listing.search]
    listed = [*at, draft, listing.picked]
    redraw = [listing.chosen.change, listing.picked.change, shell.changed.change, shell.mark.change]
    gr.on(redraw, shown(on_list), listed, listing.drawn, **PRIVATE)
    # Not search.input, which does not tell of text that was pasted by a menu or a script.
    listing.search.change(shown(on_list), listed, listing.drawn, trigger_mode="always_last", **PRIVATE)
    draft.change(shown(on_opened), listed, [listing.chosen, *listing.drawn], **PRIVATE)
    listing.tool.input(  # not .select, which a choice made with the keyboard does not raise (Gradio 6.31)
        lambda now, name: {**now, "tool": str(name), "page": 0},
        [listing.chosen, listing.tool],
        [listing.chosen],
        **PRIVATE,
    )
    listing.chips.act(shown(on_chip), [listing.chosen], [listing.chosen], **PRIVATE)
    listing.table.act(
        shown(on_row), [*at, listing.picked], [listing.chosen, draft, listing.picked], **asking(lit)
    )
    listing.bulk.act(
        shown(on_bulk),
        [*at, listing.picked, shell.changed, draft],
        [listing.picked, shell.changed, draft],
        **PRIVATE,
    )


def selection_of(now: dict[str, Any], words: str, findings: list[Finding]) -> Selection:
    """The filter as the store takes it; a finding that is no longer found does not filter."""
    tool = str(now["tool"])
    return Selection(
        split=now["part"] if now["part"] in SPLITS else None,
        tool=None if tool == ANY else NO_CALL if tool == NONE else tool,
        search=(words or "").strip(),
        finding=_place(now["finding"], findings),
    )


def _place(wanted: dict[str, Any] | None, findings: list[Finding]) -> int | None:
    """Where the finding that was asked for stands in the newest check."""
    if not wanted:
        return None
    known = [(finding.kind, list(finding.about)) for finding in findings]
    asked = (wanted["kind"], wanted["about"])
    return known.index(asked) if asked in known else None


def drawn(
    shell: Shell, project: str, now: dict[str, Any], words: str, open_id: int | None, picked: dict[str, Any]
) -> list[str]:
    """Chips, the bar for what is ticked, and one page of the table."""
    check = checkup(shell.settings, project).findings
    with open_store(shell.settings) as db:
        found = projects.find(db, project).id
        chosen = selection_of(now, words, check)
        counts = selection.counts_by_split(db, found, selection_of({**now, "part": "all"}, words, check))
        total = counts[chosen.split] if chosen.split else sum(counts.values())
        page = min(now["page"], max(0, (total - 1) // view.PAGE))
        rows = projects.examples(db, found, chosen, limit=view.PAGE, offset=page * view.PAGE)
        known = {tool.name for tool in projects.tools(db, found)}
        ticked = selection.count(db, found, _picked(shell, db, found, now, words, picked))
    noted = set(picked["ids"])
    ids = {row.id for row in rows if row.id is not None and (row.id in noted) != picked["all"]}
    filtered = check[chosen.finding] if chosen.finding is not None else None
    return [
        view.chips(counts["train"], counts["test"], now["part"], filtered),
        view.bulk(ticked, total),
        view.table(rows, known, open_id, view.marks(check), page, total, ids),
    ]


def at_page_of(shell: Shell, project: str, now: dict[str, Any], words: str, id: int | None) -> dict[str, Any]:
    """The filter, turned to the page that shows this example."""
    if id is None:
        return now
    chosen = selection_of(now, words, checkup(shell.settings, project).findings)
    with open_store(shell.settings) as db:
        place = selection.position(db, projects.find(db, project).id, chosen, id)
    return now if place is None else {**now, "page": place // view.PAGE}


def opened(shell: Shell, project: str, id: int) -> dict[str, Any]:
    """The draft of an example, with what the check says about it."""
    with open_store(shell.settings) as db:
        found = projects.find(db, project).id
        return draft_of.opened(
            projects.example(db, found, id), projects.tools(db, found), findings=said_of(shell, found, id)
        )


def said_of(shell: Shell, project: str, id: int) -> list[str]:
    """Where one example came from, if from the Playground, and what the check says about it."""
    with open_store(shell.settings) as db:
        origin = corrections.origin_of(db, project, id)
    told = [one.message for one in checkup(shell.settings, project).findings if id in one.rows]
    return [origin, *told] if origin else told


def _toggled(picked: dict[str, Any], ids: list[int]) -> dict[str, Any]:
    """With these ticked, or unticked where all of them were."""
    noted = picked["ids"]
    if set(ids) <= set(noted):
        return {**picked, "ids": [id for id in noted if id not in ids]}
    return {**picked, "ids": [*dict.fromkeys([*noted, *ids])]}


def _ids_on_page(shell: Shell, project: str, now: dict[str, Any], words: str) -> list[int]:
    chosen = selection_of(now, words, checkup(shell.settings, project).findings)
    with open_store(shell.settings) as db:
        found = projects.find(db, project).id
        rows = projects.examples(db, found, chosen, limit=view.PAGE, offset=now["page"] * view.PAGE)
    return [row.id for row in rows if row.id is not None]


def _picked(
    shell: Shell, db: Database, project: str, now: dict[str, Any], words: str, picked: dict[str, Any]
) -> Selection:
    ids = tuple(int(id) for id in picked["ids"])
    if not picked["all"]:
        return Selection(ids=ids)
    return replace(selection_of(now, words, checkup(shell.settings, project).findings), but=ids)
