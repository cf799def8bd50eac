"""Searching the documents of a project."""

from collections import OrderedDict
from dataclasses import dataclass
from pathlib import Path
from threading import Lock
from typing import Any

from core.retrieval.passages import cut
from core.retrieval.query import match, spelled
from core.settings import Settings
from core.store import documents, open_store, projects
from core.store.passages import PassageIndex

INDEXES = 3  # projects whose index is kept; one of the largest takes some 100 MB


@dataclass(frozen=True, slots=True)
class Hit:
    """A document that was found, and the passage of it that fits best; a higher score is better."""

    document: int
    title: str
    passage: str
    score: float


class Index:
    """The documents of a project as they stood at one revision."""

    def __init__(self, texts: list[tuple[int, str, str]]):
        self._titles = {id: title for id, title, _ in texts}
        self._passages = [(id, passage) for id, _, text in texts for passage in cut(text)]
        spelled_titles = {id: spelled(title) for id, title in self._titles.items()}
        self._index = PassageIndex((id, spelled_titles[id], spelled(text)) for id, text in self._passages)

    def find(self, query: str, k: int) -> list[Hit]:
        """The k best documents for a query, the best first; none where it has no words."""
        expression = match(query)
        hits = []
        for place, score in self._index.best(expression, k) if expression else ():
            document, passage = self._passages[place]
            hits.append(Hit(document, self._titles[document], passage, score))
        return hits


_indexes: OrderedDict[tuple[Path, str], tuple[str, Index]] = OrderedDict()
_making = Lock()


def index_of(settings: Settings, project: str) -> Index:
    """The index of a project's documents as they stand. Raises StudioError where there is no such project."""
    with _making, open_store(settings) as db:
        id = projects.find(db, project).id
        key, now = (settings.database, id), documents.revision(db, id)
        revision, index = _indexes.get(key, ("", None))
        if index is None or revision != now:
            index = Index(documents.texts(db, id))
            _indexes[key] = (now, index)
        _indexes.move_to_end(key)
        while len(_indexes) > INDEXES:
            _indexes.popitem(last=False)
    return index


def find(settings: Settings, project: str, query: str, k: int = 3) -> list[Hit]:
    """The k documents of a project that fit a query best, each once. Raises StudioError for a project that is none."""
    return index_of(settings, project).find(query, k)


def as_result(hits: list[Hit]) -> dict[str, Any]:
    """What a search tool gives back to the model: titles and passages, as JSON."""
    return {"results": [{"title": hit.title, "text": hit.passage} for hit in hits]}
