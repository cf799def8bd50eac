"""The project's own documents: brought, listed, searched, marked as answers of test questions, and whether the searches
of a run's model find them. Folded, and nothing is read before somebody opens it."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import gradio as gr

from core.errors import StudioError
from core.importers.outcome import Reject
from core.importers.source import Source
from core.retrieval import search
from core.retrieval.measure import difference, measure
from core.retrieval.reading import KINDS, read
from core.schema import Example
from core.store import Database, documents, evaluations, open_store, projects
from core.store.documents import Deleted
from studio.events import PRIVATE, acted, html, shown
from studio.shell import Shell, run_of
from studio.text import t
from studio.views import documents as view
from studio.views.pieces import h, short

FOUND = 8  # documents that a search shows
CHOICES = 500  # questions to choose from
MOST_FILES = 50
NONE = ""


@dataclass(frozen=True, slots=True)
class Look:
    """What of the list is looked at, and what was deleted last; of one project, and forgotten with it."""

    project: str = ""
    page: int = 0
    opened: int = 0
    deleted: tuple[Deleted, ...] = ()


def build(shell: Shell) -> None:
    """The panel; it draws itself anew when another project or run is shown."""
    look, looking = gr.State(Look()), gr.State(False)
    with (
        gr.Column(elem_classes=["cw-panel"]),
        gr.Accordion(t("docs.title"), open=False, elem_classes="cw-fold") as fold,
    ):
        gr.HTML(f'<p class="cw-lead">{h(t("docs.lead"))}</p>')
        with gr.Row(elem_classes="cw-docs"):
            with gr.Column(min_width=300):
                upload = gr.File(
                    label=t("docs.file"), file_types=list(KINDS), file_count="multiple", height=120
                )
                with gr.Accordion(t("docs.paste"), open=False, elem_classes="cw-fold") as paste:
                    title = gr.Textbox(
                        label=t("docs.paste_title"), max_length=documents.LONGEST_TITLE, max_lines=1
                    )
                    text = gr.Textbox(label=t("docs.paste_text"), lines=4, max_lines=10)
                    add = gr.Button(t("docs.add"), elem_classes="cw-fit")
                told = html()
                listing = html()
            with gr.Column(min_width=300):
                gr.HTML(f'<h2>{h(t("docs.search_title"))}</h2><p class="sub">{h(t("docs.search_lead"))}</p>')
                question = gr.Dropdown([(t("docs.no_question"), NONE)], value=NONE, label=t("docs.question"))
                with gr.Row(elem_classes="cw-ask"):
                    words = gr.Textbox(
                        label=t("docs.words"),
                        placeholder=t("docs.words"),
                        show_label=False,
                        container=False,
                        scale=6,
                    )
                    go = gr.Button(t("docs.search"), scale=1, min_width=80)
                hits = html()
        figures = html(elem_classes="cw-found")

    def drawn(db: Database, run: str, now: Look) -> tuple[str, str, Look]:
        """The list and the figures."""
        every = documents.listed(db, now.project)
        page = min(now.page, max(0, len(every) - 1) // view.PAGE)
        opened = None
        if any(one.id == now.opened for one in every):
            opened = now.opened, documents.text(db, now.project, now.opened)
        return view.listing(every, page, opened, len(now.deleted)), measured(db, now.project, run), now

    def measured(db: Database, project: str, run: str) -> str:
        found = run_of(db, project, run)
        ways = measure(shell.settings, found.id) if found else {}
        both = {"before", "after"} <= ways.keys()
        change = difference(ways["before"], ways["after"]) if both else None
        answered = bool(found and evaluations.summaries(db, [found.id]))
        return view.figures(found, ways, change, answered)

    def searched(db: Database, project: str, chosen: str, said: str) -> str:
        """What the words find, and what is marked for the chosen question, where there is one in the project."""
        example = _question(db, project, chosen)
        marks = documents.relevant(db, project).get(example.id or 0, ()) if example else ()
        marked = [one for one in documents.listed(db, project) if one.id in marks]
        found = search.find(shell.settings, project, said, FOUND) if said.strip() else []
        if not said.strip() and not example:
            return ""
        return view.hits(found, marked, example is not None, bool(said.strip()))

    def on_look(project: str, run: str, now: Look, chosen: str, said: str, open_: bool) -> list[Any]:
        """Everything, once somebody looks; another project begins anew."""
        if not open_ or not project:
            return [gr.skip()] * 7
        with open_store(shell.settings) as db:
            found = projects.find(db, project).id
            same = now.project == found
            now, chosen, said = (now, chosen, said) if same else (Look(found), NONE, "")
            rows = _questions(db, found)
            choices = [
                (t("docs.no_question"), NONE),
                *((f"{r.id}: {short(r.prompt, 60)}", str(r.id)) for r in rows),
            ]
            chosen = chosen if any(value == chosen for _, value in choices) else NONE
            dropdown = gr.Dropdown(choices, value=chosen, info="" if rows else t("docs.no_test"))
            hits_now = searched(db, found, chosen, said)
            list_now, figures_now, now = drawn(db, run, now)
        return [list_now, figures_now, now, dropdown, said, hits_now, gr.skip() if same else ""]

    def on_files(project: str, run: str, now: Look, files: list[str] | None) -> Iterator[list[Any]]:
        files = files or []
        if len(files) > MOST_FILES:
            raise StudioError(t("docs.too_many_files", most=MOST_FILES))
        yield [view.reading(len(files)), gr.skip(), gr.skip(), gr.skip(), gr.skip()]
        new: list[tuple[str, str]] = []
        notes: list[str] = []
        rejected: list[tuple[str, Reject]] = []
        problems: list[str] = []
        for file in files:
            name = Path(file).name
            try:
                found = read(Source.of_path(Path(file), name))
            except StudioError as error:
                problems.append(error.sentence())
                continue
            new += found.documents
            notes += found.notes
            rejected += [(name, one) for one in found.rejected]
        added = 0
        with open_store(shell.settings) as db:
            now = _of(db, project, now)
            try:
                added = len(set(documents.add(db, now.project, new)))
            except StudioError as error:
                problems.append(error.sentence())
            said = view.told(added, notes, rejected, problems)
            yield [said, *drawn(db, run, now), None]

    def on_add(project: str, run: str, now: Look, name: str, body: str) -> list[Any]:
        if not (name or "").strip() or not (body or "").strip():
            raise StudioError(t("docs.nothing"), t("docs.nothing_hint"))
        with open_store(shell.settings) as db:
            now = _of(db, project, now)
            documents.add(db, now.project, [(name, body.replace("\0", " "))])
            return [view.told(1, [], [], []), *drawn(db, run, now), "", ""]

    def on_list(project: str, run: str, now: Look, event: gr.EventData) -> list[Any]:
        data = acted(event)
        id, n = (int(data[key]) if data.get(key, "").isdigit() else 0 for key in ("id", "n"))
        with open_store(shell.settings) as db:
            now = _of(db, project, now)
            match data.get("do"):
                case "open":
                    now = Look(now.project, now.page, 0 if now.opened == id else id, now.deleted)
                case "page":
                    now = Look(now.project, n, 0, now.deleted)
                case "delete":
                    gone = documents.delete(db, now.project, [id])
                    now = Look(now.project, now.page, now.opened, tuple(gone))
                case "delete_all":
                    every = [one.id for one in documents.listed(db, now.project)]
                    now = Look(now.project, deleted=tuple(documents.delete(db, now.project, every)))
                case "undo":
                    if not now.deleted:
                        raise StudioError(t("docs.undo_gone"))
                    documents.restore(db, now.project, now.deleted)
                    gr.Info(t("docs.restored", n=len(now.deleted)))
                    now = Look(now.project, now.page)
            return ["", *drawn(db, run, now)]

    def on_search(project: str, chosen: str, said: str) -> str:
        with open_store(shell.settings) as db:
            return searched(db, projects.find(db, project).id, chosen, said or "") or view.hits(
                [], [], False, False
            )

    def on_question(project: str, chosen: str) -> tuple[str, str]:
        """The question's own words are searched first."""
        with open_store(shell.settings) as db:
            found = projects.find(db, project).id
            example = _question(db, found, chosen)
            said = example.prompt if example else ""
            return said, searched(db, found, chosen, said)

    def on_mark(project: str, run: str, chosen: str, said: str, event: gr.EventData) -> tuple[str, str]:
        id = acted(event).get("id", "")
        with open_store(shell.settings) as db:
            found = projects.find(db, project).id
            example = _question(db, found, chosen)
            if example is None or example.id is None or not id.isdigit():
                raise StudioError(t("docs.no_words"))
            marked = int(id) in documents.relevant(db, found).get(example.id, ())
            (documents.unmark if marked else documents.mark)(db, found, example.id, int(id))
            return searched(db, found, chosen, said or ""), measured(db, found, run)

    here = [shell.project, shell.run, look]
    list_parts = [listing, figures, look]
    redraw: dict[str, Any] = {
        "fn": shown(on_look),
        "inputs": [*here, question, words, looking],
        "outputs": [*list_parts, question, words, hits, told],
        **PRIVATE,
    }
    fold.expand(lambda: True, None, [looking], **PRIVATE).then(**redraw)
    fold.collapse(lambda: False, None, [looking], **PRIVATE)
    gr.on([shell.mark.change, shell.changed.change], trigger_mode="always_last", **redraw)
    found_again = (shown(on_search), [shell.project, question, words], [hits])
    upload.upload(shown(on_files), [*here, upload], [told, *list_parts, upload], **PRIVATE).then(
        *found_again, **PRIVATE
    )
    add.click(shown(on_add), [*here, title, text], [told, *list_parts, title, text], **PRIVATE).success(
        lambda: gr.Accordion(open=False), None, [paste], **PRIVATE
    )
    listing.act(shown(on_list), here, [told, *list_parts], **PRIVATE).success(*found_again, **PRIVATE)
    gr.on([go.click, words.submit], *found_again, **PRIVATE)
    question.input(shown(on_question), [shell.project, question], [words, hits], **PRIVATE)
    hits.act(shown(on_mark), [shell.project, shell.run, question, words], [hits, figures], **PRIVATE)


def _of(db: Database, project: str, now: Look) -> Look:
    """What was looked at, if it was in this project. Raises StudioError where the project is gone."""
    found = projects.find(db, project).id
    return now if now.project == found else Look(found)


def _questions(db: Database, project: str) -> list[Example]:
    """The test examples that expect a call, those that are marked first."""
    rows = [row for row in projects.examples(db, project, split="test") if row.calls]
    marked = documents.relevant(db, project)
    return sorted(rows, key=lambda row: row.id not in marked)[:CHOICES]


def _question(db: Database, project: str, chosen: str | None) -> Example | None:
    """The example that is chosen, where it is one of the project's."""
    if not chosen or not str(chosen).isdigit():
        return None
    rows = projects.examples(db, project, ids=(int(chosen),))
    return rows[0] if rows else None
