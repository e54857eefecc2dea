"""Which words of the passages answer? A reader that only ever points at text of the pages, or abstains.

One model reads question and passage together (``rag.retrieval.crossencoder``). The words it points at are the direct
answer, the sentences around them the evidence. Where the likeliest passage says the same of another place, person, day
or kind than the question's, the question is not answered, and the difference is told.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from index.reading.views import row_around
from index.schema import Article, Passage
from index.store.opened import Store
from index.text import clause_spans, fold, is_chinese, legible, pieces
from rag.answerers.base import Extract, Reading
from rag.answerers.days import resolve_days
from rag.query.question import Asks, Question, understand
from rag.query.sounds import sounds_alike
from rag.retrieval.cache import sentences_of
from rag.retrieval.crossencoder import CrossEncoder, Judgement, Verdict, load_crossencoder
from rag.retrieval.judging import DATELINE, evidence, head_of, judge_passages
from rag.schema import Hit, Remark, Warns

__all__ = ["ExtractiveReader"]

_ALSO = 0.5  # probability from which a further passage adds to a list
_CLEAR = 0.3  # probability of a stretch from which it is the answer, whatever else the model marks
_DIFFERS = 0.4  # probability from which a passage contradicts the question
_ANSWERS = 0.5  # probability from which a passage answers for what was asked, though others tell it of something else
_FARTHEST = 3  # passages that a list may be gathered from
_LONG_SENTENCE = 100  # characters; a longer one is quoted by its ；clauses
_LONGEST_QUOTE = 200  # characters; a longer one is quoted by its parts between commas or spaces
_EDGES = re.compile(r"^[\s，。；：、,;:!?！？（(]+|[\s，。；：、,;:!?！？]+$")

Range = tuple[int, int]


@dataclass(frozen=True, slots=True)
class _Read:
    """A passage that was read."""

    hit: Hit
    passage: Passage
    article: Article
    judged: Judgement


class ExtractiveReader:
    """Answers with words and sentences of the passages, or abstains.

    Args:
        min_confidence: In [0, 1]; below it the reader abstains.
        model: What reads; the one that ships with the package when None.
    """

    def __init__(self, min_confidence: float, model: CrossEncoder | None = None) -> None:
        self.min_confidence = min_confidence
        self._model = model

    def read(self, question: Question, hits: Sequence[Hit], store: Store) -> Reading:
        """Find what answers; see :class:`rag.answerers.base.Reader`."""
        read = self._judge(question, hits, store)
        if slip := _slip(question, read):
            asked, meant = slip
            reading = self._read_as(question.query.replace(asked, meant), question, hits, store)
            if reading.extracts:
                form = "“{}”按同音的“{}”查找。" if is_chinese(question.asked) else "“{}” was taken for “{}”."
                return replace(reading, remarks=(Remark(Warns.MEANT, form.format(asked, meant)), *reading.remarks))
        return self._decide(question, read)

    def _read_as(self, query: str, question: Question, hits: Sequence[Hit], store: Store) -> Reading:
        meant = understand(query, question.asked)
        return self._decide(meant, self._judge(meant, hits, store))

    def _judge(self, question: Question, hits: Sequence[Hit], store: Store) -> list[_Read]:
        model = self._model or load_crossencoder()
        passages = [store.passages[hit.passage_id] for hit in hits]
        judged = judge_passages(model, question.query, passages, store)
        return [
            _Read(hit, passage, store.articles[passage.article_id], judgement)
            for hit, passage, judgement in zip(hits, passages, judged, strict=False)
        ]

    def _decide(self, question: Question, read: Sequence[_Read]) -> Reading:
        if not read:
            return Reading((), 0.0, "no passage has to do with the question")
        best = max(read, key=lambda one: one.judged.support)
        read = _of_what_was_asked(question, best, read)
        confidence = (self._model or load_crossencoder()).confidence(evidence([one.judged for one in read]))
        told = f"holds {best.judged.holds:.2f}, relevance {best.judged.relevance:.2f}, span {best.judged.sure:.2f}"
        if contradiction := _contradiction(question, read, confidence):
            return contradiction
        if confidence >= self.min_confidence:
            return self._answer(question, best, read, confidence, f"best passage: {told}")
        return Reading((), confidence, f"confidence below {self.min_confidence:.2f}; best passage: {told}")

    def _answer(
        self, question: Question, best: _Read, read: Sequence[_Read], confidence: float, reason: str
    ) -> Reading:
        verdict = max((Verdict.ANSWERS, Verdict.YES, Verdict.NO), key=best.judged.probability)
        if verdict is not Verdict.ANSWERS:
            extracts = _quotes(best, [best.judged.span], marked=False)
            words = {"zh": ("是", "否"), "en": ("Yes", "No")}["zh" if is_chinese(question.asked) else "en"]
            direct = words[verdict is Verdict.NO]
            return Reading(tuple(extracts), confidence, reason, remarks=_days(question, best, extracts), direct=direct)
        sources = [best, *_further(question, best, read)]
        parts = [(one, _quotes(one, _short_answers(question, one.judged))) for one in sources]
        items = [one.article.text[a:b] for one, quotes in parts for quote in quotes for a, b in quote.marks]
        extracts = [quote for _, quotes in parts for quote in quotes]
        extracts = extracts or _quotes(best, [best.judged.span], marked=False)
        direct = "、".join(dict.fromkeys(" ".join(legible(item).split()) for item in items))
        remarks = tuple(dict.fromkeys(r for one in sources for r in _days(question, one, extracts)))
        return Reading(tuple(extracts), confidence, reason, remarks=remarks, direct=direct)


def _short_answers(question: Question, judged: Judgement) -> list[Range]:
    """The words that answer: the best stretch, or several where a list is asked for; none where neither is clear."""
    left, right = judged.span
    touching = [span for span in judged.spans if span[0] < right and left < span[1]]
    if len(judged.spans) > 1 and (question.asks in {Asks.LIST, Asks.PERSON} or len(touching) > 1):
        return list(judged.spans)
    if judged.sure >= _CLEAR:
        return [judged.span]
    return touching or list(judged.spans[:1])


def _further(question: Question, best: _Read, read: Sequence[_Read]) -> Iterator[_Read]:
    """Other passages that add to a list."""
    if question.asks is not Asks.LIST:
        return
    found = 1
    for one in read:
        if one is best or found == _FARTHEST:
            continue
        if one.judged.holds >= _ALSO and one.judged.relevance >= _ALSO and one.judged.verdict is Verdict.ANSWERS:
            found += 1
            yield one


def _trimmed(one: _Read, ranges: Sequence[Range]) -> list[Range]:
    """Ranges of the passage's text without blanks and stops at their edges."""
    found = []
    for start, end in ranges:
        text = one.passage.text[start:end]
        bare = _EDGES.sub("", text)
        if bare:
            left = start + text.index(bare)
            found.append((left, left + len(bare)))
    return found


def _quotes(one: _Read, ranges: Sequence[Range], *, marked: bool = True) -> list[Extract]:
    """The sentences that hold some words, each once, with the words marked."""
    marks: dict[Range, list[Range]] = {}
    base = one.passage.start
    for start, end in _trimmed(one, ranges):
        unit = _unit(one, start, end)
        marks.setdefault(unit, []).append((base + start, base + end))
    return [
        Extract(one.passage.passage_id, base + a, base + b, tuple(sorted(found)) if marked else ())
        for (a, b), found in sorted(marks.items())
    ]


def _unit(one: _Read, start: int, end: int) -> Range:
    """The sentences around some words; of a long one its clause, and neither its dateline."""
    text = one.passage.text
    if row := row_around(one.passage, one.article, start, end):
        return row
    spans = [(a, b) for a, b in sentences_of(text) if a < end and start < b] or [(start, end)]
    left, right = spans[0][0], spans[-1][1]
    if len(spans) == 1 and right - left > _LONG_SENTENCE:
        left, right = _around(text, [(left + a, left + b) for a, b in clause_spans(text[left:right])], start, end)
    if right - left > _LONGEST_QUOTE:
        left, right = _around(text, pieces(text, left, right, _LONG_SENTENCE), start, end)
    dateline = DATELINE.match(text[left:right])
    if dateline and left + dateline.end() <= start:
        left += dateline.end()
    return left, right


def _around(text: str, parts: Sequence[Range], start: int, end: int) -> Range:
    """The parts of a stretch that hold some words, from the first to the last."""
    touched = [(a, b) for a, b in parts if a < end and start < b] or [(start, end)]
    return touched[0][0], touched[-1][1]


def _slip(question: Question, read: Sequence[_Read]) -> tuple[str, str] | None:
    """Words of the question, and those of a page of the same sound that were meant: 连家 for 链家."""
    best = max(read, key=lambda one: one.judged.conflict, default=None)
    if best is None or best.judged.relevance < _ALSO or best.judged.conflict <= _DIFFERS:
        return None
    head = head_of(best.passage, best.article)
    told = [best.passage.text[a:b] for a, b in best.judged.told] + [head[a:b] for a, b in best.judged.told_above]
    for asked in (question.query[a:b].strip() for a, b in best.judged.asked):
        for words in map(legible, told):
            windows = (words[at : at + len(asked)] for at in range(len(words) - len(asked) + 1))
            if len(asked) > 1 and (meant := next((w for w in windows if sounds_alike(w, asked)), None)):
                return asked, meant
    return None


def _of_what_was_asked(question: Question, best: _Read, read: Sequence[_Read]) -> list[_Read]:
    """The passages without those that say the same of something else, where the best one answers for what was asked.

    A page may tell of 朝阳区 what another tells of 昌平区; only where none tells it of 昌平区 does that contradict.
    """
    if best.judged.support < _ANSWERS:
        return list(read)
    stands = fold(f"{head_of(best.passage, best.article)}\n{legible(best.passage.text)}")

    def names_another(one: _Read) -> bool:
        asked = [fold(question.query[a:b].strip()) for a, b in one.judged.asked]
        return one.judged.conflict > _DIFFERS and bool(asked) and all(words in stands for words in asked)

    return [one for one in read if one is best or not names_another(one)]


def _contradiction(question: Question, read: Sequence[_Read], confidence: float) -> Reading | None:
    """A refusal that names the difference, where a passage rather says the same of something else than answers."""
    best = max(read, key=lambda one: one.judged.conflict)
    judged, answered = best.judged, max(one.judged.support for one in read)
    if judged.relevance < _ALSO or judged.conflict <= max(answered, _DIFFERS):
        return None
    head = head_of(best.passage, best.article)
    told = [best.passage.text[a:b] for a, b in _trimmed(best, judged.told)]
    told = told or [head[a:b].strip() for a, b in judged.told_above]
    asked = [question.query[a:b].strip() for a, b in judged.asked]
    told = [words for words in told if not _is_the_same(words, [question.asked, *asked])]
    if not told:
        return None
    chinese = is_chinese(question.asked)
    there = "、".join(dict.fromkeys(told))
    if asked:
        form = "问题里说“{}”，文中是“{}”。" if chinese else "The question says “{}”; the text says “{}”."
        text = form.format("、".join(dict.fromkeys(asked)), there)
    else:
        text = f"文中说的是“{there}”。" if chinese else f"The text says “{there}”."
    extracts = tuple(_quotes(best, judged.told or [judged.span]))
    reason = f"differs {judged.differs:.2f}, relevance {judged.relevance:.2f}"
    return Reading((), confidence, reason, remarks=(Remark(Warns.MISMATCH, text),), instead=extracts)


def _is_the_same(told: str, asked: Sequence[str]) -> bool:
    """Whether the question says these words, or only less of them, such as 市总工会 for 北京市总工会."""
    mine = fold(told)
    return mine in fold(asked[0]) or any(words and fold(words) in mine for words in asked[1:])


def _days(question: Question, one: _Read, extracts: Sequence[Extract]) -> tuple[Remark, ...]:
    texts = (legible(one.article.text[e.start : e.end]) for e in extracts if e.passage_id == one.passage.passage_id)
    return tuple(dict.fromkeys(remark for text in texts for remark in resolve_days(question, text, one.article)))
