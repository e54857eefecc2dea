"""How well does a table find passages? Five development sets, dense alone beside BM25, with intervals.

Nothing here trains: the seeds' questions and the semantic news questions are only ever asked, of the other sets only
the held-out fold is, and of the written questions only those whose use is not training.
"""

from __future__ import annotations

import json
import tempfile
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from tokenizers import Tokenizer

from training.prepare import sentences
from training.ragged import Ragged, encode
from training.report import report
from training.settings import DataPaths
from training.sources import read_news, read_news_questions, read_squad, read_written

__all__ = ["METRICS", "DevSet", "Row", "as_table", "bm25_run", "chunks", "dense_run", "load_sets", "score"]

METRICS = ("recall@1", "recall@5", "recall@10", "mrr@10")
_CHUNK = 350  # characters
_DEPTH = 10  # ranks that count
_BM25_DEPTH = 200  # chunks among which the first ten documents are looked for
_RESAMPLES = 2_000
_BLOCK = 64  # questions compared with all texts at once

Scores = dict[str, dict[str, float]]
Row = dict[str, Any]
"""set, type, n, and for each metric its mean and the ends of its interval."""


@dataclass(frozen=True, slots=True)
class Query:
    """A question, its type, and the documents that answer it."""

    text: str
    kind: str
    relevant: frozenset[str]


@dataclass(frozen=True, slots=True)
class DevSet:
    """Texts that are searched, the document each belongs to, and questions.

    With ``one_suffices`` every relevant document holds the whole answer, so the first one found is full recall.
    """

    name: str
    texts: list[str]
    documents: list[str]
    queries: list[Query]
    one_suffices: bool = False


def load_sets(data: DataPaths, seeds: Path | None, seed_questions: Path | None, semantic: Path | None) -> list[DevSet]:
    """The development sets whose files are given; the three public ones always."""
    news = read_news(data.news)
    found = [_squad_set("cmrc", data.cmrc), _squad_set("drcd", data.drcd)]
    if seeds and seed_questions:
        found.append(_seed_set(seeds, seed_questions))
    found.append(_news_set(data, news, semantic))
    return found


def chunks(text: str, size: int = _CHUNK) -> list[str]:
    """A text in pieces of whole sentences, each filled up to ``size`` characters.

    Example:
        >>> chunks("甲。乙。丙丁。", size=4)
        ['甲。乙。', '丙丁。']
    """
    pieces: list[str] = []
    for sentence in sentences(text):
        if pieces and len(pieces[-1]) + len(sentence) <= size:
            pieces[-1] += sentence
        else:
            pieces.append(sentence)
    return pieces


def dense_run(test: DevSet, tokenizer: Tokenizer, table: NDArray[np.float32], cache: Path | None = None) -> Scores:
    """Query number -> document -> cosine of its best text, for the first ten documents."""
    vectors = embed(_encoded(test, tokenizer, cache), table)
    asked = embed(encode(tokenizer, [query.text for query in test.queries]), table)
    names, owner = np.unique(np.asarray(test.documents), return_inverse=True)
    order = np.argsort(owner, kind="stable")
    vectors, begins = vectors[order], np.searchsorted(owner[order], np.arange(len(names)))
    run: Scores = {}
    for start in range(0, len(asked), _BLOCK):
        nearest = np.maximum.reduceat(asked[start : start + _BLOCK] @ vectors.T, begins, axis=1)
        for number, best in enumerate(nearest, start):
            first = np.argsort(-best, kind="stable")[:_DEPTH]
            run[str(number)] = {str(names[place]): float(best[place]) for place in first}
    return run


def bm25_run(test: DevSet) -> Scores:
    """Query number -> document -> BM25 score of its best text, for the first ten documents."""
    from index.search.bm25_build import index_texts

    index = index_texts(test.texts)
    run: Scores = {}
    for number, query in enumerate(test.queries):
        best: dict[str, float] = {}
        for key, value in index.search(query.text, _BM25_DEPTH):
            best.setdefault(test.documents[key], value)
        run[str(number)] = dict(list(best.items())[:_DEPTH])
    return run


def score(test: DevSet, run: Scores, seed: int = 0) -> list[Row]:
    """Means per type of question, each metric as (mean, low, high) with a bootstrap 95 % interval."""
    by_kind: dict[str, list[list[float]]] = defaultdict(list)
    for number, query in enumerate(test.queries):
        by_kind[query.kind].append(_metrics(list(run.get(str(number), {})), query, one_suffices=test.one_suffices))
    rows: list[Row] = []
    for kind, per_query in by_kind.items():
        values = np.asarray(per_query)
        drawn = np.random.default_rng(seed).integers(0, len(values), (_RESAMPLES, len(values)))
        low, high = np.percentile(values[drawn].mean(axis=1), [2.5, 97.5], axis=0)
        cells = zip(METRICS, values.mean(axis=0), low, high, strict=True)
        rows.append({"set": test.name, "type": kind, "n": len(values)} | {m: (a, b, c) for m, a, b, c in cells})
    return rows


def as_table(systems: Mapping[str, Sequence[Row]], *, intervals: bool = True) -> str:
    """Rows of several systems as one Markdown table, grouped by set and type."""
    lines = ["| set | type | n | system | " + " | ".join(METRICS) + " |", "|---|---|---|---|" + "---|" * len(METRICS)]
    first = next(iter(systems.values()))
    for place, head in enumerate(first):
        for name, rows in systems.items():
            cells = " | ".join(_cell(rows[place][metric], intervals=intervals) for metric in METRICS)
            lines.append(f"| {head['set']} | {head['type']} | {head['n']} | {name} | {cells} |")
    return "\n".join(lines)


def embed(texts: Ragged, table: NDArray[np.float32]) -> NDArray[np.float32]:
    """Unit vectors of token lists, (n, dim) float32; all zero for an empty one."""
    import torch
    import torch.nn.functional as F  # noqa: N812

    weights = torch.from_numpy(np.ascontiguousarray(table, np.float32))
    ids, offsets = torch.from_numpy(texts.ids.astype(np.int64)), torch.from_numpy(texts.offsets)
    with torch.inference_mode():
        sums = F.embedding_bag(ids, weights, offsets, mode="sum", include_last_offset=True)
        vectors: NDArray[np.float32] = F.normalize(sums, dim=1).numpy()
    return vectors


def _metrics(ranked: Sequence[str], query: Query, *, one_suffices: bool) -> list[float]:
    """recall@1, recall@5, recall@10 and MRR@10 of one query."""
    ranks = [rank for rank, document in enumerate(ranked[:_DEPTH], start=1) if document in query.relevant]
    needed = 1 if one_suffices else len(query.relevant)
    recalls = [min(1.0, sum(rank <= k for rank in ranks) / needed) for k in (1, 5, 10)]
    return [*recalls, 1 / ranks[0] if ranks else 0.0]


def _squad_set(name: str, path: Path) -> DevSet:
    paragraphs, questions = read_squad(path)
    queries = [Query(q.text, "held out", frozenset(q.documents)) for q in questions if q.held_out]
    return _test_set(name, paragraphs, queries)


def _news_set(data: DataPaths, news: Mapping[str, str], semantic: Path | None) -> DevSet:
    queries = [
        Query(q.text, "question, held out", frozenset(q.documents))
        for q in read_news_questions(data.news_questions)
        if q.held_out and all(document in news for document in q.documents)
    ]
    queries += [
        Query(item["question"], item["type"], frozenset(item["documents"]))
        for item in _json_lines(semantic)
        if item["documents"]
    ]
    queries += [
        Query(question.text, f"written, {question.kind}", frozenset({question.document}))
        for question in read_written(data.written)
        if question.use != "train" and question.document in news
    ]
    return _test_set("news", news, queries)


def _seed_set(pages: Path, questions: Path) -> DevSet:
    """The passages of a store built over the pages, and the questions that have evidence in them."""
    from index.build import build_store
    from index.config import IndexConfig
    from index.store.opened import open_store, search_text
    from rag.evaluation.matching import GoldIndex
    from rag.evaluation.questions import load_questions

    with tempfile.TemporaryDirectory() as folder:
        build_store(pages, Path(folder), IndexConfig())
        store = open_store(Path(folder))
        gold = GoldIndex(store)
        found = [
            Query(question.question, question.type, gold.relevant(question))
            for question in load_questions(questions).questions
            if question.evidence
        ]
        texts = {p.passage_id: search_text(p, store.articles[p.article_id]) for p in store.passages.values()}
    return DevSet("seeds", list(texts.values()), list(texts), found)


def _test_set(name: str, documents: Mapping[str, str], queries: list[Query]) -> DevSet:
    pieces = [(piece, key) for key, text in documents.items() for piece in chunks(text)]
    return DevSet(name, [piece for piece, _ in pieces], [key for _, key in pieces], queries, one_suffices=True)


def _encoded(test: DevSet, tokenizer: Tokenizer, cache: Path | None) -> Ragged:
    file = cache / f"chunks-{test.name}.npz" if cache else None
    if file and file.exists():
        with np.load(file) as arrays:
            return Ragged(arrays["ids"], arrays["offsets"])
    report(f"evaluate: tokenising {test.name}")
    texts = encode(tokenizer, test.texts)
    if file:
        np.savez(file, ids=texts.ids, offsets=texts.offsets)
    return texts


def _json_lines(path: Path | None) -> Iterable[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()] if path else []


def _cell(value: tuple[float, float, float], *, intervals: bool) -> str:
    mean, low, high = value
    return f"{mean:.3f} ({low:.2f}–{high:.2f})" if intervals else f"{mean:.3f}"
