"""How is the ranker fitted? Trees over features of question and passage, and what they do to sets they never saw.

Called by ``benchmarks.fit``. The seed pages' questions are never among those it learns from.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import lightgbm
import numpy as np
from numpy.typing import NDArray

from benchmarks.corpora import GoldQuestion, fold_of
from index.store.opened import Store
from rag.evaluation.matching import files_of
from rag.retrieval.ranking import FEATURES, features
from rag.retrieval.retriever import find_rows, search

__all__ = ["Ranked", "fit_ranker", "rank_all", "reciprocal_ranks", "report_ranking"]

_WEIGHTS = {"news_questions": 2.0, "news_semantic_dev": 2.0, "news_semantic_dev, small": 2.0}  # small sets
_TREES = 250
_PARAMETERS: dict[str, Any] = {
    "objective": "lambdarank",
    "num_leaves": 15,
    "learning_rate": 0.05,
    "min_data_in_leaf": 50,
    "feature_fraction": 0.8,
    "bagging_fraction": 0.8,
    "bagging_freq": 1,
    "lambdarank_truncation_level": 10,
    "seed": 0,
    "num_threads": 2,
    "deterministic": True,
    "verbose": -1,
}
_SYSTEMS = ("BM25", "dense", "fused by rank", "learned")
_CUTOFFS = (1, 5, 10)
_MRR = len(_CUTOFFS)  # place of MRR@10 among the figures

Table = NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Ranked:
    """One question: its candidates with their features and pages, and the pages as fused by rank.

    Attributes:
        question: The question.
        rows: Row numbers of the candidates.
        table: (n, len(FEATURES)).
        pages: The candidates' pages.
        fused: Pages in the order that fusion by rank gives.
        fold: Which fold it belongs to.
        others: The candidates that are left when the pages that answer are taken away.
        others_table: Their features, which depend on the company they are in.
    """

    question: GoldQuestion
    rows: tuple[int, ...]
    table: Table
    pages: tuple[str, ...]
    fused: tuple[str, ...]
    fold: int
    others: tuple[int, ...]
    others_table: Table

    @property
    def relevant(self) -> NDArray[np.bool_]:
        """(n,) which candidates stand on a page that answers."""
        return np.array([page in self.question.files for page in self.pages], bool)


def rank_all(store: Store, questions: Sequence[GoldQuestion]) -> list[Ranked]:
    """Candidates of every question that the embedding model was not trained on."""
    found = []
    for question in questions:
        if question.held_out and any(char.isalnum() for char in question.text):
            rows = tuple(find_rows(store, question.text))
            if rows:
                found.append(_rank(store, question, rows))
    return found


def _rank(store: Store, question: GoldQuestion, rows: tuple[int, ...]) -> Ranked:
    ids = list(store.passages)
    pages = tuple(_page(store, ids[row], question) for row in rows)
    fused = [hit.passage_id for hit in search(store, question.text, 60, legs="ranks")]
    others = tuple(row for row, page in zip(rows, pages, strict=True) if page not in question.files)
    return Ranked(
        question=question,
        rows=rows,
        table=features(store, question.text, rows),
        pages=pages,
        fused=tuple(_page(store, passage_id, question) for passage_id in fused),
        fold=fold_of(question),
        others=others,
        others_table=features(store, question.text, others) if others else np.zeros((0, len(FEATURES)), np.float32),
    )


def _page(store: Store, passage_id: str, question: GoldQuestion) -> str:
    """The page of a passage; of several that say the same, one that answers."""
    files = files_of(store, passage_id)
    return next((file for file in files if file in question.files), files[0])


def fit_ranker(ranked: Mapping[str, Sequence[Ranked]]) -> lightgbm.Booster:
    """A forest fitted to the questions of some sets, by set name."""
    useful = [
        (name, row) for name, rows in ranked.items() for row in rows if row.relevant.any() and row.question.answers
    ]
    data = lightgbm.Dataset(
        np.concatenate([row.table for _, row in useful]),
        label=np.concatenate([row.relevant for _, row in useful]).astype(int),
        group=[len(row.pages) for _, row in useful],
        weight=np.concatenate([np.full(len(row.pages), _WEIGHTS.get(name, 1.0)) for name, row in useful]),
        feature_name=list(FEATURES),
    )
    return lightgbm.train(_PARAMETERS, data, _TREES)


def reciprocal_ranks(rows: Sequence[Ranked], model: lightgbm.Booster) -> list[float]:
    """Reciprocal rank, cut at 10, of each question that has an answer."""
    asked = [row for row in rows if row.question.answers]
    return [_reciprocal_rank(_sorted(row, np.asarray(model.predict(row.table))), row.question.files) for row in asked]


def report_ranking(ranked: Mapping[str, Sequence[Ranked]]) -> dict[str, dict[str, float]]:
    """Print, for each set, how BM25, the dense leg, their fusion, and a ranker fitted to the other sets rank pages.

    A set over small collections counts as the same set: both are left out at once.

    Returns:
        Set -> system -> MRR@10.
    """
    told_of: dict[str, dict[str, float]] = {}
    print(f"{'':>32} {'':>5}" + "".join(f"{name:>28}" for name in _SYSTEMS))
    print(f"{'set left out':>32} {'n':>5}" + "  R@1   R@5   R@10  MRR   nDCG" * 4)
    for left_out, rows in ranked.items():
        origin = left_out.partition(",")[0]
        model = fit_ranker({name: others for name, others in ranked.items() if name.partition(",")[0] != origin})
        asked = [row for row in rows if row.question.answers]
        types = sorted({row.question.type for row in asked})
        for kind in ["", *(types if len(types) > 1 else [])]:
            chosen = [row for row in asked if kind in {"", row.question.type}]
            figures = _figures(chosen, model)
            if not kind:
                told_of[left_out] = {name: round(row[_MRR], 3) for name, row in zip(_SYSTEMS, figures, strict=True)}
            told = "  ".join(" ".join(f"{value:.3f}" for value in row) for row in figures)
            print(f"{f'{left_out} {kind}':>32} {len(chosen):>5} {told}")
    return told_of


def _figures(rows: Sequence[Ranked], model: lightgbm.Booster) -> list[list[float]]:
    columns = {name: index for index, name in enumerate(FEATURES)}
    runs = [
        [_sorted(row, row.table[:, columns["bm25"]]) for row in rows],
        [_sorted(row, row.table[:, columns["dense"]]) for row in rows],
        [list(dict.fromkeys(row.fused)) for row in rows],
        [_sorted(row, np.asarray(model.predict(row.table))) for row in rows],
    ]
    gold = [row.question.files for row in rows]
    measures: list[Callable[[list[str], frozenset[str]], float]] = [
        *(lambda pages, files, k=k: len(files & set(pages[:k])) / len(files) for k in _CUTOFFS),
        _reciprocal_rank,
        _ndcg,
    ]
    return [
        [
            float(np.mean([measure(pages, files) for pages, files in zip(run, gold, strict=True)]))
            for measure in measures
        ]
        for run in runs
    ]


def _sorted(row: Ranked, scores: NDArray[Any]) -> list[str]:
    return list(dict.fromkeys(row.pages[index] for index in np.argsort(-scores, kind="stable")))


def _reciprocal_rank(pages: list[str], gold: frozenset[str]) -> float:
    return next((1 / rank for rank, name in enumerate(pages[:10], start=1) if name in gold), 0.0)


def _ndcg(pages: list[str], gold: frozenset[str]) -> float:
    gains = [1 / np.log2(rank + 1) for rank, name in enumerate(pages[:10], start=1) if name in gold]
    return float(sum(gains) / sum(1 / np.log2(rank + 1) for rank in range(1, min(10, len(gold)) + 1)))
