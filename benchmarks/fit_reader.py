"""Fits the extractive reader's weights on public question sets, and says how they do on a set left out.

Run: python -m benchmarks.fit_reader --squad cmrc2018_trial.json drcd_dev.json \
         --news news.jsonl.xz news_questions.jsonl news_semantic_dev.jsonl --work /tmp/fit \
         --limit 800 --distractors 3000

Each question is asked twice, as it is and with the pages that answer it taken away, so that the confidence learns
what an unanswered question looks like. Prints weights to be put into rag/answerers/extractive.py.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import roc_auc_score

from benchmarks.corpora import Corpus, GoldQuestion, load_all, open_corpus, parse_arguments
from index.store import Store
from rag.answerers.features import FEATURES, Candidate, find_candidates
from rag.evaluation.matching import contains_gold
from rag.question import understand
from rag.ranking import features, load_forest
from rag.retriever import find_rows
from rag.schema import Hit

_READ = 10


@dataclass(frozen=True, slots=True)
class Asked:
    """One question asked once: features (n, len(FEATURES)) of its candidates, and which of them hold the gold."""

    features: np.ndarray
    gold: np.ndarray
    answerable: bool


def main(argv: Sequence[str] | None = None) -> None:
    """Fit and report."""
    args = parse_arguments(__doc__, argv)
    asked = {corpus.name: _ask_all(corpus, open_corpus(corpus, args.work)) for corpus in load_all(args)}
    for left_out, rows in asked.items():
        rest = [row for name, others in asked.items() if name != left_out for row in others]
        _report(left_out, *_fit(rest), rows)
    everything = [row for rows in asked.values() for row in rows]
    score, confidence = _fit(everything)
    _report("nothing (in sample)", score, confidence, everything)
    print("_SCORE =", _as_dict(score))
    print("_CONFIDENCE =", _as_dict(confidence))


def _ask_all(corpus: Corpus, store: Store) -> list[Asked]:
    ids = list(store.passages)
    rows: list[Asked] = []
    for question in corpus.questions:
        unseen = question.held_out or "semantic" in corpus.name  # no model was trained on the semantic questions
        if not unseen or not any(char.isalnum() for char in question.text):
            continue
        found = find_rows(store, question.text)
        others = [row for row in found if _file(store, ids[row]) not in question.files]
        if question.files:
            rows.append(_ask(question, _rank(store, question.text, found), store, answerable=True))
        rows.append(_ask(question, _rank(store, question.text, others), store, answerable=False))
    return [row for row in rows if len(row.gold)]


def _rank(store: Store, query: str, rows: Sequence[int]) -> list[Hit]:
    """Hits as the retriever would give them, if these rows were all it had found."""
    if not rows:
        return []
    ids = list(store.passages)
    scores = load_forest().scores(features(store, query, rows))
    best = sorted(zip(scores, (ids[row] for row in rows), strict=True), key=lambda pair: (-pair[0], pair[1]))
    return [Hit(name, float(score), rank) for rank, (score, name) in enumerate(best[:_READ], start=1)]


def _ask(question: GoldQuestion, hits: Sequence[Hit], store: Store, *, answerable: bool) -> Asked:
    candidates = find_candidates(understand(question.text), hits, store)
    gold = [_holds_gold(candidate, question, store) for candidate in candidates]
    features = np.array([candidate.features for candidate in candidates], np.float32)
    return Asked(features.reshape(-1, len(FEATURES)), np.array(gold, bool), answerable)


def _holds_gold(candidate: Candidate, question: GoldQuestion, store: Store) -> bool:
    extract = candidate.extract
    article = store.articles[store.passages[extract.passage_id].article_id]
    return article.file in question.files and contains_gold(
        article.text[extract.start : extract.end], question.answers, "any"
    )


def _file(store: Store, passage_id: str) -> str:
    return store.articles[store.passages[passage_id].article_id].file


def _fit(rows: Sequence[Asked]) -> tuple[LogisticRegression, LogisticRegression]:
    answerable = [row for row in rows if row.answerable]
    score = LogisticRegression(C=10, max_iter=1000).fit(
        np.concatenate([row.features for row in answerable]), np.concatenate([row.gold for row in answerable])
    )
    best = [int(np.argmax(score.decision_function(row.features))) for row in rows]
    confidence = LogisticRegression(C=10, max_iter=1000).fit(
        np.array([row.features[index] for row, index in zip(rows, best, strict=True)]),
        np.array([row.gold[index] for row, index in zip(rows, best, strict=True)]),
    )
    return score, confidence


def _report(left_out: str, score: LogisticRegression, confidence: LogisticRegression, rows: Sequence[Asked]) -> None:
    best = [int(np.argmax(score.decision_function(row.features))) for row in rows]
    right = np.array([row.gold[index] for row, index in zip(rows, best, strict=True)])
    sure = confidence.predict_proba(np.array([row.features[i] for row, i in zip(rows, best, strict=True)]))[:, 1]
    answerable = np.array([row.answerable for row in rows])
    print(
        f"left out: {left_out}; answerable asked {answerable.sum()}, "
        f"best sentence holds gold {right[answerable].mean():.3f} "
        f"(some sentence does: {np.mean([row.gold.any() for row in rows if row.answerable]):.3f}); "
        f"AUROC of the confidence {roc_auc_score(right, sure):.3f}"
    )
    for threshold in (0.2, 0.3, 0.4, 0.5):
        print(
            f"  answers at {threshold:.1f}: refuses {np.mean(sure[answerable] < threshold):.3f} of the answerable, "
            f"{np.mean(sure[~answerable] < threshold):.3f} of the unanswerable"
        )


def _as_dict(model: LogisticRegression) -> dict[str, float]:
    weights = {name: round(float(value), 2) for name, value in zip(FEATURES, model.coef_[0], strict=True)}
    return weights | {"constant": round(float(model.intercept_[0]), 2)}


if __name__ == "__main__":
    main()
