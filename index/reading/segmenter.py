"""Which lines of a page belong together, and what does each do in its article?

Runs of headings decide: a run opens an article when something marks it as a beginning (a byline below it, a column
title, the end of the article before, a heading of the same rank, the room of a picture above it); otherwise it is a
section head. An item that the layout set into the middle of a sentence (a caption, another article's headline) is an
article of its own, and the sentence goes on behind it.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import islice, pairwise, takewhile

from index.reading.labels import (
    is_caption,
    is_couplet,
    is_notice,
    is_photo_credit,
    is_salutation,
    is_wire_dateline,
    names_briefs,
    names_opinion,
    points_at_picture,
    reports_in_pictures,
)
from index.reading.line_forms import Form, ends_sentence, find_byline, is_date, names_box, signs
from index.reading.lines import Row
from index.reading.mending import is_about, word_at_tear
from index.schema import Line, Note, Role

__all__ = ["Draft", "Drafter", "later_role"]

_LONGEST_CAPTION = 200  # characters
_LONGEST_SECTION_HEAD = 16  # characters
_PICTURE_GAP = 3  # blank lines where the layout had a picture
_MUCH_LONGER = 1.3  # a kicker or subhead is wordier than its headline
_LONGEST_TAG = 4  # characters of a line such as 头条 above a headline
_SHORTEST_HEADLINE = 3  # characters; a shorter one beside another is a column's title
_LONGEST_COLUMN = 8
_SECTION_LEVEL = 4  # newspapers never set a headline as ####
_LONGEST_SIGNATURE = 25  # characters of a body's name above the date of its notice
_MOST_CAPTION_LINES = 12  # headings, text and credits of a picture
_ROWS_ABOUT = 200  # lines of an article in which a word of a head is looked for
_MOST_INSETS = 6  # pictures that may stand between two parts of one article
_BRACKETS = "【[［〖"
_BY_ROOM = "上面空出图片的位置"
_INSET = "插在另一篇的一句话中间，那一句在其后接上"
_DOUBTFUL = {_BY_ROOM, _INSET}

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


@dataclass
class Draft:
    """An article while its lines are being collected."""

    rows: list[Row] = field(default_factory=list)
    roles: list[Role] = field(default_factory=list)
    level: int = 0
    closed: bool = False
    briefs: bool = False  # below a column of short items, each heading is a headline
    place: int = 0  # among the drafts of the page
    has_body: bool = False
    has_byline: bool = False  # on a line of its own, or behind 本报讯
    begun: bool = False  # there is more in it than bylines, kickers and columns
    marks: set[str] = field(default_factory=set)  # that its columns and headline begin with

    @property
    def last_text(self) -> str:
        """The last line of running text; empty when there is none, or when something closed the article after it."""
        return self.rows[-1].text if self.rows and self.roles[-1] is Role.BODY else ""

    @property
    def torn(self) -> bool:
        return bool(self.last_text) and not self.rows[-1].alone and not ends_sentence(self.last_text)

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
        self.begun = self.begun or not {*roles} <= {Role.BYLINE, Role.KICKER, Role.COLUMN}
        titles = zip(run, roles, strict=True)
        self.marks |= {
            r.text[0] for r, role in titles if r.form is Form.COLUMN and role in {Role.COLUMN, Role.HEADLINE}
        }
        self.has_byline = self.has_byline or Role.BYLINE in roles or any(row.form is Form.LEAD for row in run)
        for row, role in zip(run, roles, strict=True):
            if role is Role.CREDIT or row.form is Form.CONTINUED_ON:
                self.closed = True
            elif role is Role.BODY:
                self.closed = signs(row.text)


class Drafter:
    """Puts the rows of one page into drafts, run by run."""

    def __init__(self, rows: Sequence[Row]) -> None:
        self.rows = rows
        self.notes: list[Note] = []
        body = [row for row in rows if row.form in {Form.BODY, Form.LEAD}]
        self.indents = 0 < sum(row.indented for row in body) < len(body)
        self._place_of = {row.number: place for place, row in enumerate(rows)}
        self._ranks = _second_rank_is_headlines(rows)
        pairs = enumerate(pairwise(rows), start=1)
        orphans = [at for at, (row, after) in pairs if after.form is Form.LEAD and row.form is Form.BODY]
        self._last_orphan = orphans[-1] if orphans else -1  # place of the last text with a dateline and no headline
        self._drafts: list[Draft] = []
        self._waiting: Draft | None = None  # a headline that was set into another article's sentence

    def read(self) -> list[Draft]:
        """All drafts, in the order of their first lines."""
        current = Draft()
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

    def _place(self, run: list[Row], follower: Row | None, current: Draft) -> Draft:
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
        if current.rows[-1].form is Form.BYLINE and not current.begun:
            current.add(run, _opening_roles(run, follower))  # the byline came before the headline
            return current
        current.add(run, self._later_roles(run, follower, current))
        return current

    def _awaited(self, row: Row, current: Draft) -> Draft | None:
        """A headline that waits for its text since it was set into another article's sentence."""
        if row.form is not Form.LEAD or not current.has_body:
            return None
        waiting, self._waiting = self._waiting, None
        return waiting

    def _open(self, run: list[Row], follower: Row | None, before: Draft, reason: str = "") -> Draft:
        draft = Draft(place=len(self._drafts))
        self._drafts.append(draft)
        draft.add(run, _opening_roles(run, follower))
        columns = [row.text for row, role in zip(run, draft.roles, strict=True) if role is Role.COLUMN]
        if columns or draft.level:
            draft.briefs = any(map(names_briefs, columns))
        else:
            unsigned = Form.BYLINE not in {row.form for row in run}  # a signed report ends the column
            draft.briefs = (before.briefs and unsigned) or any(
                names_briefs(row.text) for row, role in zip(run, draft.roles, strict=True) if role is Role.KICKER
            )
        if reason:
            self.note(run[0], f"另起一篇：{reason}", doubtful=reason in _DOUBTFUL)
        return draft

    def _resumed(self, row: Row, current: Draft) -> Draft | None:
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

    def _is_inset(self, run: Sequence[Row], follower: Row | None, current: Draft) -> bool:
        """Whether a run stands inside a sentence that goes on behind it."""
        row = run[0]
        if row.form is Form.BODY:
            if is_caption(row.text):
                return current.has_body and not is_caption(current.last_text)
            goes_on = follower is not None and follower.form is Form.BODY and current.torn
            credited = len(row.text) <= _LONGEST_CAPTION and is_photo_credit(find_byline(row.text))
            return goes_on and credited and not word_at_tear(current.last_text, row.text)
        if not current.torn or follower is None or follower.form is not Form.BODY:
            return False
        if row.form is Form.CREDIT:
            return is_photo_credit(row.text)
        heads = all(r.form is Form.HEADING for r in run) and not self._is_own_head(run, follower, current)
        return heads and word_at_tear(current.last_text, follower.text)

    def _is_own_head(self, run: Sequence[Row], follower: Row | None, current: Draft) -> bool:
        """Whether a short head that stands in a torn sentence is a section head of the same article.

        It is of a lower rank, or the article uses a word of it. Another article's headline would have its text
        somewhere below: text with a dateline and no headline.
        """
        if len(run) > 1 or follower is None or len(run[0].text) > _LONGEST_SECTION_HEAD:
            return False
        orphan = self._last_orphan > self._place_of[follower.number]
        lower = run[0].level > current.level > 0
        before = "".join(row.text for row in current.rows[-_ROWS_ABOUT:])
        return not orphan and (lower or is_about(run[0].text, before, follower))

    def _opens_article(self, run: Sequence[Row], follower: Row | None, current: Draft) -> str:
        """Why a run opens an article; empty when it goes on with the current one."""
        return next((reason for reason, holds in self._marks(run, follower, current) if holds), "")

    def _marks(self, run: Sequence[Row], follower: Row | None, current: Draft) -> Iterator[tuple[str, bool]]:
        """What may mark a run as a beginning, from most to least telling, and whether it does."""
        forms = {row.form for row in run}
        yield "上接他版", Form.CONTINUED_FROM in forms
        if Form.COLUMN in forms:
            yield "栏目名", not self._is_marked_section(run, follower, current)
            return
        if Form.HEADING not in forms:
            yield "又一个电头", run[0].form is Form.LEAD and current.has_body  # a second 本报讯 is a second article
            yield "图片说明", _is_pointed_caption(run[0], follower) and current.has_body and not current.torn
            return
        if _is_signature(run, follower, current):
            return
        leads = follower is not None and follower.form is Form.LEAD
        if current.torn and self._is_own_head(run, follower, current) and not leads and Form.BYLINE not in forms:
            return
        yield "标题下有署名或电头", Form.BYLINE in forms or leads
        yield "上一篇已署名或注明出处", current.closed
        yield "标题自明体裁", is_notice(run[0].text) and not run[0].level
        in_briefs = current.briefs and follower is not None and follower.form is Form.BODY and len(run) == 1
        yield "简讯栏内每题一篇", in_briefs
        yield "简讯栏", names_briefs(run[0].text) and len(run) > 1
        pictured = follower is not None and follower.form is Form.CREDIT and is_photo_credit(follower.text)
        yield "标题下只有摄影署名", pictured and current.has_body and not current.torn
        yield "标题下是称呼", follower is not None and is_salutation(follower.text) and current.has_body
        yield "下文另有署名或出处", self._is_signed_apart(run[-1], current)
        if levels := [row.level for row in run if row.level]:
            yield "标题级别", self._rank_opens(min(levels), current)
            return
        yield _BY_ROOM, run[0].gap >= _PICTURE_GAP and not current.torn
        heads = [row for row in run if row.form is Form.HEADING]
        to_text = follower is not None and follower.form in {Form.BODY, Form.TABLE}
        yield "栏目与标题两行", len(heads) > 1 and to_text and current.has_body and not current.torn

    def _is_marked_section(self, run: Sequence[Row], follower: Row | None, current: Draft) -> bool:
        """Whether a lone ■小标题 stands in the middle of an article."""
        alone = len(run) == 1 and follower is not None and follower.form is Form.BODY
        text = run[0].text
        special = names_briefs(text) or names_opinion(text) or names_box(text) or "图" in text
        inside = current.has_body and not current.closed and not current.briefs
        begun = not current.has_body and Role.HEADLINE in current.roles and text[0] in _BRACKETS
        own_mark = text[0] in current.marks
        plain_section = not special and not own_mark and not run[0].level and run[0].gap < _PICTURE_GAP
        return alone and (inside or begun) and plain_section

    def _is_signed_apart(self, head: Row, current: Draft) -> bool:
        """Whether the part below a heading ends with a signature or source, where its article has a byline already."""
        if not current.has_byline:
            return False
        below = islice(self.rows, self._place_of[head.number] + 1, None)
        part = list(takewhile(lambda row: row.form in {Form.BODY, Form.TABLE, Form.CREDIT}, below))
        if len(part) < 1 or part[0].form is not Form.BODY:
            return False
        last = part[-1].text
        tail = last if part[-1].form is Form.CREDIT else find_byline(last)
        of_picture = is_photo_credit(tail) and not reports_in_pictures(tail)
        of_this = of_picture or is_wire_dateline(tail) or "作者" in tail
        return bool(tail) and not of_this

    def _rank_opens(self, level: int, current: Draft) -> bool:
        if level <= current.level or not current.level:
            return True
        return level == 2 and current.level == 1 and self._ranks

    def _later_roles(self, run: Sequence[Row], follower: Row | None, current: Draft) -> list[Role]:
        if _is_signature(run, follower, current):
            return [Role.CREDIT for _ in run]
        if run[0].form in {Form.HEADING, Form.COLUMN} and current.torn and self._is_own_head(run, follower, current):
            self.note(run[0], "小标题插在本篇的一句话中间")
        elif run[0].form is Form.HEADING and current.has_body:
            self.note(run[0], "当作小标题：没有另起一篇的标志", doubtful=not run[0].level and len(run) == 1)
        return [later_role(row, has_body=current.has_body) for row in run]


def _same_run(row: Row, after: Row) -> bool:
    both_heads = row.form in _HEAD_FORMS and after.form in _HEAD_FORMS
    apart = after.gap > 0 and not after.level and (is_notice(after.text) or names_box(after.text))
    return both_heads and row.form is not Form.BYLINE and after.gap < _PICTURE_GAP and not apart


def _is_pointed_caption(row: Row, follower: Row | None) -> bool:
    """Whether a line that points at a picture has the photographer's name below it."""
    credited = follower is not None and follower.form is Form.CREDIT and is_photo_credit(follower.text)
    return row.form is Form.BODY and points_at_picture(row.text) and credited


def _is_signature(run: Sequence[Row], follower: Row | None, current: Draft) -> bool:
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


def later_role(row: Row, *, has_body: bool) -> Role:
    """What a line does that does not open its article.

    Args:
        row: The line.
        has_body: Whether running text of the article stands above it.
    """
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
    if run[-1].form is Form.COLUMN and all(names_briefs(run[index].text) for index in headings):
        return _promoted(run, [Role.COLUMN if role is Role.KICKER else role for role in roles], follower)
    while len(headings) > 2 and not run[headings[0]].level and len(run[headings[0]].text) <= _LONGEST_TAG:
        roles[headings.pop(0)] = Role.COLUMN  # 头条, 要闻: too short to be a headline beside others
    headline = _headline_index(run, headings, follower)
    roles[headline] = Role.HEADLINE
    for index in headings:
        if index > headline:
            roles[index] = Role.SECTION if run[index].level else Role.SUBHEAD
        elif index < headline and (run[index].level or headline - index > 1 or _is_column(run[index].text)):
            roles[index] = Role.COLUMN
    return roles


def _is_tag(text: str, after: str) -> bool:
    """Whether a very short heading above a longer one is a column's title, not a headline with its subhead."""
    return len(text) <= _LONGEST_TAG < len(after) and after[0] not in "—-"


def _is_column(text: str) -> bool:
    """Whether an unmarked heading above a headline is a column's title."""
    named = names_briefs(text) or names_opinion(text)
    return len(text) <= _SHORTEST_HEADLINE or (len(text) <= _LONGEST_COLUMN and named)


def _promoted(run: Sequence[Row], roles: list[Role], follower: Row | None) -> list[Role]:
    """A lone ●-marked line right above text is a headline, unless it names a column."""
    columns = [index for index, row in enumerate(run) if row.form is Form.COLUMN]
    if not columns or follower is None or follower.form not in {Form.BODY, Form.LEAD}:
        return roles
    last = columns[-1]
    text = run[last].text
    bracketed = text[0] in _BRACKETS + ">·•" or "图" in text
    if not bracketed and not names_briefs(text) and not names_opinion(text) and not names_box(text):
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
        named = any(row.form is Form.COLUMN for row in run)  # a column is named once
        short_column = _is_column(run[first].text) or (not named and _is_tag(run[first].text, run[second].text))
        parallel = is_couplet(run[first].text) and len(run[first].text) >= len(run[second].text)
        return second if wordy_first or short_column or parallel else first
    return first if wordy_second else second
