"""Which of the candidates comes first? Transparent features of question and passage, weighed by a small learned model.

The model is a forest of small trees (LambdaMART), fitted by ``benchmarks/fit_ranker.py`` on public question sets and
kept as text in ``rag/retrieval/ranker.json``. It was fitted to the built-in model's cosines, so with any other
embedding model the legs are fused by rank instead (``rag.retrieval.retriever``).

References:
    Burges: From RankNet to LambdaRank to LambdaMART: An Overview (2010).
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from index.embedding import Embedder, Vectors
from index.schema import Article
from index.store.opened import Store
from index.text import NameKind, char_pairs, latin_share, name_kinds
from rag.query.question import content_words, focus_words
from rag.query.words import match_words
from rag.retrieval.cache import Traits, groups_of, traits_of, vectors_of
from rag.retrieval.trees import Forest, load_forest
from rag.schema import Hit

__all__ = ["FEATURES", "explain", "features", "load_ranker", "nearness", "rows_of"]

Column = NDArray[np.float64]

FEATURES = {
    "dense": "cosine of passage and question",
    "dense_gap": "how far that stays behind the best cosine",
    "bm25": "BM25 over the sum of the question's idf",
    "bm25_share": "BM25 over that of the best passage",
    "held": "share of the question's words in the passage and its headings, rare ones counting more",
    "soft": "the same, a missing word counting by the cosine of the likest word there",
    "soft_rest": "mean of those cosines over the missing words; 1 when none is missing",
    "least": "likeness of the worst met of the question's telling words in the passage and its headings",
    "focus": "the same as soft, for the words next to the asking word",
    "pairs": "share of the question's pairs of neighbouring characters in it, which forgives a wrong character",
    "sentence": "greatest cosine of one of its sentences and the question",
    "headline": "cosine of its headline and the question",
    "article": "greatest cosine of a candidate of its article",
    "names": "share of the question's names and numbers in the passage and its headings; 1 when it has none",
    "figures": "share of the question's numbers and Latin words in the passage and its headings; 1 when it has none",
    "depth": "where it begins in its article, 0 to 1",
    "length": "natural logarithm of 1 + its characters",
    "best_bm25": "greatest bm25 of a candidate, which tells of the question",
    "best_dense": "greatest cosine of a candidate, which tells of the question",
    "best_held": "greatest held of a candidate, which tells of the question",
    "latin": "share of the question's letters that are Latin",
    "collection": "natural logarithm of the number of passages that were searched",
}


def features(store: Store, query: str, rows: Sequence[int], embedder: Embedder | None = None) -> Vectors:
    """What speaks for each candidate.

    Args:
        store: An open store.
        query: The question.
        rows: Row numbers of the candidates, 1 or more.
        embedder: Whose cosines are measured; the store's when None.

    Returns:
        (len(rows), len(FEATURES)) float32, columns in the order of ``FEATURES``.
    """
    passages = store.passages.at(rows)
    articles = [store.articles[passage.article_id] for passage in passages]
    traits = list(map(traits_of, passages, articles))
    of_store = embedder is None or embedder.fingerprint == store.embedder.fingerprint
    embedder = embedder or store.embedder
    vector = embedder.encode_query(query)
    vectors = store.dense.vectors(rows) if of_store else embedder.encode_documents([each.text for each in traits])
    dense = np.clip(vectors @ vector, 0.0, 1.0)
    joined = [each.joined for each in traits]
    columns = {
        **_word_columns(store, query, [each.words for each in traits], embedder),
        **_lexical_columns(store, query, rows),
        **_name_columns(query, joined),
        "dense": dense,
        "dense_gap": dense.max() - dense,
        "best_dense": np.full(len(rows), dense.max()),
        "pairs": _held_pairs(query, joined),
        "sentence": _best_sentences(embedder, traits, vector),
        "headline": _headlines(embedder, articles, vector),
        "article": _best_of_article(articles, dense),
        "depth": np.array([p.start / max(1, len(a.text)) for p, a in zip(passages, articles, strict=True)]),
        "length": np.array([each.length for each in traits]),
        "latin": np.full(len(rows), latin_share(query)),
        "collection": np.full(len(rows), math.log(len(store.passages))),
    }
    return np.stack([columns[name] for name in FEATURES], axis=1).astype(np.float32)


def nearness(store: Store, query: str, rows: Sequence[int], vector: Vectors) -> Column:
    """How near some passages are to a question by meaning and words together, from what the indexes know of them.

    The sum of two of the features, ``dense`` and ``bm25``: a hundredth of the work of all.

    Args:
        store: An open store.
        query: The question.
        rows: Row numbers of the passages.
        vector: The question's, (dim,).

    Returns:
        (len(rows),), each 0 or more.
    """
    cosines: Column = np.clip(store.dense.vectors(rows) @ vector, 0.0, 1.0).astype(np.float64)
    return cosines + _bm25(store, query, rows)


def explain(store: Store, query: str, hits: Sequence[Hit]) -> dict[str, dict[str, float]]:
    """What speaks for each hit, by feature, measured among these hits: passage_id -> {feature: value}."""
    if not hits:
        return {}
    table = features(store, query, rows_of(store, hits))
    told = [{name: round(float(value), 4) for name, value in zip(FEATURES, row, strict=True)} for row in table]
    return {hit.passage_id: values for hit, values in zip(hits, told, strict=True)}


def rows_of(store: Store, hits: Sequence[Hit]) -> list[int]:
    """Row numbers of hits, in their order."""
    return [store.passages.row(hit.passage_id) for hit in hits]


def load_ranker() -> Forest:
    """The forest that ranks, as it ships with the package."""
    return load_forest("ranker.json", tuple(FEATURES))


def _word_columns(store: Store, query: str, words: Sequence[tuple[str, ...]], embedder: Embedder) -> dict[str, Column]:
    asked, focus = content_words(query), focus_words(query)
    every = match_words({word: store.lexical.idf(word) for word in (*asked, *focus)}, words, embedder)
    matches = every.of(asked)
    return {
        "held": matches.share,
        "soft": matches.soft,
        "soft_rest": matches.soft_rest,
        "least": matches.least,
        "focus": every.of(focus).soft,
        "best_held": np.full(len(words), matches.share.max()),
    }


def _lexical_columns(store: Store, query: str, rows: Sequence[int]) -> dict[str, Column]:
    bm25 = _bm25(store, query, rows)
    return {"bm25": bm25, "bm25_share": bm25 / (bm25.max() or 1.0), "best_bm25": np.full(len(rows), bm25.max())}


def _bm25(store: Store, query: str, rows: Sequence[int]) -> Column:
    total = sum(store.lexical.idf(word) for word in content_words(query)) or 1.0
    scores: Column = np.asarray(store.lexical.scores(query, rows), np.float64)
    return scores / total


def _name_columns(query: str, texts: Sequence[str]) -> dict[str, Column]:
    found = name_kinds(query)
    figures = [name for name, kind in found if kind is NameKind.FIGURE]

    def share(asked: Sequence[str]) -> Column:
        return np.array([sum(name in text for name in asked) / len(asked) if asked else 1.0 for text in texts])

    return {"names": share([name for name, _ in found]), "figures": share(figures)}


def _held_pairs(query: str, texts: Sequence[str]) -> Column:
    asked = char_pairs(content_words(query))
    return np.array([sum(pair in text for pair in asked) / (len(asked) or 1) for text in texts])


def _best_sentences(embedder: Embedder, traits: Sequence[Traits], vector: Vectors) -> Column:
    found = groups_of([each.sentences for each in traits], embedder)
    cosines = np.concatenate(found) @ vector
    starts = np.cumsum([0, *(len(vectors) for vectors in found[:-1])])
    return np.clip(np.maximum.reduceat(cosines, starts), 0.0, 1.0).astype(np.float64)


def _headlines(embedder: Embedder, articles: Sequence[Article], vector: Vectors) -> Column:
    titles = list(dict.fromkeys(article.title for article in articles))
    cosines = dict(zip(titles, np.clip(vectors_of(titles, embedder) @ vector, 0.0, 1.0), strict=True))
    return np.array([cosines[article.title] for article in articles], np.float64)


def _best_of_article(articles: Sequence[Article], dense: Vectors) -> Column:
    best: dict[str, float] = {}
    for article, cosine in zip(articles, dense.tolist(), strict=True):
        best[article.article_id] = max(cosine, best.get(article.article_id, 0.0))
    return np.array([best[article.article_id] for article in articles])
