"""Does the evidence contradict what a question takes for granted? A wrong number, day, person or office.

Rules, careful ones: a mismatch is told where the quote holds the same sort of figure with another value, or does not
hold a name while it names another in its stead. What the quote is silent about is no mismatch.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from index.text import NameKind, char_pairs, fold, is_chinese, name_kinds
from rag.figures import Figure, figures
from rag.question import Question
from rag.schema import Remark, Warns

__all__ = ["Mismatch", "find_mismatches"]

_OFFICES = """
    主席 副主席 书记 副书记 局长 副局长 部长 副部长 处长 主任 副主任 院长 校长 馆长 馆员 经理 总经理 董事长 总裁 市长
    区长 县长 镇长 省长 会长 秘书长 教授 记者 党组成员 队长 班长 组长 站长 厂长 所长 社长 台长 行长
""".split()
_OFFICE = "|".join(sorted(_OFFICES, key=len, reverse=True))
_LEAST_SHARED = 3  # pairs of characters near both figures
_NEAR = 10  # characters
_LONGEST_NAME = 12  # characters
_TITLE = re.compile(r"[“《「『]([^“”《》「」『』]{2,20})[”》」』]")
_MOST_REMARKS = 2


@dataclass(frozen=True, slots=True)
class Mismatch:
    """What a question takes for granted, and what stands there instead.

    Attributes:
        asked: The words of the question.
        told: The words of the evidence.
        quote: Which quote has them, from 0.
    """

    asked: str
    told: str
    quote: int

    def remark(self, question: Question) -> Remark:
        """In a line for people, in the language of the question."""
        form = (
            "问题里说“{}”，所引原文是“{}”。"
            if is_chinese(question.asked)
            else "The question says “{}”; the text says “{}”."
        )
        return Remark(Warns.MISMATCH, form.format(self.asked, self.told))


def find_mismatches(question: Question, quotes: Sequence[str]) -> list[Mismatch]:
    """What the quotes contradict.

    Args:
        question: The question.
        quotes: The evidence.

    Returns:
        At most two mismatches, none where nothing is contradicted.

    Example:
        >>> from rag.question import understand
        >>> found = find_mismatches(understand("大桥长500米，什么时候通车的？"), ["昨天通车。", "大桥长480米。"])
        >>> [(mismatch.asked, mismatch.told, mismatch.quote) for mismatch in found]
        [('500米', '480米', 1)]
    """
    found = [*_figures(question, quotes), *_offices(question, quotes), *_names(question, quotes)]
    return list(dict.fromkeys(found))[:_MOST_REMARKS]


def _figures(question: Question, quotes: Sequence[str]) -> Iterator[Mismatch]:
    """Figures of the question that no quote agrees with while one of the same sort stands in the same surroundings."""
    there = [(number, figure) for number, quote in enumerate(quotes) for figure in figures(quote)]
    for asked in figures(question.asked):
        if asked.about or any(asked.agrees(figure) for _, figure in there):
            continue
        rivals = [
            (_shared_surroundings(question.asked, asked, quotes[number], figure), -number, figure)
            for number, figure in there
            if asked.rivals(figure)
        ]
        best = max(rivals, key=lambda rival: rival[:2], default=None)
        if best and best[0] >= _LEAST_SHARED:
            _, number, figure = best
            told = quotes[-number][figure.start : figure.end]
            yield Mismatch(question.asked[asked.start : asked.end], told, -number)


def _shared_surroundings(asked: str, figure: Figure, quote: str, other: Figure) -> int:
    """How much near the two figures is the same, in pairs of characters: whether they are said of the same thing.

    What touches both figures, such as 桥长 in 桥长500米 and 桥长480米, counts as much as is needed.
    """
    mine, yours = _sides(asked, figure), _sides(quote, other)
    shared = len(char_pairs(mine) & char_pairs(yours))
    touching = mine[0][-2:] == yours[0][-2:] != "" or mine[1][:2] == yours[1][:2] != ""
    return shared + (_LEAST_SHARED if shared and touching else 0)


def _sides(text: str, figure: Figure) -> tuple[str, str]:
    """What stands before and behind a figure."""
    return fold(text[max(0, figure.start - _NEAR) : figure.start]), fold(text[figure.end : figure.end + _NEAR])


def _offices(question: Question, quotes: Sequence[str]) -> Iterator[Mismatch]:
    """A person of the question whom the quotes give another office."""
    asked = fold(question.asked)
    for name, kind in name_kinds(question.asked):
        claimed = _office_of(name, asked) if kind is NameKind.PERSON else ""
        told = [(number, office) for number, quote in enumerate(quotes) if (office := _office_of(name, fold(quote)))]
        if claimed and told and not any(claimed in office or office in claimed for _, office in told):
            number, office = told[0]
            yield Mismatch(f"{claimed}{name}", f"{office}{name}", number)


def _names(question: Question, quotes: Sequence[str]) -> Iterator[Mismatch]:
    """A name that no quote has, where a quote has another between the same words."""
    asked, there = fold(question.asked), [fold(quote) for quote in quotes]
    titles = [match[1] for match in _TITLE.finditer(asked)]
    for name in dict.fromkeys([*(name for name, kind in name_kinds(asked) if kind is not NameKind.FIGURE), *titles]):
        at = asked.find(name)
        before, behind = asked[max(0, at - 2) : at], asked[at + len(name) : at + len(name) + 2]
        if at < 0 or len(before) < 2 or len(behind) < 2 or any(name in quote for quote in there):
            continue
        between = re.compile(
            rf"{re.escape(before)}(?![此该本我这那])([^，。；！？,;!?]{{2,{_LONGEST_NAME}}}?){re.escape(behind)}"
        )
        for number, quote in enumerate(there):
            if match := between.search(quote):
                yield Mismatch(name, match[1], number)
                break


def _office_of(name: str, folded: str) -> str:
    """The office that stands right before a name; of several that belong together, all."""
    match = re.search(rf"((?:{_OFFICE})(?:[、兼]?(?:{_OFFICE}))*){re.escape(name)}", folded)
    return match[1] if match else ""
