"""How sure may an answer be? A logistic regression over what the reading model says of the passages that were found.

Held-out questions are asked as a user would ask them, of a large archive and of collections as small as five newspaper
pages, with everything that searching does. Right is an answer from the right document whose words are the gold's.

References:
    Platt: Probabilistic Outputs for Support Vector Machines (1999).
    Kamath, Jia, Liang: Selective Question Answering under Domain Shift (2020).
"""

from __future__ import annotations

import random
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from zlib import crc32

import numpy as np
from numpy.typing import NDArray

from index.store.opened import Store
from rag.evaluation.matching import normalise
from rag.evaluation.metrics import auroc, expected_calibration_error
from rag.retrieval.crossencoder import Verdict, load_crossencoder
from rag.retrieval.judging import evidence, judge_passages
from rag.retrieval.retriever import search
from training.reader.questions import Asked
from training.reader.stores import document_of, open_documents

__all__ = ["Outcome", "ask_held", "fit_confidence", "small_stores"]

_FEW = 40  # documents of a small collection
_FOLDS = 5


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of a question that was asked.

    Attributes:
        evidence: Name -> value, see :func:`rag.retrieval.judging.evidence`.
        right: Whether the answer would have been right.
        answerable: Whether the collection answers the question.
        fold: Which fold its document belongs to.
    """

    evidence: dict[str, float]
    right: bool
    answerable: bool
    fold: int


def small_stores(
    folder: Path, texts: Mapping[str, str], headlines: Mapping[str, str], documents: Sequence[str]
) -> Iterator[tuple[Store, frozenset[str]]]:
    """Collections of a few documents each, with their headlines where there are any."""
    for number, start in enumerate(range(0, len(documents), _FEW)):
        chosen = documents[start : start + _FEW]
        mine = {name: texts[name] for name in chosen}
        yield open_documents(folder / f"{number:03}", mine, headlines), frozenset(chosen)


def ask_held(store: Store, questions: Sequence[Asked], most: int, seed: int = 0) -> list[Outcome]:
    """Ask some held-out questions of a store.

    Args:
        store: The collection.
        questions: Questions over documents of it.
        most: How many to draw.
        seed: Decides the draw.
    """
    draw = random.Random(seed)  # noqa: S311  # not a secret
    chosen = draw.sample(list(questions), min(most, len(questions)))
    return [outcome for asked in chosen if (outcome := _ask(store, asked))]


def fit_confidence(outcomes: Sequence[Outcome]) -> tuple[dict[str, float], dict[str, float]]:
    """The weights of the confidence, and its figures on folds that were left out in turn.

    Returns:
        Name -> weight with ``constant``; and ``auroc right``, ``auroc answerable`` and ``ece``.
    """
    names = list(outcomes[0].evidence)
    table = np.array([[outcome.evidence[name] for name in names] for outcome in outcomes])
    right = np.array([outcome.right for outcome in outcomes])
    folds = np.array([outcome.fold for outcome in outcomes])
    told = np.zeros(len(outcomes))
    for fold in range(_FOLDS):
        model = _fit(table[folds != fold], right[folds != fold])
        told[folds == fold] = model.predict_proba(table[folds == fold])[:, 1]
    answerable = [outcome.answerable for outcome in outcomes]
    figures = {
        "auroc right": auroc(told, right) or 0.0,
        "auroc answerable": auroc(told, np.array(answerable)) or 0.0,
        "ece": expected_calibration_error(told, right) or 0.0,
    }
    model = _fit(table, right)
    weights = {name: round(float(value), 4) for name, value in zip(names, model.coef_[0], strict=True)}
    return weights | {"constant": round(float(model.intercept_[0]), 4)}, figures


def _fit(table: NDArray[np.float64], right: NDArray[np.bool_]) -> Any:
    from sklearn.linear_model import LogisticRegression

    return LogisticRegression(C=1.0, max_iter=1000).fit(table, right)


def _ask(store: Store, asked: Asked) -> Outcome | None:
    model = load_crossencoder()
    hits = search(store, asked.text, 10)
    passages = [store.passages[hit.passage_id] for hit in hits]
    judged = judge_passages(model, asked.text, passages, store)
    if not judged:
        return None
    place = max(range(len(judged)), key=lambda n: judged[n].support)
    best, passage = judged[place], passages[place]
    answerable = asked.verdict in {Verdict.ANSWERS, Verdict.YES, Verdict.NO}
    right = answerable and document_of(store, passage) == asked.document
    if right and asked.verdict is Verdict.ANSWERS:
        words = [passage.text[a:b] for a, b in (best.span, *best.spans)]
        right = any(_agree(word, answer) for word in words for answer in asked.answers)
    elif right:
        right = best.probability(asked.verdict) > max(best.probability(v) for v in _others(asked.verdict))
    return Outcome(evidence(judged), right, answerable, crc32(asked.document.encode()) % _FOLDS)


def _others(verdict: Verdict) -> list[Verdict]:
    return [other for other in (Verdict.ANSWERS, Verdict.YES, Verdict.NO) if other is not verdict]


def _agree(told: str, gold: str) -> bool:
    """Whether one holds the other and is not much longer."""
    mine, theirs = normalise(told), normalise(gold)
    return bool(mine) and (mine in theirs or theirs in mine) and len(mine) <= 3 * len(theirs) + 6
