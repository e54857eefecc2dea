"""How do the passages of a generation become searchable? Vectors and words, made from the same text in one pass.

With several workers, blocks of passages are worked on in processes of their own, which write vectors into the rows
that are theirs and hand back the words; in a large collection, the first blocks while later pages are still read.
"""

from __future__ import annotations

import os
import sys
import threading
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ProcessPoolExecutor, ThreadPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import closing, contextmanager
from dataclasses import dataclass
from functools import cached_property, partial
from itertools import groupby, pairwise
from multiprocessing import get_context, parent_process
from operator import itemgetter
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from pydantic import TypeAdapter

from index.disk.arrays import new_table, set_length, write_rows
from index.disk.passages import PassageTable, load_passages
from index.disk.records import ItemWriter
from index.embedding import Embedder, StaticEmbedder, Vectors, load_embedder
from index.errors import StoreError
from index.reading.copies import Cutter
from index.schema import Article, Passage
from index.search.bm25_build import Block, PostingsWriter, count_words
from index.search.dense import write_codes
from index.search.vector_cache import KEY_BYTES, Known, KnownVectors, keys_of
from index.search.vectors import FEW, new_many_vectors, new_vectors
from index.store.opened import ARTICLES, CODES, COPIES, KEYS, LEXICAL, PASSAGES, VECTORS, open_articles, search_text

__all__ = ["EarlyWorkers", "Progress", "write_lexical", "write_searches"]

Progress = Callable[[str, int, int], None]
"""Called with the step's name, how much is done, and how much there is."""

_BLOCK = 8_192  # passages that are worked on at a time; their words take some 50 MB
_BATCH = 256  # passages embedded between two progress reports
_WORTH_WORKERS = 20_000  # passages; starting processes takes some seconds
_ARTICLE = TypeAdapter(Article)


@dataclass(frozen=True, slots=True)
class _Cut:
    """Passages of articles whose file has no index yet.

    Attributes:
        begin: Where the articles begin in their file, and the last one ends.
        places: (3, passages) int32: which of these articles, start, end.
    """

    begin: list[int]
    places: NDArray[np.int32]


@dataclass(frozen=True, slots=True)
class _Task:
    """A range of passages, and what to make for them."""

    first: int
    last: int
    vectors: bool = True
    cut: _Cut | None = None


@dataclass(frozen=True, slots=True)
class _Done:
    """How many passages a task had, how many vectors were known, and the words."""

    passages: int
    known: int
    words: Block


class EarlyWorkers:
    """Processes that work on the first blocks of passages while later pages are read; a context manager.

    They are started when there is enough to do, and only for a model that is one table: another one has threads of its
    own.

    Args:
        folder: That of the generation.
        embedder: The model.
        model: How it is named in the settings.
        known: Returns vectors that need not be made.
        workers: How many.
    """

    def __init__(self, folder: Path, embedder: Embedder, model: str, known: Callable[[], Known], workers: int) -> None:
        self._folder, self._dim = folder, embedder.dim
        self._next = _enough() if _are_worth_it(embedder, workers) else sys.maxsize
        self._start = partial(_pool, folder, model, known, workers)
        self._most = workers + 1  # blocks that wait or are worked on
        self._at_work: deque[Future[_Done]] = deque()
        self.pool: ProcessPoolExecutor | None = None
        self.first = 0
        """The passage that no block has yet."""
        self.made = _Made(folder)

    def __enter__(self) -> EarlyWorkers:
        return self

    def __exit__(self, *error: object) -> None:
        if self.pool:
            self.pool.shutdown(cancel_futures=True)

    def follow(self, cutter: Cutter, articles: ItemWriter[Article]) -> None:
        """Give out the blocks that are full; waits where the workers are behind."""
        if len(cutter) < self._next:
            return
        if self.pool is None:
            new_table(self._folder / KEYS, (0, KEY_BYTES), np.uint8)
            new_many_vectors(self._folder / VECTORS, self._dim)
            self.pool = self._start()
        while len(cutter) - self.first >= _BLOCK:
            last = self.first + _BLOCK
            self._take(self._most - 1)
            self._at_work.append(
                self.pool.submit(_work, _Task(self.first, last, cut=_cut(cutter, articles, self.first, last)))
            )
            self.first = last
        self._next = self.first + _BLOCK

    def finish(self) -> None:
        """Wait for what was given out."""
        self._take(0)

    def _take(self, left: int) -> None:
        """Take in what is done, in order, and wait until only so many are left."""
        with _told_of_death():
            while self._at_work and (len(self._at_work) > left or self._at_work[0].done()):
                self.made.add(self._at_work.popleft().result())


def _cut(cutter: Cutter, articles: ItemWriter[Article], first: int, last: int) -> _Cut:
    places = cutter.table(first, last)
    low, high = int(places[0, 0]), int(places[0, -1]) + 1
    places[0] -= low
    return _Cut(articles.stretch(low, high), places)


class _Made:
    """What was made of the blocks so far."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder / LEXICAL
        self._words: PostingsWriter | None = None
        self.passages = self.known = 0

    def add(self, done: _Done) -> None:
        """Take the next block."""
        self._writer().add(done.words)
        self.passages += done.passages
        self.known += done.known

    def finish(self) -> None:
        """Write the index of the words."""
        self._writer().finish()

    def _writer(self) -> PostingsWriter:
        if self._words is None:
            self._folder.mkdir(exist_ok=True)
            self._words = PostingsWriter(self._folder)
        return self._words


def write_searches(
    folder: Path,
    count: int,
    embedder: Embedder,
    model: str,
    *,
    known: Callable[[], Known] = KnownVectors,
    progress: Progress | None = None,
    workers: int = 1,
    early: EarlyWorkers | None = None,
) -> int:
    """Write the vectors and the words of a generation whose texts are written.

    Args:
        folder: The folder of the generation.
        count: How many passages it has.
        embedder: The model.
        model: How it is named in the settings, for other processes.
        known: Returns vectors that need not be made, in each process.
        progress: Told about the work, or None.
        workers: How many processes to use; one alone unless the model is a table, for others use all processors.
        early: Who worked on the first passages already.

    Returns:
        How many vectors were known.

    Raises:
        OSError: The disk is full.
    """
    if early and early.pool:
        early.finish()
        set_length(folder / KEYS, count)
        set_length(folder / VECTORS, count)
        made, done = early.made, _shared_out(early.pool, _tasks(count, vectors=True, first=early.first))
    else:
        new_table(folder / KEYS, (count, KEY_BYTES), np.uint8)
        new_vectors(folder / VECTORS, count, embedder.dim)
        tasks, made = _tasks(count, vectors=True), _Made(folder)
        if count >= _WORTH_WORKERS and _are_worth_it(embedder, workers):
            done = _in_processes(tasks, folder, model, known, workers)
        else:
            done = _here(tasks, _Worker(folder, embedder, known()), progress, count)
    _collect(made, done, progress, count)
    with ThreadPoolExecutor(1) as beside:
        codes = beside.submit(write_codes, folder / VECTORS, folder / CODES)  # which leaves Python to others
        made.finish()
        codes.result()
    return made.known


def write_lexical(folder: Path, count: int) -> None:
    """Write the words only.

    Raises:
        OSError: The disk is full.
    """
    made = _Made(folder)
    _collect(made, _here(_tasks(count, vectors=False), _Worker(folder, None, KnownVectors()), None, count), None, count)
    made.finish()


def _tasks(count: int, *, vectors: bool, first: int = 0) -> list[_Task]:
    return [_Task(at, min(at + _BLOCK, count), vectors) for at in range(first, count, _BLOCK)]


def _are_worth_it(embedder: Embedder, workers: int) -> bool:
    return workers > 1 and isinstance(embedder, StaticEmbedder)


def _enough() -> int:
    """Passages from which on workers are worth it, and it is known how precisely vectors are kept."""
    return max(_WORTH_WORKERS, FEW + 1)


def _collect(made: _Made, done: Iterator[_Done], progress: Progress | None, count: int) -> None:
    with closing(done):  # type: ignore[type-var]  # generators, which an iterator need not be
        for each in done:
            made.add(each)
            if progress:
                progress("embed", made.passages, count)


class _Worker:
    """Works on tasks: reads the texts, embeds those that are new, counts the words."""

    def __init__(self, folder: Path, embedder: Embedder | None, known: Known) -> None:
        self._folder, self._embedder, self._known = folder, embedder, known

    @cached_property
    def _passages(self) -> PassageTable:
        return load_passages(open_articles(self._folder), self._folder / PASSAGES, self._folder / COPIES)

    def work(self, task: _Task, report: Callable[[int], None]) -> _Done:
        """Do a task; ``report`` is told how many passages of it are embedded."""
        found = self._read(task.cut) if task.cut else self._passages.each(task.first, task.last)
        texts = [search_text(passage, article) for passage, article in found]
        known = 0
        if task.vectors:
            vectors, known = self._embed(texts, report)
            write_rows(self._folder / KEYS, task.first, keys_of(texts))
            write_rows(self._folder / VECTORS, task.first, vectors)
        return _Done(len(texts), known, count_words(texts))

    def _read(self, cut: _Cut) -> Iterator[tuple[Passage, Article]]:
        """Passages with their articles, each of which is decoded once."""
        with (self._folder / ARTICLES).open("rb") as stream:
            stream.seek(cut.begin[0])
            lines = [stream.read(end - begin) for begin, end in pairwise(cut.begin)]
        for place, rows in groupby(cut.places.T.tolist(), key=itemgetter(0)):
            article = _ARTICLE.validate_json(lines[place])
            for _, start, end in rows:
                yield (
                    Passage(f"{article.article_id}:{start}", article.article_id, article.text[start:end], start, end),
                    article,
                )

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
    with _pool(folder, model, known, workers) as pool:
        yield from _shared_out(pool, tasks)


def _pool(folder: Path, model: str, known: Callable[[], Known], workers: int) -> ProcessPoolExecutor:
    return ProcessPoolExecutor(workers, get_context("spawn"), _begin, (folder, model, known))


def _shared_out(pool: ProcessPoolExecutor, tasks: Sequence[_Task]) -> Iterator[_Done]:
    try:
        with _told_of_death():
            yield from pool.map(_work, tasks)
    finally:
        pool.shutdown(cancel_futures=True)


@contextmanager
def _told_of_death() -> Iterator[None]:
    try:
        yield
    except BrokenProcessPool as error:
        raise StoreError(
            "A process that embeds was ended by the system, perhaps for want of memory.",
            "Run it again with --workers 1.",
        ) from error


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
