"""The documents of a project: their list, what a search finds in them, and how well a model's searches do."""

from collections.abc import Collection, Sequence

from core.importers.outcome import Reject
from core.retrieval.measure import CUTS, MAIN, Difference, Figures, Measured, Search
from core.retrieval.search import Hit
from core.store.documents import Document
from core.store.runs import Run
from studio.text import t
from studio.views.pieces import act, empty, fold, h, pill, short

PAGE = 20
TEXT_SHOWN = 20_000
PASSAGE_SHOWN = 240
REJECTS_SHOWN = 20


def listing(every: Sequence[Document], page: int, opened: tuple[int, str] | None, deleted: int) -> str:
    """One page of the list, the text of the one that is opened, and a way back for what was just deleted."""
    back = ""
    if deleted:
        undo = act(h(t("docs.undo")), "undo", classes="cw-link")
        back = f'<p class="cw-bulk" role="status">{h(t("docs.deleted", n=deleted))} {undo}</p>'
    if not every:
        return back + empty(t("docs.empty_title"), t("docs.empty_body"))
    shown = every[page * PAGE : (page + 1) * PAGE]
    body = "".join(_document(one, opened) for one in shown)
    header = f'<tr><th>{h(t("docs.name"))}</th><th class="num">{h(t("docs.characters"))}</th><th></th></tr>'
    table = f'<table class="cw-table cw-documents"><thead>{header}</thead><tbody>{body}</tbody></table>'
    every_one = act(h(t("docs.delete_all")), "delete_all", classes="cw-link") if len(every) > PAGE else ""
    title = f'<div class="cw-top"><h2>{h(t("docs.have", n=len(every)))}</h2>{every_one}</div>'
    return back + title + table + _pager(len(every), page)


def _document(one: Document, opened: tuple[int, str] | None) -> str:
    is_open = opened is not None and opened[0] == one.id
    name = act(
        h(one.title),
        "open",
        classes="cw-row",
        label=t("docs.open", title=one.title),
        pressed=is_open,
        id=one.id,
    )
    delete = act(
        h(t("docs.delete")),
        "delete",
        classes="cw-link",
        label=t("docs.delete_one", title=one.title),
        id=one.id,
    )
    row = f'<tr><td>{name}</td><td class="num">{one.characters:,}</td><td class="num">{delete}</td></tr>'
    if opened is None or not is_open:
        return row
    text = opened[1]
    more = f'<p class="sub">{h(t("docs.cut"))}</p>' if len(text) > TEXT_SHOWN else ""
    box = f'<div class="cw-raw cw-log" data-scroll data-key="text-{one.id}" tabindex="0">{h(text[:TEXT_SHOWN])}</div>'
    return f'{row}<tr><td colspan="3">{box}{more}</td></tr>'


def _pager(n: int, page: int) -> str:
    if n <= PAGE:
        return ""
    last = min(n, (page + 1) * PAGE)
    back = act(h(t("docs.back")), "page", classes="cw-link", n=page - 1) if page else "<span></span>"
    on = act(h(t("docs.next")), "page", classes="cw-link", n=page + 1) if last < n else "<span></span>"
    place = h(t("docs.page", first=page * PAGE + 1, last=last, n=n))
    return f'<div class="cw-pager">{back}<span class="sub">{place}</span>{on}</div>'


def told(
    added: int, notes: Sequence[str], rejected: Sequence[tuple[str, Reject]], problems: Sequence[str]
) -> str:
    """What came of files that were read."""
    lines = list(notes)
    lines += [
        t("docs.refused_row", file=file, row=one.row, reason=one.reason)
        for file, one in rejected[:REJECTS_SHOWN]
    ]
    if len(rejected) > REJECTS_SHOWN:
        lines.append(t("docs.refused_more", n=len(rejected) - REJECTS_SHOWN))
    done = f'<p role="status">{h(t("docs.added", n=added))}</p>' if added else ""
    noted = f'<div class="cw-notes"><ul>{_items(lines)}</ul></div>' if lines else ""
    bad = f'<div class="cw-problem" role="alert"><ul>{_items(problems)}</ul></div>' if problems else ""
    return done + noted + bad


def _items(lines: Sequence[str]) -> str:
    return "".join(f"<li>{h(line)}</li>" for line in lines)


def reading(n: int) -> str:
    return f'<p class="cw-doing" role="status"><i class="cw-dot"></i>{h(t("docs.reading", n=n))}</p>'


def hits(found: Sequence[Hit], marked: Sequence[Document], question: bool, asked: bool) -> str:
    """What a search found; with a question, each with a tick that says whether it answers it."""
    ids = {one.id for one in marked}
    top = ""
    if question:
        said = t("docs.marked", n=len(marked)) if marked else t("docs.unmarked")
        top = f'<p class="cw-small" role="status">{h(said)}</p>'
    if found:
        rows = "".join(_hit(place, one, one.document in ids, question) for place, one in enumerate(found, 1))
        body = f'<ol class="cw-hits">{rows}</ol>'
    else:
        body = f'<p class="sub">{h(t("docs.nothing_found" if asked else "docs.no_words"))}</p>'
    here = {one.document for one in found}
    apart = [one for one in marked if one.id not in here]
    if apart:
        rows = "".join(f"<li>{_tick(one.id, one.title, True)}<div>{h(one.title)}</div></li>" for one in apart)
        also = h(t("docs.marked_also", k=len(found)))
        body += f'<p class="sub cw-told-below">{also}</p><ol class="cw-hits">{rows}</ol>'
    return f"{top}{body}"


def _hit(place: int, one: Hit, marked: bool, question: bool) -> str:
    tick = _tick(one.document, one.title, marked) if question else f'<span class="sub">{place}</span>'
    passage = f'<p class="sub">{h(short(one.passage, PASSAGE_SHOWN))}</p>'
    return f"<li>{tick}<div><b>{h(one.title)}</b>{passage}</div></li>"


def _tick(document: int, title: str, marked: bool) -> str:
    """A box to tick, in the form that the list of examples has."""
    name, state = h(t("docs.tick", title=title)), str(marked).lower()
    return (
        f'<button type="button" role="checkbox" class="cw-box" aria-checked="{state}" aria-label="{name}" '
        f'data-do="mark" data-key="mark-{document}" data-id="{document}"></button>'
    )


def figures(run: Run | None, measured: Measured, change: Difference | None, answered: bool = True) -> str:
    """The card: a sentence, the figures of each way of searching, and each question.

    `answered` says whether the run's models were asked about test questions at all.
    """
    if run is None:
        return f"<h2>{h(t('docs.figures_none'))}</h2><p class='sub'>{h(t('docs.no_run'))}</p>"
    title = f"<h2>{h(t('docs.figures_title', run=run.name))}</h2>"
    if not measured:
        key = "docs.no_marks" if answered else "docs.no_answers"
        return f'{title}<p class="sub">{h(t(key, run=run.name))}</p>'
    names = [t("docs.way"), t("docs.first"), *(t("docs.among", k=k) for k in CUTS[1:]), t("docs.mrr")]
    header = "".join(f"<th>{h(name)}</th>" for name in names)
    body = "".join(_way(way, one, names) for way, one in measured.items())
    table = f'<table class="cw-table cw-stack"><thead><tr>{header}</tr></thead><tbody>{body}</tbody></table>'
    return (
        f"{title}{_sentence(measured, change)}{table}"
        f'<p class="sub cw-small cw-told-below">{h(t("docs.how"))}</p>{_each(measured)}'
    )


def _sentence(measured: Measured, change: Difference | None) -> str:
    said = []
    if change:
        key = "docs.same" if change.further is None else f"docs.{change.verdict}"
        before, after = (measured[way].found(MAIN) for way in ("before", "after"))
        values = {"k": MAIN, "n": measured["after"].n, "before": before, "after": after}
        said.append(t("docs.open_verdict" if key == "docs.open" else key, further=change.further, **values))
    if "after" in measured and measured["after"].unasked:
        said.append(t("docs.unasked", n=measured["after"].unasked))
    return f'<p class="cw-verdict">{h(" ".join(said))}</p>' if said else ""


def _way(way: str, one: Figures, names: Sequence[str]) -> str:
    told = one.to_json()
    cells = [f"<b>{h(t(f'docs.way.{way}'))}</b>"]
    for k in CUTS:
        low, high = (round(100 * end) for end in told["interval"][str(k)])
        recall = t("docs.recall_cell", recall=f"{one.recall(k):.2f}")
        several = f"{h(recall)}<br>" if any(one.relevant > 1 for one in one.searches) else ""
        cells.append(
            f"{h(t('score', right=one.found(k), n=one.n))}"
            f'<br><span class="sub">{several}{h(t("docs.interval", low=low, high=high))}</span>'
        )
    cells.append(f"{one.mrr:.2f}")
    return _row(cells, names)


def _each(measured: Measured) -> str:
    """Every question with its searches and the place at which a right document came."""
    ways = list(measured)
    by_example = [{one.example: one for one in measured[way].searches} for way in ways]
    names = [t("docs.question"), *(t(f"docs.way.{way}") for way in ways)]
    body = ""
    for one in measured["prompt"].searches:
        cells = [h(short(one.prompt, 300))]
        cells += [
            _searched(searches.get(one.example), way != "prompt")
            for way, searches in zip(ways, by_example, strict=True)
        ]
        body += _row(cells, names)
    header = "".join(f"<th>{h(name)}</th>" for name in names)
    table = f'<table class="cw-table cw-stack"><thead><tr>{header}</tr></thead><tbody>{body}</tbody></table>'
    return fold("docs-each", h(t("docs.each")), f'<div class="cw-scroll">{table}</div>')


def _searched(one: Search | None, words: bool) -> str:
    if one is None:
        return '<span class="sub">–</span>'
    if not one.queries:
        return pill(t("docs.not_asked"), "plain")
    kind = "good" if one.found(1) else "warn" if one.places else "bad"
    place = t("docs.place", place=one.places[0]) if one.places else t("docs.not_found")
    said = (
        "".join(f'<br><span class="sub">{h(short(query, 200))}</span>' for query in one.queries)
        if words
        else ""
    )
    return f"{pill(place, kind)}{said}"


def _row(cells: Collection[str], names: Sequence[str]) -> str:
    inside = "".join(
        f'<td data-name="{h(name)}"><div>{cell}</div></td>' for cell, name in zip(cells, names, strict=True)
    )
    return f"<tr>{inside}</tr>"
