"""Where does one article of a page end and the next begin, and what does each line do in it?

Lines are first given a form (``index.lines``). Runs of headings then decide: a run opens an article when something
marks it as a beginning (a byline below it, a column title, the end of the article before, a heading of the same
rank, the room of a picture above it); otherwise it is a section head. An item that the layout set into the middle of
a sentence (a caption, another article's headline) is an article of its own, and the sentence goes on behind it.

Every non-blank line ends up in exactly one article, or is left over as furniture of the page. A sentence torn by the
layout is mended in the article's text while its spans stay exact; one whose rest is missing is marked.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from itertools import islice, takewhile

from index.dates import PageDate, article_date, page_date
from index.lines import (
    Form,
    Row,
    breaks_off,
    ends_sentence,
    find_byline,
    is_caption,
    is_couplet,
    is_date,
    is_notice,
    is_photo_credit,
    joins_number,
    names_briefs,
    names_opinion,
    names_source,
    read_rows,
    signs,
    split_headline,
)
from index.schema import Article, Kind, Layout, Leftover, Line, Note, Page, Role, Segment
from index.text import word_across

__all__ = ["read_articles", "read_layout"]

_PICTURE_GAP = 3  # blank lines where the layout had a picture
_LONGEST_BRIEF = 330  # characters of body text
_MUCH_LONGER = 1.3  # a kicker or subhead is wordier than its headline
_LONGEST_TAG = 4  # characters of a line such as 头条 above a headline
_SECTION_LEVEL = 4  # newspapers never set a headline as ####
_LONGEST_SIGNATURE = 25  # characters of a body's name above the date of its notice
_MOST_CAPTION_LINES = 12  # headings, text and credits of a picture
_MOST_INSETS = 6  # pictures that may stand between two parts of one article
_BY_ROOM = "上面空出图片的位置"
_INSET = "插在另一篇的一句话中间，那一句在其后接上"
_DOUBTFUL = {_BY_ROOM, _INSET}
_WORDS_APART = 8  # characters on each side in which a word across a tear is looked for

_HEAD_FORMS = {Form.HEADING, Form.COLUMN, Form.BYLINE, Form.CONTINUED_FROM}
_PLAIN_ROLES = {
    Form.CONTINUED_FROM: Role.CONTINUED,
    Form.CONTINUED_ON: Role.CONTINUED,
    Form.COLUMN: Role.COLUMN,
    Form.CREDIT: Role.CREDIT,
    Form.BYLINE: Role.BYLINE,
    Form.TABLE: Role.TABLE,
    Form.BODY: Role.BODY,
    Form.LEAD: Role.BODY,
}


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
    rows = read_rows(page.text)
    leftovers = tuple(Leftover(row.number, row.whole, row.why) for row in rows if row.form is Form.FURNITURE)
    reader = _Reader([row for row in rows if row.form is not Form.FURNITURE])
    published = page_date(page.file, [row.text for row in rows if row.form is Form.FURNITURE], page.date or date)
    drafts = reader.read()
    articles = tuple(_finish(draft, page, published, reader) for draft in drafts)
    return Layout(articles, leftovers, tuple(sorted(reader.notes, key=lambda note: note.number)))


def _ready_layout(page: Page, date: str | None) -> Layout:
    """A single article as it was handed to us: its headline, and the rest is its text."""
    draft = _Draft()
    rows = [row if row.form is not Form.FURNITURE else replace(row, form=Form.BODY) for row in read_rows(page.text)]
    for place, row in enumerate(rows):
        title = place == 0 and page.titled
        role = Role.HEADLINE if title else _later_role(row, has_body=draft.has_body)
        draft.add([row], [Role.BODY if role is Role.SECTION and not draft.has_body else role])
    reader = _Reader(rows)
    return Layout((_finish(draft, page, page_date(page.file, [], page.date or date), reader),), (), tuple(reader.notes))


@dataclass
class _Draft:
    """An article while its lines are being collected."""

    rows: list[Row] = field(default_factory=list)
    roles: list[Role] = field(default_factory=list)
    level: int = 0
    closed: bool = False
    briefs: bool = False  # below a column of short items, each heading is a headline
    place: int = 0  # among the drafts of the page
    has_body: bool = False
    has_byline: bool = False  # on a line of its own, or behind 本报讯

    @property
    def last_text(self) -> str:
        """The last line of running text; empty when there is none, or when something closed the article after it."""
        return self.rows[-1].text if self.rows and self.roles[-1] is Role.BODY else ""

    @property
    def torn(self) -> bool:
        return bool(self.last_text) and not ends_sentence(self.last_text)

    @property
    def is_caption(self) -> bool:
        """Whether it tells of a picture, and is complete."""
        if len(self.rows) > _MOST_CAPTION_LINES:
            return False
        body = [row for row, role in zip(self.rows, self.roles, strict=True) if role is Role.BODY]
        credited = [row.text for row, role in zip(self.rows, self.roles, strict=True) if role is Role.CREDIT]
        if not body:
            return len(credited) == len(self.rows) and any(map(is_photo_credit, credited))
        if len(body) > 2 or self.torn:
            return False
        tail = find_byline(body[-1].text) if body[-1].form is not Form.LEAD else ""
        return any(map(is_photo_credit, [*credited, tail])) or is_caption(body[0].text)

    def add(self, run: Sequence[Row], roles: Sequence[Role]) -> None:
        self.rows += run
        self.roles += roles
        if not self.level:
            self.level = next((row.level for row, role in zip(run, roles, strict=True) if role is Role.HEADLINE), 0)
        self.has_body = self.has_body or Role.BODY in roles
        self.has_byline = self.has_byline or Role.BYLINE in roles or any(row.form is Form.LEAD for row in run)
        for row, role in zip(run, roles, strict=True):
            if role is Role.CREDIT or row.form is Form.CONTINUED_ON:
                self.closed = True
            elif role is Role.BODY:
                self.closed = signs(row.text)


class _Reader:
    """Puts the rows of one page into drafts, run by run."""

    def __init__(self, rows: Sequence[Row]) -> None:
        self.rows = rows
        self.notes: list[Note] = []
        body = [row for row in rows if row.form in {Form.BODY, Form.LEAD}]
        self.indents = 0 < sum(row.indented for row in body) < len(body)
        self._place_of = {row.number: place for place, row in enumerate(rows)}
        self._ranks = _second_rank_is_headlines(rows)
        self._drafts: list[_Draft] = []
        self._waiting: _Draft | None = None  # a headline that was set into another article's sentence

    def read(self) -> list[_Draft]:
        """All drafts, in the order of their first lines."""
        current = _Draft()
        for run, follower in self._runs():
            current = self._place(run, follower, current)
        return sorted(self._drafts, key=lambda draft: draft.rows[0].number)

    def note(self, row: Row | Line, what: str, *, doubtful: bool = False) -> None:
        self.notes.append(Note(row.number, what, doubtful))

    def _runs(self) -> Iterator[tuple[list[Row], Row | None]]:
        """Cut rows into runs of heading lines and single other lines, each with the row that follows it."""
        rows, start = self.rows, 0
        for end in range(1, len(rows) + 1):
            if end < len(rows) and _same_run(rows[end - 1], rows[end]):
                continue
            yield list(rows[start:end]), rows[end] if end < len(rows) else None
            start = end

    def _place(self, run: list[Row], follower: Row | None, current: _Draft) -> _Draft:
        """Put a run where it belongs, and return the draft that the page is in from now on."""
        if not current.rows:
            return self._open(run, follower, current)
        if self._is_inset(run, follower, current):
            inset = self._open(run, follower, current, _INSET)
            self._waiting = None if inset.has_body or inset.closed else inset
            return inset
        goes_on = self._resumed(run[0], current) or self._awaited(run[0], current)
        if goes_on:
            goes_on.add(run, [Role.BODY])
            return goes_on
        if reason := self._opens_article(run, follower, current):
            return self._open(run, follower, current, reason)
        if current.rows[-1].form is Form.BYLINE and {*current.roles} <= {Role.BYLINE, Role.KICKER, Role.COLUMN}:
            current.add(run, _opening_roles(run, follower))  # the byline came before the headline
            return current
        current.add(run, self._later_roles(run, follower, current))
        return current

    def _awaited(self, row: Row, current: _Draft) -> _Draft | None:
        """A headline that waits for its text since it was set into another article's sentence."""
        if row.form is not Form.LEAD or not current.has_body:
            return None
        waiting, self._waiting = self._waiting, None
        return waiting

    def _open(self, run: list[Row], follower: Row | None, before: _Draft, reason: str = "") -> _Draft:
        draft = _Draft(place=len(self._drafts))
        self._drafts.append(draft)
        draft.add(run, _opening_roles(run, follower))
        columns = [row.text for row, role in zip(run, draft.roles, strict=True) if role is Role.COLUMN]
        if columns or draft.level:
            draft.briefs = any(map(names_briefs, columns))
        else:
            draft.briefs = before.briefs or any(
                names_briefs(row.text) for row, role in zip(run, draft.roles, strict=True) if role is Role.KICKER
            )
        if reason:
            self.note(run[0], f"另起一篇：{reason}", doubtful=reason in _DOUBTFUL)
        return draft

    def _resumed(self, row: Row, current: _Draft) -> _Draft | None:
        """The draft before, when the current one was only set into it and running text goes on with it."""
        if row.form is not Form.BODY or is_caption(row.text):
            return None
        if not current.is_caption and current is not self._waiting:
            return None
        earlier = self._drafts[max(0, current.place - _MOST_INSETS) : current.place]
        before = next((draft for draft in reversed(earlier) if not draft.is_caption), None)
        if before is None or before.closed or not before.last_text:
            return None
        if current.is_caption and current.closed and not current.rows[-1].wrapped:
            self.note(row, "图片说明已完，正文接回上一篇", doubtful=not before.torn)
            return before
        if current is self._waiting and before.torn:
            return before
        return None

    def _is_inset(self, run: Sequence[Row], follower: Row | None, current: _Draft) -> bool:
        """Whether a run stands inside a sentence that goes on behind it."""
        row = run[0]
        if row.form is Form.BODY:
            if is_caption(row.text):
                return current.has_body and not is_caption(current.last_text)
            goes_on = follower is not None and follower.form is Form.BODY and current.torn
            around = goes_on and follower is not None and _across(current.last_text, follower.text)
            return around and is_photo_credit(find_byline(row.text)) and not _across(current.last_text, row.text)
        if not current.torn or follower is None or follower.form is not Form.BODY:
            return False
        if row.form is Form.CREDIT:
            return is_photo_credit(row.text)
        heads = all(r.form is Form.HEADING for r in run)
        return heads and _across(current.last_text, follower.text)

    def _opens_article(self, run: Sequence[Row], follower: Row | None, current: _Draft) -> str:
        """Why a run opens an article; empty when it goes on with the current one."""
        return next((reason for reason, holds in self._marks(run, follower, current) if holds), "")

    def _marks(self, run: Sequence[Row], follower: Row | None, current: _Draft) -> Iterator[tuple[str, bool]]:
        """What may mark a run as a beginning, from most to least telling, and whether it does."""
        forms = {row.form for row in run}
        yield "上接他版", Form.CONTINUED_FROM in forms
        if Form.COLUMN in forms:
            yield "栏目名", not self._is_marked_section(run, follower, current)
            return
        if Form.HEADING not in forms:
            yield "又一个电头", run[0].form is Form.LEAD and current.has_body  # a second 本报讯 is a second article
            return
        if _is_signature(run, follower, current):
            return
        leads = follower is not None and follower.form is Form.LEAD
        yield "标题下有署名或电头", Form.BYLINE in forms or leads
        yield "上一篇已署名或注明出处", current.closed
        yield "标题自明体裁", is_notice(run[0].text) and not run[0].level
        in_briefs = current.briefs and follower is not None and follower.form is Form.BODY and len(run) == 1
        yield "简讯栏内每题一篇", in_briefs
        yield "下文另有署名或出处", self._is_signed_apart(run[-1], current)
        if levels := [row.level for row in run if row.level]:
            yield "标题级别", self._rank_opens(min(levels), current)
            return
        yield _BY_ROOM, run[0].gap >= _PICTURE_GAP and not current.torn

    def _is_marked_section(self, run: Sequence[Row], follower: Row | None, current: _Draft) -> bool:
        """Whether a lone ■小标题 stands in the middle of an article."""
        alone = len(run) == 1 and follower is not None and follower.form is Form.BODY
        special = names_briefs(run[0].text) or names_opinion(run[0].text) or "图" in run[0].text
        inside = current.has_body and not current.closed and not current.briefs
        return alone and inside and not special and not run[0].level and run[0].gap < _PICTURE_GAP

    def _is_signed_apart(self, head: Row, current: _Draft) -> bool:
        """Whether the part below a heading ends with a signature or source, where its article has a byline already."""
        if not current.has_byline:
            return False
        below = islice(self.rows, self._place_of[head.number] + 1, None)
        part = list(takewhile(lambda row: row.form in {Form.BODY, Form.TABLE, Form.CREDIT}, below))
        if len(part) < 1 or part[0].form is not Form.BODY:
            return False
        last = part[-1].text
        tail = last if part[-1].form is Form.CREDIT else find_byline(last)
        return bool(tail) and not is_photo_credit(tail) and "作者" not in tail

    def _rank_opens(self, level: int, current: _Draft) -> bool:
        if level <= current.level or not current.level:
            return True
        return level == 2 and current.level == 1 and self._ranks

    def _later_roles(self, run: Sequence[Row], follower: Row | None, current: _Draft) -> list[Role]:
        if _is_signature(run, follower, current):
            return [Role.CREDIT for _ in run]
        if run[0].form is Form.HEADING and current.has_body:
            self.note(run[0], "当作小标题：没有另起一篇的标志", doubtful=not run[0].level and len(run) == 1)
        return [_later_role(row, has_body=current.has_body) for row in run]


def _same_run(row: Row, after: Row) -> bool:
    both_heads = row.form in _HEAD_FORMS and after.form in _HEAD_FORMS
    return both_heads and row.form is not Form.BYLINE and after.gap < _PICTURE_GAP


def _is_signature(run: Sequence[Row], follower: Row | None, current: _Draft) -> bool:
    """Whether a heading is the name of whoever signs a notice: below the text, and the date below it."""
    short = len(run) <= 2 and all(len(row.text) <= _LONGEST_SIGNATURE and not row.level for row in run)
    dated = follower is not None and is_date(follower.text)
    return short and dated and current.has_body and not current.torn and run[0].form is Form.HEADING


def _second_rank_is_headlines(rows: Sequence[Row]) -> bool:
    """Whether ``##`` stands for further articles on this page, not for sections of the ``#`` article."""
    for row, after in zip(rows, [*rows[1:], None], strict=False):
        leads = after is not None and after.form in {Form.LEAD, Form.BYLINE}
        if row.level > 2 or (row.level == 2 and (row.form is Form.COLUMN or leads)):
            return True
    return False


def _later_role(row: Row, *, has_body: bool) -> Role:
    if row.form in {Form.HEADING, Form.COLUMN}:
        return Role.SECTION
    if row.form is Form.BYLINE and has_body:
        return Role.CREDIT  # who wrote or took it, said at the end
    return _PLAIN_ROLES[row.form]


def _opening_roles(run: Sequence[Row], follower: Row | None) -> list[Role]:
    headings = [index for index, row in enumerate(run) if row.form is Form.HEADING]
    roles = [_PLAIN_ROLES.get(row.form, Role.KICKER) for row in run]
    if not headings:
        return _promoted(run, roles, follower)
    while len(headings) > 2 and not run[headings[0]].level and len(run[headings[0]].text) <= _LONGEST_TAG:
        roles[headings.pop(0)] = Role.COLUMN  # 头条, 要闻: too short to be a headline beside others
    headline = _headline_index(run, headings, follower)
    roles[headline] = Role.HEADLINE
    for index in headings:
        if index > headline:
            roles[index] = Role.SECTION if run[index].level else Role.SUBHEAD
        elif index < headline and (run[index].level or headline - index > 1):
            roles[index] = Role.COLUMN
    return roles


def _promoted(run: Sequence[Row], roles: list[Role], follower: Row | None) -> list[Role]:
    """A lone ●-marked line right above text is a headline, unless it names a column."""
    columns = [index for index, row in enumerate(run) if row.form is Form.COLUMN]
    if not columns or follower is None or follower.form not in {Form.BODY, Form.LEAD}:
        return roles
    last = columns[-1]
    bracketed = run[last].text[0] in "【[［>〖·•" or "图" in run[last].text
    if not bracketed and not names_briefs(run[last].text) and not names_opinion(run[last].text):
        roles[last] = Role.HEADLINE
    return roles


def _headline_index(run: Sequence[Row], headings: Sequence[int], follower: Row | None) -> int:
    ranked = [index for index in headings if 0 < run[index].level < _SECTION_LEVEL]
    if ranked:
        # ## over ### with no text between: a column over its article, if anything shows that ### is an article.
        deeper = any(run[index].level >= _SECTION_LEVEL for index in headings)
        marked = any(row.form in {Form.COLUMN, Form.BYLINE} for row in run)
        leads = follower is not None and follower.form is Form.LEAD
        titled = names_opinion(run[ranked[0]].text) or names_briefs(run[ranked[0]].text)
        return ranked[-1] if deeper or marked or leads or titled else ranked[0]
    if len(headings) == 1:
        return headings[0]
    first, second = headings[-2:]
    wordy_second = len(run[second].text) > _MUCH_LONGER * len(run[first].text)
    wordy_first = len(run[first].text) > _MUCH_LONGER * len(run[second].text)
    if len(headings) == 2:
        short_column = len(run[first].text) <= 8 and (names_briefs(run[first].text) or names_opinion(run[first].text))
        parallel = is_couplet(run[first].text) and len(run[first].text) >= len(run[second].text)
        return second if wordy_first or short_column or parallel else first
    return first if wordy_second else second


def _finish(draft: _Draft, page: Page, published: PageDate, reader: _Reader) -> Article:
    lines: list[Line] = []
    segments: list[Segment] = []
    parts: list[str] = []
    length = 0
    for place, (row, role) in enumerate(zip(draft.rows, draft.roles, strict=True)):
        joined = bool(lines) and lines[-1].role is role is Role.BODY and _is_torn(parts[-1], row, reader)
        if parts and not joined:
            parts.append("\n")
            length += 1
        line = Line(row.number, row.whole, role, joined, broken=_is_broken(draft, place, reader))
        if joined:
            reader.note(line, f"与第 {lines[-1].number} 行的断句接上：…{parts[-1][-8:]}｜{row.text[:8]}…")
        if line.broken:
            reader.note(line, f"句子断在“…{row.text[-8:]}”，下文不在此版，未接", doubtful=True)
        lines.append(line)
        segments.append(Segment(length, row.content.start, len(row.text), row.number))
        parts.append(row.text)
        length += len(row.text)
    kicker, title = _title(draft)
    if kicker and kicker[-1:] != _texts(draft, Role.COLUMN, Role.KICKER)[-1:]:
        reader.note(draft.rows[0], f"引题与标题同行，标题取“{title}”", doubtful=True)
    byline = _byline(draft)
    text = "".join(parts)
    date, source, evidence = article_date(published, text, [row.text for row in draft.rows])
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


def _is_torn(left: str, right: Row, reader: _Reader) -> bool:
    if ends_sentence(left) and not (right.wrapped and left[-1] in "；;：:"):
        return False
    if breaks_off(left, right, indents=reader.indents):
        return False
    # Between two Latin letters or digits a space may be missing, and we add no character of our own.
    latin = left[-1].isascii() and left[-1].isalnum() and right.text[0].isascii() and right.text[0].isalnum()
    digits = left[-1].isdigit() and right.text[0].isdigit()
    return not latin or (digits and (right.wrapped or joins_number(left[-8:], right.text[:8])))


def _is_broken(draft: _Draft, place: int, reader: _Reader) -> bool:
    """Whether a line of running text ends inside a sentence, and nothing of its article goes on with it."""
    row, role = draft.rows[place], draft.roles[place]
    if role is not Role.BODY or ends_sentence(row.text):
        return False
    if place + 1 == len(draft.rows):
        return True
    after, then = draft.rows[place + 1], draft.roles[place + 1]
    if then is Role.BODY:
        return breaks_off(row.text, after, indents=reader.indents)
    return after.form is not Form.CONTINUED_ON


def _across(left: str, right: str) -> bool:
    return word_across(left[-_WORDS_APART:], right[:_WORDS_APART])


def _title(draft: _Draft) -> tuple[tuple[str, ...], str]:
    """Columns and kickers, and the headline without what stands before it on its line."""
    above = _texts(draft, Role.COLUMN, Role.KICKER)
    whole = "".join(_texts(draft, Role.HEADLINE))
    before, title = split_headline(whole)
    return (*above, *before), title


def _texts(draft: _Draft, *wanted: Role) -> tuple[str, ...]:
    return tuple(row.text for row, role in zip(draft.rows, draft.roles, strict=True) if role in wanted)


def _byline(draft: _Draft) -> str:
    for text in _texts(draft, Role.BYLINE):
        return find_byline(text) or text
    body = _texts(draft, Role.BODY)
    inside = [byline for text in (body[:1] + body[-1:]) if (byline := find_byline(text))]
    signatures = [text for text in _texts(draft, Role.CREDIT) if not names_source(text) and not is_date(text)]
    return next(iter([*inside, *signatures]), "")


def _kind(draft: _Draft, byline: str) -> Kind:
    body = _texts(draft, Role.BODY, Role.TABLE)
    if any(row.form is Form.CONTINUED_FROM for row in draft.rows):
        return Kind.CONTINUATION
    if not body:
        return Kind.CAPTION if byline else Kind.HEADLINE
    first = next(row for row, role in zip(draft.rows, draft.roles, strict=True) if role in {Role.BODY, Role.TABLE})
    opens_with_byline = Role.BYLINE in draft.roles or first.form is Form.LEAD
    if is_caption(first.text) or (not opens_with_byline and len(body) <= 2 and is_photo_credit(byline)):
        return Kind.CAPTION
    if _is_opinion(draft, byline, opens_with_byline=opens_with_byline, length=sum(map(len, body))):
        return Kind.OPINION
    return Kind.BRIEF if sum(map(len, body)) <= _LONGEST_BRIEF else Kind.NEWS


def _is_opinion(draft: _Draft, byline: str, *, opens_with_byline: bool, length: int) -> bool:
    """Under a column of opinions, by a commentator, or a longer text that ends with its signature in brackets."""
    if any(map(names_opinion, _texts(draft, Role.COLUMN))) or "评论员" in byline or "評論員" in byline:
        return True
    in_brackets = byline[:1] in {"(", "（"} and byline in _texts(draft, Role.CREDIT)
    reported = any(word in byline for word in ("记者", "記者", "通讯员", "通訊員", "摄", "攝", "图", "圖"))
    return in_brackets and not opens_with_byline and not reported and length > _LONGEST_BRIEF
