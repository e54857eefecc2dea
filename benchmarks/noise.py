"""Does what a page holds between its characters change what is found? Letter-spacing, zero-width characters.

Run: python -m benchmarks.noise benchmarks/data/seeds_dev.jsonl seeds

The pages are built as they are, with a space between every two Chinese characters, and with a zero-width space between
every two characters. A question is hit when one of the first ``-k`` passages holds a quote of its evidence. Told are
the questions that are hit with one and not with the other, and those whose first passage says something else.
"""

from __future__ import annotations

import argparse
import json
import re
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory

from index.build import build_from_pages, read_pages
from index.config import IndexConfig
from index.schema import Page
from index.store.opened import open_store
from index.text import fold
from rag import search

__all__ = ["NOISES", "main"]

_HAN = "[\u4e00-\u9fff]"

NOISES: dict[str, Callable[[str], str]] = {
    "as they are": lambda text: text,
    "letter-spaced": lambda text: re.sub(f"({_HAN})(?={_HAN})", r"\1 ", text),
    "zero-width": lambda text: re.sub(r"(\S)(?=\S)", "\\1\u200b", text),
}
"""What is done to the text of a page."""

Found = dict[str, tuple[bool, str]]


def main(argv: Sequence[str] | None = None) -> None:
    """Build, search and compare."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("questions", type=Path)
    parser.add_argument("pages", type=Path)
    parser.add_argument("-k", type=int, default=5)
    args = parser.parse_args(argv)
    asked = [json.loads(line) for line in args.questions.read_text(encoding="utf-8").splitlines() if line.strip()]
    pages = read_pages(args.pages)
    plain: Found = {}
    for name, noise in NOISES.items():
        with TemporaryDirectory() as folder:
            found = _search([replace(page, text=noise(page.text)) for page in pages], Path(folder), asked, args.k)
        plain = plain or found
        changed = [key for key in found if found[key][0] != plain[key][0]]
        first = [key for key in found if found[key][1] != plain[key][1]]
        hits = sum(hit for hit, _ in found.values())
        print(f"{name}: {hits} of {len(found)} hit; changed {changed}; another first passage {first}")


def _search(pages: Sequence[Page], folder: Path, asked: Sequence[dict[str, object]], k: int) -> Found:
    build_from_pages(pages, folder / "store", IndexConfig())
    store = open_store(folder / "store")
    found: Found = {}
    for question in asked:
        hits = search(store, str(question["question"]), k)
        texts = [_bare(store.passages[hit.passage_id].text) for hit in hits]
        quotes = [_bare(each["quote"]) for each in question.get("evidence") or []]  # type: ignore[attr-defined]
        found[str(question["id"])] = any(q in text for q in quotes for text in texts), texts[0] if texts else ""
    return found


def _bare(text: str) -> str:
    return "".join(fold(text).split())


if __name__ == "__main__":
    main()
