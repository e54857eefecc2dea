"""Which articles have what is searched for? Grouped by article, with the words marked, as the browser shows them."""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import date
from functools import lru_cache
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from index.schema import Kind
from index.store.opened import Store
from index.text import fold
from rag.query.question import content_words
from rag.retrieval.floor import related
from rag.retrieval.retriever import search
from rag.schema import Hit
from window.shape import row_view, text_pieces

__all__ = ["Looked", "find_articles", "word_ranges"]

_SHOWN = 40  # passages


class Looked(BaseModel):
    """A search for articles."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    query: str = Field(max_length=200_000)
    since: date | None = None
    until: date | None = None
    file: str = Field(default="", max_length=400)
    kind: Kind | None = None
    sort: Literal["", "newest", "oldest"] = ""


def find_articles(store: Store, looked: Looked) -> list[dict[str, Any]]:
    """The articles that have to do with a search, each with its passages that do; none where no article has.

    By relevance, or by date where that is wished; articles of unknown date stand last then.

    Raises:
        RetrievalError: The query is empty or too long, or the first day is after the last.
    """
    files = [name for name in store.pages if looked.file.lower() in name.lower()] if looked.file else []
    if looked.file and not files:
        return []
    kinds = [looked.kind] if looked.kind else []
    hits = search(store, looked.query, _SHOWN, since=looked.since, until=looked.until, files=files, kinds=kinds)
    asked = content_words(looked.query)
    words = [word for word in asked if len(word) > 1] or asked  # a part of one character marks much else
    groups: dict[str, dict[str, Any]] = {}
    for hit in related(store, looked.query, hits):
        article = store.articles[store.passages[hit.passage_id].article_id]
        group = groups.setdefault(article.article_id, {**row_view(article), "passages": []})
        group["passages"].append(_passage(store, hit, words))
    found = list(groups.values())
    if looked.sort:
        found.sort(key=lambda group: group["date"], reverse=looked.sort == "newest")
        found.sort(key=lambda group: not group["date"])
    return found


def word_ranges(text: str, words: Iterable[str]) -> list[tuple[int, int]]:
    """Where folded words stand in a text, in whichever script, width and case; what touches is one range.

    Example:
        >>> word_ranges("新橋與ＡＢ", ["新桥", "ab"])
        [(0, 2), (3, 5)]
    """
    folded = [(piece, at) for at, char in enumerate(text) for piece in _folded(char)]
    told = "".join(piece for piece, _ in folded)
    held = {at for word in words for m in re.finditer(re.escape(word), told) for at in range(m.start(), m.end())}
    places = {folded[at][1] for at in held}
    starts = sorted(at for at in places if at - 1 not in places)
    ends = sorted(at + 1 for at in places if at + 1 not in places)
    return list(zip(starts, ends, strict=True))


@lru_cache(20_000)
def _folded(char: str) -> str:
    return fold(char)


def _passage(store: Store, hit: Hit, words: Iterable[str]) -> dict[str, Any]:
    passage = store.passages[hit.passage_id]
    article = store.articles[passage.article_id]
    marks = [(passage.start + a, passage.start + b) for a, b in word_ranges(passage.text, words)]
    return {
        "passage": passage.passage_id,
        "lines": article.line_range(passage.start, passage.end),
        "pieces": text_pieces(article, passage.start, passage.end, bold=marks),
    }
