r"""Fits the ranker: in which order the candidates of both searches come before they are read.

Run: pip install -e '.[bench]' && python -m benchmarks.fit --squad cmrc2018_trial.json drcd_dev.json \
         --news news.jsonl.xz news_questions.jsonl news_semantic_dev.jsonl training/questions.jsonl \
         --work WORK --limit 300 --distractors 6000 --out rag

Writes ranker.json, with ranker_figures.json; prints how it does on questions that it was not fitted to.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

import lightgbm

from benchmarks.ablation import report_ranker_ablation
from benchmarks.corpora import Corpus, load_all, make_parser, open_corpus, split_corpus
from benchmarks.fit_ranker import Ranked, fit_ranker, rank_all, report_ranking
from benchmarks.parallel import map_chunks
from benchmarks.trees import as_json
from rag.retrieval import ranking

_FIGURES = "ranker_figures.json"
_FEW = 40  # articles of a small collection: those of five newspaper pages


def main(argv: Sequence[str] | None = None) -> None:
    """Fit, report, write."""
    parser = make_parser(__doc__, out="folder of the forest")
    parser.add_argument("--ablation", action="store_true", help="say what each group of features earns, too")
    parser.add_argument("--processes", type=int, default=2, help="questions asked at once (default: 2)")
    args = parser.parse_args(argv)
    whole = load_all(args)
    corpora = [part for corpus in whole for part in (split_corpus(corpus, _FEW) if _is_written(corpus) else [corpus])]
    stores = {corpus.place: open_corpus(corpus, args.work) for corpus in corpora}
    fingerprint = stores[corpora[0].place].embedder.fingerprint
    found = map_chunks(rank_all, [(stores[c.place].path, c.questions) for c in corpora], args.processes)
    ranked: dict[str, list[Ranked]] = {}
    for corpus, rows in zip(corpora, found, strict=True):
        ranked.setdefault(corpus.name, []).extend(rows)
    figures = report_ranking(ranked)
    (args.out / _FIGURES).write_text(json.dumps(figures, indent=2) + "\n", encoding="utf-8")
    _write(args.out / "ranker.json", fit_ranker(ranked), list(ranking.FEATURES), fingerprint)
    if args.ablation:
        report_ranker_ablation(ranked)


def _is_written(corpus: Corpus) -> bool:
    """Whether its questions name the sentences that answer, as those written over news articles do."""
    return any(question.quotes for question in corpus.questions)


def _write(file: Path, model: lightgbm.Booster, names: Sequence[str], fingerprint: str) -> None:
    gains = sorted(zip(model.feature_importance("gain"), names, strict=True), reverse=True)
    print(f"{file.name}, gain: " + ", ".join(f"{name} {gain / gains[0][0]:.2f}" for gain, name in gains))
    file.write_text(as_json(model, names, fingerprint), encoding="utf-8")


if __name__ == "__main__":
    main()
