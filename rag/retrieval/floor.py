"""Does a passage have to do with what is searched for at all? A floor for lists that people read.

A search alone always finds something: the best of what there is. Here a passage stays when it holds most of the words
that are searched for, by weight, or lies near enough by meaning.
"""

from __future__ import annotations

from collections.abc import Sequence

from index.store.opened import Store, search_text
from index.text import tokens
from rag.query.question import content_words
from rag.query.words import share
from rag.retrieval.ranking import load_ranker
from rag.schema import Hit

__all__ = ["related"]

# Chosen on 52 searches over five newspaper pages: of 25 for what is not in them none passes, of 27 others 22 do.
_WORDS = 0.5  # share of the words' weight
_MEANING = 0.3  # cosine; of the built-in model, whose scale is known


def related(store: Store, query: str, hits: Sequence[Hit]) -> list[Hit]:
    """The hits of a search that have to do with it, in their order.

    With an embedding model other than the one that the ranking was fitted to, whose cosines mean something else, all
    of them are returned.

    Args:
        store: The store that was searched.
        query: What was searched for.
        hits: What was found.

    Example:
        ``related(store, "量子纠缠", search(store, "量子纠缠"))``
    """
    if not hits or load_ranker().model != store.embedder.fingerprint:
        return list(hits)
    weights = {word: store.lexical.idf(word) for word in content_words(query)}
    near = store.dense.vectors([store.passages.row(hit.passage_id) for hit in hits]) @ store.embedder.encode_query(
        query
    )
    return [hit for hit, cosine in zip(hits, near, strict=True) if cosine >= _MEANING or _holds(store, hit, weights)]


def _holds(store: Store, hit: Hit, weights: dict[str, float]) -> bool:
    passage = store.passages[hit.passage_id]
    return share(weights, set(tokens(search_text(passage, store.articles[passage.article_id])))) >= _WORDS
