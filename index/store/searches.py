"""How do the passages of a generation become searchable? Vectors and words, made from the same text in one pass.

With several workers, blocks of passages are worked on in processes of their own, which write vectors into the rows
that are theirs and hand back the words.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import closing
from dataclasses import dataclass
from multiprocessing import get_context, parent_process
from pathlib import Path
from typing import Any

import numpy as np

from index.disk.arrays import new_table, write_rows
from index.disk.passages import load_passages
from index.embedding import Embedder, StaticEmbedder, Vectors, load_embedder
from index.errors import StoreError
from index.search.bm25_build import Block, PostingsWriter, count_words
from index.search.dense import write_codes
from index.search.vector_cache import KEY_BYTES, Known, KnownVectors, keys_of
from index.search.vectors import new_vectors
from index.store.opened import CODES, COPIES, KEYS, LEXICAL, PASSAGES, VECTORS, open_articles, search_text

__all__ = ["Progress", "write_lexical", "write_searches"]

Progress = Callable[[str, int, int], None]
"""Called with the step's name, how much is done, and how much there is."""

_BLOCK = 8_192  # passages that are worked on at a time; their words take some 50 MB
_BATCH = 256  # passages embedded between two progress reports
_WORTH_WORKERS = 20_000  # passages; starting processes takes some seconds


@dataclass(frozen=True, slots=True)
class _Task:
    """A range of passages, and what to make for them."""

    first: int
    last: int
    vectors: bool = True


@dataclass(frozen=True, slots=True)
class _Done:
    """How many passages a task had, how many vectors were known, and the words."""

    passages: int
    known: int
    words: Block


def write_searches(
    folder: Path,
    count: int,
    embedder: Embedder,
    model: str,
    *,
    known: Callable[[], Known] = KnownVectors,
    progress: Progress | None = None,
    workers: int = 1,
) -> int:
    """Write the vectors and the words of a generation whose texts are written.

    Args:
        folder: The folder of the generation.
        count: How many passages it has.
        embedder: The model.
        model: Its setting, from which a worker loads it.
        known: Returns vectors that need not be made again; a function that another process can import.
        progress: Told about the work, or None.
        workers: Processes that share the work where it is much. A model other than a static one keeps all processors
            busy by itself, and is used in this process only.

    Returns:
        How many vectors were known.

    Raises:
        OSError: The disk is full.
    """
    new_table(folder / KEYS, (count, KEY_BYTES), np.uint8)
    new_vectors(folder / VECTORS, count, embedder.dim)
    tasks = _tasks(count, vectors=True)
    if workers > 1 and count >= _WORTH_WORKERS and isinstance(embedder, StaticEmbedder):
        done = _in_processes(tasks, folder, model, known, workers)
    else:
        done = _here(tasks, _Worker(folder, embedder, known()), progress, count)
    reused = _collect(folder, done, progress, count)
    write_codes(folder / VECTORS, folder / CODES)
    return reused


def write_lexical(folder: Path, count: int) -> None:
    """Write the words only.

    Raises:
        OSError: The disk is full.
    """
    tasks = _tasks(count, vectors=False)
    _collect(folder, _here(tasks, _Worker(folder, None, KnownVectors()), None, count), None, count)


def _tasks(count: int, *, vectors: bool) -> list[_Task]:
    return [_Task(first, min(first + _BLOCK, count), vectors) for first in range(0, count, _BLOCK)]


def _collect(folder: Path, done: Iterator[_Done], progress: Progress | None, count: int) -> int:
    """Merge the words of all tasks; how many vectors were known."""
    (folder / LEXICAL).mkdir(exist_ok=True)
    words = PostingsWriter(folder / LEXICAL)
    passages = known = 0
    with closing(done):  # type: ignore[type-var]  # generators, which an iterator need not be
        for each in done:
            words.add(each.words)
            passages += each.passages
            known += each.known
            if progress:
                progress("embed", passages, count)
    words.finish()
    return known


class _Worker:
    """Works on tasks: reads the texts, embeds those that are new, counts the words."""

    def __init__(self, folder: Path, embedder: Embedder | None, known: Known) -> None:
        self._folder, self._embedder, self._known = folder, embedder, known
        self._passages = load_passages(open_articles(folder), folder / PASSAGES, folder / COPIES)

    def work(self, task: _Task, report: Callable[[int], None]) -> _Done:
        """Do a task; ``report`` is told how many passages of it are embedded."""
        texts = [search_text(passage, article) for passage, article in self._passages.each(task.first, task.last)]
        found = 0
        if task.vectors:
            vectors, found = self._embed(texts, report)
            write_rows(self._folder / KEYS, task.first, keys_of(texts))
            write_rows(self._folder / VECTORS, task.first, vectors)
        return _Done(len(texts), found, count_words(texts))

    def _embed(self, texts: Sequence[str], report: Callable[[int], None]) -> tuple[Vectors, int]:
        """(len(texts), dim) float32, and how many of them were known."""
        assert self._embedder is not None  # noqa: S101  # only words are counted without one
        vectors: Vectors = np.zeros((len(texts), self._embedder.dim), np.float32)
        rows = self._known.find(texts)
        old, new = np.flatnonzero(rows >= 0), np.flatnonzero(rows < 0)
        if len(old):
            vectors[old] = self._known.vectors(rows[old])
        for start in range(0, len(new), _BATCH):
            batch = new[start : start + _BATCH]
            vectors[batch] = self._embedder.encode_documents([texts[place] for place in batch])
            report(len(old) + start + len(batch))
        return vectors, len(old)


def _here(tasks: Sequence[_Task], worker: _Worker, progress: Progress | None, count: int) -> Iterator[_Done]:
    for task in tasks:

        def report(embedded: int, first: int = task.first) -> None:
            if progress:
                progress("embed", first + embedded, count)

        yield worker.work(task, report)


def _in_processes(
    tasks: Sequence[_Task], folder: Path, model: str, known: Callable[[], Known], workers: int
) -> Iterator[_Done]:
    with ProcessPoolExecutor(workers, get_context("spawn"), _begin, (folder, model, known)) as pool:
        try:
            yield from pool.map(_work, tasks)
        except BrokenProcessPool as error:
            raise StoreError(
                "A process that embeds was ended by the system, perhaps for want of memory.",
                "Run it again with --workers 1.",
            ) from error
        finally:
            pool.shutdown(cancel_futures=True)


_own: list[_Worker] = []  # of a worker process


def _begin(folder: Path, model: str, known: Callable[[], Known]) -> None:
    os.environ["TOKENIZERS_PARALLELISM"] = "false"  # the processors are shared out already
    threading.Thread(target=_end_with_parent, daemon=True).start()
    _own.append(_Worker(folder, load_embedder(model), known()))


def _work(task: _Task) -> _Done:
    return _own[0].work(task, lambda embedded: None)


def _end_with_parent() -> None:
    """A worker whose builder was killed would wait for work for ever."""
    parent: Any = parent_process()
    parent.join()
    os._exit(1)
