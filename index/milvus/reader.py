"""How is a generation inside Milvus opened as a store? Both legs search in the engine; what is read is read by key.

Nothing of a size that grows with the collection is loaded: pages, articles, passages and words are fetched as they are
asked for, many in one call, and a few thousand of each are kept.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence, ValuesView
from functools import lru_cache
from typing import Any, TypeVar

import numpy as np
from pydantic import TypeAdapter

from index.embedding import Vectors, load_embedder
from index.errors import StoreError
from index.interfaces import Passages
from index.milvus.client import AT_ONCE, Engine, connect
from index.milvus.layout import (
    ABOUT,
    About,
    Generation,
    Section,
    generations_of,
    record_key,
    where,
    where_elsewhere,
    word_key,
)
from index.milvus.records import Kept, Records, Values, decode, read_names, read_texts
from index.schema import Article, Copy, Filter, Kind, Page, Passage
from index.search.bm25 import hash_word, inverse_frequency
from index.store.address import parse_address
from index.store.opened import Store
from index.text import tokens

__all__ = ["milvus_generation", "open_milvus", "read_about"]

_PASSAGES_KEPT, _NAMES_KEPT = 2_048, 65_536  # names of passages, and words
_SELECTIONS = 64  # filters whose expression is kept
_NAMING = ("row", "article", "start")  # the columns that name a passage
_COPIES = TypeAdapter(tuple[Copy, ...])

T = TypeVar("T")


def open_milvus(text: str, model: str | None = None, *, token: str = "", patience: float | None = None) -> Store:
    """Open the generation that a name in Milvus stands for now.

    Args:
        text: An address, see :func:`index.store.address.parse_address`.
        model: The model that the caller expects, or None for whichever the store was built with.
        token: The login, where the address has none.
        patience: Seconds until the engine, now or in a later search, is said not to answer; ten when None.

    Raises:
        StoreError: Milvus does not answer, nothing of ours has that name, or it was built with another model.
        ModelError: The model it was built with cannot be loaded.
    """
    address = parse_address(text, token)
    engine = connect(address, patience)
    try:
        generation = _in_use(engine)
        about = read_about(engine, generation)
        manifest = about.manifest
        if model is not None and model != manifest.settings.model:
            raise StoreError(
                f"{address} was built with the model {manifest.settings.model!r} ({manifest.dim} dims), "
                f"the settings ask for {model!r}.",
                f"Push a store that was built with {model!r}, or leave out --model.",
            )
        embedder = load_embedder(manifest.settings.model)
        if (embedder.fingerprint, embedder.dim) != (manifest.model_fingerprint, manifest.dim):
            raise StoreError(
                f"The files of the model {manifest.settings.model!r} are not those that {address} was built with.",
                "Take the same files of the model, or build and push the store again.",
            )
    except BaseException:
        engine.close()
        raise
    pages = Records(engine, generation, Section.PAGE, manifest.pages, TypeAdapter(Page))
    articles = Records(engine, generation, Section.ARTICLE, manifest.articles, TypeAdapter(Article))
    passages = _Passages(engine, generation, manifest.passages, articles)
    return Store(
        path=str(address),
        manifest=manifest,
        embedder=embedder,
        pages=pages,
        articles=articles,
        passages=passages,
        dense=_Dense(engine, generation, about, passages),
        lexical=_Lexical(engine, generation, passages),
        catalog=_Catalog(engine, generation, about),
    )


def milvus_generation(text: str, *, token: str = "", patience: float | None = None) -> str:
    """The name of the generation in use, at the cost of two short calls: who serves questions looks for a newer one.

    Raises:
        StoreError: Milvus does not answer, or nothing of ours has that name.
    """
    engine = connect(parse_address(text, token), patience)
    try:
        return _in_use(engine).passages
    finally:
        engine.close()


def read_about(engine: Engine, generation: Generation) -> About:
    """What a generation tells of itself.

    Raises:
        StoreError: It is not finished, damaged, of another format, or gone.
    """
    for collection in (generation.passages, generation.records):
        engine.wake(collection)
    found = read_texts(engine, generation, Section.ABOUT, [ABOUT])
    try:
        told = json.loads(found[ABOUT])
        if isinstance(told, dict) and told.get("format") != About.model_fields["format"].default:
            raise StoreError(f"{engine.address} was written by another version of Wenju.", "Push the store again.")
        return About.model_validate(told)
    except (KeyError, ValueError) as error:  # ValidationError is one
        raise StoreError(f"{engine.address} does not tell what it holds.", "Push the store again.") from error


def _in_use(engine: Engine) -> Generation:
    target, name = engine.target(), engine.address.collection
    if target is not None and (found := generations_of(name, [target])):
        return found[0]
    if target is not None or name in engine.collections():
        raise StoreError(f"{engine.address} is there, but is no store of ours.", "Give another collection's name.")
    raise StoreError(f"There is no store in {engine.address}.", "Push one there first, see docs/milvus.md.")


class _Passages(Passages):
    """Passages by id, in row order; each is cut from its article."""

    def __init__(self, engine: Engine, generation: Generation, size: int, articles: Records[Article]) -> None:
        self._engine, self._generation, self._size, self._articles = engine, generation, size, articles
        self._names = Kept[int, str](_NAMES_KEPT, self._names_of)
        self._rows = Kept[str, int](_NAMES_KEPT, self._rows_of)
        self._kept = Kept[int, Passage](_PASSAGES_KEPT, self._fetch)

    def __len__(self) -> int:
        return self._size

    def __iter__(self) -> Iterator[str]:
        for start in range(0, self._size, AT_ONCE):
            rows = list(range(start, min(start + AT_ONCE, self._size)))
            names = self._names_of(rows)
            yield from (names[row] for row in rows)

    def __getitem__(self, passage_id: str) -> Passage:
        (passage,) = self.at([self.row(passage_id)])
        return passage

    def __contains__(self, passage_id: object) -> bool:
        return isinstance(passage_id, str) and passage_id in self._rows.many([passage_id])

    def values(self) -> ValuesView[Passage]:
        return Values(self, self.each)

    def at(self, rows: Sequence[int]) -> list[Passage]:
        return _in_order(self._kept.many(map(int, rows)), rows)

    def id_at(self, row: int) -> str:
        return _in_order(self._names.many([int(row)]), [row])[0]

    def row(self, passage_id: str) -> int:
        return self._rows.many([passage_id])[passage_id]

    def each(self) -> Iterator[Passage]:
        """All passages in order, not kept."""
        for start in range(0, self._size, AT_ONCE):
            rows = list(range(start, min(start + AT_ONCE, self._size)))
            fetched = self._fetch(rows)
            yield from (fetched[row] for row in rows)

    def note(self, rows: Iterable[Mapping[str, Any]]) -> None:
        """Keep the names of rows that a search found: all of them are asked for next, one by one."""
        names = {int(row["row"]): _name(row) for row in rows}
        self._names.keep(names)
        self._rows.keep({name: row for row, name in names.items()})

    def _fetch(self, rows: list[int]) -> dict[int, Passage]:
        found = self._engine.get(self._generation.passages, rows, (*_NAMING, "end", "copies"))
        articles = self._articles.many(row["article"] for row in found)
        copies = {_name(row): row["copies"] for row in found}
        long = [name for name, told in copies.items() if told == "+"]
        copies |= read_texts(self._engine, self._generation, Section.COPIES, long)
        return {int(row["row"]): self._passage(row, articles[row["article"]], copies[_name(row)]) for row in found}

    def _passage(self, row: Mapping[str, Any], article: Article, copies: str) -> Passage:
        start, end = int(row["start"]), int(row["end"])
        places = decode(self._engine, _COPIES, copies) if copies else ()
        return Passage(_name(row), article.article_id, article.text[start:end], start, end, places)

    def _names_of(self, rows: list[int]) -> dict[int, str]:
        found = self._engine.get(self._generation.passages, rows, _NAMING)
        return {int(row["row"]): _name(row) for row in found}

    def _rows_of(self, passage_ids: list[str]) -> dict[str, int]:
        """Rows of passages: those of an article follow one another, and its record tells the first."""
        articles = {name.rpartition(":")[0] for name in passage_ids}
        keys = [record_key(Section.ARTICLE, article) for article in articles]
        told = self._engine.get(self._generation.records, keys, ("first", "count"))
        rows = [row for each in told for row in range(each["first"], each["first"] + each["count"])]
        there = {name: row for row, name in self._names_of(rows).items()}
        return {name: there[name] for name in passage_ids if name in there}


class _Dense:
    """The leg that searches by meaning."""

    def __init__(self, engine: Engine, generation: Generation, about: About, passages: _Passages) -> None:
        self._engine, self._collection, self._passages = engine, generation.passages, passages
        self._dim, self._params = about.manifest.dim, about.search

    def __len__(self) -> int:
        return len(self._passages)

    def search(self, vector: Vectors, k: int, allowed: str | None = None) -> list[tuple[int, float]]:
        """Nearest vectors: pairs of row and cosine, highest first; equal cosines by row."""
        asked = [float(number) for number in vector]
        found = self._engine.search(self._collection, "dense", asked, k, allowed, params=self._params, columns=_NAMING)
        self._passages.note(row for _, row in found)
        return [(row, min(1.0, max(-1.0, cosine))) for row, cosine in _ranked(found)]

    def vectors(self, rows: Sequence[int]) -> Vectors:
        """The vectors of some rows: (len(rows), dim) float32."""
        wanted = list(dict.fromkeys(map(int, rows)))
        found = {int(row["row"]): row["dense"] for row in self._engine.get(self._collection, wanted, ("row", "dense"))}
        return np.asarray(_in_order(found, rows), np.float32).reshape(len(rows), self._dim)


class _Lexical:
    """The leg that searches by words.

    A passage's sparse vector holds what each word adds to its BM25 score, a question's how often it has each word; so
    their product is the score that the index on disk gives.
    """

    def __init__(self, engine: Engine, generation: Generation, passages: _Passages) -> None:
        self._engine, self._generation, self._passages = engine, generation, passages
        self._words = Kept[str, tuple[int, int]](_NAMES_KEPT, self._fetch)  # dimension, passages that hold it

    def __len__(self) -> int:
        return len(self._passages)

    def search(self, query: str, k: int, allowed: str | None = None) -> list[tuple[int, float]]:
        """Best passages for a query: pairs of row and BM25 score above 0, highest first; equal scores by row."""
        asked = self._vector(query)
        if not asked:
            return []
        found = self._engine.search(self._generation.passages, "sparse", asked, k, allowed, columns=_NAMING)
        self._passages.note(row for _, row in found)
        return [(row, score) for row, score in _ranked(found) if score > 0]

    def scores(self, query: str, rows: Sequence[int]) -> list[float]:
        """BM25 scores, 0.0 or more, of the passages of these rows."""
        wanted = list(dict.fromkeys(map(int, rows)))
        found: dict[int, float] = {}
        for start in range(0, len(wanted), AT_ONCE):
            part = wanted[start : start + AT_ONCE]
            found |= dict(self.search(query, len(part), f"row in {part}"))
        return [found.get(int(row), 0.0) for row in rows]

    def idf(self, word: str) -> float:
        """How telling a folded word is, see :meth:`index.search.bm25.LexicalIndex.idf`."""
        return inverse_frequency(self._words.many([word])[word][1], len(self))

    def _vector(self, query: str) -> dict[int, float]:
        counts = Counter(tokens(query))
        known = self._words.many(counts)
        return {known[word][0]: float(count) for word, count in counts.items() if known[word][1]}

    def _fetch(self, words: list[str]) -> dict[str, tuple[int, int]]:
        """Of every word its dimension and the passages that hold it; (0, 0) for a word that none holds."""
        keys = {word_key(hash_word(word)): word for word in words}
        found = dict.fromkeys(words, (0, 0))
        for row in self._engine.get(self._generation.records, list(keys), ("key", "place", "count")):
            found[keys[row["key"]]] = (int(row["place"]) - Section.WORD + 1, int(row["count"]))
        return found


class _Catalog:
    """What is known of the articles without reading them."""

    def __init__(self, engine: Engine, generation: Generation, about: About) -> None:
        self._engine, self._generation, self._about = engine, generation, about
        self._select = lru_cache(_SELECTIONS)(self._expression)

    @property
    def undated(self) -> int:
        """How many articles are of unknown date."""
        return self._about.manifest.undated or 0

    def kinds(self) -> list[Kind]:
        """The kinds of article that there are."""
        return list(self._about.kinds)

    def days(self) -> list[str]:
        """The days of publication that there are, in order."""
        return list(self._about.days)

    def select(self, wanted: Filter) -> str | None:
        """The expression that the legs take as ``allowed``; None where all passages may be found."""
        return self._select(wanted) if wanted else None

    def count(self, file: str | None = None) -> int:
        """How many articles a page has; without one, how many there are."""
        first, last = self._articles_of(file)
        return last - first

    def article_ids(self, file: str | None = None, offset: int = 0, limit: int | None = None) -> list[str]:
        """A stretch of the articles of a page, or of all, in order."""
        first, last = self._articles_of(file)
        last = last if limit is None else min(last, first + offset + limit)
        return read_names(self._engine, self._generation, Section.ARTICLE, first + offset, last)

    def pages(self, offset: int = 0, limit: int | None = None) -> list[dict[str, Any]]:
        """A stretch of the pages: of each its file, how many articles, passages and broken sentences, its days."""
        size = self._about.manifest.pages
        last = size if limit is None else min(size, offset + limit)
        names = read_names(self._engine, self._generation, Section.FACTS, offset, last)
        told = read_texts(self._engine, self._generation, Section.FACTS, names)
        return [json.loads(told[name]) for name in names]

    def _expression(self, wanted: Filter) -> str:
        manifest, own = self._about.manifest, where(wanted)
        elsewhere = where_elsewhere(wanted, manifest.first_day, manifest.last_day) if self._about.elsewhere else None
        if elsewhere and self._engine.address.local:
            # To look into a list, milvus-lite reads whole rows, 0.1 ms each: once for a filter, not for every search.
            found = self._engine.query(self._generation.passages, elsewhere, ("row",))
            elsewhere = f"row in {sorted(int(row['row']) for row in found)}" if found else None
        return f"({own}) or {elsewhere}" if elsewhere else own

    def _articles_of(self, file: str | None) -> tuple[int, int]:
        if file is None:
            return 0, self._about.manifest.articles
        key = record_key(Section.FACTS, file)
        for row in self._engine.get(self._generation.records, [key], ("first", "count")):
            return int(row["first"]), int(row["first"]) + int(row["count"])
        return 0, 0


def _name(row: Mapping[str, Any]) -> str:
    return f"{row['article']}:{row['start']}"


def _ranked(found: Iterable[tuple[float, Mapping[str, Any]]]) -> list[tuple[int, float]]:
    """Row and score of what was found, highest first, equal scores by row."""
    return sorted(((int(row["row"]), score) for score, row in found), key=lambda hit: (-hit[1], hit[0]))


def _in_order(found: Mapping[int, T], rows: Sequence[int]) -> list[T]:
    for row in rows:
        if int(row) not in found:
            raise IndexError(row)
    return [found[int(row)] for row in rows]
