"""Which few words of a quote are the answer in short? The number, day, name or title that was asked for.

Rules over what the question asks for. What no rule can tell is not marked: an unmarked quote is better than a wrong
mark.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from index.text import NameKind, fold, name_kinds
from rag.figures import Figure, FigureKind, figures
from rag.question import Asks, Question

__all__ = ["short_answers"]

Range = tuple[int, int]

_AMOUNTS = {FigureKind.COUNT, FigureKind.MONEY, FigureKind.SHARE}
_TIMES = {FigureKind.DATE, FigureKind.TIME}
_LASTS = {"年", "月", "天", "分钟"}  # units of what takes time
_KINDS_OF_NAMES = {Asks.PERSON: {NameKind.PERSON}, Asks.PLACE: {NameKind.PLACE, NameKind.BODY}}
_TITLE_ASKED = re.compile(r"名字|名称|名叫|叫什么|叫啥|起名|主题|题目|口号|标题|书名|片名")
_TITLE = re.compile(r"[“《「『]([^“”《》「」『』]{2,40})[”》」』]")
_STRETCH = re.compile(r"[^，。；：！？,;!?\n]+")
_MOST_PERSONS = 3


def short_answers(question: Question, text: str) -> tuple[Range, ...]:
    """Half-open ranges of a quote that are the answer in short, in order; none where no rule tells.

    Args:
        question: The question.
        text: A sentence that answers it.

    Example:
        >>> from rag.question import understand
        >>> text = "去年，图书馆藏书3200册，读者500人。"
        >>> [text[a:b] for a, b in short_answers(understand("图书馆藏书多少册？"), text)]
        ['3200册']
    """
    if question.asks is Asks.LIST:
        return tuple(_longest_list(text))
    if _TITLE_ASKED.search(fold(question.asked)):
        return tuple(_titles(question, text))
    if question.asks is Asks.NUMBER:
        return _nearest(question, text, [(f.start, f.end) for f in _new_figures(question, text, _AMOUNTS)])
    if question.asks is Asks.TIME:
        spans = [figure for figure in _new_figures(question, text, {FigureKind.COUNT}) if figure.unit in _LASTS]
        found = _new_figures(question, text, _TIMES) or spans
        return _nearest(question, text, [(figure.start, figure.end) for figure in found])
    if question.asks in _KINDS_OF_NAMES:
        names = _new_names(question, text, _KINDS_OF_NAMES[question.asks])
        return tuple(names[:_MOST_PERSONS]) if question.asks is Asks.PERSON else _nearest(question, text, names)
    return ()


def _new_figures(question: Question, text: str, kinds: set[FigureKind]) -> list[Figure]:
    """Figures of these kinds that the question does not tell; those of the form asked for where there are some."""
    told = figures(question.query)
    new = [f for f in figures(text) if f.kind in kinds and not f.article and not any(f.agrees(t) for t in told)]
    wants = question.wants
    fitting = [f for f in new if wants and wants.search(fold(text[f.start : f.end + 1]))]
    return fitting or new


def _new_names(question: Question, text: str, kinds: set[NameKind]) -> list[Range]:
    asked, haystack = fold(question.query), _same_length(text)
    found = [name for name, kind in name_kinds(text) if kind in kinds and name not in asked]
    places = [haystack.find(name) for name in found]
    return sorted((at, at + len(name)) for name, at in zip(found, places, strict=True) if at >= 0)


def _titles(question: Question, text: str) -> Iterator[Range]:
    asked = fold(question.query)
    for match in _TITLE.finditer(text):
        if fold(match[1]) not in asked:
            yield match.span(1)
            return


def _longest_list(text: str) -> Iterator[Range]:
    """The stretch between two stops that 、 cuts into most items."""
    best = max(_STRETCH.finditer(text), key=lambda match: match[0].count("、"), default=None)
    if best and "、" in best[0]:
        yield best.span()


def _nearest(question: Question, text: str, ranges: Sequence[Range]) -> tuple[Range, ...]:
    """The range that stands nearest to words of the question, most of all to those beside its asking word."""
    haystack = _same_length(text)
    places = [
        (match.start(), 1 if word in question.focus else 2)
        for word in (*question.focus, *question.words)
        for match in re.finditer(re.escape(word), haystack)
    ]
    if not ranges:
        return ()
    if not places:
        return tuple(ranges[:1])

    def distance(span: Range) -> float:
        return min(weight * (abs(span[0] - at) + 1) for at, weight in places)

    return (min(ranges, key=distance),)


def _same_length(text: str) -> str:
    """The text folded character by character, those that would become longer or shorter left as they are."""
    return "".join(folded if len(folded := fold(char)) == 1 else char for char in text)
