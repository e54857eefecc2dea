"""Which of two things has more of something? Each side is searched and read by itself; code compares the figures."""

from __future__ import annotations

import re
from dataclasses import dataclass
from fractions import Fraction

from index.schema import Article
from index.text import clause_spans, fold, tagged
from rag.answerers.base import Extract, Reading
from rag.answerers.broad.survey import Desk, Part, Survey
from rag.answerers.extractive import ExtractiveReader
from rag.query.comparison import Contest, Rival
from rag.query.figures import Clock, Day, Figure, FigureKind, figures
from rag.query.question import understand
from rag.query.words import share
from rag.retrieval.cache import sentences_of
from rag.schema import Comparison, QuestionKind, Remark, Side, Warns

__all__ = ["compare"]

_PASSAGES = 5  # read for each side
_SURE = 0.15  # confidence from which a side's figure is taken; both sides stand beside their quotes
_NAMED = 0.5  # share of the words that name a side, by what they tell, that its evidence must have
_NEAR = 24  # characters before and after a figure that may name what it counts
_SURELY_NAMED = 3  # pairs of characters of its name by which a side's figure is another one than the model marked
_DURATION = re.compile(r"(?P<minutes>\d+)分(?P<seconds>\d+)秒(?P<parts>\d+)?")
_GRAMS = re.compile(r"(?P<grams>\d+(?:\.\d+)?)\s?g(?![a-zA-Z])")
_SAME = re.compile("相同|一致|持平|一样|相等|均为")


@dataclass(frozen=True, slots=True)
class _Value:
    """A figure of one side, where it stands, and the stretch that is quoted."""

    figure: Figure
    words: str
    extract: Extract
    amount: Fraction


def compare(contest: Contest, desk: Desk) -> Survey | None:
    """Find a figure for each side and compare them; None where neither side has one.

    Args:
        contest: The two sides and the questions that they are asked.
        desk: What to search and read with.
    """
    found = [_values(rival, desk) for rival in contest.sides]
    chosen = _pair(contest, found, desk)
    if not any(chosen):
        return None
    confidence = min(reading.confidence for reading, _ in (f for f, value in zip(found, chosen, strict=True) if value))
    parts: list[Part] = []
    sides: list[Side] = []
    for rival, value in zip(contest.sides, chosen, strict=True):
        if value is None:
            sides.append(Side(rival.name))
            continue
        extracts = [part.extract for part in parts]
        if value.extract not in extracts:
            parts.append(Part(value.extract, head=f"{rival.name}：{value.words}", listed=False))
        sides.append(Side(rival.name, value.words, [p.extract for p in parts].index(value.extract) + 1))
    verdict, difference, direct = _verdict(contest, chosen)
    missing = [side.name for side in sides if not side.value]
    remarks = tuple(Remark(Warns.MISSING, f"没有找到“{name}”的数据，无法比较。") for name in missing)
    return Survey(
        QuestionKind.COMPARISON,
        tuple(parts),
        direct,
        confidence,
        "; ".join(
            f"{rival.question} {reading.reason}" for rival, (reading, _) in zip(contest.sides, found, strict=True)
        ),
        partly=bool(missing),
        remarks=remarks,
        comparison=Comparison(tuple(sides), verdict, difference),
        searched=tuple(rival.question for rival in contest.sides),
    )


def _values(rival: Rival, desk: Desk) -> tuple[Reading, list[_Value]]:
    """The figures that may answer one side's question, the likeliest first."""
    hits = desk.find(rival.question, _PASSAGES)
    reading = ExtractiveReader(_SURE).read(understand(rival.question), hits, desk.store)
    values: list[_Value] = []
    for extract in reading.extracts:
        article = desk.article(desk.store.passages[extract.passage_id])
        if _is_about(rival.name, article, extract, desk):
            values += _figures_of(extract, article)
    return reading, values


def _figures_of(extract: Extract, article: Article) -> list[_Value]:
    """The figures of a quote; where some are marked as the answer, those first."""
    told = _told(article.text[extract.start : extract.end])
    marks = [(a - extract.start, b - extract.start) for a, b in extract.marks]
    told.sort(key=lambda one: not any(a < one[0].end and one[0].start < b for a, b in marks))
    values = []
    for figure, words, amount in told:
        place = (extract.start + figure.start, extract.start + figure.end)
        values.append(_Value(figure, words, Extract(extract.passage_id, extract.start, extract.end, (place,)), amount))
    return values


def _is_about(name: str, article: Article, extract: Extract, desk: Desk) -> bool:
    """Whether a quote, or what stands before it in its article, has enough of the words that name a side."""
    context = fold(" ".join([*article.kicker, article.title, article.text[: extract.end]]))
    words = [word for word, tag in tagged(fold(name)) if len(word) > 1 and re.match("n|s$|j|eng|an|vn", tag)]
    weights = {word: desk.store.lexical.idf(word) for word in words}
    return not weights or share(weights, {word for word in weights if word in context}) >= _NAMED


def _told(text: str) -> list[tuple[Figure, str, Fraction]]:
    """The figures of a text that can be compared: figure, words, amount."""
    found: list[tuple[Figure, str, Fraction]] = []
    for match in _DURATION.finditer(text):
        parts = match["parts"] or "0"
        seconds = int(match["minutes"]) * 60 + int(match["seconds"]) + Fraction(int(parts), 10 ** len(parts))
        found.append((Figure(FigureKind.COUNT, seconds, "秒", *match.span()), match[0], seconds))
    for match in _GRAMS.finditer(text):
        grams = Fraction(match["grams"]) / 1000
        found.append((Figure(FigureKind.COUNT, grams, "千克", *match.span()), match[0], grams))
    taken = [(figure.start, figure.end) for figure, _, _ in found]
    for figure in figures(text):
        if figure.article or any(figure.start < b and a < figure.end for a, b in taken):
            continue
        if (amount := _amount(figure)) is not None:
            found.append((figure, text[figure.start : figure.end], amount))
    return found


def _amount(figure: Figure) -> Fraction | None:
    if isinstance(figure.value, Fraction):
        return figure.value
    if isinstance(figure.value, Clock):
        return Fraction(figure.value.minutes)
    return _day_number(figure.value)


def _day_number(day: Day) -> Fraction | None:
    if day.year is None and day.month is None:
        return None
    return Fraction((day.year or 0) * 372 + (day.month or 1) * 31 + (day.day or 1))


def _pair(contest: Contest, found: list[tuple[Reading, list[_Value]]], desk: Desk) -> list[_Value | None]:
    """One figure per side, of one quantity where both have one."""
    (_, first), (_, second) = found
    for one in first[:1] + second[:1]:
        mine = [value for value in first if _comparable(value, one)]
        theirs = [value for value in second if _comparable(value, one)]
        if mine and theirs:
            return list(_told_apart(contest, mine, theirs, desk))
    return [first[0] if first else None, second[0] if second and not first else None]


def _comparable(one: _Value, other: _Value) -> bool:
    return one.figure.agrees(other.figure) or one.figure.rivals(other.figure)


def _told_apart(contest: Contest, mine: list[_Value], theirs: list[_Value], desk: Desk) -> tuple[_Value, _Value]:
    """The likeliest figure of each side; of two sides told in one sentence, that which stands by its side's name."""
    one, other = mine[0], theirs[0]
    if (one.extract.passage_id, one.extract.start) != (other.extract.passage_id, other.extract.start):
        return _by_name(contest, 0, mine, desk), _by_name(contest, 1, theirs, desk)
    text = desk.article(desk.store.passages[one.extract.passage_id]).text
    sentence = text[one.extract.start : one.extract.end]
    if one.extract.marks != other.extract.marks or _SAME.search(sentence):
        return one, other
    names = [rival.name for rival in contest.sides]

    def rank(value: _Value, side: int) -> tuple[int, int]:
        own = _nearness(value, names[side], names[1 - side], text) - _nearness(
            value, names[1 - side], names[side], text
        )
        return own, value.extract.marks[0][0]

    for some in (mine, [value for value in _of_passage(one, desk) if _comparable(value, one)]):
        first = max(some, key=lambda value: rank(value, 0))
        second = max(some, key=lambda value: rank(value, 1))
        if first.extract.marks != second.extract.marks:
            return first, second
    return one, other


def _of_passage(value: _Value, desk: Desk) -> list[_Value]:
    """The figures of all sentences of the passage that a figure was found in."""
    passage = desk.store.passages[value.extract.passage_id]
    places = [(passage.start + a, passage.start + b) for a, b in sentences_of(passage.text)]
    return [v for a, b in places for v in _figures_of(Extract(passage.passage_id, a, b), desk.article(passage))]


def _by_name(contest: Contest, side: int, values: list[_Value], desk: Desk) -> _Value:
    """The likeliest figure, unless the name of the side stands by another one of the same sentence."""
    text = desk.article(desk.store.passages[values[0].extract.passage_id]).text
    same = [v for v in values if v.extract.start == values[0].extract.start and _comparable(v, values[0])]
    names = [rival.name for rival in contest.sides]
    scores = [_nearness(value, names[side], names[1 - side], text) for value in same]
    return same[scores.index(max(scores))] if max(scores) >= scores[0] + _SURELY_NAMED else same[0]


def _nearness(value: _Value, name: str, other: str, text: str) -> int:
    """How many pairs of characters that only this side's name has stand in the clause of a figure, near to it."""
    ((start, end),) = value.extract.marks
    base = value.extract.start
    clauses = [(base + a, base + b) for a, b in clause_spans(text[base : value.extract.end])]
    left, right = next(((a, b) for a, b in clauses if a <= start < b), (base, value.extract.end))
    around = fold(text[max(left, start - _NEAR) : min(right, end + _NEAR)])
    pairs = {name[i : i + 2] for i in range(len(name) - 1)} - {other[i : i + 2] for i in range(len(other) - 1)}
    return sum(fold(pair) in around for pair in pairs)


def _verdict(contest: Contest, chosen: list[_Value | None]) -> tuple[str, str, str]:
    """The verdict, the difference and both in words."""
    one, other = chosen
    first, second = (rival.name for rival in contest.sides)
    if one is None or other is None:
        known, unknown, value = (first, second, one) if one else (second, first, other)
        words = value.words if value else ""
        return "missing", "", f"{known}：{words}；没有找到{unknown}的数据，无法比较。"
    if one.amount == other.amount:
        return "equal", "", f"一样：{first}{one.words}，{second}{other.words}。"
    winner, loser = (one, other) if (one.amount > other.amount) == contest.most else (other, one)
    name = first if winner is one else second
    difference = _difference(one, other)
    against = second if winner is one else first
    gap = f"，相差{difference}" if difference else ""
    return name, difference, f"{name}（{winner.words}；{against}{loser.words}{gap}）"


def _difference(one: _Value, other: _Value) -> str:
    """How far two values lie apart, in the unit of the first as it is written."""
    if isinstance(one.figure.value, Day) and isinstance(other.figure.value, Day):
        return _days_apart(one.figure.value, other.figure.value)
    if one.figure.kind is FigureKind.TIME:
        return f"{abs(one.amount - other.amount)}分钟"
    greater = one if one.amount > other.amount else other
    pattern = re.compile(r"[\d.,]+|[零〇一二三四五六七八九十百千两]+")
    written = pattern.search(fold(greater.words))
    if written is None:
        return ""
    number = Fraction(written[0].replace(",", "")) if written[0][0].isdigit() else greater.amount
    if not number:
        return ""
    unit = fold(greater.words)[written.end() :].lstrip("余多来几")
    scale = greater.amount / number
    apart = abs(one.amount - other.amount) / scale
    return f"{_decimal(apart)}{unit}"


def _days_apart(one: Day, other: Day) -> str:
    from datetime import date

    if None in (one.month, one.day, other.month, other.day):
        return ""
    year = one.year or other.year or 2001  # a year that both share does not matter but for a leap day
    try:
        first = date(one.year or year, one.month or 1, one.day or 1)
        second = date(other.year or year, other.month or 1, other.day or 1)
    except ValueError:
        return ""
    return f"{abs((first - second).days)}天"


def _decimal(value: Fraction) -> str:
    """A number without a fraction bar: at most four digits behind the point."""
    return f"{float(value):.4f}".rstrip("0").rstrip(".")
