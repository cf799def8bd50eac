"""Verbs on the documents of a project: documents, search, retrieval."""

from argparse import Namespace
from dataclasses import asdict
from pathlib import Path
from typing import Any

from core.commands import say
from core.errors import StudioError
from core.evaluation.statistics import wilson
from core.importers.source import Source
from core.retrieval import search as searching
from core.retrieval.measure import CUTS, MAIN, Figures, difference, measure
from core.retrieval.reading import read
from core.settings import Settings
from core.store import documents as store
from core.store import open_store, projects

Answer = tuple[dict[str, Any], str]
WAYS = {
    "prompt": "the question itself",
    "before": "before training",
    "after": "after training",
    "alone": "the model",
}


def documents(options: Namespace, settings: Settings) -> Answer:
    """`documents`: list them, add those of files (all of them or none), or delete one by its title."""
    reads = [read(Source.of_path(Path(path), Path(path).name)) for path in options.add or ()]
    with open_store(settings) as db:
        project = projects.find(db, options.project)
        added = store.add(db, project.id, [one for found in reads for one in found.documents])
        if options.delete is not None:
            store.delete(db, project.id, [store.with_title(db, project.id, options.delete)])
        listed = store.listed(db, project.id)
    for note in (note for found in reads for note in found.notes):
        say(note)
    rejected = [
        {"file": path, "row": one.row, "reason": one.reason}
        for path, found in zip(options.add or (), reads, strict=True)
        for one in found.rejected
    ]
    answer = {
        "project": project.name,
        "added": len(set(added)),
        "rejected": rejected,
        "documents": [asdict(one) for one in listed],
    }
    if options.add or options.delete is not None:
        done = f"{len(set(added))} added" if options.add else f"{options.delete} is deleted"
        lines = [f"{project.name}: {done}; {len(listed)} documents."]
        lines += [f"  {one['file']}, row {one['row']}: {one['reason']}" for one in rejected]
    else:
        lines = [f"{one.characters:>10,}  {one.title}" for one in listed] or ["No documents yet."]
    return answer, "\n".join(lines)


def search(options: Namespace, settings: Settings) -> Answer:
    """`search`: the documents that fit the words best, each with its best passage."""
    if not 1 <= options.most <= store.MOST:
        raise StudioError(f"Choose a number from 1 to {store.MOST:,}.", where="--most")
    hits = searching.find(settings, options.project, options.words, options.most)
    lines = [f"{place}. {hit.title} ({hit.score:.2f})\n   {hit.passage}" for place, hit in enumerate(hits, 1)]
    return {"hits": [asdict(hit) for hit in hits]}, "\n".join(lines) or "Nothing was found."


def retrieval(options: Namespace, settings: Settings) -> Answer:
    """`retrieval`: recall, mean reciprocal rank and intervals of a run's searches, before and after training."""
    measured = measure(settings, options.run)
    answer: dict[str, Any] = {"run": options.run, **{way: one.to_json() for way, one in measured.items()}}
    lines = [line for way, figures in measured.items() for line in _lines(way, figures)]
    if {"before", "after"} <= measured.keys():
        changed = difference(measured["before"], measured["after"])
        answer["difference"] = asdict(changed)
        lines.append(
            f"In the first {MAIN} since training: {changed.fixed} more, {changed.broke} fewer ({changed.verdict})."
        )
    return answer, "\n".join(lines) or "No test row of this run is marked with the documents that answer it."


def _lines(way: str, figures: Figures) -> list[str]:
    lines = [f"{WAYS[way]}: {figures.n} questions, {figures.unasked} not searched, MRR {figures.mrr:.2f}"]
    for k in CUTS:
        low, high = wilson(figures.found(k), figures.n)
        lines.append(
            f"  recall@{k} {figures.recall(k):.2f}; found for {figures.found(k)} of {figures.n} "
            f"({low:.0%} to {high:.0%})"
        )
    return lines
