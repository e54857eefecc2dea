"""Does an earlier answer still stand on the pages as they are now? What the browser sees of it, after any rebuild."""

from __future__ import annotations

from collections.abc import Callable
from itertools import accumulate, pairwise
from typing import Any

from index.schema import Page
from index.store.opened import Store
from rag.bundle import text_hash
from rag.citations import place_in
from rag.schema import Citation
from window.conversations import GoneError, Kept
from window.shape import article_view

__all__ = ["conversation_view", "evidence_view"]


def conversation_view(found: dict[str, Any], store: Store | None, is_running: Callable[[str], bool]) -> dict[str, Any]:
    """A conversation as the browser shows it; of each turn, which of its pages have changed since.

    Args:
        found: The conversation, as :meth:`window.conversations.Conversations.conversation` tells it.
        store: The store that answers now; None while the collection is empty.
        is_running: Whether a turn is being answered.
    """
    known: dict[str, str] = {}
    for turn in found["turns"]:
        hashes = turn.pop("hashes")
        turn["changed"] = sorted(file for file in hashes if _text_hash(store, file, known) != hashes[file])
        if is_running(turn["id"]):
            turn["state"] = "running"
    return found


def evidence_view(kept: Kept, number: int, store: Store) -> dict[str, Any]:
    """The article that an answer cites, with the quote marked; of a page that has changed, the quote as it stood there.

    Args:
        kept: The answer.
        number: The number of the citation.
        store: The store that answers now.

    Returns:
        As :func:`window.shape.article_view` does; with ``changed``, which is "" for a page that is the same, "stands"
        where it has changed and still says the quote, "differs" where it does not, and "gone" where it is no more.

    Raises:
        GoneError: The answer has no such citation.
    """
    shown = kept.bundle.citations or kept.bundle.nearest
    citation = next((c for c in shown if c.number == number), None)
    if citation is None:
        raise GoneError(f"There is no evidence {number}.", "Ask again.")
    page, article = store.pages.get(citation.file), store.articles.get(citation.article_id)
    same = page is not None and text_hash(page.text) == kept.bundle.files[citation.file].text_sha256
    if page and article and same and place_in(article, citation.spans):
        return {**article_view(article, citation, page), "changed": ""}
    changed = "gone" if page is None else "stands" if _says(page, citation) else "differs"
    return _as_it_stood(kept, citation, article_now=citation.article_id if article else "") | {"changed": changed}


def _as_it_stood(kept: Kept, citation: Citation, article_now: str) -> dict[str, Any]:
    view = next(v for v in kept.view["citations"] or kept.view["nearest"] if v["number"] == citation.number)
    quote = [{**piece, "marked": True} for piece in view["pieces"]]
    return {
        **{name: view[name] for name in ("file", "byline", "date", "kind", "first", "last")},
        "id": article_now,
        "title": view["headline"],
        "paragraphs": [{"role": "body", "line": view["first"], "broken": False, "pieces": quote}],
        "continues": None,
        "continued_by": None,
        "sheets": [],
    }


def _says(page: Page, citation: Citation) -> bool:
    """Whether all pieces of a quote stand in a page, in whichever place."""
    bare, ends = citation.quote.replace("\n", ""), [0, *accumulate(span.end - span.start for span in citation.spans)]
    return all(bare[start:end] in page.text for start, end in pairwise(ends))


def _text_hash(store: Store | None, file: str, known: dict[str, str]) -> str:
    if file not in known:
        page = store.pages.get(file) if store else None
        known[file] = text_hash(page.text) if page else ""
    return known[file]
