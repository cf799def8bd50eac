"""Do the searches of a model find the documents that answer the question? Before and after training, and the question
itself typed into the search, without any model, to compare with.

Only examples count for which somebody marked the documents that answer them and which expect a call. A search counts
where the call is one of a tool that the example expects: what the web is asked is not what our documents are asked. An
answer without such a call, or one that cannot be read, finds nothing.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import zip_longest
from typing import Any

from core.evaluation import wording
from core.evaluation.statistics import further, verdict, wilson
from core.retrieval.search import Index, index_of
from core.schema import Tool, ToolCall
from core.settings import Settings
from core.store import documents, evaluations, open_store, projects, runs
from core.store.evaluations import Prediction

CUTS = (1, 3, 5)
MAIN = 3  # how many documents a search gives the model, and so what two ways are compared by
DEPTH = 10  # documents looked at; what comes later counts as not found, as in MRR@10


@dataclass(frozen=True, slots=True)
class Search:
    """What became of one question: the queries, and the places (from 1) at which its documents came."""

    example: int
    prompt: str
    queries: tuple[str, ...]  # none where the answer searched for nothing
    places: tuple[int, ...]  # of its documents within DEPTH, ascending
    relevant: int  # how many documents answer it

    def found(self, k: int) -> bool:
        """Whether one of its documents is among the first k."""
        return bool(self.places) and self.places[0] <= k


@dataclass(frozen=True, slots=True)
class Figures:
    """How well one way of asking finds the documents, over all questions."""

    searches: tuple[Search, ...]

    @property
    def n(self) -> int:
        return len(self.searches)

    @property
    def unasked(self) -> int:
        """Questions for which nothing was searched."""
        return sum(not one.queries for one in self.searches)

    def found(self, k: int) -> int:
        """Questions with at least one of their documents among the first k."""
        return sum(one.found(k) for one in self.searches)

    def recall(self, k: int) -> float:
        """Recall@k: the share of a question's documents among the first k, in the mean over the questions."""
        shares = [sum(place <= k for place in one.places) / one.relevant for one in self.searches]
        return sum(shares) / len(shares)

    @property
    def mrr(self) -> float:
        """Mean reciprocal rank: 1 where the first document found is a right one, 1/2 where the second is, and so on."""
        return sum(1 / one.places[0] for one in self.searches if one.places) / self.n

    def to_json(self) -> dict[str, Any]:
        """The figures; each interval is Wilson's, in shares, of the questions with at least one document found."""
        return {
            "n": self.n,
            "recall": {str(k): round(self.recall(k), 4) for k in CUTS},
            "found": {str(k): self.found(k) for k in CUTS},
            "interval": {str(k): [round(end, 4) for end in wilson(self.found(k), self.n)] for k in CUTS},
            "mrr": round(self.mrr, 4),
            "unasked": self.unasked,
        }


@dataclass(frozen=True, slots=True)
class Difference:
    """Questions found among the first MAIN by one of two ways only, and what can be said of that."""

    fixed: int
    broke: int
    verdict: str  # "better", "worse" or "open", by McNemar's exact test
    further: int | None  # about how many more questions would tell; None where there is no difference


Measured = dict[str, Figures]  # by way: "prompt", then of "before", "after" and "alone" those the run has


def measure(settings: Settings, run: str) -> Measured:
    """The figures of a run, for each way of asking; empty where no question of its test rows has marked documents.

    Raises StudioError where there is no such run.
    """
    with open_store(settings) as db:
        found = runs.find(db, run)
        marks = documents.relevant(db, found.project)
        snapshot = projects.snapshot(db, found.snapshot)
        answers: dict[str, list[Prediction]] = {}
        for phase in ("before", "after", "alone"):
            evaluation = evaluations.find(db, found.id, phase)  # type: ignore[arg-type]
            if evaluation:
                every = evaluations.predictions(db, evaluation.id)
                answers[phase] = [one for one in every if one.example in marks and one.expected]
    asked = next((rows for rows in answers.values() if rows), [])
    if not asked:
        return {}
    index = index_of(settings, found.project)
    named = wording.rules(snapshot.tools, snapshot.examples)
    fields = {tool.name: query_fields(tool, named[tool.name]) for tool in snapshot.tools}

    def figures(rows: list[Prediction], queries: Any) -> Figures:
        return Figures(tuple(_search(index, one, queries(one), marks[one.example]) for one in rows))

    measured = {"prompt": figures(asked, lambda one: (one.prompt,))}
    return measured | {
        phase: figures(rows, lambda one: _queries(one, fields)) for phase, rows in answers.items() if rows
    }


def difference(before: Figures, after: Figures) -> Difference:
    """What changed from one way of asking to another, over the questions both were asked."""
    earlier = {one.example: one.found(MAIN) for one in before.searches}
    pairs = [(earlier[one.example], one.found(MAIN)) for one in after.searches if one.example in earlier]
    fixed, broke = sum(b > a for a, b in pairs), sum(a > b for a, b in pairs)
    return Difference(fixed, broke, verdict(fixed, broke), further(fixed, broke, len(pairs)))


def query_fields(tool: Tool, rules: Mapping[str, wording.Rule]) -> list[str]:
    """The parameters that may hold what is searched for: texts without allowed values, those of free wording first."""
    texts = [name for name, schema in tool.properties.items() if name in rules and schema["type"] == "string"]
    return sorted(texts, key=lambda name: rules[name] != "free")


def query_of(call: ToolCall, fields: Sequence[str]) -> str:
    """The words that a call searches for: the first text in one of these parameters, "" where it has none."""
    values = (call.arguments.get(name) for name in fields)
    return next((value.strip() for value in values if isinstance(value, str) and value.strip()), "")


def _queries(prediction: Prediction, fields: Mapping[str, Sequence[str]]) -> tuple[str, ...]:
    if prediction.verdict == "malformed":
        return ()
    expected = {call["name"] for call in prediction.expected}
    calls = [ToolCall.from_json(call) for call in prediction.calls if call["name"] in expected]
    return tuple(query for call in calls if (query := query_of(call, fields.get(call.name, ()))))


def _search(index: Index, prediction: Prediction, queries: Sequence[str], relevant: Sequence[int]) -> Search:
    """The places of the right documents; of several queries the first results of each come first."""
    found = [[hit.document for hit in index.find(query, DEPTH)] for query in queries]
    ranked = list(dict.fromkeys(one for turn in zip_longest(*found) for one in turn if one is not None))
    places = tuple(place for place, one in enumerate(ranked[:DEPTH], 1) if one in relevant)
    return Search(prediction.example, prediction.prompt, tuple(queries), places, len(relevant))
