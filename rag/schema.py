"""What does asking return? Hits, citations and one frozen answer."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from enum import StrEnum
from typing import Any

from index.schema import SheetBox, Span

__all__ = [
    "NO_ARTICLES",
    "REFUSALS",
    "VERDICT_WORDS",
    "Answer",
    "Citation",
    "Comparison",
    "Count",
    "Entry",
    "Hit",
    "Outcome",
    "Place",
    "QuestionKind",
    "Remark",
    "Side",
    "SmallTalk",
    "Trace",
    "Turn",
    "Warns",
]


VERDICT_WORDS = frozenset({"是", "否", "Yes", "No"})
"""The direct answers that are no words of a page: those to a question that asks for a yes or no."""


REFUSALS = {
    "zh": {
        "refusal": "所查的文章里没有找到这个问题的答案。",
        "near": "下面是最接近的段落，其中没有读到答案，仅供参考。",
        "gap": "",
    },
    "en": {
        "refusal": "The collection does not answer this question.",
        "near": "The nearest passages are shown; no answer was read in them.",
        "gap": " ",
    },
}
"""By language, what a refusal says: that there is no answer, and what the passages beside it are."""

NO_ARTICLES = "没有找到{}的报道：0 篇。"
"""What a list of articles says that is empty, of what was looked for."""


class Outcome(StrEnum):
    """What came of a question."""

    ANSWERED = "answered"
    PARTLY = "partly answered"  # what is quoted answers, but not all that was asked
    ABSENT = "not in the collection"


class QuestionKind(StrEnum):
    """What kind of question one was taken for."""

    FACT = "fact"  # some sentence of a page answers it
    METADATA = "metadata"  # who wrote an article, when and where it appeared
    LIST = "list"  # the articles, or what they name, that hold something
    COUNT = "count"  # how many of them
    COMPARISON = "comparison"
    SUMMARY = "summary"  # of one article
    OVERVIEW = "overview"  # of a topic, person or place over articles
    TIMELINE = "timeline"
    POINTS = "points"  # what numbered heads or sentences list
    REASON = "reason"
    MANNER = "manner"
    DEFINITION = "definition"
    TALK = "small talk"


class SmallTalk(StrEnum):
    """What sort of turn asks nothing of the pages."""

    GREETING = "greeting"
    THANKS = "thanks"
    ABILITY = "ability"  # what can be asked
    AGAIN = "again"  # the answer is doubted, without saying what


class Warns(StrEnum):
    """What a remark warns of."""

    MISMATCH = "mismatch"  # the question takes something for granted that the evidence contradicts
    MISSING = "missing"  # a part of the question that the evidence does not answer
    STRUCK = "struck"  # a generated sentence that the evidence does not carry, and that was taken out
    MEANT = "meant"  # characters of the question were taken for others of the same sound, which the pages have
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
        boxes: Where the quote stands on paper, a box for each line of print; empty for a file that has no paper.
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
    boxes: tuple[SheetBox, ...] = ()


@dataclass(frozen=True, slots=True)
class Entry:
    """One article of a list, an overview or a timeline.

    Attributes:
        article_id: The article.
        file: Its page's file.
        headline: Its headline; empty when the page has none for it.
        date: ISO date of publication, or None where it is not known.
        number: The citation that shows why it is listed.
        item: What it adds to a list of things (a name); empty for a list of articles.
        when: ISO day, or month or year, that the quote tells of, in a timeline; empty where it is not told.
    """

    article_id: str
    file: str
    headline: str
    date: str | None
    number: int
    item: str = ""
    when: str = ""


@dataclass(frozen=True, slots=True)
class Count:
    """How many articles, or things that they name.

    Attributes:
        value: The number; that of the entries shown, unless more were found than are shown.
        at_least: True where not all candidates were looked at.
    """

    value: int
    at_least: bool = False


@dataclass(frozen=True, slots=True)
class Side:
    """One side of a comparison.

    Attributes:
        name: As the question names it.
        value: The figure, verbatim; empty where none was found.
        number: The citation that tells it; 0 where none was found.
    """

    name: str
    value: str = ""
    number: int = 0


@dataclass(frozen=True, slots=True)
class Comparison:
    """Two values side by side.

    Attributes:
        sides: The sides, in the order of the question.
        verdict: The name of the side that is what was asked for; "equal"; or "missing" where a side has no value.
        difference: How far the values lie apart, with the unit; empty where it was not computed.
    """

    sides: tuple[Side, ...]
    verdict: str
    difference: str = ""


@dataclass(frozen=True, slots=True)
class Trace:
    """How an answer came about.

    Attributes:
        query: The question as it was searched, after follow-ups are completed; empty where nothing was searched.
        hits: The passages found, best first.
        timings: Stage -> milliseconds.
        reason: Why the reader answered or abstained, in words.
        features: passage_id -> what spoke for it, by feature; empty unless the settings ask for it.
        kind: What kind of question it was taken for.
        taken: The words of the question that decided the kind; empty for one that has no such words.
    """

    query: str = ""
    hits: tuple[Hit, ...] = ()
    timings: dict[str, float] = field(default_factory=dict)
    reason: str = ""
    features: dict[str, dict[str, float]] = field(default_factory=dict)
    kind: QuestionKind = QuestionKind.FACT
    taken: str = ""


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
            ``abstained``, or when a language model wrote. Where code counts or compares, what it made of the quotes.
        kind: What kind of question it was taken for; as it was answered.
        entries: Of a question over articles, the articles that hold what was asked for, in the order shown.
        count: Of a question over articles, how many hold it; else None.
        comparison: Of a comparison, its two sides and the verdict; else None.
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
    kind: QuestionKind = QuestionKind.FACT
    entries: tuple[Entry, ...] = ()
    count: Count | None = None
    comparison: Comparison | None = None

    @property
    def outcome(self) -> Outcome:
        """Answered, partly answered, or not in the collection."""
        if self.abstained:
            return Outcome.ABSENT
        return Outcome.PARTLY if self.partly else Outcome.ANSWERED

    def to_dict(self) -> dict[str, Any]:
        """Plain dictionaries and lists, ready for JSON."""
        return asdict(self) | {"outcome": str(self.outcome)}
