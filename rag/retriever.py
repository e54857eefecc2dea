"""Which passages may answer a question? Dense and lexical search, fused by rank.

A question in the article's own words is best found by its words, one in other words (or in English) by its meaning.
So the weight of the lexical leg follows what that leg itself shows: how much of the question its best passage holds.

References:
    Cormack, Clarke, Büttcher: Reciprocal Rank Fusion outperforms Condorcet and individual Rank Learning Methods (2009).
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from typing import Any

from langchain_core.callbacks import CallbackManagerForRetrieverRun
from langchain_core.documents import Document
from langchain_core.retrievers import BaseRetriever
from pydantic import ConfigDict, Field

from index.schema import Passage
from index.store import Store, search_text
from index.text import tokens
from rag.config import Legs
from rag.errors import RetrievalError
from rag.question import check_query, content_words
from rag.schema import Hit

__all__ = ["PassageRetriever", "fuse", "passage_document", "search"]

_DEPTH = 50  # candidates of each leg
_RANK_CONSTANT = 60  # the paper's k
_TRUST_MIDDLE, _TRUST_STEEPNESS = 0.45, 10.0  # chosen on cmrc, drcd and news questions, benchmarks/fusion.py


def search(store: Store, query: str, k: int = 5, *, legs: Legs = "fused") -> list[Hit]:
    """The passages that fit a query best.

    Args:
        store: An open store.
        query: A question or some words; script, width and case do not matter.
        k: How many, 1 or more.
        legs: "dense" or "lexical" ranks by that leg alone, which comparisons need.

    Returns:
        At most ``k`` hits, best first; none when nothing in the store has to do with the query. A score is the
        weighted sum of reciprocal ranks, scaled so that 1.0 means first in both legs.

    Raises:
        RetrievalError: The query is empty or longer than ``LONGEST_QUERY``, or ``k`` is below 1.
    """
    text = check_query(query)
    if k < 1:
        raise RetrievalError(f"k is {k}.", "Ask for 1 passage or more.")
    depth = max(k, _DEPTH)
    ids = list(store.passages)
    lexical = [row for row, _ in store.lexical.search(text, depth)] if legs != "dense" else []
    dense = _dense_rows(store, text, depth) if legs != "lexical" else []
    trust = _lexical_trust(store, text, store.passages[ids[lexical[0]]]) if lexical else 0.0
    scores = fuse(((1.0 - trust, dense), (trust, lexical)))
    ranked = sorted(((ids[row], score) for row, score in scores.items()), key=lambda item: (-item[1], item[0]))
    return [Hit(passage_id, score, rank) for rank, (passage_id, score) in enumerate(ranked[:k], start=1)]


class PassageRetriever(BaseRetriever):
    """LangChain's face of :func:`search`.

    A document's ``id`` is the passage_id, its ``page_content`` the passage's text; its metadata tell file, headline,
    kicker, byline, kind, lines, score and rank.

    Example:
        ``PassageRetriever(store=open_store("store"), k=3).invoke("谁出席了会议？")``
    """

    model_config = ConfigDict(arbitrary_types_allowed=True)

    store: Store
    k: int = Field(default=5, ge=1)
    legs: Legs = "fused"

    def _get_relevant_documents(
        self, query: str, *, run_manager: CallbackManagerForRetrieverRun, **kwargs: Any
    ) -> list[Document]:
        hits = search(self.store, query, int(kwargs.get("k", self.k)), legs=self.legs)
        return [
            passage_document(self.store, self.store.passages[hit.passage_id], score=hit.score, rank=hit.rank)
            for hit in hits
        ]


def passage_document(store: Store, passage: Passage, **more: Any) -> Document:
    """A passage as a LangChain document."""
    article = store.articles[passage.article_id]
    first, last = article.line_range(passage.start, passage.end)
    metadata = {
        "file": article.file,
        "headline": article.title,
        "kicker": list(article.kicker),
        "byline": article.byline,
        "kind": str(article.kind),
        "article_id": article.article_id,
        "first_line": first,
        "last_line": last,
    }
    return Document(id=passage.passage_id, page_content=passage.text, metadata=metadata | more)


def _dense_rows(store: Store, query: str, depth: int) -> list[int]:
    found = store.dense.search(store.embedder.encode_query(query), depth)
    return [row for row, similarity in found if similarity > 0]


def _lexical_trust(store: Store, query: str, best: Passage) -> float:
    """Weight of the lexical leg, in (0, 1): a soft step over the share of the query's words in its best passage."""
    weights = {word: store.lexical.idf(word) for word in content_words(query)}
    held = set(tokens(search_text(best, store.articles[best.article_id])))
    share = sum(weight for word, weight in weights.items() if word in held) / (sum(weights.values()) or 1.0)
    return 1.0 / (1.0 + math.exp(-_TRUST_STEEPNESS * (share - _TRUST_MIDDLE)))


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
