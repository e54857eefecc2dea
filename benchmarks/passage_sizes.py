"""Which size and overlap should passages have? Evidence recall on questions with verbatim evidence, for several sizes.

Run: python -m benchmarks.passage_sizes PAGES QUESTIONS [--sizes 120 240 …] [--overlaps 0 60]

A quote counts as found when the passages that were read hold nine tenths of it. Passages are read best first, once
five of them, and once as many as fit into 1,200 characters: longer passages hold more, so a fixed number of them would
always favour the longest. MRR@10 is that of the first passage that holds half of a quote.
"""

from __future__ import annotations

import argparse
import json
import tempfile
from collections.abc import Sequence
from pathlib import Path

from index.build import build_store
from index.config import IndexConfig
from index.schema import Span
from index.store.opened import Store, open_store
from rag.evaluation.matching import evidence_spans
from rag.retrieval.retriever import search

_DEPTH, _NUMBER, _BUDGET = 20, 5, 1200
_WHOLE, _HALF = 0.9, 0.5


def main(argv: Sequence[str] | None = None) -> None:
    """Build a store per size and print a row for each."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("pages", type=Path)
    parser.add_argument("questions", type=Path, help="JSON lines with question and evidence (file, quote)")
    parser.add_argument("--sizes", type=int, nargs="+", default=[80, 120, 160, 200, 240, 320, 400, 600])
    parser.add_argument("--overlaps", type=int, nargs="+", default=[0, 60])
    args = parser.parse_args(argv)
    asked = [json.loads(line) for line in args.questions.read_text(encoding="utf-8").splitlines()]
    asked = [item for item in asked if item.get("evidence") and not item.get("history")]
    print(f"{len(asked)} questions\n  size overlap passages  recall@5  recall in {_BUDGET} characters  MRR@10")
    for size in args.sizes:
        for overlap in args.overlaps:
            with tempfile.TemporaryDirectory() as folder:
                build_store(args.pages, Path(folder), IndexConfig(passage_size=size, passage_overlap=overlap))
                store = open_store(folder)
                five, budget, rank = _measure(store, asked)
                count = len(store.passages)
            print(f"{size:>6} {overlap:>7} {count:>8} {five:>9.3f} {budget:>27.3f} {rank:>7.3f}", flush=True)


def _measure(store: Store, asked: Sequence[dict]) -> tuple[float, float, float]:
    five, budget, ranks, quotes = 0, 0, 0.0, 0
    for item in asked:
        hits = [hit.passage_id for hit in search(store, item["question"], _DEPTH)]
        fitting, room = [], _BUDGET
        for name in hits:
            room -= len(store.passages[name].text)
            if room < 0 and fitting:
                break
            fitting.append(name)
        for evidence in item["evidence"]:
            places = evidence_spans(store.pages[evidence["file"]], evidence["quote"])
            quotes += 1
            five += _share(store, hits[:_NUMBER], evidence["file"], places) >= _WHOLE
            budget += _share(store, fitting, evidence["file"], places) >= _WHOLE
            first = [n for n, h in enumerate(hits[:10], 1) if _share(store, [h], evidence["file"], places) >= _HALF]
            ranks += 1 / first[0] if first else 0.0
    return five / quotes, budget / quotes, ranks / quotes


def _share(store: Store, names: Sequence[str], file: str, places: Sequence[Span]) -> float:
    """The largest part of a quote, at one of its places, that the passages hold together."""
    held: set[int] = set()
    for name in names:
        passage = store.passages[name]
        article = store.articles[passage.article_id]
        if article.file == file:
            for span in article.spans(passage.start, passage.end):
                held.update(range(span.start, span.end))
    return max((len(held & set(range(p.start, p.end))) / (p.end - p.start) for p in places), default=0.0)


if __name__ == "__main__":
    main()
