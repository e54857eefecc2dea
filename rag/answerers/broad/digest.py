"""What does an article tell in short, what do all tell of a topic, in which order, and which points are listed?

Quotes alone: the sentences nearest to the whole, each unlike those chosen before (Carbonell, Goldstein: The Use of MMR,
Diversity-Based Reranking for Reordering Documents and Producing Summaries, 1998), in the order of the text or of days.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np

from index.embedding import Vectors
from index.reading.dates import relative_days
from index.schema import Article, Role
from index.text import fold
from rag.answerers.base import Extract
from rag.answerers.broad.listing import FoundArticle, articles_about
from rag.answerers.broad.survey import Desk, Part, Survey, name_of
from rag.query.figures import Day, figures
from rag.query.whole import Whole
from rag.retrieval.cache import sentences_of, vectors_of
from rag.retrieval.judging import DATELINE
from rag.schema import QuestionKind

__all__ = ["digest"]

_OF_ONE, _OF_EACH = 5, 3  # sentences of a summary, and of each article of an overview
_MOST_ARTICLES = 6  # of an overview
_CREDIT = re.compile(r"(?:本报|本刊)?(?:记者|通讯员)[^。，]{1,24}(?:摄|报道|文)?")
_SHORTEST = 12  # characters of a sentence that tells something
_ALIKE = 0.3  # weight of what was chosen before, against nearness to the whole
_LEAD = 0.15  # what a sentence gains by standing first
_TITLE = re.compile("《([^》]+)》")
_MARKS = (
    re.compile(
        r"(?:^|(?<=[\n。；;：:，,！]))\s*[（(]?[一二三四五六七八九十]{1,2}(?:[)）]|[、.．]|[是则]|(?<=[（(]..)[)）])"
    ),
    re.compile(r"(?:^|(?<=[\n。；;：:，,！]))\s*第[一二三四五六七八九十]{1,2}(?:步|条|点|项|个)?[，、,：:是]?"),
    re.compile(r"(?:^|(?<=[\n。；;：:，,！]))\s*[（(]?\d{1,2}(?:[)）]|[、．]|\.(?!\d))"),
    re.compile(r"(?:^|(?<=[\n。；;：:，,！]))\s*[①②③④⑤⑥⑦⑧⑨⑩]"),
)
_FEWEST_POINTS = 2
_BEFORE = 100  # characters before the first point, which say what is listed


@dataclass(frozen=True, slots=True)
class _Sentence:
    """A sentence of an article's body."""

    one: FoundArticle
    start: int
    end: int

    @property
    def text(self) -> str:
        return self.one.article.text[self.start : self.end]

    @property
    def extract(self) -> Extract:
        return Extract(self.one.passage.passage_id, self.start, self.end)


def digest(whole: Whole, question: str, desk: Desk) -> Survey | None:
    """A summary, an overview, a timeline or a list of points; None where no article is about the topic, or lists none.

    Args:
        whole: What the question asks.
        question: The question.
        desk: What to search and read with.
    """
    found = _articles(whole.topic, desk)
    if not found:
        return None
    if whole.kind is QuestionKind.SUMMARY:
        return _survey(whole, [(one, _key(one, desk, _OF_ONE)) for one in found[:1]])
    if whole.kind is QuestionKind.POINTS:
        points = next((list(some) for one in found[:3] if (some := _points(one, whole, question, desk))), [])
        return _survey(whole, [(points[0].one, points)]) if points else None
    several = found[:_MOST_ARTICLES]
    if whole.kind is QuestionKind.TIMELINE:
        return _timeline(whole, several, desk)
    return _survey(whole, [(one, _key(one, desk, _OF_EACH, whole.topic)) for one in several])


def _articles(topic: str, desk: Desk) -> list[FoundArticle]:
    """The articles about a topic; one that is named by its headline goes first."""
    found, _ = articles_about(topic, desk)
    named = _TITLE.search(topic)
    title = fold("".join(named[1].split())) if named else ""
    return sorted(found, key=lambda one: fold("".join(one.article.title.split())) != title) if title else found


def _survey(whole: Whole, told: Sequence[tuple[FoundArticle, Sequence[_Sentence]]]) -> Survey:
    parts: list[Part] = []
    for one, sentences in told:
        for place, sentence in enumerate(sentences):
            head = name_of(one.article) if place == 0 else ""
            parts.append(Part(sentence.extract, head, listed=place == 0))
    names = ", ".join(one.article.article_id for one, _ in told)
    direct = f"共 {len(parts)} 条" if whole.kind is QuestionKind.POINTS else ""
    return Survey(whole.kind, tuple(parts), direct, 0.5, f"key sentences of {names}", searched=(whole.topic,))


def _body(one: FoundArticle) -> list[_Sentence]:
    """The sentences of an article's body, without captions and credits."""
    article = one.article
    body = [
        (s.start, s.start + s.length)
        for line, s in zip(article.lines, article.segments, strict=True)
        if line.role is Role.BODY
    ]
    return [
        _Sentence(one, start, end)
        for start, end in (_without_dateline(article.text, *span) for span in sentences_of(article.text))
        if end - start >= _SHORTEST
        and any(a < end and start < b for a, b in body)
        and not _CREDIT.fullmatch(article.text[start:end].strip())
    ]


def _without_dateline(text: str, start: int, end: int) -> tuple[int, int]:
    dateline = DATELINE.match(text[start:end])
    return (start + dateline.end(), end) if dateline else (start, end)


def _key(one: FoundArticle, desk: Desk, count: int, topic: str = "") -> list[_Sentence]:
    """The sentences that tell most of an article, or of a topic in it, in the order of the text."""
    sentences = _body(one)
    if len(sentences) <= count:
        return sentences
    vectors = vectors_of([sentence.text for sentence in sentences], desk.store.embedder)
    whole = vectors.mean(axis=0)
    if topic:
        whole = whole / max(float(np.linalg.norm(whole)), 1e-9) + desk.store.embedder.encode_query(topic)
    whole = whole / max(float(np.linalg.norm(whole)), 1e-9)
    worth = vectors @ whole
    worth[0] += _LEAD
    return [sentences[place] for place in sorted(_unlike(vectors, worth, count))]


def _unlike(vectors: Vectors, worth: np.ndarray, count: int) -> list[int]:
    """Rows that are worth most, each lessened by its likeness to those chosen before."""
    chosen: list[int] = []
    likest = np.zeros(len(vectors), np.float32)
    while len(chosen) < count:
        score = worth - _ALIKE * likest
        score[chosen] = -np.inf
        chosen.append(int(score.argmax()))
        likest = np.maximum(likest, vectors @ vectors[chosen[-1]])
    return chosen


def _timeline(whole: Whole, found: Sequence[FoundArticle], desk: Desk) -> Survey | None:
    """Sentences that tell a day, in the order of the days; None where fewer than two do."""
    dated = [
        (when, number, sentence)
        for number, one in enumerate(found)
        for sentence in _key(one, desk, 2 * _OF_EACH, whole.topic)
        if (when := _day_told(sentence.text, one.article))
    ]
    if len(dated) < _FEWEST_POINTS:
        return None
    dated.sort(key=lambda told: (told[0], told[1], told[2].start))
    parts = tuple(
        Part(sentence.extract, f"{when}　{name_of(sentence.one.article)}", when=when) for when, _, sentence in dated
    )
    direct = f"{dated[0][0]} 至 {dated[-1][0]}"
    return Survey(whole.kind, parts, direct, 0.5, f"{len(dated)} dated sentences", searched=(whole.topic,))


def _day_told(text: str, article: Article) -> str:
    """The day that a sentence tells, else month or year, ISO; empty where it tells none that can be placed."""
    published = article.date or ""
    told = [figure.value for figure in figures(text) if isinstance(figure.value, Day)]
    known = [replace(day, year=int(published[:4])) if published and day.month and not day.year else day for day in told]
    isos = ["-".join(f"{part:02d}" for part in (day.year, day.month, day.day) if part) for day in known if day.year]
    isos += [when.first for when in relative_days(text, published)] if published else []
    return max(isos, key=len, default="")  # the most exact, of several the first


def _points(one: FoundArticle, whole: Whole, question: str, desk: Desk) -> list[_Sentence]:
    """What the numbered heads or clauses of an article list, those that the reading model takes for the answer."""
    text = one.article.text
    runs = [run for mark in _MARKS for run in _runs([match.start() for match in mark.finditer(text)], text)]
    if whole.count:
        runs = [run for run in runs if len(run) == whole.count] or runs
    if not runs:
        return []
    judged = desk.judge_texts(question, [(one.article.title, _with_context(text, run)) for run in runs])
    best = max(range(len(runs)), key=lambda place: judged[place].relevance * judged[place].holds)
    return [_Sentence(one, start, end) for start, end in runs[best]]


def _with_context(text: str, run: Sequence[tuple[int, int]]) -> str:
    """What the points are of, and the points."""
    return text[max(0, run[0][0] - _BEFORE) : run[0][0]] + "；".join(text[start:end] for start, end in run)


def _runs(starts: Sequence[int], text: str) -> Iterator[list[tuple[int, int]]]:
    """Numbered stretches that count up from one, each to the end of its line or sentence."""
    run: list[tuple[int, int]] = []
    for place, start in enumerate(starts):
        following = starts[place + 1] if place + 1 < len(starts) else len(text)
        if _is_first(text[start : start + 6]):
            yield from [run] if len(run) >= _FEWEST_POINTS else []
            run = []
        elif not run:
            continue
        end = min(_end(text, start), following)
        lead = len(text[start:end]) - len(text[start:end].lstrip())
        run.append((start + lead, start + len(text[start:end].rstrip())))
    if len(run) >= _FEWEST_POINTS:
        yield run


def _is_first(text: str) -> bool:
    return bool(re.match(r"\s*[（(]?(?:第?一(?![〇零一二三四五六七八九十])|1(?!\d)|①)", text))


def _end(text: str, start: int) -> int:
    match = re.compile(r"\n|。|；").search(text, start + 1)
    return match.start() + (match[0] != "\n") if match else len(text)
