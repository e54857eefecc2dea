"""Where does one article of a page end and the next begin, and what does each line do in it?

Lines are first given a form (``index.lines``). Runs of headings then decide: a run opens an article when something
marks it as a beginning (a byline below it, a column title, the end of the article before, a heading of the same
rank, the room of a picture above it); otherwise it is a section head. Every non-blank line ends up in exactly one
article, and a sentence torn by the layout is mended in the article's text while its spans stay exact.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from index.lines import Form, Row, ends_sentence, find_byline, names_source, read_rows
from index.schema import Article, Kind, Line, Page, Role, Segment

__all__ = ["read_articles"]

_PICTURE_GAP = 3  # blank lines where the layout had a picture
_LONGEST_BRIEF = 330  # characters of body text
_MUCH_LONGER = 1.3  # a kicker or subhead is wordier than its headline
_SECTION_LEVEL = 4  # newspapers never set a headline as ####

_HEAD_FORMS = {Form.HEADING, Form.COLUMN, Form.BYLINE, Form.CONTINUED_FROM}
_PLAIN_ROLES = {
    Form.CONTINUED_FROM: Role.CONTINUED,
    Form.CONTINUED_ON: Role.CONTINUED,
    Form.COLUMN: Role.COLUMN,
    Form.CREDIT: Role.CREDIT,
    Form.BYLINE: Role.BYLINE,
    Form.BODY: Role.BODY,
    Form.LEAD: Role.BODY,
}


def read_articles(page: Page) -> list[Article]:
    """Read a page into its articles.

    Args:
        page: The decoded page.

    Returns:
        Articles in page order. Every non-blank line of the page is in exactly one of them.
    """
    rows = read_rows(page.text)
    drafts: list[_Draft] = []
    for run, follower in _runs(rows):
        if not drafts or _opens_article(run, follower, drafts[-1], rows):
            drafts.append(_Draft())
        drafts[-1].add(run, follower)
    return [_finish(draft, page) for draft in drafts]


@dataclass
class _Draft:
    """An article while its lines are being collected."""

    rows: list[Row] = field(default_factory=list)
    roles: list[Role] = field(default_factory=list)
    level: int = 0
    closed: bool = False

    @property
    def has_body(self) -> bool:
        return Role.BODY in self.roles

    def add(self, run: Sequence[Row], follower: Row | None) -> None:
        opening = not self.rows
        roles = _opening_roles(run, follower) if opening else [_later_role(row, has_body=self.has_body) for row in run]
        self.rows += run
        self.roles += roles
        if opening:
            self.level = next((row.level for row, role in zip(run, roles, strict=True) if role is Role.HEADLINE), 0)
        self.closed = self.closed or any(
            role is Role.CREDIT or row.form is Form.CONTINUED_ON for row, role in zip(run, roles, strict=True)
        )


def _runs(rows: Sequence[Row]) -> Iterator[tuple[list[Row], Row | None]]:
    """Cut rows into runs of heading lines and single other lines, each with the row that follows it."""
    start = 0
    for end in range(1, len(rows) + 1):
        if end < len(rows) and _same_run(rows[end - 1], rows[end]):
            continue
        yield list(rows[start:end]), rows[end] if end < len(rows) else None
        start = end


def _same_run(row: Row, after: Row) -> bool:
    both_heads = row.form in _HEAD_FORMS and after.form in _HEAD_FORMS
    return both_heads and row.form is not Form.BYLINE and after.gap < _PICTURE_GAP


def _opens_article(run: Sequence[Row], follower: Row | None, current: _Draft, rows: Sequence[Row]) -> bool:
    forms = {row.form for row in run}
    if forms & {Form.COLUMN, Form.CONTINUED_FROM}:
        return True
    if Form.HEADING not in forms:
        return run[0].form is Form.LEAD and current.has_body  # a second 本报讯 is a second article
    if Form.BYLINE in forms or (follower and follower.form is Form.LEAD) or current.closed:
        return True
    levels = [row.level for row in run if row.level]
    if levels:
        return _rank_opens(min(levels), current, rows)
    return run[0].gap >= _PICTURE_GAP and (not current.has_body or ends_sentence(current.rows[-1].text))


def _rank_opens(level: int, current: _Draft, rows: Sequence[Row]) -> bool:
    if level <= current.level or not current.level:
        return True
    return level == 2 and current.level == 1 and _second_rank_is_headlines(rows)


def _second_rank_is_headlines(rows: Sequence[Row]) -> bool:
    """Whether ``##`` stands for further articles on this page, not for sections of the ``#`` article."""
    for row, after in zip(rows, [*rows[1:], None], strict=True):
        leads = after is not None and after.form in {Form.LEAD, Form.BYLINE}
        if row.level > 2 or (row.level == 2 and (row.form is Form.COLUMN or leads)):
            return True
    return False


def _later_role(row: Row, *, has_body: bool) -> Role:
    if row.form is Form.HEADING:
        return Role.SECTION
    if row.form is Form.BYLINE and has_body:
        return Role.CREDIT  # who wrote or took it, said at the end
    return _PLAIN_ROLES[row.form]


def _opening_roles(run: Sequence[Row], follower: Row | None) -> list[Role]:
    headings = [index for index, row in enumerate(run) if row.form is Form.HEADING]
    roles = [_PLAIN_ROLES.get(row.form, Role.KICKER) for row in run]
    if not headings:
        return roles
    headline = _headline_index(run, headings, follower)
    roles[headline] = Role.HEADLINE
    for index in headings:
        if index > headline:
            roles[index] = Role.SECTION if run[index].level else Role.SUBHEAD
        elif index < headline and (run[index].level or headline - index > 1):
            roles[index] = Role.COLUMN
    return roles


def _headline_index(run: Sequence[Row], headings: Sequence[int], follower: Row | None) -> int:
    ranked = [index for index in headings if 0 < run[index].level < _SECTION_LEVEL]
    if ranked:
        # ## over ### with no text between: a column over its article, if anything shows that ### is an article.
        deeper = any(run[index].level >= _SECTION_LEVEL for index in headings)
        marked = any(row.form in {Form.COLUMN, Form.BYLINE} for row in run)
        leads = follower is not None and follower.form is Form.LEAD
        return ranked[-1] if deeper or marked or leads else ranked[0]
    if len(headings) == 1:
        return headings[0]
    first, second = headings[-2:]
    wordy_second = len(run[second].text) > _MUCH_LONGER * len(run[first].text)
    wordy_first = len(run[first].text) > _MUCH_LONGER * len(run[second].text)
    if len(headings) == 2:
        return second if wordy_first else first
    return first if wordy_second else second


def _finish(draft: _Draft, page: Page) -> Article:
    lines: list[Line] = []
    segments: list[Segment] = []
    parts: list[str] = []
    length = 0
    for row, role in zip(draft.rows, draft.roles, strict=True):
        torn = bool(lines) and lines[-1].role is role is Role.BODY and _is_torn(parts[-1], row)
        if parts and not torn:
            parts.append("\n")
            length += 1
        lines.append(Line(row.number, row.whole, role, joined=torn))
        segments.append(Segment(length, row.content.start, len(row.text), row.number))
        parts.append(row.text)
        length += len(row.text)
    byline = _byline(draft)
    return Article(
        article_id=f"{page.file}#{draft.rows[0].number}",
        file=page.file,
        title="".join(_texts(draft, Role.HEADLINE)),
        kicker=_texts(draft, Role.COLUMN, Role.KICKER),
        subhead=_texts(draft, Role.SUBHEAD),
        byline=byline,
        kind=_kind(draft, byline),
        date=None,
        lines=tuple(lines),
        text="".join(parts),
        segments=tuple(segments),
    )


def _is_torn(left: str, right: Row) -> bool:
    if right.form is Form.LEAD or ends_sentence(left):
        return False
    # Between two Latin letters or digits a space may be missing, and we add no character of our own.
    return not (left[-1].isascii() and left[-1].isalnum() and right.text[0].isascii() and right.text[0].isalnum())


def _texts(draft: _Draft, *wanted: Role) -> tuple[str, ...]:
    return tuple(row.text for row, role in zip(draft.rows, draft.roles, strict=True) if role in wanted)


def _byline(draft: _Draft) -> str:
    for text in _texts(draft, Role.BYLINE):
        return find_byline(text) or text
    body = _texts(draft, Role.BODY)
    inside = [byline for text in (body[:1] + body[-1:]) if (byline := find_byline(text))]
    signatures = [text for text in _texts(draft, Role.CREDIT) if not names_source(text)]
    return next(iter([*inside, *signatures]), "")


def _kind(draft: _Draft, byline: str) -> Kind:
    body = _texts(draft, Role.BODY)
    if not body:
        return Kind.CAPTION if byline else Kind.HEADLINE
    opens_with_byline = Role.BYLINE in draft.roles or draft.rows[draft.roles.index(Role.BODY)].form is Form.LEAD
    if not opens_with_byline and byline and len(body) <= 2 and any(mark in byline for mark in ("摄", "图")):
        return Kind.CAPTION
    return Kind.BRIEF if sum(map(len, body)) <= _LONGEST_BRIEF else Kind.NEWS
