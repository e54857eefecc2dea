"""What does a store on disk look like, and is this one fit to answer from?

A store is a folder. Each build goes into a fresh generation beside the old ones; when it is complete, the small file
``CURRENT`` is replaced to point at it, so a reader sees the old store or the new one and never a mixture::

    store/CURRENT                          the name of the generation in use
    store/LOCK                             held by the one who builds
    store/generations/NAME/manifest.json   what it was built from and with; counts, sizes and hashes of the files
                          pages.jsonl      the pages' text, so that every quote can be checked later
                          articles.jsonl   both with an index beside them, see index.disk.records
                          articles.npy     page, day and kind of each article
                          passages.npy     where each passage is cut from; row i is vector i
                          copies.npy       where its text stands once more
                          vectors.npy      the vectors
                          index.faiss      their codes, when they are many
                          keys.npy         by row the hash of the text it was made from, for the next build
                          lexical/         BM25

All but the manifest is memory-mapped: opening costs little, and processes share what they read.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import accumulate
from pathlib import Path

from pydantic import BaseModel, ConfigDict, TypeAdapter, ValidationError

from index.config import IndexConfig
from index.disk.catalog import Catalog as FileCatalog
from index.disk.generations import MANIFEST, REBUILD, REPAIR, current, digest, sizes
from index.disk.passages import load_passages
from index.disk.records import Items
from index.embedding import Embedder, load_embedder
from index.errors import StoreError
from index.interfaces import Catalog, DenseLeg, LexicalLeg, Passages
from index.reading.copies import locate
from index.reading.views import section_above, view
from index.schema import Article, Page, Passage
from index.search.bm25 import LexicalIndex
from index.search.dense import open_dense
from index.text import legible

__all__ = [
    "ARTICLES",
    "CATALOG",
    "CODES",
    "COPIES",
    "FORMAT",
    "HASHED",
    "KEYS",
    "LEXICAL",
    "MIGRATE",
    "PAGES",
    "PASSAGES",
    "VECTORS",
    "Manifest",
    "Store",
    "copies_of",
    "headings_above",
    "open_articles",
    "open_generation",
    "open_pages",
    "open_store",
    "read_generation",
    "read_manifest",
    "seal",
    "search_text",
]

FORMAT = 3
HASHED = 64_000_000
"""Bytes of a generation that opening compares with their hashes, the smallest files first; 40 ms at the most."""
PAGES, ARTICLES = "pages.jsonl", "articles.jsonl"
CATALOG, PASSAGES, COPIES = "articles.npy", "passages.npy", "copies.npy"
VECTORS, CODES, KEYS, LEXICAL = "vectors.npy", "index.faiss", "keys.npy", "lexical"
_MOST_HEADS, _LONGEST_HEAD = 8, 200  # kickers or subheads, and characters of each, that a passage is searched with
MIGRATE = "Run `wenju doctor --repair`, which builds it again from its own pages, or `wenju build` again."


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
    sources: str  # one hash over the names and bytes of all page files
    skipped: dict[str, str]  # file that could not be read -> why
    libraries: dict[str, str]
    built_at: str
    generation: str
    hashes: dict[str, str]  # relative name -> sha256
    date: str | None  # the day of publication that was given for all pages
    first_day: str | None  # of the dated articles
    last_day: str | None
    undated: int  # articles of unknown date
    reused: int  # passages whose vectors were not made for this build
    seconds: float  # that the build took
    seal: str  # sha256 over all other fields

    @property
    def size(self) -> int:
        """Bytes of all its files."""
        return sum(self.files.values())


@dataclass(frozen=True, slots=True)
class Store:
    """One generation, open for reading.

    Attributes:
        path: The store's folder, or its address in Milvus.
        manifest: What it was built from and with.
        embedder: The model that made its vectors, for the questions.
        pages: file -> page.
        articles: article_id -> article.
        passages: passage_id -> passage; in row order.
        dense: Vectors by row.
        lexical: BM25 by row.
        catalog: What is known of the articles without reading them.
    """

    path: Path | str
    manifest: Manifest
    embedder: Embedder
    pages: Mapping[str, Page]
    articles: Mapping[str, Article]
    passages: Passages
    dense: DenseLeg
    lexical: LexicalLeg
    catalog: Catalog


def search_text(passage: Passage, article: Article) -> str:
    """What is searched for a passage: its :func:`index.reading.views.view` below the headings that it stands under.

    A passage that holds one of them itself is not given it twice. Of an article that goes on from another page, the
    headline there is given too; on both sides of the break, the sentence that was torn there.
    """
    text = view(passage, article).read.text
    torn = map(legible, _torn_sentences(passage, article))
    return "\n".join([*_not_in(text, passage, article), text, *torn])


def headings_above(passage: Passage, article: Article) -> list[str]:
    """The headings that a passage stands under and does not hold itself, from the widest to the nearest."""
    return _not_in(legible(passage.text), passage, article)


def _not_in(text: str, passage: Passage, article: Article) -> list[str]:
    before = article.continues.headline if article.continues else ""
    heads = (*article.kicker[-_MOST_HEADS:], article.title, *article.subhead[:_MOST_HEADS])
    above = (line[:_LONGEST_HEAD] for line in (before, *heads, section_above(passage, article)))
    return [line for line in dict.fromkeys(above) if line and line not in text]


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
    return open_generation(path, folder, load_embedder(built_with))


def open_generation(path: Path, folder: Path, embedder: Embedder) -> Store:
    """Open one generation of a store after the same checks.

    Raises:
        StoreError: As for :func:`open_store`.
    """
    manifest = read_generation(folder)
    if embedder.fingerprint != manifest.model_fingerprint:
        raise StoreError(
            f"The files of the model {manifest.settings.model!r} have changed since {path} was built.", REBUILD
        )
    if (there := sizes(folder)) != manifest.files:
        changed = sorted(name for name in there.keys() | manifest.files if there.get(name) != manifest.files.get(name))
        raise StoreError(f"{path} is damaged: {', '.join(changed)} changed after the build.", REPAIR)
    if changed := _changed(folder, manifest):
        raise StoreError(f"{path} is damaged: {', '.join(changed)} changed after the build.", REPAIR)
    pages, articles = open_pages(folder), open_articles(folder)
    passages = load_passages(articles, folder / PASSAGES, folder / COPIES)
    catalog = FileCatalog(folder / CATALOG, pages, articles, passages)
    dense = open_dense(folder / VECTORS, folder / CODES)
    lexical = LexicalIndex.load(folder / LEXICAL, len(passages))
    found = (len(pages), len(articles), len(passages), len(dense), dense.dim, embedder.dim)
    told = (manifest.pages, manifest.articles, manifest.passages, manifest.passages, manifest.dim, manifest.dim)
    if found != told:
        raise StoreError(f"{path} is damaged: it holds {found} where its manifest tells {told}.", REPAIR)
    return Store(path, manifest, embedder, pages, articles, passages, dense, lexical, catalog)


def _changed(folder: Path, manifest: Manifest) -> list[str]:
    """The files that hold other bytes than were written, among the small ones that :data:`HASHED` allows for."""
    names = sorted(manifest.files, key=manifest.files.__getitem__)
    read = accumulate(manifest.files[name] for name in names)
    small = [name for name, size in zip(names, read, strict=True) if size <= HASHED]
    return sorted(name for name in small if digest(folder / name) != manifest.hashes.get(name))


def open_pages(folder: Path) -> Items[Page]:
    """The pages of a generation."""
    return Items(folder / PAGES, TypeAdapter(Page))


def open_articles(folder: Path) -> Items[Article]:
    """The articles of a generation."""
    return Items(folder / ARTICLES, TypeAdapter(Article))


def read_generation(folder: Path) -> Manifest:
    """The manifest of a generation, after the checks that need no other file.

    Raises:
        StoreError: It is missing, damaged, or of another format version.
    """
    file = folder / MANIFEST
    try:
        text = file.read_text(encoding="utf-8")
        told = TypeAdapter(dict[str, object]).validate_json(text)
        if told.get("format") != FORMAT:
            newer = isinstance(told.get("format"), int) and told["format"] > FORMAT  # type: ignore[operator]
            raise StoreError(
                f"{file} is of format {told.get('format')}, this version reads format {FORMAT}.",
                "Update Wenju, or run `wenju build` again." if newer else MIGRATE,
            )
        manifest = Manifest.model_validate_json(text)
    except (OSError, UnicodeDecodeError, ValidationError) as error:
        reason = str(error).splitlines()[0]
        raise StoreError(f"{file} is missing or damaged ({reason}).", REBUILD) from error
    if manifest.seal != seal(told):
        raise StoreError(f"{file} is missing or damaged (its seal is broken).", REBUILD)
    return manifest


def seal(told: Mapping[str, object]) -> str:
    """What a manifest's seal must be: a hash over its fields, whatever fields a later version may add."""
    fields = {name: value for name, value in told.items() if name != "seal"}
    return hashlib.sha256(json.dumps(fields, sort_keys=True).encode()).hexdigest()
