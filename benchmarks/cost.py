"""What does a question cost, stage by stage, as the collection grows?

Run: python -m benchmarks.cost news.jsonl.xz news_questions.jsonl --work /tmp/cost --passages 100 10000 170000

Milliseconds per question, median and 95th percentile, over ``--count`` questions after a few to warm up; one thread.
"""

from __future__ import annotations

import argparse
import json
import lzma
from collections.abc import Iterator, Sequence
from itertools import islice
from pathlib import Path

import faiss
import numpy as np

from index.build import build_store
from index.config import IndexConfig
from index.store.opened import Store, open_store
from rag.chain import AnswerChain

_STAGES = ("understand", "retrieve", "read", "cite")
_WARM_UP = 5
_PASSAGES_PER_ARTICLE = 3.6  # of the news corpus at the default size


def main(argv: Sequence[str] | None = None) -> None:
    """Build, ask, print one row per size."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("articles", type=Path, help="news articles, .jsonl.xz")
    parser.add_argument("questions", type=Path, help="questions, .jsonl")
    parser.add_argument("--work", type=Path, required=True, help="folder for the stores that are built")
    parser.add_argument("--passages", type=int, nargs="+", default=[100, 10_000, 170_000], help="about so many")
    parser.add_argument("--count", type=int, default=100, help="questions asked (default: 100)")
    args = parser.parse_args(argv)
    faiss.omp_set_num_threads(1)
    lines = args.questions.read_text(encoding="utf-8").splitlines()
    texts = [json.loads(line)["question"] for line in lines[: args.count + _WARM_UP]]
    print(
        f"{'passages':>9}  " + "  ".join(f"{stage:>16}" for stage in ("all", "understand", "retrieve", "read", "cite"))
    )
    for size in args.passages:
        store = _store(args.articles, args.work / str(size), size)
        times = _ask(store, texts)
        told = "  ".join(f"{np.median(v):7.1f} /{np.percentile(v, 95):7.1f}" for v in times.values())
        print(f"{len(store.passages):>9}  {told}")


def _store(articles: Path, folder: Path, size: int) -> Store:
    pages = folder / "pages.jsonl"
    if not pages.exists():
        folder.mkdir(parents=True, exist_ok=True)
        count = max(1, round(size / _PASSAGES_PER_ARTICLE))
        pages.write_text("".join(islice(_lines(articles), count)), encoding="utf-8")
    build_store(pages, folder / "store", IndexConfig())
    return open_store(folder / "store")


def _lines(articles: Path) -> Iterator[str]:
    with lzma.open(articles, "rt", encoding="utf-8") as stream:
        yield from stream


def _ask(store: Store, texts: Sequence[str]) -> dict[str, list[float]]:
    chain = AnswerChain(store)
    told = [chain.invoke(text).trace.timings for text in texts][_WARM_UP:]
    return {"all": [sum(t.values()) for t in told]} | {s: [t.get(s, 0.0) for t in told] for s in _STAGES}


if __name__ == "__main__":
    main()
