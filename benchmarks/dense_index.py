"""Which dense index answers how fast and how exactly, as the collection grows?

Run: python -m benchmarks.dense_index WORK/1000000/store news_questions.jsonl --passages 10000 100000 1000000

The vectors are those of a store, such as benchmarks.scale has left: of passages, not drawn at random. Recall is
measured against exact search; times are for one question at a time on one thread, the index in memory. ``error`` is the
greatest difference of a cosine computed from a reconstructed vector, which the learned ranking sees.
"""

from __future__ import annotations

import argparse
import json
import time
from collections.abc import Sequence
from pathlib import Path

import faiss
import numpy as np

from index.disk.generations import current
from index.embedding import Vectors, load_embedder
from index.search.vectors import load_vectors
from index.store.opened import VECTORS

_K, _DEPTH, _TRAINED = 10, 50, 20_000
_EXACT = "Flat"
# name in FAISS's factory -> the breadths of search to try: how many times k are refined, lists or nodes visited
_KINDS: dict[str, tuple[int, ...]] = {
    _EXACT: (0,),
    "SQfp16": (0,),
    "SQ8": (0,),
    "PQ128x4fs,Refine(SQfp16)": (2, 4, 10),
    "PQ256x4fs,Refine(SQfp16)": (2, 4, 10),
    "IVF,SQfp16": (32, 64, 128),
    "HNSW32,SQfp16": (64, 128, 256),
}


def main(argv: Sequence[str] | None = None) -> None:
    """Embed once, then print a table per size."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("store", type=Path, help="folder of a store of the built-in model")
    parser.add_argument("questions", type=Path, help="questions, .jsonl")
    parser.add_argument("--passages", type=int, nargs="+", default=[10_000, 100_000])
    parser.add_argument("--count", type=int, default=200, help="questions asked (default: 200)")
    parser.add_argument("--kinds", nargs="+", choices=list(_KINDS), default=list(_KINDS))
    args = parser.parse_args(argv)
    every = load_vectors(current(args.store) / VECTORS)
    embedder = load_embedder("builtin")
    lines = args.questions.read_text(encoding="utf-8").splitlines()[: args.count]
    questions = np.stack([embedder.encode_query(json.loads(line)["question"]) for line in lines])
    order = np.random.default_rng(0).permutation(len(every))
    faiss.omp_set_num_threads(1)
    print("passages  index                    breadth  build s     MB  ms median    p95  recall@10  recall@50    error")
    for size in args.passages:
        vectors = np.asarray(every[np.sort(order[:size])], np.float32)
        exact = _exact(vectors, questions)
        for kind in args.kinds:
            _measure(kind, vectors, questions, exact)


def _exact(vectors: Vectors, questions: Vectors) -> list[set[int]]:
    """The nearest rows of each question, best first, as sets of the first 10 and all 50."""
    index = faiss.IndexFlatIP(vectors.shape[1])
    index.add(vectors)
    return list(index.search(questions, _DEPTH)[1])


def _measure(kind: str, vectors: Vectors, questions: Vectors, exact: Sequence[Sequence[int]]) -> None:
    count, dim = vectors.shape
    lists = 2 ** round(np.log2(4 * np.sqrt(count)))
    began = time.process_time()
    index = faiss.index_factory(dim, kind.replace("IVF", f"IVF{lists}"), faiss.METRIC_INNER_PRODUCT)
    if "HNSW" in kind:
        index.hnsw.efConstruction = 80
    if "IVF" in kind:  # the defaults train for minutes
        index.cp.niter, index.cp.max_points_per_centroid = 10, 64
    index.train(vectors[:: 1 + count // _TRAINED] if "PQ" in kind else vectors)
    index.add(vectors)
    built = time.process_time() - began
    size = len(faiss.serialize_index(index)) / 1e6
    sample = vectors[:1000]
    if "IVF" in kind:
        index.make_direct_map()
    error = np.abs((index.reconstruct_n(0, len(sample)) - sample) @ questions.T).max()
    for breadth in _KINDS[kind]:
        if "IVF" in kind:
            index.nprobe = breadth
        elif "Refine" in kind:
            index.k_factor = breadth
        elif breadth:
            index.hnsw.efSearch = breadth
        for question in questions[:5]:
            index.search(question[None], _DEPTH)
        times, found = [], []
        for question in questions:
            start = time.process_time()
            found.append(index.search(question[None], _DEPTH)[1][0])
            times.append(1000 * (time.process_time() - start))
        recalls = [
            np.mean([len(set(f[:k]) & set(e[:k])) / k for f, e in zip(found, exact, strict=True)]) for k in (_K, _DEPTH)
        ]
        print(
            f"{count:>8}  {kind:<24} {breadth or '':>8} {built:>8.1f} {size:>6.0f} {np.median(times):>10.2f}"
            f" {np.percentile(times, 95):>6.2f} {recalls[0]:>10.3f} {recalls[1]:>10.3f} {error:>8.1e}",
            flush=True,
        )


if __name__ == "__main__":
    main()
