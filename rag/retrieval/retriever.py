"""Which passages may answer a question? Dense and lexical search, a learned ranking, and a model that reads the best.

With an embedding model that the ranking was not fitted to, the two are fused by rank. A question in the article's own
words is best found by its words, one in other words (or in English) by its meaning. So the weight of the lexical leg
follows what that leg itself shows: how much of the question its best passage holds.

References:
    Cormack, Clarke, Büttcher: Reciprocal Rank Fusion outperforms Condorcet and individual Rank Learning Methods (2009).
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict
from datetime import date
from typing import Any

import numpy as np
from langchain_core.callbacks import CallbackManagerForRetrieverRun
from langchain_core.documents import Document
from langchain_core.retrievers import BaseRetriever
from pydantic import ConfigDict, Field, InstanceOf

from index.embedding import Vectors
from index.reading.dates import relative_days
from index.schema import Filter, Kind, Passage
from index.store.opened import Store, copies_of
from rag.config import Legs
from rag.errors import RetrievalError
from rag.query.question import check_query, content_words
from rag.query.words import share
from rag.retrieval.cache import traits_of
from rag.retrieval.crossencoder import load_crossencoder
from rag.retrieval.judging import judge_passages
from rag.retrieval.ranking import features, load_ranker, nearness
from rag.schema import Hit

__all__ = ["PassageRetriever", "find_rows", "fuse", "passage_document", "search"]

_LEXICAL, _DENSE = 50, 100  # candidates of each leg: of those in other words, the dense one finds more further down
_LEARNED = 60  # of both together, that the learned ranking scores
_READ = 10  # best passages that the reading model sees
_READING = 2.0  # weight of its relevance beside the score of the search
_RANK_CONSTANT = 60  # the paper's k
_TRUST_MIDDLE, _TRUST_STEEPNESS = 0.45, 10.0  # chosen on cmrc, drcd and news questions, benchmarks/fusion.py


def search(  # noqa: PLR0913 - the bounds of a search, each by its name
    store: Store,
    query: str,
    k: int = 5,
    *,
    legs: Legs = "fused",
    since: date | None = None,
    until: date | None = None,
    files: Sequence[str] = (),
    kinds: Sequence[Kind] = (),
    read: bool = True,
) -> list[Hit]:
    """The passages that fit a query best.

    Args:
        store: An open store.
        query: A question or some words; script, width and case do not matter.
        k: How many, 1 or more.
        legs: "ranks" fuses the legs by rank alone, "dense" or "lexical" ranks by one of them; comparisons need it.
        since: Only articles of this day or later. An article of unknown date is left out when either bound is set.
        until: Only articles of this day or earlier.
        files: Only articles of these pages; of all when empty.
        kinds: Only articles of these kinds; of all when empty.
        read: Whether the reading model orders the best of them; without it a search takes a tenth of the time.

    Returns:
        At most ``k`` hits, best first; none when nothing in the store has to do with the query. Scores lie in
        [0, 1] and are comparable within one search only.

    Raises:
        RetrievalError: The query is empty or longer than ``LONGEST_QUERY``, ``k`` is below 1, ``since`` is after
            ``until``, or the store has no such page.
    """
    text = check_query(query)
    if k < 1:
        raise RetrievalError(f"k is {k}.", "Ask for 1 passage or more.")
    if unknown := [file for file in files if file not in store.pages]:
        raise RetrievalError(f"The store has no page {unknown[0]!r}.", "Name a page as citations name it.")
    allowed = store.catalog.select(_filter(since, until, files, kinds))
    vector = store.embedder.encode_query(text)
    lexical = _lexical_rows(store, text, max(k, _LEXICAL), allowed) if legs != "dense" else []
    dense = _dense_rows(store, vector, max(k, _DENSE), allowed) if legs != "lexical" else []
    trust = _lexical_trust(store, text, *store.passages.at(lexical[:1])) if lexical else 0.0
    scores = fuse(((1.0 - trust, dense), (trust, lexical)))
    if legs == "fused" and scores and load_ranker().model == store.embedder.fingerprint:
        scores |= _learned(store, text, _nearest(store, text, vector, list(scores)), scores)
    if legs == "fused" and read:
        scores = _reread(store, text, scores)
    best = _best(store, scores, k)
    return [Hit(store.passages.id_at(row), scores[row], rank) for rank, row in enumerate(best, start=1)]


class PassageRetriever(BaseRetriever):
    """LangChain's face of :func:`search`.

    A document's ``id`` is the passage_id, its ``page_content`` the passage's text; its metadata tell file, headline,
    kicker, byline, kind, date and how it is known, lines, the parts of the article on other pages, the other places
    of the same text, score and rank.

    Example:
        ``PassageRetriever(store=open_store("store"), k=3).invoke("谁出席了会议？")``
    """

    model_config = ConfigDict(arbitrary_types_allowed=True)

    store: InstanceOf[Store]
    k: int = Field(default=5, ge=1)
    legs: Legs = "fused"
    since: date | None = None
    until: date | None = None
    files: tuple[str, ...] = ()
    kinds: tuple[Kind, ...] = ()

    def _get_relevant_documents(
        self, query: str, *, run_manager: CallbackManagerForRetrieverRun, **kwargs: Any
    ) -> list[Document]:
        since, until = kwargs.get("since", self.since), kwargs.get("until", self.until)
        hits = search(
            self.store,
            query,
            int(kwargs.get("k", self.k)),
            legs=self.legs,
            since=since,
            until=until,
            files=kwargs.get("files", self.files),
            kinds=kwargs.get("kinds", self.kinds),
        )
        return [
            passage_document(self.store, self.store.passages[hit.passage_id], score=hit.score, rank=hit.rank)
            for hit in hits
        ]


def passage_document(store: Store, passage: Passage, **more: Any) -> Document:
    """A passage as a LangChain document.

    Where the article's date is known, ``relative_days`` tells what 昨天, 今年 and the like mean in it.
    """
    article = store.articles[passage.article_id]
    first, last = article.line_range(passage.start, passage.end)
    metadata: dict[str, Any] = {
        "file": article.file,
        "headline": article.title,
        "kicker": list(article.kicker),
        "byline": article.byline,
        "kind": str(article.kind),
        "date": article.date,
        "date_source": str(article.date_source),
        "date_evidence": article.date_evidence,
        "article_id": article.article_id,
        "first_line": first,
        "last_line": last,
        "continues": article.continues.article_id if article.continues else None,
        "continued_by": article.continued_by.article_id if article.continued_by else None,
        "also": [
            {"file": a.file, "article_id": a.article_id, "headline": a.title, "lines": a.line_range(start, end)}
            for a, start, end in copies_of(store, passage.passage_id, passage.start, passage.end)
        ],
    }
    if article.date:
        metadata["relative_days"] = [asdict(when) for when in relative_days(passage.text, article.date)]
    return Document(id=passage.passage_id, page_content=passage.text, metadata=metadata | more)


def _filter(since: date | None, until: date | None, files: Sequence[str], kinds: Sequence[Kind]) -> Filter:
    if since is not None and until is not None and since > until:
        raise RetrievalError(f"{since} is after {until}.", "Give the earlier day as --since.")
    first, last = (day.isoformat() if day else None for day in (since, until))
    return Filter(first, last, tuple(files), tuple(kinds))


def find_rows(store: Store, query: str) -> list[int]:
    """Rows of the candidates that the learned ranking scores: the nearest of what both legs find."""
    vector = store.embedder.encode_query(query)
    found = [*_lexical_rows(store, query, _LEXICAL), *_dense_rows(store, vector, _DENSE)]
    return _nearest(store, query, vector, list(dict.fromkeys(found)))


def _nearest(store: Store, query: str, vector: Vectors, rows: Sequence[int]) -> list[int]:
    """The rows that are nearest to the question, nearest first, as many as the learned ranking scores."""
    best = np.argsort(-nearness(store, query, rows, vector), kind="stable")[:_LEARNED] if rows else ()
    return [rows[place] for place in best]


def _learned(store: Store, query: str, rows: Sequence[int], fused: Mapping[int, float]) -> dict[int, float]:
    """Learned scores of the candidates, and below them the others as they were fused."""
    learned = load_ranker().scores(features(store, query, rows))
    below = {row: float(learned.min()) * score for row, score in fused.items()}
    return below | dict(zip(rows, map(float, learned), strict=True))


def _reread(store: Store, query: str, scores: Mapping[int, float]) -> dict[int, float]:
    """The scores with what the reading model makes of the best passages.

    A relevance is added and never takes away: of a list of words, which asks nothing, the model says nothing.
    """
    best = _best(store, scores, _READ)
    judged = judge_passages(load_crossencoder(), query, store.passages.at(best), store)
    gained = {row: judgement.relevance for row, judgement in zip(best, judged, strict=False)}
    return {row: (score + _READING * gained.get(row, 0.0)) / (1 + _READING) for row, score in scores.items()}


def _best(store: Store, scores: Mapping[int, float], count: int) -> list[int]:
    """The rows of the highest scores, highest first, equal ones by passage_id; nothing else is named."""
    least = sorted(scores.values(), reverse=True)[:count][-1:]
    may_be = [row for row, score in scores.items() if score >= least[0]]
    return sorted(may_be, key=lambda row: (-scores[row], store.passages.id_at(row)))[:count]


def _lexical_rows(store: Store, query: str, depth: int, allowed: Any = None) -> list[int]:
    return [row for row, _ in store.lexical.search(query, depth, allowed)]


def _dense_rows(store: Store, vector: Vectors, depth: int, allowed: Any = None) -> list[int]:
    found = store.dense.search(vector, depth, allowed)
    return [row for row, similarity in found if similarity > 0]


def _lexical_trust(store: Store, query: str, best: Passage) -> float:
    """Weight of the lexical leg, in (0, 1): a soft step over the share of the query's words in its best passage."""
    weights = {word: store.lexical.idf(word) for word in content_words(query)}
    held = frozenset(traits_of(best, store.articles[best.article_id]).words)
    return 1.0 / (1.0 + math.exp(-_TRUST_STEEPNESS * (share(weights, held) - _TRUST_MIDDLE)))


def fuse(legs: Iterable[tuple[float, Sequence[int]]]) -> dict[int, float]:
    """Weighted reciprocal-rank fusion.

    Args:
        legs: Pairs of a weight, which sum to 1, and rows from best to worst.

    Returns:
        Row -> score in (0, 1]; 1.0 means first in every leg.

    Example:
        >>> fuse([(0.5, [7, 3]), (0.5, [7])])[7]
        1.0
    """
    scores: dict[int, float] = {}
    for weight, rows in legs:
        for rank, row in enumerate(rows, start=1):
            scores[row] = scores.get(row, 0.0) + weight * (_RANK_CONSTANT + 1) / (_RANK_CONSTANT + rank)
    return scores
