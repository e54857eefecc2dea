"""What does a store on disk look like, and is this one fit to answer from?

A store is a folder. Each build goes into a fresh generation beside the old ones; when it is complete, the small file
``CURRENT`` is replaced to point at it, so a reader sees the old store or the new one and never a mixture::

    store/CURRENT                          the name of the generation in use
    store/generations/NAME/manifest.json   what it was built from and with; counts and sizes of the files
                          pages.jsonl      the pages' text, so that every quote can be checked later
                          articles.jsonl
                          passages.jsonl   row i is vector i
                          index.faiss      the vectors
                          lexical/         BM25
"""

from __future__ import annotations

import os
import shutil
import uuid
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import TypeVar

from pydantic import BaseModel, ConfigDict, TypeAdapter, ValidationError

from index.config import IndexConfig
from index.copies import locate
from index.dense import DenseIndex
from index.embedding import Embedder, Vectors, load_embedder
from index.errors import StoreError
from index.lexical import LexicalIndex
from index.schema import Article, Page, Passage, Role

__all__ = ["Manifest", "Store", "copies_of", "open_store", "read_manifest", "search_text", "write_store"]

_FORMAT = 2
_KEPT_GENERATIONS = 2  # the one in use and the one before, which a reader may still be loading
_CURRENT, _GENERATIONS, _MANIFEST = "CURRENT", "generations", "manifest.json"
_PAGES, _ARTICLES, _PASSAGES = "pages.jsonl", "articles.jsonl", "passages.jsonl"
_VECTORS, _LEXICAL = "index.faiss", "lexical"
_LIBRARIES = ("faiss-cpu", "bm25s", "rjieba", "opencc", "numpy")
_REBUILD = "Run `wenju build` again."

T = TypeVar("T", Page, Article, Passage)


class Manifest(BaseModel):
    """What a generation was built from and with."""

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


def write_store(
    path: Path,
    config: IndexConfig,
    embedder: Embedder,
    pages: Sequence[Page],
    articles: Sequence[Article],
    passages: Sequence[Passage],
    vectors: Vectors,
    skipped: Mapping[str, str] | None = None,
) -> Manifest:
    """Write a new generation beside the old one, check it, then switch to it.

    Args:
        path: The store's folder; made when missing.
        config: The settings it was built with.
        embedder: The model that made the vectors.
        pages: All pages.
        articles: All articles.
        passages: All passages; row i has vector i.
        vectors: (len(passages), embedder.dim) float32, rows of length 1.
        skipped: Files that could not be read, with the reason, for the record.

    Raises:
        StoreError: The folder cannot be written. The store in use before stays in use.
    """
    generation = f"{datetime.now(UTC):%Y%m%dT%H%M%S.%f}-{uuid.uuid4().hex[:8]}"
    folder = path / _GENERATIONS / generation
    try:
        (folder / _LEXICAL).mkdir(parents=True)
        _write_lines(folder / _PAGES, pages, TypeAdapter(Page))
        _write_lines(folder / _ARTICLES, articles, TypeAdapter(Article))
        _write_lines(folder / _PASSAGES, passages, TypeAdapter(Passage))
        dense = DenseIndex(embedder.dim)
        dense.add(range(len(passages)), vectors)
        dense.save(folder / _VECTORS)
        by_id = {article.article_id: article for article in articles}
        LexicalIndex([search_text(p, by_id[p.article_id]) for p in passages]).save(folder / _LEXICAL)
        manifest = Manifest(
            format=_FORMAT,
            settings=config,
            fingerprint=config.fingerprint(),
            model_fingerprint=embedder.fingerprint,
            dim=embedder.dim,
            pages=len(pages),
            articles=len(articles),
            passages=len(passages),
            files=_sizes(folder),
            sources={page.file: page.sha256 for page in pages},
            skipped=dict(skipped or {}),
            libraries={name: version(name) for name in _LIBRARIES},
            built_at=datetime.now(UTC).isoformat(timespec="seconds"),
            generation=generation,
        )
        (folder / _MANIFEST).write_text(manifest.model_dump_json(indent=2), encoding="utf-8")
        _load(path, folder, embedder)
        _switch(path, generation)
    except BaseException as error:  # an interrupted build leaves nothing behind either
        shutil.rmtree(folder, ignore_errors=True)
        if isinstance(error, OSError):
            reason = error.strerror or str(error)
            raise StoreError(
                f"{path} cannot be written ({reason}).", "Free some space or give another folder with --store."
            ) from error
        raise
    _drop_old(path, generation)
    return manifest


def read_manifest(path: Path) -> Manifest:
    """The manifest of the generation in use, after the checks that need no other file.

    Raises:
        StoreError: No store is there, or it is damaged, or of another format version.
    """
    return _read_manifest(_current(path))


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
    folder = _current(path)
    manifest = _read_manifest(folder)
    built_with = manifest.settings.model
    if model is not None and model != built_with:
        raise StoreError(
            f"{path} was built with the model {built_with!r} ({manifest.dim} dims), the settings ask for {model!r}.",
            f"Run `wenju build --model {model}`, or leave out --model.",
        )
    return _load(path, folder, load_embedder(built_with))


def _load(path: Path, folder: Path, embedder: Embedder) -> Store:
    manifest = _read_manifest(folder)
    if embedder.fingerprint != manifest.model_fingerprint:
        raise StoreError(
            f"The files of the model {manifest.settings.model!r} have changed since {path} was built.", _REBUILD
        )
    if (sizes := _sizes(folder)) != manifest.files:
        changed = sorted(name for name in sizes.keys() | manifest.files if sizes.get(name) != manifest.files.get(name))
        raise StoreError(f"{path} is damaged: {', '.join(changed)} changed after the build.", _REBUILD)
    pages = {page.file: page for page in _read_lines(folder / _PAGES, TypeAdapter(Page))}
    articles = {article.article_id: article for article in _read_lines(folder / _ARTICLES, TypeAdapter(Article))}
    passages = {passage.passage_id: passage for passage in _read_lines(folder / _PASSAGES, TypeAdapter(Passage))}
    dense = DenseIndex.load(folder / _VECTORS)
    lexical = LexicalIndex.load(folder / _LEXICAL, len(passages))
    found = (len(pages), len(articles), len(passages), len(dense), dense.dim, embedder.dim)
    told = (manifest.pages, manifest.articles, manifest.passages, manifest.passages, manifest.dim, manifest.dim)
    if found != told:
        raise StoreError(f"{path} is damaged: it holds {found} where its manifest tells {told}.", _REBUILD)
    return Store(path, manifest, embedder, pages, articles, passages, dense, lexical, tuple(passages))


def _current(path: Path) -> Path:
    try:
        name = (path / _CURRENT).read_text(encoding="utf-8").strip()
        folder = path / _GENERATIONS / name
        there = bool(name) and "/" not in name and folder.is_dir()
    except FileNotFoundError:
        raise StoreError(
            f"There is no store in {path}.", "Run `wenju build PAGES`, or name one with --store."
        ) from None
    except (OSError, UnicodeDecodeError) as error:
        raise StoreError(f"{path / _CURRENT} cannot be read ({error}).", _REBUILD) from error
    if not there:
        raise StoreError(f"{path / _CURRENT} names {name!r}, which is not there.", _REBUILD)
    return folder


def _read_manifest(folder: Path) -> Manifest:
    file = folder / _MANIFEST
    try:
        text = file.read_text(encoding="utf-8")
        told = TypeAdapter(dict[str, object]).validate_json(text).get("format")
        if told != _FORMAT:
            raise StoreError(f"{file} is of format {told}, this version reads format {_FORMAT}.", _REBUILD)
        return Manifest.model_validate_json(text)
    except (OSError, UnicodeDecodeError, ValidationError) as error:
        reason = str(error).splitlines()[0]
        raise StoreError(f"{file} is missing or damaged ({reason}).", _REBUILD) from error


def _write_lines(file: Path, items: Iterable[T], adapter: TypeAdapter[T]) -> None:
    with file.open("wb") as stream:
        for item in items:
            stream.write(adapter.dump_json(item) + b"\n")


def _read_lines(file: Path, adapter: TypeAdapter[T]) -> list[T]:
    try:
        return [adapter.validate_json(line) for line in file.read_bytes().splitlines()]
    except (OSError, ValidationError) as error:
        raise StoreError(f"{file} is missing or damaged ({str(error).splitlines()[0]}).", _REBUILD) from error


def _sizes(folder: Path) -> dict[str, int]:
    files = sorted(file for file in folder.rglob("*") if file.is_file() and file.name != _MANIFEST)
    return {file.relative_to(folder).as_posix(): file.stat().st_size for file in files}


def _switch(path: Path, generation: str) -> None:
    fresh = path / f"{_CURRENT}.{generation}"
    try:
        with fresh.open("w", encoding="utf-8") as stream:
            stream.write(generation + "\n")
            stream.flush()
            os.fsync(stream.fileno())  # else a power cut could leave an empty CURRENT behind
        os.replace(fresh, path / _CURRENT)
    except BaseException:
        fresh.unlink(missing_ok=True)
        raise


def _drop_old(path: Path, generation: str) -> None:
    """Remove complete generations beyond the ones kept; one without a manifest may be another builder's, at work."""
    complete = [folder for folder in (path / _GENERATIONS).iterdir() if (folder / _MANIFEST).is_file()]
    older = sorted(folder for folder in complete if folder.name < generation)
    for folder in older[: len(older) - (_KEPT_GENERATIONS - 1)]:
        shutil.rmtree(folder, ignore_errors=True)
