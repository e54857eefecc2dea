"""How well are pages read? Run: python -m index.reading.score GOLD.json PAGES…

GOLD maps a page's file name to its articles, as in ``benchmarks/data/seeds_articles_dev.json``. An article's ``lines``
are ``[first, last]``, 1-based and inclusive, or a list of such pairs where another item stands in between. Per page and
in all, with counts added up over the pages:

* boundaries: a non-blank line is a boundary when the line before it belongs to another article. The page's first line
  is left out, since every reading gets it. F1 over these lines.
* headline, byline, kind: share of the gold's articles for which the article that shares most lines says the same.
  White space never counts; a byline is compared without its brackets and the mark before it, a headline may also be one
  of ``headline_alternatives``; null is the empty text.
* parts: F1 over columns, kickers, subheads and section heads as texts. The gold does not tell kicker from subhead.
* joins: a gold pair of fragments is found when a mended line ends with the first and goes on with the second. Every
  other mended line counts against precision.
* coverage: share of the non-blank lines that are in exactly one article or reported as left over.
"""

from __future__ import annotations

import argparse
import json
import sys
import unicodedata
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, fields
from itertools import pairwise
from pathlib import Path
from typing import Any

from index.errors import SourceError, WenjuError
from index.reading.lines import read_rows
from index.reading.pages import read_layout
from index.reading.source import find_pages, read_page
from index.schema import Article, Layout, Page, Role

__all__ = ["Counts", "main", "score_page"]

Gold = Mapping[str, Any]
_BYLINE_WRAPPING = "()[]【】□■◆●口 "


@dataclass(frozen=True, slots=True)
class Counts:
    """What was found of what, on one page or on several; ``a + b`` adds up."""

    articles: int = 0
    headlines: int = 0
    bylines: int = 0
    kinds: int = 0
    boundaries_gold: int = 0
    boundaries_read: int = 0
    boundaries_right: int = 0
    parts_gold: int = 0
    parts_read: int = 0
    parts_right: int = 0
    joins_gold: int = 0
    joins_read: int = 0
    joins_found: int = 0
    joins_right: int = 0
    lines: int = 0
    covered: int = 0

    def __add__(self, other: Counts) -> Counts:
        return Counts(*(getattr(self, f.name) + getattr(other, f.name) for f in fields(self)))

    @property
    def boundary_f1(self) -> float:
        """F1 of the lines on which another article begins or goes on; 1.0 where there is none to find."""
        return _f1(self.boundaries_right, self.boundaries_read, self.boundaries_gold)

    @property
    def parts_f1(self) -> float:
        """F1 of columns, kickers, subheads and section heads; 1.0 where there is none to find."""
        return _f1(self.parts_right, self.parts_read, self.parts_gold)

    @property
    def join_recall(self) -> float:
        """Share of the torn sentences that were mended; 1.0 where none was torn."""
        return self.joins_found / self.joins_gold if self.joins_gold else 1.0

    @property
    def join_precision(self) -> float:
        """Share of the mended places that were torn; 1.0 where nothing was mended."""
        return self.joins_right / self.joins_read if self.joins_read else 1.0

    @property
    def join_f1(self) -> float:
        """Harmonic mean of the two."""
        total = self.join_recall + self.join_precision
        return 2 * self.join_recall * self.join_precision / total if total else 0.0


def score_page(page: Page, gold: Sequence[Gold]) -> tuple[Counts, list[str]]:
    """Hold the reading of one page against its gold.

    Returns:
        The counts, and one line of text per difference.
    """
    layout = read_layout(page)
    owner_gold = {number: place for place, item in enumerate(gold) for number in _gold_lines(item)}
    owner_read = {line.number: place for place, a in enumerate(layout.articles) for line in a.lines}
    numbers = [row.number for row in read_rows(page.text)]
    told: list[str] = []
    counts = _score_lines(numbers, owner_gold, owner_read, layout, told)
    for place, item in enumerate(gold):
        shared = Counter(owner_read[n] for n in numbers if owner_gold.get(n) == place and n in owner_read)
        article = layout.articles[shared.most_common(1)[0][0]] if shared else None
        counts += _score_article(item, article, told)
    return counts + _score_joins(page, layout, gold, told), told


def main(argv: Sequence[str] | None = None) -> int:
    """Print the table; the exit code is 1 when a page or the gold cannot be read."""
    summary = (__doc__ or "").split("\n")[0]
    parser = argparse.ArgumentParser(prog="python -m index.reading.score", description=summary)
    parser.add_argument("gold", type=Path, help="JSON: page file -> articles")
    parser.add_argument("pages", type=Path, nargs="+", help="page files or folders; those without gold are passed over")
    parser.add_argument("--differences", action="store_true", help="print every difference as well")
    args = parser.parse_args(argv)
    try:
        gold = _read_gold(args.gold)
        found = [item for path in args.pages for item in find_pages(path)]
        scored = [
            (name, *score_page(read_page(file, name), gold[Path(name).name]))
            for name, file in found
            if Path(name).name in gold
        ]
        if not scored:
            raise SourceError(f"None of the pages has gold in {args.gold}.", f"It names: {', '.join(gold)}.")
    except WenjuError as error:
        sys.stderr.write(f"index.reading.score: {error}\n")
        return 1
    sys.stdout.write("\n".join(_table(scored)) + "\n")
    if args.differences:
        sys.stdout.write("".join(f"{name}: {line}\n" for name, _, told in scored for line in told))
    return 0


def _score_lines(
    numbers: Sequence[int],
    owner_gold: Mapping[int, int],
    owner_read: Mapping[int, int],
    layout: Layout,
    told: list[str],
) -> Counts:
    pairs = list(pairwise(numbers))
    in_gold = {after for before, after in pairs if owner_gold.get(before) != owner_gold.get(after)}
    in_read = {after for before, after in pairs if owner_read.get(before) != owner_read.get(after)}
    told += [f"line {number}: a boundary is missing" for number in sorted(in_gold - in_read)]
    told += [f"line {number}: a boundary too many" for number in sorted(in_read - in_gold)]
    times = Counter(line.number for article in layout.articles for line in article.lines)
    times.update(rest.number for rest in layout.leftovers)
    covered = sum(times[number] == 1 for number in numbers)
    return Counts(
        boundaries_gold=len(in_gold),
        boundaries_read=len(in_read),
        boundaries_right=len(in_gold & in_read),
        lines=len(numbers),
        covered=covered,
    )


def _score_article(item: Gold, article: Article | None, told: list[str]) -> Counts:
    headlines = {_plain(text or "") for text in (item["headline"], *item.get("headline_alternatives", ()))}
    title = _plain(article.title) if article else None
    byline = _byline(article.byline) if article else None
    kind = str(article.kind) if article else None
    whole = title in headlines and title != _plain(item["headline"] or "")  # an alternative: kicker in the headline
    parts_gold = Counter(
        _plain(text)
        for name in ("column", "section_heads", *(() if whole else ("kicker_or_subhead",)))
        for text in item.get(name, ())
    )
    parts_read = Counter(map(_plain, _parts(article))) if article else Counter[str]()
    where = f"line {_gold_lines(item)[0]}"
    for name, said, expected in (
        ("headline", title, headlines),
        ("byline", byline, {_byline(item["byline"] or "")}),
        ("kind", kind, {item["kind"]}),
    ):
        if said not in expected:
            told.append(f"{where}: {name} {said!r}, gold {sorted(expected)}")
    told += [f"{where}: part {text!r} is missing" for text in parts_gold - parts_read]
    told += [f"{where}: part {text!r} too many" for text in parts_read - parts_gold]
    return Counts(
        articles=1,
        headlines=int(title in headlines),
        bylines=int(byline == _byline(item["byline"] or "")),
        kinds=int(kind == item["kind"]),
        parts_gold=parts_gold.total(),
        parts_read=parts_read.total(),
        parts_right=(parts_gold & parts_read).total(),
    )


def _score_joins(page: Page, layout: Layout, gold: Sequence[Gold], told: list[str]) -> Counts:
    torn = [(_plain(left), _plain(right)) for item in gold for left, right in item["paragraph_joins"]]
    mended = list(_mended(layout))
    found = [any(_fits(pair, join) for join in mended) for pair in torn]
    right = [any(_fits(pair, join) for pair in torn) for join in mended]
    told += [f"not joined: {pair}" for pair, hit in zip(torn, found, strict=True) if not hit]
    told += [f"wrongly joined: {a[-12:]}|{b[:12]}" for (a, b), hit in zip(mended, right, strict=True) if not hit]
    return Counts(joins_gold=len(torn), joins_read=len(mended), joins_found=sum(found), joins_right=sum(right))


def _mended(layout: Layout) -> Iterator[tuple[str, str]]:
    for article in layout.articles:
        for line, segment in zip(article.lines, article.segments, strict=True):
            if line.joined:
                end = segment.start + segment.length
                yield _plain(article.text[: segment.start]), _plain(article.text[segment.start : end])


def _fits(pair: tuple[str, str], join: tuple[str, str]) -> bool:
    return join[0].endswith(pair[0]) and join[1].startswith(pair[1])


def _parts(article: Article) -> list[str]:
    starts = {segment.line: segment for segment in article.segments}
    sections = [starts[line.number] for line in article.lines if line.role is Role.SECTION]
    return [*article.kicker, *article.subhead, *(article.text[s.start : s.start + s.length] for s in sections)]


def _gold_lines(item: Gold) -> list[int]:
    lines = item["lines"]
    pairs = [lines] if isinstance(lines[0], int) else lines
    return [number for first, last in pairs for number in range(first, last + 1)]


def _plain(text: str) -> str:
    return "".join(text.split())


def _byline(text: str) -> str:
    return _plain(unicodedata.normalize("NFKC", text)).strip(_BYLINE_WRAPPING)


def _f1(right: int, read: int, gold: int) -> float:
    return 2 * right / (read + gold) if read + gold else 1.0


def _read_gold(path: Path) -> dict[str, list[Gold]]:
    try:
        gold: dict[str, list[Gold]] = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise SourceError(f"{path} cannot be read as JSON ({error}).", "Give the gold file.") from None
    return gold


def _table(scored: Sequence[tuple[str, Counts, list[str]]]) -> Iterator[str]:
    width = max(len(name) for name, _, _ in scored)
    names = ("articles", "boundaries", "headline", "byline", "kind", "parts", "join R", "join P", "coverage")
    yield f"{'page':{width}}  " + "  ".join(f"{name:>10}" for name in names)
    total = sum((counts for _, counts, _ in scored), Counts())
    for name, counts in [*((name, counts) for name, counts, _ in scored), ("all", total)]:
        values = (
            counts.boundary_f1,
            counts.headlines / counts.articles,
            counts.bylines / counts.articles,
            counts.kinds / counts.articles,
            counts.parts_f1,
            counts.join_recall,
            counts.join_precision,
            counts.covered / counts.lines,
        )
        yield f"{name:{width}}  {counts.articles:>10}  " + "  ".join(f"{value:>10.3f}" for value in values)


if __name__ == "__main__":
    raise SystemExit(main())
