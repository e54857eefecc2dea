"""How fast does a store get into Milvus, and how fast is it asked there?

Run: python -m benchmarks.milvus_load news.jsonl.xz news_questions.jsonl milvus://localhost:19530/bench --work WORK

Articles are taken from the front until there are as many passages as asked for. A question is asked as a user asks:
candidates of both legs, learned ranking, texts of the hits. The same questions to the store on disk stand beside it,
and how many of its first five hits are among the engine's. With ``milvus:FILE.db/bench`` it measures milvus-lite, which
is made for trying out and says nothing of a cluster.
"""

from __future__ import annotations

import argparse
import json
import lzma
import time
from collections.abc import Callable, Sequence
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np

from index.build import build_store
from index.config import IndexConfig
from index.milvus.layout import Setup
from index.milvus.reader import open_milvus
from index.milvus.writer import push_store
from index.store.opened import Store, open_store
from rag.retrieval.retriever import search

_PER_ARTICLE = 3.5  # passages, roughly
_SINCE = date(2023, 8, 17)


def main(argv: Sequence[str] | None = None) -> None:
    """Print a line per size."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("articles", type=Path, help="news articles, .jsonl.xz")
    parser.add_argument("questions", type=Path, help="questions, .jsonl")
    parser.add_argument("address", help="where in Milvus; what is there is replaced")
    parser.add_argument("--work", type=Path, required=True, help="folder that keeps the stores between runs")
    parser.add_argument("--passages", type=int, nargs="+", default=[1_000, 10_000])
    parser.add_argument("--count", type=int, default=50, help="questions asked (default: 50)")
    parser.add_argument("--index", default="FLAT", help="kind of the index over the vectors (default: FLAT)")
    args = parser.parse_args(argv)
    lines = args.questions.read_text(encoding="utf-8").splitlines()[: args.count]
    questions = [json.loads(line)["question"] for line in lines]
    print(
        "passages  push s   rows/s  open s  first s  | ms: engine   p95  since   p95  words  vectors  disk | same of 5"
    )
    for size in args.passages:
        store = _store(args.articles, args.work, size)
        rows = len(store.passages) + len(store.articles) + 2 * len(store.pages)
        pushed, _ = _timed(lambda store=store: push_store(store, args.address, Setup(index=args.index)))
        opened, there = _timed(lambda: open_milvus(args.address))
        first, _ = _timed(lambda there=there: search(there, questions[0]))
        times, found = _asked(there, questions)
        since, _ = _asked(there, questions, since=_SINCE)
        disk, wanted = _asked(store, questions)
        same = np.mean([len(ours & theirs) for ours, theirs in zip(found, wanted, strict=True)])
        words = _median(lambda q, there=there: there.lexical.search(q, 50), questions)
        dense = _median(lambda q, there=there: there.dense.search(there.embedder.encode_query(q), 50), questions)
        print(
            f"{len(store.passages):8} {pushed:7.1f} {rows / pushed:8.0f} {opened:7.2f} {first:8.2f}  |"
            f" {np.median(times):10.0f} {np.quantile(times, 0.95):5.0f} {np.median(since):6.0f}"
            f" {np.quantile(since, 0.95):5.0f} {words:6.0f} {dense:8.0f} {np.median(disk):5.0f} | {same:.2f}"
        )


def _store(articles: Path, work: Path, size: int) -> Store:
    """A store over as many articles as make so many passages; kept for the next run."""
    folder = work / f"store-{size}"
    if not folder.is_dir():
        pages = work / f"pages-{size}"
        pages.mkdir(parents=True, exist_ok=True)
        with lzma.open(articles, "rt", encoding="utf-8") as stream:
            lines = [line for line, _ in zip(stream, range(int(size / _PER_ARTICLE)), strict=False)]
        (pages / "news.jsonl").write_text("".join(lines), encoding="utf-8")
        build_store(pages, folder, IndexConfig())
    return open_store(folder)


def _timed(act: Callable[[], Any]) -> tuple[float, Any]:
    begun = time.perf_counter()
    result = act()
    return time.perf_counter() - begun, result


def _median(act: Callable[[str], Any], questions: Sequence[str]) -> float:
    return float(np.median([_timed(lambda q=q: act(q))[0] * 1000 for q in questions]))


def _asked(store: Store, questions: Sequence[str], **bounds: Any) -> tuple[list[float], list[set[str]]]:
    """Milliseconds per question, and the ids of its first five hits."""
    times, found = [], []
    for question in questions:
        took, hits = _timed(lambda question=question: search(store, question, **bounds))
        times.append(took * 1000)
        found.append({hit.passage_id for hit in hits})
    return times, found


if __name__ == "__main__":
    main()
