"""How does our store compare with LangChain's stock FAISS recipe and with milvus-lite, over the same passages?

Run: python -m benchmarks.stores WORK/100000 news_questions.jsonl --work OTHER

The first argument is a folder that ``benchmarks.scale`` has left: pages and the store built from them. All three get
the same passages and the same embedding model, on this machine in one run, one after the other. Ours is built from the
page files, so its time has the reading, the cutting and the word index in it; the others are handed finished texts.
``stock`` keeps vectors only, ``milvus-lite`` vectors and BM25 with its own Chinese tokenizer, fused by rank. Times are
of one question at a time, k = 10. Memory is told as ``benchmarks.scale`` tells it.
"""

from __future__ import annotations

import argparse
import json
import shutil
import time
import warnings
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import faiss

from benchmarks.scale import times, watched
from index.build import build_store
from index.config import IndexConfig
from index.embedding import load_embedder
from index.store.opened import open_store, search_text
from rag.retrieval.retriever import search

_K, _BATCH = 10, 1_000


def main(argv: Sequence[str] | None = None) -> None:
    """Build and ask each, print what it took."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("scale", type=Path, help="a folder of benchmarks.scale")
    parser.add_argument("questions", type=Path, help="questions, .jsonl")
    parser.add_argument("--work", type=Path, required=True, help="folder for the stores that are built")
    parser.add_argument("--count", type=int, default=100, help="questions asked (default: 100)")
    parser.add_argument("--only", nargs="+", choices=list(_STORES), default=list(_STORES))
    args = parser.parse_args(argv)
    lines = args.questions.read_text(encoding="utf-8").splitlines()[: args.count + 5]
    texts = [json.loads(line)["question"] for line in lines]
    for name in args.only:
        build, ask = _STORES[name]
        folder = args.work / name
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
        print(json.dumps({"store": name, **watched(_timed, build, args.scale, folder)}), flush=True)
        print(json.dumps({"store": name, **watched(_asked, ask, folder, texts)}), flush=True)


def _timed(build: Callable[[Path, Path], int], scale: Path, folder: Path) -> dict[str, Any]:
    start = time.perf_counter()
    count = build(scale, folder)
    seconds = time.perf_counter() - start
    size = sum(file.stat().st_size for file in folder.rglob("*") if file.is_file())
    return {"passages": count, "build_s": round(seconds, 1), "disk_mb": round(size / 1e6, 1)}


def _asked(ask: Callable[[Path], dict[str, Callable[[str], object]]], folder: Path, texts: Sequence[str]) -> Any:
    faiss.omp_set_num_threads(1)
    start = time.perf_counter()
    ways = ask(folder)
    told: dict[str, Any] = {"open_s": round(time.perf_counter() - start, 2)}
    return told | {f"{name}_ms": times(way, texts, 1) for name, way in ways.items()}


def _build_ours(scale: Path, folder: Path) -> int:
    return build_store(scale / "pages.jsonl", folder, IndexConfig(), workers=2).passages


def _ask_ours(folder: Path) -> dict[str, Callable[[str], object]]:
    store = open_store(folder)
    return {
        "dense": lambda text: store.dense.search(store.embedder.encode_query(text), _K),
        "fused": lambda text: search(store, text, _K, legs="ranks"),
        "learned": lambda text: search(store, text, _K, read=False),
    }


def _build_stock(scale: Path, folder: Path) -> int:
    made, count = None, 0
    for texts, metadatas in _passages(scale):
        if made is None:
            made = _faiss().from_texts(texts, load_embedder("builtin"), metadatas)
        else:
            made.add_texts(texts, metadatas)
        count += len(texts)
    made.save_local(str(folder))
    return count


def _ask_stock(folder: Path) -> dict[str, Callable[[str], object]]:
    made = _faiss().load_local(str(folder), load_embedder("builtin"), allow_dangerous_deserialization=True)
    return {"dense": lambda text: made.similarity_search(text, k=_K)}


def _build_milvus(scale: Path, folder: Path) -> int:
    made, count = _milvus(folder), 0
    for texts, metadatas in _passages(scale):
        made.add_texts(texts, metadatas)
        count += len(texts)
    made.client.flush("kb")
    return count


def _ask_milvus(folder: Path) -> dict[str, Callable[[str], object]]:
    from pymilvus import Function, FunctionType

    made = _milvus(folder)
    rank = Function(
        name="rrf",
        input_field_names=[],
        function_type=FunctionType.RERANK,
        params={"reranker": "rrf", "k": 60},
    )
    return {"fused": lambda text: made.similarity_search(text, k=_K, reranker=rank)}


def _faiss() -> Any:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the package announces its own retirement
        from langchain_community.vectorstores import FAISS
    return FAISS


def _milvus(folder: Path) -> Any:
    from langchain_milvus import BM25BuiltInFunction, Milvus

    return Milvus(
        load_embedder("builtin"),
        builtin_function=BM25BuiltInFunction(analyzer_params={"tokenizer": {"type": "jieba", "mode": "search"}}),
        vector_field=["dense", "sparse"],
        collection_name="kb",
        connection_args={"uri": str(folder / "kb.db")},
        consistency_level="Strong",
        index_params=[
            {"index_type": "HNSW", "metric_type": "COSINE", "params": {"M": 16, "efConstruction": 64}},
            {"index_type": "SPARSE_INVERTED_INDEX", "metric_type": "BM25", "params": {}},
        ],
        search_params=[{"metric_type": "COSINE", "params": {"ef": 64}}, {"metric_type": "BM25", "params": {}}],
    )


def _passages(scale: Path) -> Iterator[tuple[list[str], list[dict[str, Any]]]]:
    """Texts and what is known of them, in batches."""
    store = open_store(scale / "store")
    for batch in _batches(store.passages.values()):
        articles = [store.articles[passage.article_id] for passage in batch]
        pairs = list(zip(batch, articles, strict=True))
        facts = [{"id": passage.passage_id, "file": article.file} for passage, article in pairs]
        yield [search_text(passage, article) for passage, article in pairs], facts


def _batches(items: Any) -> Iterator[list[Any]]:
    batch: list[Any] = []
    for item in items:
        batch.append(item)
        if len(batch) == _BATCH:
            yield batch
            batch = []
    if batch:
        yield batch


_STORES = {
    "ours": (_build_ours, _ask_ours),
    "stock": (_build_stock, _ask_stock),
    "milvus-lite": (_build_milvus, _ask_milvus),
}

if __name__ == "__main__":
    main()
