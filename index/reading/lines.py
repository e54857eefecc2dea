"""Which lines does a page have, and what are they, seen with their neighbours?

Each line first gets the form that it has by itself (``index.reading.line_forms``); then tables, poems, paragraphs set
in lines, the head and foot of the page, and headings that torn text only looks like are told by the lines around them.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import takewhile

from index.reading.labels import opens_afresh
from index.reading.line_ends import each_line
from index.reading.line_forms import (
    ANY_DATE,
    LONGEST_BYLINE,
    SURNAMES,
    WEEKDAY,
    Form,
    ends_sentence,
    form_of,
    is_date,
    is_day,
    is_labelled,
    item_form,
    plain,
)
from index.reading.tables import cell_spans
from index.schema import Span
from index.text import CLOSERS, legible, read_legibly, word_across

__all__ = ["Row", "breaks_off", "read_rows"]

_LONGEST_SENTENCE = 40  # a headline that asks, cries out or has a comma
_LONGEST_TABLE_ROW = 300
_FEWEST_PAIRS, _LONGEST_PAIR = 3, 40  # rows of two cells with a wide gap between them, and characters of each
_NARROWEST, _WIDEST_COLUMN = 10, 45  # characters in a line of a paragraph that is set in lines
_RAGGED = 2  # characters by which such a line may be short, where a mark may not begin the next
_PAPER_NAME = re.compile(r"[\u4e00-\u9fff]{2,8}(?:报|周刊|日報|晚報)$")
_BESIDE_NAME = re.compile(rf"[A-Z][A-Z .&'-]{{3,40}}$|{WEEKDAY}(?:[\s,|·][^。]{{0,16}})?$|{ANY_DATE}(?:\s*{WEEKDAY})?$")
_TIME = re.compile(r"(?:[上下中]午|早|晚|凌晨)?\s*\d{1,2}:\d{2}(?:\s*[-—–~至到]+\s*\d{1,2}:\d{2})?\s*[^\d\s:]")
_LONGEST_SHORT_LABEL = 4  # characters, of lines that are only two
_MOST_STACKED = 6  # headings on end, the longest head of an article; what is longer is text in short lines
_MOST_BARE = 3  # where no text follows them
_LIST_OF_NAMES = re.compile(r"[\u4e00-\u9fff·]{2,4}(?:[\s、]+[\u4e00-\u9fff·]{2,4}){2,}$")
_LONE_WRITER = re.compile(rf"[{SURNAMES}][\u4e00-\u9fff]{{1,2}}(?:[(（][^()（）]{{2,16}}[)）])?$")
_FIGURE = re.compile(r"[^\d,。:;]{2,16}[\s:]+[约近超达]?\d[\d.,]*\s*[^\d,。\s]{0,6}$")
_MARKDOWN = re.compile(r"(#{1,6})[ \t\u3000]+(?=\S)")
_BOLD = re.compile(r"(\*\*|__|\*|_)(?=[^\s*_])([^*_]+)(?<=\S)\1$")
_NEVER_FIRST = "，。、；：！？”’」』）》,;"  # marks that no line of a printed page begins with, unless it is torn
_SERIES = re.compile(
    r"[\u4e00-\u9fff]{2,6}[·•][\u4e00-\u9fff]{2,6}$|[\u4e00-\u9fff“”·]{2,12}\s*(?:[①-⑳]|之[一二三四五六七八九十]{1,2})$"
)  # 走基层·见闻 above a headline
_WRITERS = re.compile(rf"[{SURNAMES}][\u4e00-\u9fff]{{1,2}}(?:[ \u3000、]+[{SURNAMES}][\u4e00-\u9fff]{{1,2}}){{1,4}}$")
_LONGEST_NAME = 5  # characters
_LONGEST_MASTHEAD = 8  # lines at the head of a page
_LONGEST_VERSE = 20  # characters
_LONGEST_QUESTION = 24  # characters of a headline that asks or cries out, right above its text
_MUCH_TEXT = 40  # characters of a paragraph below it
_WORDS_APART = 8  # characters on each side in which a word across a tear is looked for


@dataclass(frozen=True, slots=True)
class Row:
    """One non-blank line and its form.

    Attributes:
        number: Line number in the file, from 1.
        gap: Blank lines right before it.
        level: Markdown heading level, 1 to 6; 0 without one.
        whole: The line without the white space around it.
        content: The line without heading marks and the asterisks of bold type either.
        text: ``content`` as it is meant to be read, see :func:`index.text.legible`.
        form: What it looks like.
        indented: Whether it begins with the white space of a new paragraph.
        wrapped: Whether it goes on with a paragraph that is set in lines of one width.
        alone: Whether it ends where it ends, with or without a mark: a line of a poem, an address.
        why: For furniture, what it is taken for.
    """

    number: int
    gap: int
    level: int
    whole: Span
    content: Span
    text: str
    form: Form
    indented: bool = False
    wrapped: bool = False
    alone: bool = False
    why: str = ""


def read_rows(text: str, aside: Mapping[int, str] | None = None) -> list[Row]:
    """The non-blank lines of a page in order.

    Args:
        text: The page's text.
        aside: Lines that are known to belong to no article: number -> what it is.
    """
    rows: list[Row] = []
    last = 0
    for number, start, end in each_line(text):
        line = text[start:end]
        stripped = line.strip()
        if not stripped:
            continue
        row = _row(number, number - last - 1, start + len(line) - len(line.lstrip()), line, stripped)
        why = aside.get(number) if aside else None
        rows.append(replace(row, form=Form.FURNITURE, why=why) if why else row)
        last = number
    return _settle(rows)


def breaks_off(left: str, right: Row, *, indents: bool) -> bool:
    """Whether text that ends inside a sentence does not go on in a line.

    Args:
        left: The text before, which does not end a sentence.
        right: The line.
        indents: Whether the page marks new paragraphs by white space, so that such a line begins one.
    """
    return right.form is Form.LEAD or (indents and right.indented) or opens_afresh(right.text)


def _row(number: int, gap: int, start: int, line: str, stripped: str) -> Row:
    indented = line.startswith(("\u3000\u3000", "\t", "    "))
    whole = Span(start, start + len(stripped))
    level, inner, cut = 0, 0, 0
    if stripped[0] == "#" and (mark := _MARKDOWN.match((read := read_legibly(stripped)).text)):
        level, inner = len(mark.group(1)), read.places[mark.end()]
    content = stripped[inner:]
    bold = _BOLD.match(content) if content[0] in "*_" else None
    if bold:
        inner, cut, content = inner + len(bold.group(1)), len(bold.group(1)), bold.group(2)
    text = legible(content).strip()
    form, why = form_of(text, level) if text else (Form.FURNITURE, "看不见的字符")
    text = text or content
    alone = form is Form.BODY and is_labelled(text)
    span = Span(start + inner, whole.end - cut)
    return Row(number, gap, level, whole, span, text, form, indented, alone=alone, why=why)


def _settle(rows: list[Row]) -> list[Row]:
    settled = _with_foot(_with_verse(_with_masthead(_with_lists(_with_tables(_with_wrapped(rows))))))
    if len(settled) < 2:
        return settled
    return _with_short_lines([_settled(settled, place) for place in range(len(settled))])


def _settled(rows: Sequence[Row], place: int) -> Row:
    row = rows[place]
    before = rows[place - 1] if place else None
    after = rows[place + 1] if place + 1 < len(rows) else None
    if row.form is Form.HEADING and not row.level:
        return _no_heading(row, before, after) or row
    if row.form is not Form.BODY or row.wrapped or row.indented:
        return row
    later = rows[place + 2] if after is not None and after.form is Form.HEADING and place + 2 < len(rows) else after
    if _asks(row, before, after) or _is_sentence_over_byline(row, before, later):
        return replace(row, form=Form.HEADING)
    return row


def _no_heading(row: Row, before: Row | None, after: Row | None) -> Row | None:
    """What a line is that looks like a heading but for its neighbours; None when it is one."""
    above = before.form if before is not None else None
    below = after.form if after is not None else None
    if after is not None and after.text[0] in _NEVER_FIRST:
        return replace(row, form=Form.BODY)
    if below is Form.HEADING and _SERIES.match(row.text):
        return replace(row, form=Form.COLUMN)
    if before is not None and above is Form.HEADING:
        return _below_heading(row, before, below)
    return _in_text(row, before, after) if before is not None and above in {Form.BODY, Form.LEAD} else None


def _below_heading(row: Row, before: Row, below: Form | None) -> Row | None:
    """The writer of the text below, or the day that a letter was written on."""
    if below is Form.BODY and _is_writer(row, before):
        return replace(row, form=Form.BYLINE)
    if below not in {None, Form.BODY} and is_day(row.text):
        return replace(row, form=Form.CREDIT)
    return None


def _in_text(row: Row, before: Row, after: Row | None) -> Row | None:
    """A list of names, or a short piece of torn text, which looks like a heading until a word stands over its tear."""
    if before.text[-1] in "：:" and _LIST_OF_NAMES.match(row.text):
        return replace(row, form=Form.BODY, alone=True)
    over_start = not ends_sentence(before.text) and _across(before.text, row.text)
    over_end = after is not None and after.form is Form.BODY and _across(row.text, after.text)
    return replace(row, form=Form.BODY) if over_start or over_end else None


def _is_writer(row: Row, before: Row) -> bool:
    """Whether a line below a headline is nothing but the names of who wrote it."""
    alone = len(before.text) > _LONGEST_NAME and bool(_LONE_WRITER.match(row.text))
    return alone or bool(_WRITERS.match(row.text))


def _is_sentence_over_byline(row: Row, before: Row | None, later: Row | None) -> bool:
    """Whether a short sentence is the headline above a byline or dateline."""
    if later is None or later.form not in {Form.BYLINE, Form.LEAD}:
        return False
    short = len(row.text) <= _LONGEST_SENTENCE and row.text.rstrip(CLOSERS)[-1:] not in set("。，、；：,;:…")
    return short and "。" not in row.text and (before is None or ends_sentence(before.text))


def _asks(row: Row, before: Row | None, after: Row | None) -> bool:
    """Whether a short line that asks or cries out is the headline of the text right below it."""
    if after is None or after.form is not Form.BODY:
        return False
    asks = len(row.text) <= _LONGEST_QUESTION and row.text[-1] in "？！?!"
    alone = not any(mark in row.text for mark in '，。：“”,:"') and after.gap == 0 and len(after.text) >= _MUCH_TEXT
    return (
        asks and alone and row.gap > 0 and (before is None or ends_sentence(before.text) or before.form is Form.HEADING)
    )


def _across(left: str, right: str) -> bool:
    return word_across(left[-_WORDS_APART:], right[:_WORDS_APART])


def _with_masthead(rows: list[Row]) -> list[Row]:
    """A paper's name, its name in Latin letters and its day beside a date or issue are part of the masthead."""
    heads = [place for place, row in enumerate(rows) if row.form is Form.FURNITURE and row.why == "报头"]
    for place in {near for head in heads for near in (head - 2, head - 1, head + 1) if 0 <= near < len(rows)}:
        if rows[place].form is Form.HEADING and _PAPER_NAME.match(plain(rows[place].text)) and place < 4:
            rows[place] = replace(rows[place], form=Form.FURNITURE, why="报头")
    top = list(takewhile(_may_be_masthead, rows[:_LONGEST_MASTHEAD]))
    dated = sum(is_date(row.text) for row in top) == 1
    alone = len(top) == 1 < len(rows) and rows[1].gap > 0 and rows[1].form in {Form.HEADING, Form.COLUMN}
    if any(row.form is Form.FURNITURE for row in top) or (dated and (len(top) > 1 or alone)):
        rows[: len(top)] = [row if row.form is Form.FURNITURE else _masthead(row) for row in top]
    return rows


def _may_be_masthead(row: Row) -> bool:
    if row.form is Form.FURNITURE:
        return row.why in {"报头", "版次"}
    if row.level or len(row.text) > LONGEST_BYLINE:
        return False
    seen = plain(row.text)
    return bool(_PAPER_NAME.match(seen) or _BESIDE_NAME.match(seen))


def _masthead(row: Row) -> Row:
    return replace(row, form=Form.FURNITURE, why="报头")


def _with_foot(rows: list[Row]) -> list[Row]:
    """Short lines below the editors' names at the end of a page are of the page too."""
    last = next((place for place in reversed(range(len(rows))) if rows[place].form is Form.FURNITURE), len(rows))
    rest = rows[last + 1 :]
    closes = bool(rest) and rows[last].why in {"编辑署名", "报社联系方式", "二维码提示"}
    if closes and len(rest) <= 3 and all(row.form in {Form.HEADING, Form.CREDIT} and not row.level for row in rest):
        rows[last + 1 :] = [replace(row, form=Form.FURNITURE, why="版尾") for row in rest]
    return rows


def _with_verse(rows: list[Row]) -> list[Row]:
    """Stanzas below a byline: short lines on end without a mark; one that stands alone among them is a title."""
    place = 0
    while place < len(rows):
        if rows[place].form is not Form.BYLINE:
            place += 1
            continue
        place += 1
        while place < len(rows):
            end = place + 1
            while end < len(rows) and rows[end].gap == 0 and rows[end].form is Form.HEADING:
                end += 1
            stanza = rows[place:end]
            if not all(
                row.form is Form.HEADING and not row.level and len(row.text) <= _LONGEST_VERSE for row in stanza
            ):
                break
            if len(stanza) > 1:
                rows[place:end] = [replace(row, form=Form.BODY, alone=True) for row in stanza]
            elif not _opens_stanza(rows, end):
                break
            place = end
    return rows


def _opens_stanza(rows: Sequence[Row], place: int) -> bool:
    pair = rows[place : place + 2]
    return len(pair) == 2 and pair[1].gap == 0 and all(row.form is Form.HEADING and not row.level for row in pair)


def _with_tables(rows: list[Row]) -> list[Row]:
    """Two or more lines on end with equally many cells are a table; of two cells, three or those with bars or tabs.

    The first line may have a cell less: it leaves out the corner.
    """
    counts = [_cells(row) for row in rows]
    start = 0
    for end in range(1, len(rows) + 1):
        if end < len(rows) and counts[end] >= 2 and rows[end].gap <= 1:
            corner = end == start + 1 and 2 < counts[end] == counts[start] + 1
            if counts[end] == counts[end - 1] or corner:
                continue
        least = 2 if counts[end - 1] > 2 or "|" in rows[start].text or "\t" in rows[start].text else _FEWEST_PAIRS
        if end - start >= least and counts[end - 1] >= 2:
            rows[start:end] = [replace(row, form=Form.TABLE) for row in rows[start:end]]
        start = end
    return _with_figures(rows)


def _with_figures(rows: list[Row]) -> list[Row]:
    """Three or more lines on end that each give a figure its name are a table too."""
    start = 0
    for end in range(1, len(rows) + 1):
        figures = [
            row.form is Form.HEADING
            and not row.level
            and bool(_FIGURE.match(plain(row.text)) or _TIME.match(plain(row.text)))
            for row in rows[end - 1 : end + 1]
        ]
        if len(figures) == 2 and all(figures) and rows[end].gap == 0:
            continue
        if end - start >= 3:
            rows[start:end] = [replace(row, form=Form.TABLE) for row in rows[start:end]]
        start = end
    return rows


def _cells(row: Row) -> int:
    if row.level or (row.form is Form.FURNITURE and row.why != "分隔线") or len(row.text) > _LONGEST_TABLE_ROW:
        return 0
    cells = cell_spans(row.text)
    if len(cells) == 2 and "|" not in row.text and "\t" not in row.text:
        apart = cells[1][0] - cells[0][1] > 1 and len(row.text) <= _LONGEST_PAIR and not ends_sentence(row.text)
        return 2 * apart
    return len(cells)


def _with_lists(rows: list[Row]) -> list[Row]:
    """Lines on end that each give something its name (末班：二十一点), and items of a list, are text."""
    for belongs, least in ((_is_labelled_value, 2), (_is_item, 3)):
        start = 0
        for end in range(1, len(rows) + 1):
            if end < len(rows) and rows[end].gap <= 1 and belongs(rows[end - 1], rows[end]):
                continue
            if end - start >= least and (end - start > 2 or _is_pair(rows, start)):
                rows[start:end] = [replace(row, form=Form.BODY, alone=True) for row in rows[start:end]]
            start = end
    return rows


def _is_labelled_value(before: Row, row: Row) -> bool:
    return all(_may_be_item(each) and item_form(each.text) == "label" for each in (before, row))


def _is_pair(rows: Sequence[Row], start: int) -> bool:
    """Whether two lines with labels are no headlines: the labels are short, and no text stands below them."""
    below = rows[start + 2].form if start + 2 < len(rows) else None
    short = all(plain(row.text).find(":") <= _LONGEST_SHORT_LABEL for row in rows[start : start + 2])
    return short and below not in {Form.BODY, Form.LEAD, Form.BYLINE}


def _is_item(before: Row, row: Row) -> bool:
    if not _may_be_item(before) or not _may_be_item(row):
        return False
    form = item_form(row.text)
    return form not in {"", "label"} and form == item_form(before.text)


def _may_be_item(row: Row) -> bool:
    unmarked = row.form in {Form.HEADING, Form.COLUMN} and not row.level
    return unmarked or (row.form is Form.BODY and not row.wrapped and not ends_sentence(row.text))


def _with_short_lines(rows: list[Row]) -> list[Row]:
    """Headings without a mark, more on end than any article has above its text, are text in short lines."""
    start = 0
    for end in range(1, len(rows) + 1):
        if end < len(rows) and rows[end].gap <= 1 and _is_bare(rows[end - 1]) and _is_bare(rows[end]):
            continue
        followed = end < len(rows) and rows[end].form not in {Form.HEADING, Form.COLUMN, Form.FURNITURE}
        if end - start > (_MOST_STACKED if followed else _MOST_BARE) and _is_bare(rows[start]):
            inside = start > 0 and rows[start].gap == 0 and rows[start - 1].form is Form.BODY
            first = start if inside else start + 1
            rows[first:end] = [replace(row, form=Form.BODY, alone=True) for row in rows[first:end]]
        start = end
    return rows


def _is_bare(row: Row) -> bool:
    return row.form is Form.HEADING and not row.level


def _with_wrapped(rows: list[Row]) -> list[Row]:
    """Paragraphs that are set in lines of one width, with no blank line between: no line of them is a heading."""
    start = 0
    for end in range(1, len(rows) + 1):
        if end < len(rows) and rows[end].gap == 0 and not rows[end].level and rows[end].form is not Form.FURNITURE:
            continue
        start += rows[start].form is Form.FURNITURE
        if end - start >= 4:
            _mark_wrapped(rows, start, end)
        start = end
    return rows


def _mark_wrapped(rows: list[Row], start: int, end: int) -> None:
    widths = [_width(row) for row in rows[start:end]]
    counts = Counter(widths)
    measure = max(counts, key=lambda width: (counts[width], width))
    punctuated = sum(any(mark in row.text for mark in "，。、,") for row in rows[start:end])
    if not _NARROWEST <= measure <= _WIDEST_COLUMN or punctuated < 0.4 * (end - start):
        return
    full = [width >= measure - _RAGGED for width in widths]
    if sum(full) < 3 or sum(full) < 0.4 * (end - start):
        return
    for place in range(start, end):
        row = rows[place]
        follows = place > start and full[place - 1 - start] and not row.indented
        head = (
            row.form is Form.HEADING
            and not full[place - start]
            and place > start
            and ends_sentence(rows[place - 1].text)
        )
        opens = full[place - start] and place + 1 < end and not rows[place + 1].indented
        if follows and not head and row.form in {Form.HEADING, Form.BODY}:
            rows[place] = replace(row, form=Form.BODY, wrapped=True)
        elif opens and row.form is Form.HEADING:
            rows[place] = replace(row, form=Form.BODY)


def _width(row: Row) -> float:
    narrow = sum(char.isascii() for char in row.text)
    return len(row.text) - narrow / 2 + 2 * row.indented
