"""What does the type of a printed page say about its lines? Size, place and white space decide before words do.

Each part of a printed page (see ``index.reading.paper``) is read by itself. One with a headline is one article, and
its type tells head from text; the rules for single lines still find bylines, credits and 上接/下转. One without a
headline is read as a text page is.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import replace

from index.reading.labels import names_briefs
from index.reading.line_forms import Form
from index.reading.lines import Row
from index.reading.segmenter import Draft, Drafter, later_role
from index.schema import Imprint, Role

__all__ = ["drafts_of_parts", "typeset_rows"]

_KEPT = {
    Role.HEADLINE: frozenset[Form](),
    Role.KICKER: frozenset({Form.BYLINE, Form.COLUMN, Form.CONTINUED_FROM}),
    Role.SUBHEAD: frozenset({Form.BYLINE, Form.CONTINUED_FROM}),
    Role.SECTION: frozenset({Form.COLUMN}),
}
_LEVEL = {Role.HEADLINE: 1, Role.SECTION: 4}


def typeset_rows(rows: Sequence[Row], imprint: Imprint) -> list[Row]:
    """Rows with the forms that their type gives them.

    Args:
        rows: The non-blank lines of the page.
        imprint: How it stands on paper.
    """
    roles = dict(imprint.roles)
    headed = {_part(number, imprint) for number, role in imprint.roles if role is Role.HEADLINE}
    lasts = {_part(row.number, imprint): row.number for row in rows}
    return [
        _typeset(row, roles.get(row.number, Role.BODY), in_article=part in headed, is_last=row.number == lasts[part])
        for row, part in ((row, _part(row.number, imprint)) for row in rows)
    ]


def _typeset(row: Row, role: Role | None, *, in_article: bool, is_last: bool) -> Row:
    if role is None:
        return replace(row, form=Form.FURNITURE, why=row.why or "报头版脚")
    if role in _KEPT:
        form = row.form if row.form in _KEPT[role] else Form.HEADING
        return replace(row, form=form, level=_LEVEL.get(role, 0), why="", alone=False)
    if role is Role.TABLE:
        return replace(row, form=Form.TABLE, why="")
    if in_article:
        form = Form.BODY if row.form in {Form.HEADING, Form.FURNITURE} else row.form
        return replace(row, form=form, why="", wrapped=False, alone=not is_last)
    return row


def drafts_of_parts(rows: Sequence[Row], imprint: Imprint, reader: Drafter) -> list[Draft]:
    """The articles of a printed page, in the order of their first lines.

    Args:
        rows: What :func:`typeset_rows` gave, without lines of the sheets' own head and foot.
        imprint: How the page stands on paper.
        reader: Takes the notes.
    """
    roles = dict(imprint.roles)
    parts: dict[int, list[Row]] = {}
    for row in rows:
        parts.setdefault(_part(row.number, imprint), []).append(row)
    drafts: list[Draft] = []
    for part in parts.values():
        headlines = [row for row in part if roles.get(row.number) is Role.HEADLINE]
        if not headlines or any(names_briefs(row.text) for row in headlines):
            inner = Drafter(part)
            drafts += inner.read()
            reader.notes += inner.notes
        else:
            drafts.append(_one_article(part, roles))
    return drafts


def _one_article(part: Sequence[Row], roles: dict[int, Role | None]) -> Draft:
    draft = Draft()
    first = True
    for row in part:
        role = roles.get(row.number)
        if role is Role.HEADLINE and not first and draft.has_body:
            role = Role.SECTION
        if row.form is not Form.HEADING or role not in {Role.HEADLINE, Role.KICKER, Role.SUBHEAD, Role.SECTION}:
            role = later_role(row, has_body=draft.has_body)
        if row.form is Form.COLUMN and not draft.has_body and Role.HEADLINE not in draft.roles:
            role = Role.COLUMN
        draft.add([row], [role])
        first = False
    return draft


def _part(number: int, imprint: Imprint) -> int:
    return bisect_right(imprint.parts, number)
