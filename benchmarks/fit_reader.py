"""How is the extractive reader fitted? Trees that score sentences, and trees that turn the best one into a probability.

Called by ``benchmarks.fit``. Each question is asked twice, as it is and with the pages that answer it taken away, so
that the confidence learns what an unanswered question looks like. The confidence only sees scores of sentences that the
first forest was not fitted to, and passages as ranked by a ranker that was not fitted to them.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import lightgbm
import numpy as np
from numpy.typing import NDArray
from sklearn.metrics import roc_auc_score

from benchmarks.calibration import draw_calibration
from benchmarks.corpora import FOLDS, GoldQuestion
from benchmarks.fit_ranker import Ranked
from index.store import Store
from rag.answerers.confidence import CONFIDENCE_FEATURES, evidence
from rag.answerers.features import FEATURES, Candidate, find_candidates
from rag.evaluation.matching import contains_gold, files_of, normalise
from rag.evaluation.metrics import expected_calibration_error
from rag.question import understand
from rag.schema import Hit

__all__ = ["Asked", "Ranker", "fit_reader", "judge_reader", "make_tasks", "read_all"]

_READ = 10
_LEAST_SHARED = 0.5  # of the shorter of candidate and gold quote
_LONG_ANSWER = 5  # characters; a gold answer this long is the same fact on whatever page it stands
_WEIGHTS = {"cmrc2018_trial": 0.5, "drcd_dev": 0.5}  # encyclopedias, where newspapers are asked
_COMMON: dict[str, Any] = {
    "objective": "binary",
    "feature_fraction": 0.7,
    "bagging_fraction": 0.8,
    "bagging_freq": 1,
    "seed": 0,
    "num_threads": 2,
    "deterministic": True,
    "verbose": -1,
}
_SENTENCES = _COMMON | {"num_leaves": 15, "learning_rate": 0.05, "min_data_in_leaf": 100, "lambda_l2": 5.0}
_SENTENCE_TREES = 200
_CONFIDENCE = _COMMON | {"num_leaves": 6, "learning_rate": 0.04, "min_data_in_leaf": 80, "lambda_l2": 10.0}
_CONFIDENCE_TREES = 150

Table = NDArray[np.float32]
Scores = NDArray[np.float64]
Ranker = Callable[[Table], Scores]


@dataclass(frozen=True, slots=True)
class Asked:
    """One question asked once.

    Attributes:
        table: (n, len(FEATURES)) of its candidates.
        gold: (n,) which of them hold the gold.
        answerable: Whether the collection holds the answer.
        set: The question set.
        type: How it asks.
        fold: Which fold it belongs to.
    """

    table: Table
    gold: NDArray[np.bool_]
    answerable: bool
    set: str
    type: str
    fold: int


@dataclass(frozen=True, slots=True)
class Task:
    """A question to be read, and the passages that are given to the reader."""

    question: GoldQuestion
    hits: tuple[Hit, ...]
    answerable: bool
    set: str
    fold: int


def make_tasks(name: str, ids: Sequence[str], ranked: Sequence[Ranked], rankers: Sequence[Ranker]) -> list[Task]:
    """Every question asked as it is, and again without the pages that answer it.

    Args:
        name: The question set.
        ids: The passage_id of each row.
        ranked: The questions with their candidates.
        rankers: For each fold one that was not fitted to it.
    """
    tasks: list[Task] = []
    for row in ranked:
        rank, question = rankers[row.fold], row.question
        hits = _best([ids[r] for r in row.rows], rank(row.table))
        tasks.append(Task(question, hits, bool(question.answers), name, row.fold))
        if question.answers and row.others:
            hits = _best([ids[r] for r in row.others], rank(row.others_table))
            tasks.append(Task(question, hits, answerable=False, set=name, fold=row.fold))
    return tasks


def read_all(store: Store, tasks: Sequence[Task]) -> list[Asked]:
    """The candidates of every question that has any, with their features."""
    return [asked for task in tasks if len((asked := _ask(store, task)).gold)]


def fit_reader(rows: Sequence[Asked], picture: Path | None = None) -> tuple[lightgbm.Booster, lightgbm.Booster]:
    """The two forests, and a report of five folds, each left out in turn; drawn into a file where one is given."""
    table, right = _evidences(rows)
    sure = _left_out_confidence(rows, table, right)
    _report(rows, right, sure)
    if picture:
        draw_calibration(picture, sure, right)
    return _fit_sentences(rows), _fit_confidence(rows, table, right)


def judge_reader(rows: Sequence[Asked]) -> tuple[float, float]:
    """Share of answerable questions whose best sentence holds the gold, and the AUROC of the confidence, left out."""
    table, right = _evidences(rows)
    answerable = np.array([row.answerable for row in rows])
    auroc = roc_auc_score(right, _left_out_confidence(rows, table, right))
    return float(right[answerable].mean()), float(auroc)


def _evidences(rows: Sequence[Asked]) -> tuple[Table, NDArray[np.bool_]]:
    """What the confidence weighs for each question, and whether the best sentence holds the gold."""
    pairs = list(zip(rows, _left_out_scores(rows), strict=True))
    table = np.array([evidence(row.table, score) for row, score in pairs], np.float32)
    return table, np.array([bool(row.gold[np.argmax(score)]) for row, score in pairs])


def _best(ids: Sequence[str], scores: Scores) -> tuple[Hit, ...]:
    best = sorted(zip(ids, scores, strict=True), key=lambda pair: (-pair[1], pair[0]))[:_READ]
    return tuple(Hit(passage_id, float(score), rank) for rank, (passage_id, score) in enumerate(best, start=1))


def _ask(store: Store, task: Task) -> Asked:
    candidates = find_candidates(understand(task.question.text), task.hits, store)
    gold = [_holds_gold(candidate, task.question, store) for candidate in candidates]
    table = np.array([candidate.features for candidate in candidates], np.float32).reshape(-1, len(FEATURES))
    return Asked(table, np.array(gold, bool), task.answerable, task.set, task.question.type, task.fold)


def _holds_gold(candidate: Candidate, question: GoldQuestion, store: Store) -> bool:
    text = candidate.text
    if question.files.isdisjoint(files_of(store, candidate.extract.passage_id)):  # another article may tell the same
        return contains_gold(text, [answer for answer in question.answers if len(answer) >= _LONG_ANSWER], "any")
    if not question.quotes:
        return contains_gold(text, question.answers, "any")
    return any(_shares(normalise(text), normalise(quote)) for quote in question.quotes)


def _shares(text: str, quote: str) -> bool:
    """Whether one holds the other, or they share a stretch of half of the shorter one."""
    shorter, longer = sorted((text, quote), key=len)
    size = max(1, int(_LEAST_SHARED * len(shorter)))
    return any(shorter[i : i + size] in longer for i in range(len(shorter) - size + 1))


def _fit_sentences(rows: Sequence[Asked]) -> lightgbm.Booster:
    useful = [row for row in rows if row.gold.any()]
    weight = np.concatenate([np.full(len(row.gold), _WEIGHTS.get(row.set, 1.0)) for row in useful])
    table, gold = np.concatenate([row.table for row in useful]), np.concatenate([row.gold for row in useful])
    data = lightgbm.Dataset(table, label=gold.astype(int), weight=weight, feature_name=list(FEATURES))
    return lightgbm.train(_SENTENCES, data, _SENTENCE_TREES)


def _fit_confidence(rows: Sequence[Asked], table: Table, right: NDArray[np.bool_]) -> lightgbm.Booster:
    weight = [_WEIGHTS.get(row.set, 1.0) for row in rows]
    data = lightgbm.Dataset(table, label=right.astype(int), weight=weight, feature_name=CONFIDENCE_FEATURES)
    return lightgbm.train(_CONFIDENCE, data, _CONFIDENCE_TREES)


def _left_out_scores(rows: Sequence[Asked]) -> list[Scores]:
    """Of each question's candidates, by a model that was fitted to the other folds."""
    models = [_fit_sentences([row for row in rows if row.fold != fold]) for fold in range(FOLDS)]
    return [np.asarray(models[row.fold].predict(row.table)) for row in rows]


def _left_out_confidence(rows: Sequence[Asked], table: Table, right: NDArray[np.bool_]) -> Scores:
    folds = np.array([row.fold for row in rows])
    sure = np.zeros(len(rows))
    for fold in range(FOLDS):
        kept = folds != fold
        others = [row for row, keep in zip(rows, kept, strict=True) if keep]
        sure[~kept] = _fit_confidence(others, table[kept], right[kept]).predict(table[~kept])
    return sure


def _report(rows: Sequence[Asked], right: NDArray[np.bool_], sure: Scores) -> None:
    sets = np.array([f"{row.set} {row.type}".strip() for row in rows])
    names = np.array([row.set for row in rows])
    asked = np.array([row.answerable for row in rows])
    print(f"{'':>32} {'asked':>6} {'right':>6} {'AUROC':>6} {'ECE':>6}  refused of answerable/not at .1 .2 .3 .4 .5")
    for name in ["all", *dict.fromkeys(names), *dict.fromkeys(sets)]:
        there = np.ones(len(rows), bool) if name == "all" else (sets == name) | (names == name)
        yes, no = there & asked, there & ~asked
        told = " ".join(f"{_refused(sure[yes], at)}/{_refused(sure[no], at)}" for at in (0.1, 0.2, 0.3, 0.4, 0.5))
        auroc = roc_auc_score(right[there], sure[there]) if 0 < right[there].sum() < there.sum() else np.nan
        error = expected_calibration_error(sure[there].tolist(), right[there].tolist())
        share = right[yes].mean() if yes.any() else np.nan
        print(f"{name:>32} {yes.sum():>6} {share:6.3f} {auroc:6.3f} {error:6.3f}  {told}")
    print("reliability: confidence, share right, number")
    for low in np.arange(0, 1, 0.1):
        inside = (sure >= low) & (sure < low + 0.1)
        if inside.any():
            print(f"  {low:.1f}-{low + 0.1:.1f} {sure[inside].mean():.3f} {right[inside].mean():.3f} {inside.sum()}")


def _refused(sure: Scores, threshold: float) -> str:
    return f"{np.mean(sure < threshold):.2f}" if len(sure) else "-"
