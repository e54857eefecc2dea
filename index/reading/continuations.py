"""Which articles are parts of one that the paper broke over two pages? 下转 on the one, 上接 on the other.

A link is told only where the pages show it: the page numbers that the marks name, the day, the headline, the word
that stands across the tear. Each part stays an article of its own, with its own lines. Where two parts fit equally
well, or none, there is no link but a note.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import PurePosixPath

from index.reading.line_forms import ends_sentence, plain
from index.schema import Article, Layout, Line, Link, Note, Page, Role
from index.text import fold, sentence_spans, tokens, word_across

__all__ = ["Linker", "link_layouts"]

_DIGITS = {char: number for number, char in enumerate("零一二三四五六七八九")} | {"〇": 0}
_NUMBER = r"(?P<section>[A-Z]?)\s*(?P<number>\d{1,2}|[一二三四五六七八九十]{1,3})"
_ON = re.compile(
    rf"[(\[【►▶→\s]*(?:下转|转)\s*第?\s*{_NUMBER}\s*[版页](?P<title>[^()\[\]【】。]{{0,40}})[)\]】►▶→]*\s*$"
)
_FROM = re.compile(
    rf"[(\[【◀◄←\s]*(?:上接|紧接)\s*第?\s*(?:{_NUMBER}\s*[版页])?(?P<title>[^()\[\]【】。]{{0,40}})[)\]】]*"
)
_OWN_NUMBER = (
    re.compile(rf"第?\s*{_NUMBER}\s*版"),
    re.compile(r"(?<![A-Za-z0-9])(?P<section>[A-Z])(?P<number>\d{1,2})(?![0-9A-Za-z])"),
    re.compile(r"^(?P<section>)(?P<number>\d{1,2})[\s|·]+[\u4e00-\u9fff]{2,4}(?:[\s|·]|$)"),
)
_COUNT = re.compile(r"今日\s*\d+\s*版|共\s*\d+\s*版")
_DATE_IN_NAME = re.compile(r"(?:19|20)\d{2}[-_.年]?\d{1,2}[-_.月]?\d{1,2}日?")
_NUMBER_IN_NAME = re.compile(r"(?:第|版|[Pp](?:age)?)?(?P<section>[A-Z]?)(?P<number>\d{1,2})版?")
_LONGEST_MARK = 100  # characters; looked for in no more, for a pattern that may begin anywhere is slow over a long line
_HEADS = {"报头", "版次"}
_WORDS_APART = 8  # characters on each side in which a word across a tear is looked for
_ALIKE = 0.5  # share of the pairs of characters that two headlines have in common
_FEW_WORDS = 3  # words that both parts use, below which they tell nothing

_Number = tuple[str, int]


@dataclass(frozen=True, slots=True)
class _Part:
    """One side of a break: an article with a mark, and what is known of its page."""

    layout: int
    article: Article
    folder: str
    line: int  # of the mark
    named: _Number | None  # the page that the mark names
    own: _Number | None  # the page that it stands on
    title: str  # the headline, or the words that the mark gives for one
    edge: str  # the sentence at the break
    torn: bool = False  # whether the sentence breaks off there


@dataclass(frozen=True, slots=True)
class _Match:
    left: _Part
    right: _Part
    strength: int
    shared: int
    evidence: tuple[str, ...]


def link_layouts(pages: Sequence[Page], layouts: Sequence[Layout]) -> list[Layout]:
    """Link the parts of articles that go on from one page of a collection to another.

    Args:
        pages: The pages.
        layouts: How each was read.

    Returns:
        The layouts in order; articles with a link carry it, and the notes tell what was linked and what was not.
    """
    linker = Linker()
    for page, layout in zip(pages, layouts, strict=True):
        linker.look(page, layout)
    return linker.link(layouts)


class Linker:
    """Looks at the pages of a collection one after the other, keeps what may be part of an article, and links it."""

    def __init__(self) -> None:
        self._lefts: list[_Part] = []
        self._rights: list[_Part] = []
        self._looked = 0

    def look(self, page: Page, layout: Layout) -> bool:
        """Take note of the next page; whether any part so far may go on from another page or to one."""
        own = _own_number(page, layout)
        for article in layout.articles:
            self._lefts += _left_part(self._looked, article, own)
            self._rights += _right_part(self._looked, article, own)
        self._looked += 1
        return bool(self._lefts or self._rights)

    def linked(self) -> dict[str, Article]:
        """The articles that have a link, with it, by article_id."""
        return _linked(_matches(self._lefts, self._rights))

    def link(self, layouts: Sequence[Layout]) -> list[Layout]:
        """The layouts that were looked at, with links and notes."""
        if not self._lefts and not self._rights:
            return list(layouts)
        return _with_links(layouts, self._lefts, self._rights, _matches(self._lefts, self._rights))


def _left_part(layout: int, article: Article, own: _Number | None) -> Iterator[_Part]:
    """The part that goes on elsewhere, if it is one: the last 下转 on or behind its running text."""
    for line, text in reversed(_texts(article)):
        if line.role not in {Role.CONTINUED, Role.BODY}:
            continue
        before_tail = max(0, len(text) - _LONGEST_MARK)
        mark = _ON.search(plain(text[before_tail:]))
        if mark and (line.role is Role.CONTINUED or before_tail + mark.start()):
            before = _running_text(article, text, before_tail + mark.start(), last=True)
            spans = sentence_spans(before)
            edge = before[spans[-1][0] : spans[-1][1]] if spans else ""
            torn = bool(edge) and not ends_sentence(edge)
            title = _named_title(mark) or article.title
            yield _Part(layout, article, _folder(article), line.number, _number(mark), own, title, edge, torn)
            return


def _right_part(layout: int, article: Article, own: _Number | None) -> Iterator[_Part]:
    """The part that goes on from elsewhere, if it is one: 上接 before its running text or at its start."""
    for line, text in _texts(article):
        mark = _FROM.match(plain(text[:_LONGEST_MARK])) if line.role in {Role.CONTINUED, Role.BODY} else None
        if mark and (line.role is Role.CONTINUED or text[0] in "（(【["):
            after = _running_text(article, text, mark.end(), last=False)
            spans = sentence_spans(after)
            edge = after[spans[0][0] : spans[0][1]] if spans else ""
            title = _named_title(mark) or article.title
            yield _Part(layout, article, _folder(article), line.number, _number(mark), own, title, edge)
            return
        if line.role is Role.BODY:
            return


def _matches(lefts: Sequence[_Part], rights: Sequence[_Part]) -> list[_Match]:
    """The pairs that are certain: both sides fit each other better than anything else."""
    fits = [match for left in lefts for right in rights if (match := _fit(left, right))]
    return [match for match in fits if _is_best(match, fits)]


def _fit(left: _Part, right: _Part) -> _Match | None:
    """What speaks for a pair; None when something speaks against it."""
    if left.article.file == right.article.file or not _may_be_one_day(left, right):
        return None
    sides = [_agree(left.named, right.own), _agree(right.named, left.own)]
    if False in sides:
        return None
    evidence = ["版次相合"] * bool(sides.count(True))
    strength = sides.count(True)
    if _alike(left.title, right.title):
        strength, evidence = strength + 3, [*evidence, "标题相合"]
    if left.torn and word_across(left.edge[-_WORDS_APART:], right.edge[:_WORDS_APART]):
        strength, evidence = strength + 2, [*evidence, "断开的词相接"]
    if not strength:
        return None
    shared = len(_words(left.article) & _words(right.article))
    return _Match(left, right, strength, shared, tuple(evidence))


def _is_best(match: _Match, fits: Sequence[_Match]) -> bool:
    rivals = [
        other for other in fits if other is not match and (other.left is match.left or other.right is match.right)
    ]
    ahead = [other for other in rivals if other.strength >= match.strength]
    if not ahead:
        return True
    tied = all(other.strength == match.strength for other in ahead)
    most = max(other.shared for other in ahead)
    return tied and match.shared >= max(_FEW_WORDS, 2 * most)


def _linked(found: Sequence[_Match]) -> dict[str, Article]:
    """Articles with their links; one may go on from a page and to another."""
    articles: dict[str, Article] = {}
    for match in found:
        left, right, evidence = match.left, match.right, "，".join(match.evidence)
        sentence = left.edge + right.edge if left.torn else ""
        here, there = (articles.get(part.article.article_id, part.article) for part in (left, right))
        articles[here.article_id] = replace(here, continued_by=Link(there.article_id, there.title, sentence, evidence))
        articles[there.article_id] = replace(there, continues=Link(here.article_id, here.title, sentence, evidence))
    return articles


def _with_links(
    layouts: Sequence[Layout], lefts: Sequence[_Part], rights: Sequence[_Part], found: Sequence[_Match]
) -> list[Layout]:
    articles = _linked(found)
    notes = [list(layout.notes) for layout in layouts]
    for match in found:
        left, right, evidence = match.left, match.right, "，".join(match.evidence)
        notes[left.layout].append(Note(left.line, f"下文是 {right.article.article_id}：{evidence}"))
        notes[right.layout].append(Note(right.line, f"上文是 {left.article.article_id}：{evidence}"))
    linked = {id(part) for match in found for part in (match.left, match.right)}
    for part, other in [(part, "下文") for part in lefts] + [(part, "上文") for part in rights]:
        if id(part) not in linked:
            notes[part.layout].append(Note(part.line, f"{other}不在所读的版里，或不能确定，未相连", doubtful=True))
    return [
        replace(
            layout,
            articles=tuple(articles.get(article.article_id, article) for article in layout.articles),
            notes=tuple(sorted(told, key=lambda note: note.number)),
        )
        for layout, told in zip(layouts, notes, strict=True)
    ]


def _texts(article: Article) -> list[tuple[Line, str]]:
    places = zip(article.lines, article.segments, strict=True)
    return [(line, article.text[place.start : place.start + place.length]) for line, place in places]


def _running_text(article: Article, marked: str, at: int, *, last: bool) -> str:
    """The paragraph of running text at the break: of the marked line itself, or the nearest that is running text."""
    inline = marked[:at] if last else marked[at:]
    ranges = [
        (segment.start, segment.start + segment.length)
        for line, segment in zip(article.lines, article.segments, strict=True)
        if line.role is Role.BODY
    ]
    if not ranges:
        return ""
    if last:
        text = article.text[: ranges[-1][1]]
        text = text.removesuffix(marked) + inline if text.endswith(marked) else text
        return text.rsplit("\n", 1)[-1]
    text = article.text[ranges[0][0] :]
    text = inline + text.removeprefix(marked) if text.startswith(marked) else text
    return text.split("\n", 1)[0]


def _may_be_one_day(left: _Part, right: _Part) -> bool:
    days = left.article.date, right.article.date
    return days[0] == days[1] if all(days) else left.folder == right.folder


def _agree(named: _Number | None, own: _Number | None) -> bool | None:
    """Whether a mark names the page; None where one of them is unknown."""
    if named is None or own is None:
        return None
    return named[1] == own[1] and (named[0] == own[0] or not named[0] or not own[0])


def _alike(left: str, right: str) -> bool:
    one, two = fold("".join(left.split())), fold("".join(right.split()))
    if min(len(one), len(two)) < 2:
        return False
    if one in two or two in one:
        return True
    pairs, others = ({text[i : i + 2] for i in range(len(text) - 1)} for text in (one, two))
    return 2 * len(pairs & others) / (len(pairs) + len(others)) >= _ALIKE


def _words(article: Article) -> frozenset[str]:
    return frozenset(word for word in tokens(article.text) if len(word) > 1 and not word.isdecimal())


def _own_number(page: Page, layout: Layout) -> _Number | None:
    """The number of a page: in its masthead, else in its file's name."""
    for rest in layout.leftovers:
        text = _COUNT.sub("", plain(page.text[rest.span.start : rest.span.end]))
        for pattern in _OWN_NUMBER if rest.why in _HEADS else ():
            if match := pattern.search(text):
                return _number(match)
    stem = _DATE_IN_NAME.sub(" ", PurePosixPath(page.file).stem)
    for token in reversed(re.split(r"[\s\-_.]+", stem)):
        if match := _NUMBER_IN_NAME.fullmatch(token):
            return _number(match)
    return None


def _number(match: re.Match[str]) -> _Number | None:
    text = match.group("number")
    if text is None:
        return None
    return match.group("section") or "", int(text) if text.isdecimal() else _chinese(text)


def _chinese(text: str) -> int:
    """
    Example:
        >>> _chinese("三"), _chinese("十二"), _chinese("二十")
        (3, 12, 20)
    """
    tens, ten, ones = text.rpartition("十")
    return (_DIGITS.get(tens, 1) * 10 if ten else 0) + _DIGITS.get(ones, 0)


def _named_title(mark: re.Match[str]) -> str:
    return mark.group("title").strip(" 《》〈〉<>“”\"':,。·")


def _folder(article: Article) -> str:
    return PurePosixPath(article.file).parent.as_posix()
