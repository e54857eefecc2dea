"""Which of the candidates comes first? Transparent features of question and passage, weighed by a small learned model.

The model is a forest of small trees (LambdaMART), fitted by ``benchmarks/fit_ranker.py`` on public question sets and
kept as text in ``rag/ranker.json``. Walking it takes no library, so the shell's answer stays fast. It was fitted to
the built-in model's cosines, so with any other embedding model the legs are fused by rank instead
(``rag.retriever``).

References:
    Burges: From RankNet to LambdaRank to LambdaMART: An Overview (2010).
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

import numpy as np
from numpy.typing import NDArray

from index.embedding import Embedder, Vectors
from index.schema import Passage
from index.store import Store, search_text
from index.text import names, sentence_spans, tokens
from rag.question import content_words

__all__ = ["FEATURES", "Forest", "features", "load_forest"]

FEATURES = {
    "dense": "cosine of passage and question",
    "dense_gap": "how far that stays behind the best cosine",
    "bm25": "BM25 over the sum of the question's idf",
    "bm25_share": "BM25 over that of the best passage",
    "held": "share of the question's words in the passage and its headings, rare ones counting more",
    "soft": "the same, a missing word counting by the cosine of the likest word there",
    "soft_rest": "mean of those cosines over the missing words; 1 when none is missing",
    "sentence": "greatest cosine of one of its sentences and the question",
    "names": "share of the question's names and numbers in the passage and its headings; 1 when it has none",
    "length": "natural logarithm of 1 + its characters",
    "best_bm25": "greatest bm25 of a candidate, which tells of the question",
    "best_dense": "greatest cosine of a candidate, which tells of the question",
    "best_held": "greatest held of a candidate, which tells of the question",
}

_MOST_REMEMBERED = 50_000  # words; some 100 MB


def features(store: Store, query: str, rows: Sequence[int]) -> Vectors:
    """What speaks for each candidate.

    Args:
        store: An open store.
        query: The question.
        rows: Row numbers of the candidates, 1 or more.

    Returns:
        (len(rows), len(FEATURES)) float32, columns in the order of ``FEATURES``.
    """
    ids = list(store.passages)
    passages = [store.passages[ids[row]] for row in rows]
    weights = {word: store.lexical.idf(word) for word in content_words(query)}
    total = sum(weights.values()) or 1.0
    vector = store.embedder.encode_query(query)
    dense = np.clip(store.dense.vectors(rows) @ vector, 0.0, 1.0)
    bm25 = np.asarray(store.lexical.scores(query, rows)) / total
    texts = [search_text(passage, store.articles[passage.article_id]) for passage in passages]
    words = [tokens(text) for text in texts]
    held, soft, rest = _matches(store, weights, total, words)
    columns = {
        "dense": dense,
        "dense_gap": dense.max() - dense,
        "bm25": bm25,
        "bm25_share": bm25 / (bm25.max() or 1.0),
        "held": held,
        "soft": soft,
        "soft_rest": rest,
        "sentence": _best_sentences(store, passages, vector),
        "names": _held_names(query, words),
        "length": np.array([math.log(1 + len(passage.text)) for passage in passages]),
        "best_bm25": np.full(len(rows), bm25.max()),
        "best_dense": np.full(len(rows), dense.max()),
        "best_held": np.full(len(rows), held.max()),
    }
    return np.stack([columns[name] for name in FEATURES], axis=1).astype(np.float32)


def _matches(
    store: Store, weights: Mapping[str, float], total: float, words: Sequence[Sequence[str]]
) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]:
    """The features held, soft and soft_rest."""
    asked = list(weights)
    known = list(dict.fromkeys(word for found in words for word in found))
    place = {word: index for index, word in enumerate(known)}
    held, soft, rest = (np.zeros(len(words)) for _ in range(3))
    if not asked or not known:
        return held, soft, rest + 1.0
    alike = np.clip(_word_vectors(store.embedder, asked) @ _word_vectors(store.embedder, known).T, 0.0, 1.0)
    value = np.array([weights[word] for word in asked])
    for row, found in enumerate(words):
        there = set(found)
        present = np.array([word in there for word in asked])
        likest = alike[:, [place[word] for word in there]].max(axis=1) if there else np.zeros(len(asked))
        missing = value[~present].sum()
        gained = (value * likest)[~present].sum()
        held[row] = value[present].sum() / total
        soft[row] = held[row] + gained / total
        rest[row] = gained / missing if missing > 0 else 1.0
    return held, soft, rest


def _word_vectors(embedder: Embedder, words: Sequence[str]) -> Vectors:
    """Vectors of single words; those of earlier questions are remembered, until there are too many."""
    remembered = _remembered(embedder.fingerprint)
    known = {word: vector for word in words if (vector := remembered.get(word)) is not None}
    new = [word for word in words if word not in known]
    made = dict(zip(new, embedder.encode_documents(new), strict=True))
    if len(remembered) < _MOST_REMEMBERED:  # never emptied: another thread may be answering from it
        remembered.update(made)
    known |= made
    return np.stack([known[word] for word in words])


@cache
def _remembered(fingerprint: str) -> dict[str, Vectors]:
    return {}


def _best_sentences(store: Store, passages: Sequence[Passage], vector: Vectors) -> NDArray[np.float64]:
    sentences = [[p.text[a:b] for a, b in sentence_spans(p.text)] or [p.text] for p in passages]
    cosines = store.embedder.encode_documents([text for found in sentences for text in found]) @ vector
    starts = np.cumsum([0, *(len(found) for found in sentences[:-1])])
    return np.clip(np.maximum.reduceat(cosines, starts), 0.0, 1.0).astype(np.float64)


def _held_names(query: str, words: Sequence[Sequence[str]]) -> NDArray[np.float64]:
    asked = names(query)
    if not asked:
        return np.ones(len(words))
    # Cut differently, a name may be no token there; put together, the tokens hold it all the same.
    joined = ["".join(found) for found in words]
    return np.array([sum(name in text for name in asked) / len(asked) for text in joined])


@dataclass(frozen=True, slots=True)
class Forest:
    """Trees whose leaf values add up to a score.

    Node ``n`` of tree ``t`` sends a row left where ``row[feature[t, n]] <= threshold[t, n]``. Children 0 and above
    are nodes, those below are leaves: child ``-1 - i`` is leaf ``i``.

    Attributes:
        model: Fingerprint of the embedding model whose cosines it was fitted to.
        feature: (trees, nodes) int64, a column of the features.
        threshold: (trees, nodes) float64.
        children: (trees, nodes, 2) int64, left and right.
        leaf: (trees, leaves) float64.
    """

    model: str
    feature: NDArray[np.int64]
    threshold: NDArray[np.float64]
    children: NDArray[np.int64]
    leaf: NDArray[np.float64]

    def scores(self, table: Vectors) -> NDArray[np.float64]:
        """Scores in (0, 1), (n,) for (n, features); higher is better, comparable within one question."""
        trees = np.arange(len(self.leaf))[:, None]
        rows = np.arange(len(table))[None, :]
        node = np.zeros((len(self.leaf), len(table)), np.int64)
        while (inner := node >= 0).any():
            here = np.maximum(node, 0)
            right = table[rows, self.feature[trees, here]] > self.threshold[trees, here]
            node = np.where(inner, self.children[trees, here, right.astype(np.int64)], node)
        raw: NDArray[np.float64] = self.leaf[trees, -1 - node].sum(axis=0)
        return 1.0 / (1.0 + np.exp(-raw))


@cache
def load_forest() -> Forest:
    """The forest that ships with the package.

    Raises:
        ValueError: It was fitted to other features than this version computes.
    """
    told = json.loads((files("rag") / "ranker.json").read_text(encoding="utf-8"))
    if told["features"] != list(FEATURES):
        raise ValueError("rag/ranker.json was fitted to other features: run benchmarks/fit_ranker.py")
    trees = told["trees"]
    nodes, leaves = max(len(t["feature"]) for t in trees), max(len(t["leaf"]) for t in trees)

    def padded(name: str, width: int) -> list[list[float]]:
        return [tree[name] + [0] * (width - len(tree[name])) for tree in trees]

    children = np.stack([np.array(padded("left", nodes)), np.array(padded("right", nodes))], axis=2)
    return Forest(
        model=told["model"],
        feature=np.array(padded("feature", nodes), np.int64),
        threshold=np.array(padded("threshold", nodes), np.float64),
        children=children.astype(np.int64),
        leaf=np.array(padded("leaf", leaves), np.float64),
    )
