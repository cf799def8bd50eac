"""Passages of documents as a full text index (SQLite FTS5) in memory.

It is not in the database: it can be made again from the documents in a moment, so nothing need migrate, copy or
repair it, and FTS5's own tables would be five more that the repair of a damaged file has to know.
"""

from collections.abc import Iterable
from threading import Lock

from sqlite_utils.utils import sqlite3

TITLE_WEIGHT = 2.0  # a word in the title counts so much of one in the text


class PassageIndex:
    """Passages by their words. May be asked from any thread."""

    def __init__(self, passages: Iterable[tuple[int, str, str]]):
        """Each passage: the id of its document, the document's title, its own text, spelled as they are searched."""
        self._lock = Lock()
        self._documents: list[int] = []
        self._connection = sqlite3.connect(":memory:", check_same_thread=False, isolation_level=None)
        # Contentless: the texts are kept as they were written, by whoever made the index.
        self._connection.execute(
            "CREATE VIRTUAL TABLE passages USING fts5 "
            "(title, text, content = '', tokenize = 'porter unicode61 remove_diacritics 2')"
        )
        self._connection.execute("BEGIN")
        for place, (document, title, text) in enumerate(passages):
            self._documents.append(document)
            self._connection.execute(
                "INSERT INTO passages (rowid, title, text) VALUES (?, ?, ?)", (place, title, text)
            )
        self._connection.execute("COMMIT")

    def best(self, expression: str, most: int) -> list[tuple[int, float]]:
        """The best passage of each of the `most` best documents: its place in the index and its score, the best first.

        The score is BM25 (Robertson and Zaragoza, 2009), higher is better. `expression` is one of FTS5's.
        """
        found: dict[int, tuple[int, float]] = {}
        with self._lock:
            rows = self._connection.execute(
                "SELECT rowid, -bm25(passages, ?, 1.0) AS score FROM passages WHERE passages MATCH ? "
                "ORDER BY score DESC, rowid",
                (TITLE_WEIGHT, expression),
            )
            for place, score in rows:
                found.setdefault(self._documents[place], (place, score))
                if len(found) == most:
                    break
            rows.close()
        return list(found.values())
