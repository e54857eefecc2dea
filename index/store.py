"""What does a store on disk look like, and is this one fit to answer from?

A store is a folder. Each build goes into a fresh generation beside the old ones; when it is complete, the small file
``CURRENT`` is replaced to point at it, so a reader sees the old store or the new one and never a mixture::

    store/CURRENT                          the name of the generation in use
    store/LOCK                             held by the one who builds
    store/generations/NAME/manifest.json   what it was built from and with; counts, sizes and hashes of the files
                          pages.jsonl      the pages' text, so that every quote can be checked later
                          articles.jsonl
                          passages.jsonl   row i is vector i
                          index.faiss      the vectors
                          keys.npy         by row the hash of the text it was made from, for the next build
                          lexical/         BM25
"""

from __future__ import annotations

import hashlib
import json
import shutil
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import TypeVar

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError

from index.config import IndexConfig
from index.copies import locate
from index.dense import DenseIndex
from index.embedding import Embedder, Vectors, load_embedder
from index.errors import StoreError
from index.generations import (
    MANIFEST,
    REBUILD,
    building,
    cannot_write,
    clear,
    current,
    digests,
    drop_others,
    generation_folder,
    new_generation,
    settle,
    sizes,
    switch,
)
from index.lexical import LexicalIndex
from index.reuse import KnownVectors, load_known, write_keys
from index.schema import Article, Page, Passage, Role

__all__ = [
    "ARTICLES",
    "KEYS",
    "LEXICAL",
    "PAGES",
    "PASSAGES",
    "VECTORS",
    "Manifest",
    "Store",
    "copies_of",
    "known_vectors",
    "open_store",
    "read_generation",
    "read_items",
    "read_manifest",
    "search_text",
    "write_store",
]

_FORMAT = 2
PAGES, ARTICLES, PASSAGES = "pages.jsonl", "articles.jsonl", "passages.jsonl"
VECTORS, KEYS, LEXICAL = "index.faiss", "keys.npy", "lexical"
_LIBRARIES = ("faiss-cpu", "bm25s", "rjieba", "opencc", "numpy")

T = TypeVar("T", Page, Article, Passage)


class Manifest(BaseModel):
    """What a generation was built from and with. A store that was built before a field was there has its default."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    format: int
    settings: IndexConfig
    fingerprint: str
    model_fingerprint: str
    dim: int
    pages: int
    articles: int
    passages: int
    files: dict[str, int]  # relative name -> size in bytes
    sources: dict[str, str]  # page -> sha256 of its file
    skipped: dict[str, str]  # file that could not be read -> why
    libraries: dict[str, str]
    built_at: str
    generation: str
    hashes: dict[str, str] = Field(default_factory=dict)  # relative name -> sha256
    date: str | None = None  # the day of publication that was given for all pages
    first_day: str | None = None  # of the dated articles
    last_day: str | None = None
    undated: int | None = None  # articles of unknown date
    reused: int = 0  # passages whose vectors were those of the generation before
    seal: str = ""  # sha256 over all other fields

    @property
    def size(self) -> int:
        """Bytes of all its files."""
        return sum(self.files.values())


@dataclass(frozen=True, slots=True)
class Store:
    """One generation, open for reading.

    Attributes:
        path: The store's folder.
        manifest: What it was built from and with.
        embedder: The model that made its vectors, for the questions.
        pages: file -> page.
        articles: article_id -> article.
        passages: passage_id -> passage; in row order.
        dense: Vectors by row.
        lexical: BM25 by row.
        passage_ids: The passage_id of each row.
    """

    path: Path
    manifest: Manifest
    embedder: Embedder
    pages: Mapping[str, Page]
    articles: Mapping[str, Article]
    passages: Mapping[str, Passage]
    dense: DenseIndex
    lexical: LexicalIndex
    passage_ids: tuple[str, ...]


def search_text(passage: Passage, article: Article) -> str:
    """What is searched for a passage: its text below the kicker, headline and section head that it stands under.

    A passage that holds one of them itself is not given it twice. Of an article that goes on from another page, the
    headline there is given too; on both sides of the break, the sentence that was torn there.
    """
    before = article.continues.headline if article.continues else ""
    above = (before, *article.kicker, article.title, *article.subhead, _section_above(passage, article))
    headings = [line for line in dict.fromkeys(above) if line and line not in passage.text]
    return "\n".join([*headings, passage.text, *_torn_sentences(passage, article)])


def _torn_sentences(passage: Passage, article: Article) -> list[str]:
    """The sentences that a passage holds with another page, put together."""
    first = article.continues if passage.start == 0 else None
    last = article.continued_by if passage.end == len(article.text) else None
    return [link.sentence for link in (first, last) if link and link.sentence]


def copies_of(store: Store, passage_id: str, start: int, end: int) -> list[tuple[Article, int, int]]:
    """Where the collection says the same once more.

    Args:
        store: An open store.
        passage_id: A passage of it.
        start: Offset, in the text of the passage's article, of the first character.
        end: Offset after the last one.

    Returns:
        Per place its article and the range of that article's text; none when the text stands in one place only.
    """
    passage = store.passages[passage_id]
    first = store.articles[passage.article_id].text
    places = []
    for copy in passage.copies:
        article = store.articles[copy.article_id]
        if found := locate(copy, first, article.text, start, end):
            places.append((article, *found))
    return places


def _section_above(passage: Passage, article: Article) -> str:
    """The section head that a passage begins with, or else the last one before it; empty without one."""
    heads = (
        segment
        for line, segment in zip(article.lines, article.segments, strict=True)
        if line.role is Role.SECTION and segment.start <= passage.start
    )
    last = next(reversed(list(heads)), None)
    return article.text[last.start : last.start + last.length] if last else ""


def write_store(  # noqa: PLR0913  # a store is made of many parts, and each is told here
    path: Path,
    config: IndexConfig,
    embedder: Embedder,
    pages: Sequence[Page],
    articles: Sequence[Article],
    passages: Sequence[Passage],
    vectors: Vectors,
    skipped: Mapping[str, str] | None = None,
    *,
    date: str | None = None,
    lexical: LexicalIndex | None = None,
    reused: int = 0,
) -> Manifest:
    """Write a new generation beside the old one, check it, then switch to it.

    Killed at any moment, or at a power cut, it leaves the old store in use or the new one, whole.

    Args:
        path: The store's folder; made when missing.
        config: The settings it was built with.
        embedder: The model that made the vectors.
        pages: All pages.
        articles: All articles.
        passages: All passages; row i has vector i.
        vectors: (len(passages), embedder.dim) float32, rows of length 1.
        skipped: Files that could not be read, with the reason, for the record.
        date: The day of publication that was given for all pages, for the record.
        lexical: The words of these passages where they are indexed already.
        reused: How many vectors were not computed anew, for the record.

    Raises:
        StoreError: The folder cannot be written, or somebody else is building there. The store in use before stays in
            use.
    """
    with building(path):
        generation = new_generation()
        folder = generation_folder(path, generation)
        try:
            clear(path)
            before = _name_in_use(path)
            (folder / LEXICAL).mkdir(parents=True)
            _write_lines(folder / PAGES, pages, TypeAdapter(Page))
            _write_lines(folder / ARTICLES, articles, TypeAdapter(Article))
            _write_lines(folder / PASSAGES, passages, TypeAdapter(Passage))
            by_id = {article.article_id: article for article in articles}
            texts = [search_text(passage, by_id[passage.article_id]) for passage in passages]
            write_keys(folder / KEYS, texts)
            DenseIndex.over(vectors).save(folder / VECTORS)
            (lexical or LexicalIndex(texts)).save(folder / LEXICAL)
            days = sorted(article.date for article in articles if article.date)
            manifest = Manifest(
                format=_FORMAT,
                settings=config,
                fingerprint=config.fingerprint(),
                model_fingerprint=embedder.fingerprint,
                dim=embedder.dim,
                pages=len(pages),
                articles=len(articles),
                passages=len(passages),
                files=sizes(folder),
                sources={page.file: page.sha256 for page in pages},
                skipped=dict(skipped or {}),
                libraries={name: version(name) for name in _LIBRARIES},
                built_at=datetime.now(UTC).isoformat(timespec="seconds"),
                generation=generation,
                hashes=digests(folder),
                date=date,
                first_day=days[0] if days else None,
                last_day=days[-1] if days else None,
                undated=len(articles) - len(days),
                reused=reused,
            )
            manifest = manifest.model_copy(update={"seal": _seal(manifest.model_dump(mode="json"))})
            (folder / MANIFEST).write_text(manifest.model_dump_json(indent=2), encoding="utf-8")
            settle(folder)
            _load(path, folder, embedder)
            switch(path, generation)
        except BaseException as error:  # an interrupted build leaves nothing behind either
            if _name_in_use(path) != generation:  # else it came after the switch
                shutil.rmtree(folder, ignore_errors=True)
            if isinstance(error, OSError):
                raise cannot_write(path, error) from error
            raise
        drop_others(path, generation, before)  # the one before may still be being loaded by a reader
        return manifest


def known_vectors(path: Path, embedder: Embedder) -> KnownVectors:
    """The vectors of the generation in use, where they are those of this model and whole; else none."""
    try:
        folder = current(path)
        manifest = read_generation(folder)
    except StoreError:
        return KnownVectors()
    if (manifest.model_fingerprint, manifest.dim) != (embedder.fingerprint, embedder.dim):
        return KnownVectors()
    return load_known(folder / KEYS, folder / VECTORS, manifest.hashes)


def read_manifest(path: Path) -> Manifest:
    """The manifest of the generation in use, after the checks that need no other file.

    Raises:
        StoreError: No store is there, or it is damaged, or of another format version.
    """
    return read_generation(current(path))


def open_store(path: Path | str, model: str | None = None) -> Store:
    """Open the generation in use and check it: format, settings, model, sizes, counts.

    Args:
        path: The store's folder.
        model: The model that the caller expects, or None for whichever the store was built with.

    Raises:
        StoreError: Missing, damaged, of another format version, or built with another model.
        ModelError: The model it was built with cannot be loaded.
    """
    path = Path(path)
    folder = current(path)
    manifest = read_generation(folder)
    built_with = manifest.settings.model
    if model is not None and model != built_with:
        raise StoreError(
            f"{path} was built with the model {built_with!r} ({manifest.dim} dims), the settings ask for {model!r}.",
            f"Run `wenju build --model {model}`, or leave out --model.",
        )
    return _load(path, folder, load_embedder(built_with))


def _load(path: Path, folder: Path, embedder: Embedder) -> Store:
    manifest = read_generation(folder)
    if embedder.fingerprint != manifest.model_fingerprint:
        raise StoreError(
            f"The files of the model {manifest.settings.model!r} have changed since {path} was built.", REBUILD
        )
    if (there := sizes(folder)) != manifest.files:
        changed = sorted(name for name in there.keys() | manifest.files if there.get(name) != manifest.files.get(name))
        raise StoreError(f"{path} is damaged: {', '.join(changed)} changed after the build.", REBUILD)
    pages = {page.file: page for page in read_items(folder / PAGES, TypeAdapter(Page))}
    articles = {article.article_id: article for article in read_items(folder / ARTICLES, TypeAdapter(Article))}
    passages = {passage.passage_id: passage for passage in read_items(folder / PASSAGES, TypeAdapter(Passage))}
    dense = DenseIndex.load(folder / VECTORS)
    lexical = LexicalIndex.load(folder / LEXICAL, len(passages))
    found = (len(pages), len(articles), len(passages), len(dense), dense.dim, embedder.dim)
    told = (manifest.pages, manifest.articles, manifest.passages, manifest.passages, manifest.dim, manifest.dim)
    if found != told:
        raise StoreError(f"{path} is damaged: it holds {found} where its manifest tells {told}.", REBUILD)
    return Store(path, manifest, embedder, pages, articles, passages, dense, lexical, tuple(passages))


def read_generation(folder: Path) -> Manifest:
    """The manifest of a generation, after the checks that need no other file.

    Raises:
        StoreError: It is missing, damaged, or of another format version.
    """
    file = folder / MANIFEST
    try:
        text = file.read_text(encoding="utf-8")
        told = TypeAdapter(dict[str, object]).validate_json(text)
        if told.get("format") != _FORMAT:
            newer = isinstance(told.get("format"), int) and told["format"] > _FORMAT  # type: ignore[operator]
            raise StoreError(
                f"{file} is of format {told.get('format')}, this version reads format {_FORMAT}.",
                f"Update Wenju, or {REBUILD[0].lower()}{REBUILD[1:]}" if newer else REBUILD,
            )
        manifest = Manifest.model_validate_json(text)
    except (OSError, UnicodeDecodeError, ValidationError) as error:
        reason = str(error).splitlines()[0]
        raise StoreError(f"{file} is missing or damaged ({reason}).", REBUILD) from error
    if manifest.seal and manifest.seal != _seal(told):
        raise StoreError(f"{file} is missing or damaged (its seal is broken).", REBUILD)
    return manifest


def _seal(told: Mapping[str, object]) -> str:
    """What a manifest's seal must be: a hash over its fields, whatever fields a later version may add."""
    fields = {name: value for name, value in told.items() if name != "seal"}
    return hashlib.sha256(json.dumps(fields, sort_keys=True).encode()).hexdigest()


def _name_in_use(path: Path) -> str:
    try:
        return current(path).name
    except StoreError:
        return ""


def _write_lines(file: Path, items: Iterable[T], adapter: TypeAdapter[T]) -> None:
    with file.open("wb") as stream:
        for item in items:
            stream.write(adapter.dump_json(item) + b"\n")


def read_items(file: Path, adapter: TypeAdapter[T]) -> list[T]:
    """The pages, articles or passages in a file of a generation.

    Raises:
        StoreError: It is missing or damaged.
    """
    try:
        return [adapter.validate_json(line) for line in file.read_bytes().splitlines()]
    except (OSError, ValidationError) as error:
        raise StoreError(f"{file} is missing or damaged ({str(error).splitlines()[0]}).", REBUILD) from error
