"""What articles does a page hold? ``index.reading.segmenter`` puts lines together; each draft is an article.

Every non-blank line ends up in exactly one article, or is left over as furniture of the page. A sentence torn by the
layout is mended in the article's text while its spans stay exact; one whose rest is missing is marked.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from index.reading.continuations import link_layouts
from index.reading.dates import PageDate, article_date, names_lunar_day, page_date
from index.reading.labels import (
    comes_from_elsewhere,
    is_caption,
    is_photo_credit,
    names_advert,
    names_editors_note,
    names_opinion,
    names_people,
    split_headline,
    tells_author,
)
from index.reading.line_forms import Form, ends_sentence, find_byline, is_date, names_source
from index.reading.lines import breaks_off, read_rows
from index.reading.mending import is_torn, mends_over
from index.reading.segmenter import Draft, Drafter, later_role
from index.reading.typeset import drafts_of_parts, typeset_rows
from index.schema import Article, Kind, Layout, Leftover, Line, Note, Page, Role, Segment

__all__ = ["read_articles", "read_layout", "read_layouts"]

_LONGEST_BRIEF = 330  # characters of body text
_OF_OTHERS = {
    "导航",
    "边栏",
    "评论",
    "链接列表",
    "网站页脚",
    "按钮",
    "搜索框",
}  # parts of a web page whose dates are not its own
_LUNAR = "只有农历日期，不作发表日期"


def read_articles(page: Page, date: str | None = None) -> list[Article]:
    """Read a page into its articles.

    Args:
        page: The decoded page.
        date: ISO date of publication where it is known; it goes before what the page itself says.

    Returns:
        Articles in the order of their first lines. A non-blank line of the page is in one of them at most.
    """
    return list(read_layout(page, date).articles)


def read_layout(page: Page, date: str | None = None) -> Layout:
    """Read a page into its articles, with what was left over and the decisions that were made.

    Args:
        page: The decoded page.
        date: ISO date of publication where it is known.
    """
    if page.ready:
        return _ready_layout(page, date)
    rows = read_rows(page.text, dict(page.aside))
    if page.imprint is not None:
        rows = typeset_rows(rows, page.imprint)
    leftovers = tuple(Leftover(row.number, row.whole, row.why) for row in rows if row.form is Form.FURNITURE)
    reader = Drafter([row for row in rows if row.form is not Form.FURNITURE])
    of_page = [row for row in rows if row.form is Form.FURNITURE and row.why not in _OF_OTHERS]
    published = page_date(page.file, [row.text for row in of_page], page.date or date)
    drafts = reader.read() if page.imprint is None else drafts_of_parts(reader.rows, page.imprint, reader)
    articles = tuple(_finish(draft, page, published, reader) for draft in drafts)
    lunar = [] if published.date else [Note(row.number, _LUNAR) for row in of_page if names_lunar_day(row.text)]
    notes = sorted([*page.notes, *lunar, *reader.notes], key=lambda note: note.number)
    return Layout(articles, leftovers, tuple(notes))


def read_layouts(pages: Sequence[Page], date: str | None = None) -> list[Layout]:
    """Read the pages of one collection; the parts of articles that go on from page to page are linked.

    Args:
        pages: The decoded pages.
        date: ISO date of publication of all of them, where it is known.
    """
    return link_layouts(pages, [read_layout(page, date) for page in pages])


def _ready_layout(page: Page, date: str | None) -> Layout:
    """A single article as it was handed to us: its headline, and the rest is its text."""
    draft = Draft()
    rows = [row if row.form is not Form.FURNITURE else replace(row, form=Form.BODY) for row in read_rows(page.text)]
    for place, row in enumerate(rows):
        title = place == 0 and page.titled
        role = Role.HEADLINE if title else later_role(row, has_body=draft.has_body)
        draft.add([row], [Role.BODY if role is Role.SECTION and not draft.has_body else role])
    reader = Drafter(rows)
    return Layout(
        (_finish(draft, page, page_date(page.file, [], page.date or date), reader),), (), (*page.notes, *reader.notes)
    )


def _finish(draft: Draft, page: Page, published: PageDate, reader: Drafter) -> Article:
    lines: list[Line] = []
    segments: list[Segment] = []
    parts: list[str] = []
    length = 0
    before = draft.rows[0]
    for place in _reading_order(draft, reader):
        row, role = draft.rows[place], draft.roles[place]
        content = page.text[row.content.start : row.content.end]
        follows = bool(lines) and lines[-1].role is role is Role.BODY and not before.alone
        joined = follows and is_torn(before.text, row, indents=reader.indents)
        if parts and not joined:
            parts.append("\n")
            length += 1
        line = Line(row.number, row.whole, role, joined, broken=_is_broken(draft, place, reader))
        if joined:
            reader.note(line, f"与第 {lines[-1].number} 行的断句接上：…{before.text[-8:]}｜{row.text[:8]}…")
        if line.broken:
            reader.note(line, f"句子断在“…{row.text[-8:]}”，下文不在此版，未接", doubtful=True)
        lines.append(line)
        before = row
        segments.append(Segment(length, row.content.start, len(content), row.number))
        parts.append(content)
        length += len(content)
    kicker, title = _title(draft)
    if kicker and kicker[-1:] != _texts(draft, Role.COLUMN, Role.KICKER)[-1:]:
        reader.note(draft.rows[0], f"引题与标题同行，标题取“{title}”", doubtful=True)
    byline = _byline(draft)
    text = "".join(parts)
    date, source, evidence = article_date(published, [row.text for row in draft.rows])
    return Article(
        article_id=f"{page.file}#{draft.rows[0].number}",
        file=page.file,
        title=title,
        kicker=kicker,
        subhead=_texts(draft, Role.SUBHEAD),
        byline=byline,
        kind=_kind(draft, byline),
        date=date,
        lines=tuple(lines),
        text=text,
        segments=tuple(segments),
        date_source=source,
        date_evidence=evidence,
    )


def _reading_order(draft: Draft, reader: Drafter) -> list[int]:
    """Places of the rows in the order of the text: that of the page, but a section head never tears a sentence.

    A head that the layout set into a sentence is read before the paragraph that it stands in.
    """
    order = list(range(len(draft.rows)))
    for place in range(2, len(order) - 1):
        if not _goes_on_behind(draft, place, reader):
            continue
        first = place - 1
        while _is_joined(draft, first, reader):
            first -= 1
        if first:
            order[first : place + 1] = [place, *range(first, place)]
    return order


def _is_joined(draft: Draft, place: int, reader: Drafter) -> bool:
    """Whether the line at a place goes on with the running text right above it."""
    if place < 1 or draft.roles[place - 1 : place + 1] != [Role.BODY, Role.BODY]:
        return False
    left, right = draft.rows[place - 1 : place + 1]
    return not left.alone and is_torn(left.text, right, indents=reader.indents)


def _goes_on_behind(draft: Draft, place: int, reader: Drafter) -> bool:
    """Whether the section head at a place stands inside a sentence."""
    if draft.roles[place - 1 : place + 2] != [Role.BODY, Role.SECTION, Role.BODY]:
        return False
    left, head, right = draft.rows[place - 1 : place + 2]
    return mends_over(left, head.text, right, indents=reader.indents)


def _is_broken(draft: Draft, place: int, reader: Drafter) -> bool:
    """Whether a line of running text ends inside a sentence, and nothing of its article goes on with it."""
    row, role = draft.rows[place], draft.roles[place]
    if role is not Role.BODY or row.alone or ends_sentence(row.text):
        return False
    if place + 1 == len(draft.rows):
        return True
    after, then = draft.rows[place + 1], draft.roles[place + 1]
    if then is Role.BODY:
        return after.alone or breaks_off(row.text, after, indents=reader.indents)
    return place == 0 or not _goes_on_behind(draft, place + 1, reader)


def _title(draft: Draft) -> tuple[tuple[str, ...], str]:
    """Columns and kickers, and the headline without what stands before it on its line."""
    above = _texts(draft, Role.COLUMN, Role.KICKER)
    whole = "".join(_texts(draft, Role.HEADLINE))
    before, title = split_headline(whole)
    return (*above, *before), title


def _texts(draft: Draft, *wanted: Role) -> tuple[str, ...]:
    return tuple(row.text for row, role in zip(draft.rows, draft.roles, strict=True) if role in wanted)


def _byline(draft: Draft) -> str:
    for text in _texts(draft, Role.BYLINE):
        return find_byline(text) or text
    body = _texts(draft, Role.BODY)
    inside = [byline for text in (body[:1] + body[-1:]) if (byline := find_byline(text))]
    signatures = [text for text in _texts(draft, Role.CREDIT) if not names_source(text) and not is_date(text)]
    named = [text for text in signatures if names_people(text)]
    return next(iter([*inside, *named, *signatures]), "")


def _kind(draft: Draft, byline: str) -> Kind:
    body = _texts(draft, Role.BODY, Role.TABLE)
    if any(row.form is Form.CONTINUED_FROM for row in draft.rows) or any(map(comes_from_elsewhere, body[:1])):
        return Kind.CONTINUATION
    if labelled := _labelled_kind(draft) if not byline else None:
        return labelled
    if not body:
        return Kind.CAPTION if byline else Kind.HEADLINE
    first = next(row for row, role in zip(draft.rows, draft.roles, strict=True) if role in {Role.BODY, Role.TABLE})
    opens_with_byline = Role.BYLINE in draft.roles or first.form is Form.LEAD
    if is_caption(first.text) or (not opens_with_byline and len(body) <= 2 and is_photo_credit(byline)):
        return Kind.CAPTION
    if _is_opinion(draft, byline, opens_with_byline=opens_with_byline, length=sum(map(len, body))):
        return Kind.OPINION
    return Kind.BRIEF if sum(map(len, body)) <= _LONGEST_BRIEF else Kind.NEWS


def _labelled_kind(draft: Draft) -> Kind | None:
    """What an unsigned item is that has a label for it: 编者按, 广告."""
    labels = _texts(draft, Role.COLUMN, Role.KICKER)
    if any(map(names_editors_note, labels)):
        return Kind.EDITORS_NOTE
    advert = any(map(names_advert, (*labels, *_texts(draft, Role.HEADLINE))))
    return Kind.ADVERTISEMENT if advert else None


def _is_opinion(draft: Draft, byline: str, *, opens_with_byline: bool, length: int) -> bool:
    """Under a column of opinions, by a commentator, or a longer text that ends with its signature in brackets."""
    if any(map(names_opinion, _texts(draft, Role.COLUMN))) or "评论员" in byline or "評論員" in byline:
        return True
    if any(map(tells_author, [*_texts(draft, Role.CREDIT), *_texts(draft, Role.BODY)[-1:]])):
        return True
    in_brackets = byline[:1] in {"(", "（"} and byline in _texts(draft, Role.CREDIT)
    reported = any(word in byline for word in ("记者", "記者", "通讯员", "通訊員", "摄", "攝", "图", "圖"))
    return in_brackets and not opens_with_byline and not reported and length > _LONGEST_BRIEF
