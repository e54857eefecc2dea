"""How does a finished store get into Milvus? Into fresh collections, and one switch of a name at the end.

Readers keep what they opened; who opens the name sees the generation before or the new one, never a mixture. The one
before stays until the next push, for readers that have not opened the new one yet. What a push that died left behind
was never named, and the next push removes it. Two pushes of one name at a time are not kept apart: the later one takes
the other's collections for such remains, and the other ends with an error.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from itertools import chain
from typing import Any

import numpy as np
from numpy.typing import NDArray
from pydantic import TypeAdapter

from index.disk.passages import PassageTable
from index.disk.records import Items
from index.errors import StoreError
from index.milvus.client import AT_ONCE, Engine, connect
from index.milvus.layout import (
    ABOUT,
    NO_WORD,
    RECORD_COLUMNS,
    RECORD_INDEXES,
    About,
    Generation,
    Section,
    Setup,
    day_number,
    generations_of,
    number_of,
    passage_columns,
    passage_indexes,
    pieces_of,
    places_elsewhere,
    record,
    word_key,
)
from index.milvus.reader import read_about
from index.schema import Article, Copy, Page, Passage
from index.search.bm25 import LexicalIndex, hash_word
from index.store.address import parse_address
from index.store.opened import Manifest, Store

__all__ = ["Progress", "drop_generations", "push_store"]

Progress = Callable[[str, int, int], None]
"""Called with the step's name, how much is done, and how much there is."""

_BYTES_AT_ONCE = 4_000_000  # of a call, roughly; Milvus takes 64 MB
_POSTINGS_AT_ONCE = 20_000_000  # that are turned round in memory, half a gigabyte
_PAGE, _ARTICLE, _COPIES = TypeAdapter(Page), TypeAdapter(Article), TypeAdapter(tuple[Copy, ...])

Row = dict[str, Any]


def push_store(
    store: Store,
    text: str,
    setup: Setup | None = None,
    *,
    token: str = "",
    other_model: bool = False,
    progress: Progress | None = None,
    patience: float | None = None,
) -> Manifest:
    """Copy an open store of this machine into Milvus and let its name stand for the copy.

    Args:
        store: An open store.
        text: An address, see :func:`index.store.address.parse_address`.
        setup: How Milvus shall hold it.
        token: The login, where the address has none.
        other_model: Whether it may follow a generation that was built with another model.
        progress: Told about the work, or None.
        patience: Seconds until the engine is said not to answer; ten when None.

    Returns:
        The manifest of the new generation.

    Raises:
        StoreError: Milvus does not answer or refuses, the name belongs to something else, or to a store of another
            model. Whatever the name stood for before, it stands for still.
    """
    engine = connect(parse_address(text, token), patience)
    try:
        return _Push(engine, store, setup or Setup(), progress or (lambda step, done, total: None)).run(
            other_model=other_model
        )
    finally:
        engine.close()


def drop_generations(text: str, *, token: str = "", patience: float | None = None) -> int:
    """Remove every generation but the one in use, to win the memory back once all readers have opened that.

    Returns:
        How many were removed.

    Raises:
        StoreError: Milvus does not answer, or refuses.
    """
    engine = connect(parse_address(text, token), patience)
    try:
        target = engine.target()
        return _drop(engine, [each for each in _generations(engine) if each.passages != target])
    finally:
        engine.close()


class _Push:
    """One store on its way into one engine."""

    def __init__(self, engine: Engine, store: Store, setup: Setup, progress: Progress) -> None:
        passages, articles, lexical = store.passages, store.articles, store.lexical
        pages = store.pages
        if not (
            isinstance(passages, PassageTable)
            and isinstance(articles, Items)
            and isinstance(pages, Items)
            and isinstance(lexical, LexicalIndex)
        ):
            raise StoreError(f"{store.path} lies in Milvus itself.", "Push the store on disk that it came from.")
        self._engine, self._store, self._setup, self._progress = engine, store, setup, progress
        self._passages, self._articles, self._pages, self._lexical = passages, articles, pages, lexical
        self._generation = Generation.new(engine.address.collection)

    def run(self, *, other_model: bool) -> Manifest:
        before = self._before(other_model=other_model)
        _drop(self._engine, [each for each in _generations(self._engine) if each.passages > (before or "")])
        try:
            manifest = self._write()
            self._engine.switch(self._generation.passages)
        except BaseException:  # an interrupted push leaves nothing behind either, while Milvus can be reached
            with suppress(StoreError):
                if self._engine.target() != self._generation.passages:
                    _drop(self._engine, [self._generation])
            raise
        kept = {self._generation.passages, before}
        _drop(self._engine, [each for each in _generations(self._engine) if each.passages not in kept])
        return manifest

    def _before(self, *, other_model: bool) -> str | None:
        """The generation in use, after looking whether this store may follow it."""
        address, target = self._engine.address, self._engine.target()
        if target is None:
            if address.collection in self._engine.collections():
                raise StoreError(f"{address} is there, but is no store of ours.", "Give another collection's name.")
            return None
        if not (found := generations_of(address.collection, [target])):
            raise StoreError(f"{address} is there, but is no store of ours.", "Give another collection's name.")
        there, ours = read_about(self._engine, found[0]).manifest, self._store.manifest
        same = (there.model_fingerprint, there.dim) == (ours.model_fingerprint, ours.dim)
        if not (same or other_model):
            raise StoreError(
                f"{address} was built with the model {there.settings.model!r} ({there.dim} dims), "
                f"{self._store.path} with {ours.settings.model!r} ({ours.dim} dims).",
                "Give another collection's name, or allow the other model.",
            )
        return target

    def _write(self) -> Manifest:
        engine, generation, setup = self._engine, self._generation, self._setup
        manifest = self._manifest()
        about = f"wenju: {engine.address.collection}, built {manifest.built_at}"
        columns = passage_columns(manifest.dim)
        engine.create(generation.passages, columns, setup.shards, about, mapped=setup.mapped)
        engine.create(generation.records, RECORD_COLUMNS, setup.shards, about, mapped=True)
        self._insert("passages", generation.passages, self._passage_rows(), manifest.passages)
        total = manifest.articles + 2 * manifest.pages
        self._insert("articles", generation.records, chain(self._article_rows(), self._page_rows()), total)
        self._insert("words", generation.records, self._word_rows(), len(self._lexical.postings()[0]) - 1)
        self._insert("finish", generation.records, self._about_rows(manifest), 1)
        engine.finish(generation.records, RECORD_INDEXES, setup.replicas)
        engine.finish(generation.passages, passage_indexes(setup, lists=not engine.address.local), setup.replicas)
        if (there := engine.count(generation.passages)) != manifest.passages:
            raise StoreError(f"{engine.address} took {there} of {manifest.passages} passages.", "Push it again.")
        return manifest

    def _manifest(self) -> Manifest:
        """That of the store, less what tells of its files; a generation of its own, as readers tell them by the name.

        Two pushes of one store are two generations: the collections of the first go away some time.
        """
        own = {"generation": self._generation.passages, "files": {}, "hashes": {}, "seal": ""}
        return self._store.manifest.model_copy(update=own)

    def _insert(self, step: str, collection: str, rows: Iterable[Row], total: int) -> None:
        done = 0
        for batch in _batches(rows):
            self._engine.insert(collection, batch)
            done += len(batch)
            self._progress(step, min(done, total), total)

    def _passage_rows(self) -> Iterator[Row]:
        vectors = _by_block(len(self._passages), self._store.dense.vectors)
        cut = self._passages.each(0, len(self._passages))
        sparse = _sparse_rows(self._lexical, len(self._passages))
        for row, ((passage, article), dense, words) in enumerate(zip(cut, vectors, sparse, strict=True)):
            others = [self._articles[copy.article_id] for copy in passage.copies]
            yield {
                "row": row,
                "dense": dense,
                "sparse": words or {NO_WORD: 1.0},
                "day": day_number(article.date),
                "kind": number_of(article.kind),
                "file": number_of(article.file),
                "elsewhere": places_elsewhere(article, others),
                "article": article.article_id,
                "start": passage.start,
                "end": passage.end,
                "copies": _copies_text(passage),
            }

    def _article_rows(self) -> Iterator[Row]:
        for number, article in enumerate(self._articles.each()):
            first, last = self._passages.of_articles(number, number + 1)
            text = _ARTICLE.dump_json(article).decode()
            yield from record(Section.ARTICLE + number, article.article_id, text, first, last - first)
        for row in np.unique(self._passages.copy_rows[0]):
            (passage,) = self._passages.at([int(row)])
            if _copies_text(passage) == "+":
                yield from record(Section.COPIES + int(row), passage.passage_id, _json_of_copies(passage))

    def _page_rows(self) -> Iterator[Row]:
        first = 0
        for number, page in enumerate(self._pages.each()):
            yield from record(Section.PAGE + number, page.file, _PAGE.dump_json(page).decode())
            (facts,) = self._store.catalog.pages(number, 1)
            told = json.dumps(facts, ensure_ascii=False)
            yield from record(Section.FACTS + number, page.file, told, first, facts["articles"])
            first += facts["articles"]

    def _word_rows(self) -> Iterator[Row]:
        held = np.diff(self._lexical.postings()[0])
        for number, word in enumerate(self._lexical.words()):
            (row,) = record(Section.WORD + number, word, "", count=int(held[number]))
            yield row | {"key": word_key(hash_word(word)), "name": ""}

    def _about_rows(self, manifest: Manifest) -> Iterator[Row]:
        catalog = self._store.catalog
        about = About(
            manifest=manifest,
            kinds=catalog.kinds(),
            days=catalog.days(),
            elsewhere=bool(len(self._passages.copy_rows[0])),
            search=self._setup.search,
        )
        return record(Section.ABOUT, ABOUT, about.model_dump_json())


def _generations(engine: Engine) -> list[Generation]:
    return generations_of(engine.address.collection, engine.collections())


def _drop(engine: Engine, generations: Iterable[Generation]) -> int:
    """Remove generations; never the one that the name stands for."""
    dropped = 0
    for generation in generations:
        if generation.passages != engine.target():
            for collection in (generation.passages, generation.records):
                engine.drop(collection)
            dropped += 1
    return dropped


def _batches(rows: Iterable[Row]) -> Iterator[list[Row]]:
    """Rows in batches that one call may send."""
    batch: list[Row] = []
    size = 0
    for row in rows:
        batch.append(row)
        size += _size(row)
        if len(batch) >= AT_ONCE or size >= _BYTES_AT_ONCE:
            yield batch
            batch, size = [], 0
    if batch:
        yield batch


def _size(row: Row) -> int:
    """Roughly the bytes of a row on its way."""
    texts = sum(len(value.encode()) for value in row.values() if isinstance(value, str))
    return texts + 4 * len(row.get("dense", ())) + 8 * len(row.get("sparse", ())) + 64


def _by_block(count: int, read: Callable[[Any], NDArray[np.float32]]) -> Iterator[NDArray[np.float32]]:
    for start in range(0, count, AT_ONCE):
        yield from read(np.arange(start, min(start + AT_ONCE, count)))


def _sparse_rows(lexical: LexicalIndex, count: int) -> Iterator[dict[int, float]]:
    """Per passage, in row order, its words' dimensions and what each adds to its score.

    The index has them by word. They are turned round a range of rows at a time; in each word's postings the rows rise,
    so the end of the range is found by halving, in all words at once.
    """
    starts, rows, scores = lexical.postings()
    step = max(AT_ONCE, count * _POSTINGS_AT_ONCE // max(1, len(rows)))
    low = np.asarray(starts[:-1])
    for first in range(0, count, step):
        last = min(first + step, count)
        high = _halve(rows, low, np.asarray(starts[1:]), last)
        words = np.repeat(np.arange(len(low)), high - low)
        places = np.repeat(high - np.cumsum(high - low), high - low) + np.arange(len(words))
        held = np.asarray(rows[places])
        order = np.argsort(held, kind="stable")
        ends = np.searchsorted(held[order], np.arange(first, last + 1))
        dimensions, values = (words[order] + 1).tolist(), np.asarray(scores[places])[order].tolist()
        for begin, end in zip(ends[:-1].tolist(), ends[1:].tolist(), strict=True):
            yield dict(zip(dimensions[begin:end], values[begin:end], strict=True))
        low = high


def _halve(rows: NDArray[Any], low: NDArray[np.int64], high: NDArray[np.int64], bound: int) -> NDArray[np.int64]:
    """Per word the first posting between ``low`` and ``high`` whose row is ``bound`` or more; ``high`` without one."""
    low, high = low.copy(), high.copy()
    while (open_ := np.flatnonzero(low < high)).size:
        middle = (low[open_] + high[open_]) // 2
        below = rows[middle] < bound
        low[open_[below]] = middle[below] + 1
        high[open_[~below]] = middle[~below]
    return low


def _copies_text(passage: Passage) -> str:
    if not passage.copies:
        return ""
    text = _json_of_copies(passage)
    return text if len(pieces_of(text)) == 1 else "+"


def _json_of_copies(passage: Passage) -> str:
    return _COPIES.dump_json(passage.copies).decode()
