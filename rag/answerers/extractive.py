"""Which sentence answers? A reader that needs no language model and only ever points at text of the pages.

Each sentence of the best passages is scored by transparent features: the share of the question's words that it
holds (rare words count more), the same for its surroundings, the likeness of its vector to the question's, the rank
of its passage, and whether it holds the kind of thing that was asked for. The weights were chosen on the development
questions; a later version learns them.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from index.schema import Article, Passage
from index.store import Store
from index.text import clause_spans, fold, sentence_spans, tokens
from rag.answerers.base import Extract, Reading
from rag.question import Asks, Question
from rag.schema import Hit

__all__ = ["ExtractiveReader"]

_LONG_SENTENCE = 100  # characters; a longer one is offered by its ；clauses too
_CONTEXT_WEIGHT = 0.5  # of a word that only the earlier question has
_MOST_EXTRACTS = 3
_NUMERAL = r"[\d.,]+|[零一二两三四五六七八九十百千万亿]+"
_HOLDS: dict[Asks, re.Pattern[str]] = {
    Asks.NUMBER: re.compile(rf"(?:{_NUMERAL})\s*[余多%]?\s*\w"),
    Asks.TIME: re.compile(rf"(?:{_NUMERAL})\s*余?\s*(?:年|月|日|天|小时|分钟|时|点)|昨[天日]|今[天年]|去年|近日"),
    Asks.LIST: re.compile(r"[、；;]|和|以及"),
    Asks.PLACE: re.compile(r"[区县市镇村路街站馆园厅校院楼室地中心]"),
    Asks.PERSON: re.compile(r"记者|主席|书记|主任|局长|经理|师傅|[领负介]|说|表示|获得|先生|女士|同志|老师|摄|讲"),
}


@dataclass(frozen=True, slots=True)
class _Candidate:
    """A sentence or clause and what speaks for it; every feature lies in [0, 1]."""

    passage: Passage
    start: int
    end: int
    words: frozenset[str]
    own: float
    around: float
    likeness: float
    place: float
    fits: float

    @property
    def score(self) -> float:
        return 0.9 * self.own + 0.5 * self.around + 0.9 * self.likeness + 0.35 * self.place + 0.3 * self.fits


class ExtractiveReader:
    """Answers with sentences of the passages, or abstains.

    Args:
        min_confidence: In [0, 1]; below it the reader abstains.
    """

    def __init__(self, min_confidence: float = 0.5) -> None:
        self.min_confidence = min_confidence

    def read(self, question: Question, hits: Sequence[Hit], store: Store) -> Reading:
        """Find what answers; see :class:`rag.answerers.base.Reader`."""
        weights = _weights(question, store)
        candidates = sorted(
            _candidates(question, hits, store, weights),
            key=lambda c: (-c.score, c.passage.passage_id, c.start),
        )
        if not candidates:
            return Reading((), 0.0, "no passage has to do with the question")
        best = candidates[0]
        confidence = _confidence(best)
        evidence = (
            f"best sentence: {best.own:.0%} of the question's words in it, {best.around:.0%} around it, "
            f"likeness {best.likeness:.2f}"
        )
        if confidence < self.min_confidence:
            return Reading((), confidence, f"confidence below {self.min_confidence:.2f}; {evidence}")
        chosen = _choose(candidates, weights)
        extracts = tuple(Extract(c.passage.passage_id, c.start, c.end) for c in chosen)
        return Reading(extracts, confidence, evidence)


def _weights(question: Question, store: Store) -> dict[str, float]:
    """How much each word of the question counts."""
    weights = {word: store.lexical.idf(word) for word in question.words}
    return weights | {word: _CONTEXT_WEIGHT * store.lexical.idf(word) for word in question.context}


def _candidates(
    question: Question, hits: Sequence[Hit], store: Store, weights: dict[str, float]
) -> Iterator[_Candidate]:
    passages = [store.passages[hit.passage_id] for hit in hits]
    units = [
        (hit, passage, start, end)
        for hit, passage in zip(hits, passages, strict=True)
        for start, end in _units(passage)
    ]
    if not units:
        return
    texts = [store.articles[p.article_id].text[start:end] for _, p, start, end in units]
    likeness = store.embedder.encode_documents(texts) @ store.embedder.encode_query(question.query)
    around = {passage.passage_id: _surroundings(passage, store.articles[passage.article_id]) for passage in passages}
    for (hit, passage, start, end), text, value in zip(units, texts, likeness, strict=True):
        words = frozenset(tokens(text))
        yield _Candidate(
            passage=passage,
            start=start,
            end=end,
            words=words,
            own=_share(weights, words),
            around=_share(weights, words | around[passage.passage_id]),
            likeness=float(np.clip(value, 0.0, 1.0)),
            place=hit.score,
            fits=_fits(question, text),
        )


def _units(passage: Passage) -> Iterator[tuple[int, int]]:
    """Article ranges of the passage's sentences; a long one gives its clauses instead."""
    for start, end in sentence_spans(passage.text):
        clauses = clause_spans(passage.text[start:end]) if end - start > _LONG_SENTENCE else []
        for left, right in clauses or [(0, end - start)]:
            yield passage.start + start + left, passage.start + start + right


def _surroundings(passage: Passage, article: Article) -> frozenset[str]:
    """Words of the passage and of its article's headings."""
    return frozenset(tokens("\n".join([*article.kicker, article.title, *article.subhead, passage.text])))


def _share(weights: dict[str, float], words: frozenset[str]) -> float:
    total = sum(weights.values())
    return sum(weight for word, weight in weights.items() if word in words) / total if total else 0.0


def _fits(question: Question, text: str) -> float:
    """1.0 when the text holds what was asked for, 0.5 when only its kind, else 0.0."""
    folded = fold(text)
    if question.measure and re.search(rf"(?:{_NUMERAL})\s*[余多]?\s*{question.measure}", folded):
        return 1.0
    pattern = _HOLDS.get(question.asks)
    return 0.5 if pattern and pattern.search(folded) else 0.0


def _confidence(best: _Candidate) -> float:
    return 1 / (1 + math.exp(-(6.0 * best.around + 4.0 * best.likeness - 5.0)))


def _choose(candidates: Sequence[_Candidate], weights: dict[str, float]) -> list[_Candidate]:
    """The best candidate, and others that hold what of the question it does not."""
    chosen = [candidates[0]]
    missing = {word: weight for word, weight in weights.items() if word not in chosen[0].words}
    for candidate in candidates[1:]:
        if len(chosen) == _MOST_EXTRACTS or not missing:
            break
        gain = sum(weight for word, weight in missing.items() if word in candidate.words)
        if gain >= 0.35 * sum(weights.values()) and candidate.score >= 0.75 * chosen[0].score:
            chosen.append(candidate)
            missing = {word: weight for word, weight in missing.items() if word not in candidate.words}
    return chosen
