"""What does asking return? Hits, citations and one frozen answer."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from enum import StrEnum
from typing import Any

from index.schema import Span

__all__ = ["VERDICT_WORDS", "Answer", "Citation", "Hit", "Outcome", "Place", "Remark", "Trace", "Turn", "Warns"]


VERDICT_WORDS = frozenset({"是", "否", "Yes", "No"})
"""The direct answers that are no words of a page: those to a question that asks for a yes or no."""


class Outcome(StrEnum):
    """What came of a question."""

    ANSWERED = "answered"
    PARTLY = "partly answered"  # what is quoted answers, but not all that was asked
    ABSENT = "not in the collection"


class Warns(StrEnum):
    """What a remark warns of."""

    MISMATCH = "mismatch"  # the question takes something for granted that the evidence contradicts
    MISSING = "missing"  # a part of the question that the evidence does not answer
    STRUCK = "struck"  # a generated sentence that the evidence does not carry, and that was taken out
    RESOLVED = "resolved"  # nothing to warn of: which day a word such as 昨天 means
    FALLBACK = "fallback"  # the language model could not answer, quotes stand in


@dataclass(frozen=True, slots=True)
class Remark:
    """What a reader of the answer must know besides: one line for people.

    Attributes:
        warns: What it warns of.
        text: In words, in the language of the question.
    """

    warns: Warns
    text: str


@dataclass(frozen=True, slots=True)
class Turn:
    """One earlier question of a conversation and what was answered."""

    question: str
    answer: str


@dataclass(frozen=True, slots=True)
class Hit:
    """One scored passage.

    Attributes:
        passage_id: The passage.
        score: In [0, 1], higher is better; comparable within one search only.
        rank: From 1. Equal scores are ordered by ``passage_id``.
    """

    passage_id: str
    score: float
    rank: int


@dataclass(frozen=True, slots=True)
class Place:
    """Where the collection says the quote of a citation once more.

    Attributes:
        file: The page's file.
        headline: The article's headline; empty when the page has none for it.
        article_id: The article.
        first_line: First line in the file, from 1.
        last_line: Last line, inclusive.
        spans: Exact places in the page's text, in order.
        quote: The page's characters at ``spans``, put together: the same but for white space, width and script.
    """

    file: str
    headline: str
    article_id: str
    first_line: int
    last_line: int
    spans: tuple[Span, ...]
    quote: str


@dataclass(frozen=True, slots=True)
class Citation:
    """Evidence for one statement: where it stands, and exactly what stands there.

    Attributes:
        number: The ``[n]`` of the answer; from 1.
        file: The page's file.
        headline: The article's headline; empty when the page has none for it.
        article_id: The article.
        passage_id: The passage that was found.
        first_line: First line of the quote in the file, from 1.
        last_line: Last line of the quote, inclusive.
        spans: Exact places in the page's text, in order; more than one where the layout tore the sentence.
        quote: The page's characters at ``spans``, put together.
        marks: Half-open ranges of ``quote`` that are the answer in short; empty when the whole quote is.
        also: Where else the collection says the same: reprints, and pages that were filed twice.
    """

    number: int
    file: str
    headline: str
    article_id: str
    passage_id: str
    first_line: int
    last_line: int
    spans: tuple[Span, ...]
    quote: str
    marks: tuple[tuple[int, int], ...] = ()
    also: tuple[Place, ...] = ()


@dataclass(frozen=True, slots=True)
class Trace:
    """How an answer came about.

    Attributes:
        query: The question as it was searched, after follow-ups are completed.
        hits: The passages found, best first.
        timings: Stage -> milliseconds.
        reason: Why the reader answered or abstained, in words.
        features: passage_id -> what spoke for it, by feature; empty unless the settings ask for it.
    """

    query: str = ""
    hits: tuple[Hit, ...] = ()
    timings: dict[str, float] = field(default_factory=dict)
    reason: str = ""
    features: dict[str, dict[str, float]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Answer:
    """The answer to one question, with its evidence.

    Attributes:
        question: As it was asked.
        text: The direct answer, and below it verbatim text of the pages with a ``[n]`` after each quote; where a
            language model wrote, its sentences, each held against the citations that its ``[n]`` name; a plain
            statement when ``abstained``.
        citations: One per number, in order of their first ``[n]``; empty when ``abstained``.
        confidence: In [0, 1], the probability that the answer is right, as far as public question sets tell.
        abstained: True when the collection does not answer the question.
        nearest: When ``abstained``, the sentences that contradict the question, or the nearest passages; else empty.
        trace: How it came about.
        partly: True when only a part of what was asked is answered.
        remarks: What a reader must know besides, such as a mismatch with what the question takes for granted.
        generated: True when some of the text was written by a language model.
        direct: The answer in a few words: verbatim stretches of the quotes, marked there, or yes or no; empty when
            ``abstained``, or when a language model wrote.
    """

    question: str
    text: str
    citations: tuple[Citation, ...]
    confidence: float
    abstained: bool
    nearest: tuple[Citation, ...] = ()
    trace: Trace = Trace()
    partly: bool = False
    remarks: tuple[Remark, ...] = ()
    generated: bool = False
    direct: str = ""

    @property
    def outcome(self) -> Outcome:
        """Answered, partly answered, or not in the collection."""
        if self.abstained:
            return Outcome.ABSENT
        return Outcome.PARTLY if self.partly else Outcome.ANSWERED

    def to_dict(self) -> dict[str, Any]:
        """Plain dictionaries and lists, ready for JSON."""
        return asdict(self) | {"outcome": str(self.outcome)}
