"""What does a store look like inside Milvus? Names, columns, keys, and filters as expressions; no call is made here.

A generation is two collections, and the name that users know is an alias of the first of them::

    NAME                      alias of the generation in use
    NAME_gTIME_ID             a row per passage: vector, BM25, what a filter asks for, where it is cut from
    NAME_gTIME_ID_records     pages, articles, words: what is read by its key

An expression never holds a text: files, kinds and the like are numbers there, made of their hashes. So no name of a
file can break out of one, however it is quoted.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from itertools import product
from typing import Any

from pydantic import BaseModel, ConfigDict

from index.disk.generations import new_generation
from index.milvus.client import Column, Index
from index.schema import Article, Filter, Kind
from index.store.opened import Manifest

__all__ = [
    "ABOUT",
    "NO_WORD",
    "RECORD_COLUMNS",
    "RECORD_INDEXES",
    "About",
    "Generation",
    "Section",
    "Setup",
    "day_number",
    "generations_of",
    "number_of",
    "passage_columns",
    "passage_indexes",
    "pieces_of",
    "places_elsewhere",
    "record",
    "record_key",
    "where",
    "where_elsewhere",
    "word_key",
]

ABOUT = "about"  # the name of the one record that tells what a generation is
NO_WORD = 0  # the dimension of a passage without a word, since Milvus wants one; that of word i is i + 1
_FORMAT = 1
_LONGEST = 65_535  # bytes that a text of Milvus may have
_PIECE = 16_000  # characters: four bytes each still fit
_MOST_PLACES = 4_096  # numbers that a list of Milvus may have
_SECTION = 1 << 48  # places between two sections


class Section:
    """Where the sections of the records begin; within one, records are numbered in their order."""

    ABOUT, PAGE, FACTS, ARTICLE, WORD, COPIES = (number * _SECTION for number in range(6))


@dataclass(frozen=True, slots=True)
class Setup:
    """How Milvus shall hold a generation.

    Attributes:
        index: Kind of the index over the vectors; FLAT compares all of them, HNSW and DISKANN are for many.
        build: What Milvus is told when it makes that index.
        search: What it is told when it searches, for as long as the generation is in use.
        shards: Streams that rows are written through.
        replicas: Copies in memory, each on query nodes of its own, that share the questions.
        mapped: Whether passages and their indexes stay on the query nodes' disks, mapped; texts always do.
    """

    index: str = "FLAT"
    build: dict[str, int | float | str] = field(default_factory=dict)
    search: dict[str, int | float | str] = field(default_factory=dict)
    shards: int = 1
    replicas: int = 1
    mapped: bool = False


class About(BaseModel):
    """What a generation tells of itself; written last, so one without it was never finished."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    format: int = _FORMAT
    manifest: Manifest
    kinds: list[Kind]
    days: list[str]
    elsewhere: bool  # whether a text stands in more than one article
    search: dict[str, int | float | str]

    @property
    def readable(self) -> bool:
        """Whether this version reads it."""
        return self.format == _FORMAT


@dataclass(frozen=True, slots=True)
class Generation:
    """The two collections of a generation."""

    passages: str

    @property
    def records(self) -> str:
        """The collection of what is read by key."""
        return f"{self.passages}_records"

    @classmethod
    def new(cls, collection: str) -> Generation:
        """One that no other has; later ones sort after earlier ones."""
        return cls(f"{collection}_g{re.sub('[^0-9A-Za-z]', '_', new_generation())}")


def generations_of(collection: str, names: Sequence[str]) -> list[Generation]:
    """The generations among the collections there are, whole or not, oldest first."""
    ours = re.compile(rf"({collection}_g\d{{8}}T\d{{6}}_\d{{6}}_[0-9a-f]{{8}})(_records)?")
    return [Generation(name) for name in sorted({found[1] for found in map(ours.fullmatch, names) if found})]


def passage_columns(dim: int) -> list[Column]:
    """The columns of the passages; a passage is known by its row."""
    return [
        Column("row", "int", primary=True),
        Column("dense", "vector", dim),
        Column("sparse", "sparse"),
        Column("day", "int"),  # of its article, 20260305, or 0
        Column("kind", "int"),
        Column("file", "int"),
        Column("elsewhere", "ints", _MOST_PLACES),  # see places_elsewhere
        Column("article", "text", _LONGEST),
        Column("start", "int"),
        Column("end", "int"),
        Column("copies", "text", _LONGEST),  # JSON; "" for none, "+" where they are too many and lie in the records
    ]


def passage_indexes(setup: Setup, *, lists: bool) -> list[Index]:
    """The indexes over the passages.

    Args:
        setup: How Milvus shall hold them.
        lists: Whether the engine can index a list of numbers; milvus-lite cannot, and looks at each row.
    """
    plain = [Index(name, "INVERTED") for name in ("day", "kind", "file", *(["elsewhere"] if lists else []))]
    return [Index("dense", setup.index, "IP", setup.build), Index("sparse", "SPARSE_INVERTED_INDEX", "IP"), *plain]


RECORD_COLUMNS = [
    Column("key", "text", 64, primary=True),
    Column("place", "int"),  # section and number; -1 for a further piece
    Column("first", "int"),  # of an article its first passage, of a page's facts its first article
    Column("count", "int"),  # how many passages or articles; of a word how many passages hold it
    Column("pieces", "int"),
    Column("name", "text", _LONGEST),
    Column("text", "text", _LONGEST),
    Column("unused", "vector", 2),  # Milvus wants a vector in every collection
]
RECORD_INDEXES = [Index("unused", "FLAT", "IP"), Index("place", "INVERTED")]


def record_key(section: int, name: str, piece: int = 0) -> str:
    """The key of a record: 128 bits of a hash, so that names of any length and script do."""
    return hashlib.blake2b(f"{section}\0{name}\0{piece}".encode(), digest_size=16).hexdigest()


def word_key(hashed: int) -> str:
    """The key of a word, by ``index.search.bm25.hash_word``."""
    return f"word{hashed:016x}"


def record(place: int, name: str, text: str, first: int = 0, count: int = 0) -> Iterator[dict[str, Any]]:
    """The rows of a record: one, or several where its text is longer than Milvus's texts may be."""
    section = place - place % _SECTION
    pieces = pieces_of(text)
    for number, piece in enumerate(pieces):
        yield {
            "key": record_key(section, name, number),
            "place": place if number == 0 else -1,
            "first": first,
            "count": count,
            "pieces": len(pieces),
            "name": name if number == 0 else "",
            "text": piece,
            "unused": [1.0, 0.0],
        }


def pieces_of(text: str) -> list[str]:
    """A text in pieces that fit into Milvus; one for an empty text."""
    return [text[start : start + _PIECE] for start in range(0, max(1, len(text)), _PIECE)]


def number_of(text: str) -> int:
    """63 bits of a hash, which stand for a text in an expression; of ten million, two share them with 3 in 10^6."""
    return int.from_bytes(hashlib.blake2b(text.encode(), digest_size=8).digest(), "big") >> 1


def day_number(day: str | None) -> int:
    """An ISO day as 20260305; 0 for an unknown one, which lies before every bound."""
    return int(day.replace("-", "")) if day else 0


def places_elsewhere(own: Article, others: Sequence[Article]) -> list[int]:
    """What a filter may ask of the other articles that hold a passage's text, as numbers.

    A bound on days and one on kinds must hold for one and the same article, and lists of days and of kinds would mix
    them up. So each number stands for a period, a kind and a file together, any of them left open: sixteen per
    article. Beyond some five hundred articles, further ones are not noted.
    """
    found: dict[int, None] = {}
    for article in others:
        if article.article_id != own.article_id:
            day = article.date
            periods = ("", day[:4], day[:7], day) if day else ("",)
            parts = product(periods, ("", article.kind), ("", article.file))
            found |= dict.fromkeys(_place_number(*part) for part in parts)
    return list(found)[:_MOST_PLACES]


def where(wanted: Filter) -> str:
    """A filter with bounds as an expression over the passages, by the article that each is cut from.

    Example:
        >>> where(Filter(since="2026-01-02"))
        'day >= 20260102'
    """
    bounds = []
    if wanted.since or wanted.until:
        bounds.append(f"day >= {day_number(wanted.since) or 1}")
    if wanted.until:
        bounds.append(f"day <= {day_number(wanted.until)}")
    if wanted.files:
        bounds.append(f"file in {_numbers(number_of(file) for file in wanted.files)}")
    if wanted.kinds:
        bounds.append(f"kind in {_numbers(number_of(kind) for kind in wanted.kinds)}")
    return " and ".join(bounds)


def where_elsewhere(wanted: Filter, first_day: str | None, last_day: str | None) -> str | None:
    """The same by the other articles that hold a passage's text.

    Args:
        wanted: A filter with bounds.
        first_day: The earliest day of an article of the collection; None when none is dated.
        last_day: The latest.

    Returns:
        The expression; None where no article of the collection can pass.
    """
    periods: Sequence[str] = [""]
    if wanted.since or wanted.until:
        if first_day is None or last_day is None:
            return None
        periods = _periods(max(wanted.since or first_day, first_day), min(wanted.until or last_day, last_day))
    found = [_place_number(*part) for part in product(periods, wanted.kinds or ("",), wanted.files or ("",))]
    return f"array_contains_any(elsewhere, {found})" if found else None


def _periods(since: str, until: str) -> list[str]:
    """The fewest years, months and days that make up a range of days.

    Example:
        >>> _periods("2024-12-31", "2026-02-01")
        ['2024-12-31', '2025', '2026-01', '2026-02-01']
    """
    found = []
    day, last = date.fromisoformat(since), date.fromisoformat(until)
    while day <= last:
        year, month = date(day.year, 12, 31), (day.replace(day=28) + timedelta(4)).replace(day=1) - timedelta(1)
        if (day.month, day.day) == (1, 1) and year <= last:
            found.append(day.isoformat()[:4])
            day = year
        elif day.day == 1 and month <= last:
            found.append(day.isoformat()[:7])
            day = month
        else:
            found.append(day.isoformat())
        day += timedelta(1)
    return found


def _place_number(period: str, kind: str, file: str) -> int:
    return number_of(f"{period}\0{kind}\0{file}")


def _numbers(numbers: Any) -> str:
    return str(list(numbers))
