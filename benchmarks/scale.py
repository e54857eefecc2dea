"""How do building and searching grow with the collection? One row per size, from a thousand passages to a million.

Run: python -m benchmarks.scale news.jsonl.xz news_questions.jsonl --work WORK --passages 1000 10000 100000 1000000

Articles are real as far as there are any; beyond, further ones are put together from sentences of the real ones, drawn
at random: a million passages are a million different texts, but no million different stories. Memory is what the
building processes hold together (``Pss`` of Linux, so nothing is counted twice), sampled; anonymous memory alone is
told too, since mapped files can leave memory at any time. Times of search are of single questions, after a few to warm
up, on one thread and on eight that ask at once; ``legs`` are the dense and the lexical search fused by rank, ``search``
is with the learned ranking, without the reading model. Recall is that of the dense leg against comparing all vectors
as they are kept.
"""

from __future__ import annotations

import argparse
import json
import lzma
import multiprocessing
import random
import re
import shutil
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from itertools import islice
from pathlib import Path
from typing import Any

import faiss
import numpy as np

from index.build import build_store
from index.config import IndexConfig
from index.disk.generations import current
from index.search.vectors import load_vectors
from index.store.opened import VECTORS, open_store
from rag.retrieval.retriever import search

__all__ = ["times", "watched"]

_PER_ARTICLE = 3.63  # passages, of the news corpus at the default size
_SENTENCE = re.compile("[^。！？\n]+[。！？]")
_WARM_UP, _DEPTH, _K, _BLOCK = 5, 50, 10, 20_000
_EVERY = 0.1  # seconds between two looks at the memory


def main(argv: Sequence[str] | None = None) -> None:
    """Build each size, ask, print a row."""
    args = _parse(argv)
    texts = [json.loads(line)["question"] for line in args.questions.read_text(encoding="utf-8").splitlines()]
    for size in args.passages:
        folder = args.work / str(size)
        if not (folder / "store" / "CURRENT").exists() or args.again:
            shutil.rmtree(folder / "store", ignore_errors=True)  # whose vectors would be taken over
            if not (folder / "pages.jsonl").exists():
                _write_articles(args.articles, folder, round(size / _PER_ARTICLE))
            print(json.dumps(watched(_build, folder, args.workers)), flush=True)
        asked = texts[: args.count + _WARM_UP]
        print(json.dumps(watched(_ask, folder, asked)), flush=True)
        print(json.dumps(watched(_recall, folder, asked)), flush=True)


def _parse(argv: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("articles", type=Path, help="news articles, .jsonl.xz")
    parser.add_argument("questions", type=Path, help="questions, .jsonl")
    parser.add_argument("--work", type=Path, required=True, help="folder for the stores that are built")
    parser.add_argument("--passages", type=int, nargs="+", default=[1_000, 10_000, 100_000, 1_000_000])
    parser.add_argument("--count", type=int, default=200, help="questions asked (default: 200)")
    parser.add_argument("--workers", type=int, default=2, help="processes that embed (default: 2)")
    parser.add_argument("--again", action="store_true", help="build again what is there")
    return parser.parse_args(argv)


def _write_articles(articles: Path, folder: Path, count: int) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    with lzma.open(articles, "rt", encoding="utf-8") as stream, (folder / "pages.jsonl").open("w") as out:
        real = list(islice(stream, count))
        out.writelines(real)
        for number in range(count - len(real)):
            out.write(_invented(real, number) + "\n")


def _invented(real: Sequence[str], number: int) -> str:
    """As many sentences as an article has, each of another article."""
    choice = random.Random(number)
    model = json.loads(choice.choice(real))
    lines = []
    for _ in range(max(1, len(_SENTENCE.findall(model["text"])))):
        sentences = _SENTENCE.findall(json.loads(choice.choice(real))["text"]) or [model["text"]]
        lines.append(choice.choice(sentences))
    return json.dumps({"id": f"made-{number:06}", "date": model["date"], "text": "".join(lines)}, ensure_ascii=False)


def _build(folder: Path, workers: int) -> dict[str, Any]:
    start = time.perf_counter()
    manifest = build_store(folder / "pages.jsonl", folder / "store", IndexConfig(), workers=workers)
    seconds = time.perf_counter() - start
    return {
        "passages": manifest.passages,
        "articles": manifest.articles,
        "build_s": round(seconds, 1),
        "passages_per_s": round(manifest.passages / seconds),
        "disk_mb": round(manifest.size / 1e6, 1),
        "bytes_per_passage": {name: round(size / manifest.passages) for name, size in manifest.files.items()},
    }


def _ask(folder: Path, texts: Sequence[str]) -> dict[str, Any]:
    faiss.omp_set_num_threads(1)
    start = time.perf_counter()
    store = open_store(folder / "store")
    opened = time.perf_counter() - start
    ways: dict[str, Callable[[str], object]] = {
        "dense": lambda text: store.dense.search(store.embedder.encode_query(text), _DEPTH),
        "lexical": lambda text: store.lexical.search(text, _DEPTH),
        "legs": lambda text: search(store, text, _K, legs="ranks"),
        "search": lambda text: search(store, text, _K, read=False),
    }
    told: dict[str, Any] = {"passages": len(store.passages), "open_s": round(opened, 2)}
    for name, way in ways.items():
        for threads in (1, 8):
            told[f"{name}_ms_{threads}"] = times(way, texts, threads)
    return told


def times(way: Callable[[str], object], texts: Sequence[str], threads: int) -> list[float]:
    """Median and 95th percentile of a question's milliseconds."""

    def timed(text: str) -> float:
        start = time.perf_counter()
        way(text)
        return (time.perf_counter() - start) * 1000

    for text in texts[:_WARM_UP]:
        way(text)
    with ThreadPoolExecutor(threads) as pool:
        spent = list(pool.map(timed, texts[_WARM_UP:]))
    return [round(float(np.percentile(spent, share)), 1) for share in (50, 95)]


def _recall(folder: Path, texts: Sequence[str]) -> dict[str, Any]:
    store = open_store(folder / "store")
    table = load_vectors(current(folder / "store") / VECTORS)
    questions = np.stack([store.embedder.encode_query(text) for text in texts])
    found = np.concatenate(
        [questions @ np.asarray(table[at : at + _BLOCK], np.float32).T for at in range(0, len(table), _BLOCK)], axis=1
    )
    shares = []
    for row, question in zip(found, questions, strict=True):
        nearest = set(np.argpartition(-row, _K)[:_K].tolist())
        shares.append(len(nearest & {key for key, _ in store.dense.search(question, _K)}) / _K)
    return {"passages": len(table), "recall@10": round(float(np.mean(shares)), 4)}


def watched(work: Callable[..., dict[str, Any]], *args: Any) -> dict[str, Any]:
    """Do some work in a process of its own, and tell how much memory it and its children held at most."""
    context = multiprocessing.get_context("spawn")
    ours, theirs = context.Pipe()
    process = context.Process(target=_send, args=(theirs, work, args))
    process.start()
    most = {"pss_mb": 0.0, "anonymous_mb": 0.0}
    while process.is_alive() and not ours.poll(_EVERY):
        found = [_memory(pid) for pid in _tree(process.pid or 0)]
        most = {name: max(peak, round(sum(each[name] for each in found), 1)) for name, peak in most.items()}
    told: dict[str, Any] = ours.recv()
    process.join()
    return told | most


def _send(pipe: Any, work: Callable[..., dict[str, Any]], args: Sequence[Any]) -> None:
    pipe.send(work(*args))


def _tree(pid: int) -> Iterator[int]:
    yield pid
    try:
        for task in Path(f"/proc/{pid}/task").iterdir():
            for child in (task / "children").read_text().split():
                yield from _tree(int(child))
    except OSError:  # it has ended
        return


def _memory(pid: int) -> dict[str, float]:
    try:
        lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()[1:]
    except OSError:
        lines = []
    kilobytes = {line.split(":")[0]: float(line.split()[1]) for line in lines}
    return {"pss_mb": kilobytes.get("Pss", 0.0) / 1e3, "anonymous_mb": kilobytes.get("Pss_Anon", 0.0) / 1e3}


if __name__ == "__main__":
    main()
