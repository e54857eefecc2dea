"""Fits the ranker, says how it ranks sets it never saw, and writes rag/ranker.json.

Run: pip install -e '.[bench]' && python -m benchmarks.fit_ranker --squad cmrc2018_trial.json drcd_dev.json \
         --news news.jsonl.xz news_questions.jsonl news_semantic_dev.jsonl --work /tmp/ranker --out rag/ranker.json

The table shows, for each set, MRR@10 by page of BM25, of the dense leg, of the fusion by rank, and of a ranker that was
fitted on the other sets. The seed pages' questions are never among them.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import lightgbm
import numpy as np
from numpy.typing import NDArray

from benchmarks.corpora import Corpus, load_all, open_corpus, parse_arguments
from index.store import Store
from rag.ranking import FEATURES, features
from rag.retriever import find_rows, search

_WEIGHTS = {"news_questions": 2.0, "news_semantic_dev": 4.0}  # small sets, and nearest to what is asked of newspapers
_TREES = 200
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
    "num_threads": 1,
    "deterministic": True,
    "verbose": -1,
}


@dataclass(frozen=True, slots=True)
class Asked:
    """One question: its candidates' features, pages and relevance, and the pages as fused by rank."""

    table: NDArray[np.float32]
    pages: tuple[str, ...]
    relevant: NDArray[np.bool_]
    fused: tuple[str, ...]
    gold: frozenset[str]


def main(argv: Sequence[str] | None = None) -> None:
    """Fit, report, write."""
    args = parse_arguments(__doc__, argv, out="where the ranker goes")
    asked: dict[str, list[Asked]] = {}
    fingerprint = ""
    for corpus in load_all(args):
        store = open_corpus(corpus, args.work)
        fingerprint = store.embedder.fingerprint
        asked[corpus.name] = _ask_all(store, corpus)
    print(f"{'set':>18} {'questions':>9} {'bm25':>7} {'dense':>7} {'fusion':>7} {'learned':>8}")
    for left_out, rows in asked.items():
        model = _fit({name: others for name, others in asked.items() if name != left_out})
        print(f"{left_out:>18} {len(rows):>9} " + " ".join(f"{value:7.3f}" for value in _mrr_of_all(rows, model)))
    final = _fit(asked)
    args.out.write_text(_as_json(final, fingerprint), encoding="utf-8")
    gains = sorted(zip(final.feature_importance("gain"), FEATURES, strict=True), reverse=True)
    print("gain: " + ", ".join(f"{name} {gain / gains[0][0]:.2f}" for gain, name in gains))


def _ask_all(store: Store, corpus: Corpus) -> list[Asked]:
    ids = list(store.passages)

    def page(row: int) -> str:
        return store.articles[store.passages[ids[row]].article_id].file

    found = []
    for question in corpus.questions:
        askable = question.files and any(char.isalnum() for char in question.text)
        if not askable or (not question.held_out and "semantic" not in corpus.name):
            continue  # no model was trained on the semantic questions, whatever their documents
        rows = find_rows(store, question.text)
        fused = [
            store.articles[store.passages[h.passage_id].article_id].file
            for h in search(store, question.text, 60, legs="ranks")
        ]
        pages = tuple(page(row) for row in rows)
        relevant = np.array([name in question.files for name in pages], bool)
        table = features(store, question.text, rows) if rows else np.zeros((0, len(FEATURES)), np.float32)
        found.append(Asked(table, pages, relevant, tuple(fused), question.files))
    return found


def _fit(asked: dict[str, list[Asked]]) -> lightgbm.Booster:
    useful = [(name, row) for name, rows in asked.items() for row in rows if row.relevant.any()]
    data = lightgbm.Dataset(
        np.concatenate([row.table for _, row in useful]),
        label=np.concatenate([row.relevant for _, row in useful]).astype(int),
        group=[len(row.pages) for _, row in useful],
        weight=np.concatenate([np.full(len(row.pages), _WEIGHTS.get(name, 1.0)) for name, row in useful]),
        feature_name=list(FEATURES),
    )
    return lightgbm.train(_PARAMETERS, data, _TREES)


def _mrr_of_all(rows: Sequence[Asked], model: lightgbm.Booster) -> list[float]:
    columns = {name: index for index, name in enumerate(FEATURES)}
    scorers: list[Callable[[NDArray[np.float32]], NDArray[np.float64]]] = [
        lambda table: table[:, columns["bm25"]],
        lambda table: table[:, columns["dense"]],
        lambda table: np.asarray(model.predict(table)),
    ]
    values = [np.mean([_reciprocal_rank(_sorted(row, scorer), row.gold) for row in rows]) for scorer in scorers]
    fusion = np.mean([_reciprocal_rank(row.fused, row.gold) for row in rows])
    return [float(value) for value in (values[0], values[1], fusion, values[2])]


def _sorted(row: Asked, scorer: Callable[[NDArray[np.float32]], NDArray[np.float64]]) -> list[str]:
    order = np.argsort(-scorer(row.table), kind="stable") if len(row.pages) else []
    return [row.pages[index] for index in order]


def _reciprocal_rank(pages: Sequence[str], gold: frozenset[str]) -> float:
    distinct = list(dict.fromkeys(pages))[:10]
    return next((1 / rank for rank, name in enumerate(distinct, start=1) if name in gold), 0.0)


def _as_json(model: lightgbm.Booster, fingerprint: str) -> str:
    trees = [_flat(tree["tree_structure"]) for tree in model.dump_model()["tree_info"]]
    head = json.dumps({"model": fingerprint, "features": list(FEATURES)})[:-1]
    return head + ', "trees": [\n' + ",\n".join(json.dumps(tree, separators=(",", ":")) for tree in trees) + "\n]}\n"


def _flat(root: dict[str, Any]) -> dict[str, list[float]]:
    """A tree as lists: nodes by number, leaves as -1 - number."""
    tree: dict[str, list[float]] = {"feature": [], "threshold": [], "left": [], "right": [], "leaf": []}

    def add(node: dict[str, Any]) -> int:
        if "leaf_value" in node:
            tree["leaf"].append(round(node["leaf_value"], 6))
            return -len(tree["leaf"])
        place = len(tree["feature"])
        for name, value in (("feature", node["split_feature"]), ("threshold", round(node["threshold"], 6))):
            tree[name].append(value)
        tree["left"].append(0)
        tree["right"].append(0)
        tree["left"][place] = add(node["left_child"])
        tree["right"][place] = add(node["right_child"])
        return place

    if add(root) < 0:  # a tree of one leaf gets a node above it, so that every tree is walked alike
        return tree | {"feature": [0], "threshold": [0.0], "left": [-1], "right": [-1]}
    return tree


if __name__ == "__main__":
    main()
