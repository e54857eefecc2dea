"""What travels over the wire? The forms of questions and answers, with a description and an example for each field.

They are the API's promise: a field of ``rag.schema`` may change its name, one of these may not.
"""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from rag.config import Within
from rag.query.conversation import turns_of
from rag.query.question import LONGEST_QUERY
from rag.schema import Turn

__all__ = [
    "LONGEST_HISTORY",
    "AnswerOut",
    "ArticleHead",
    "ArticleOut",
    "ArticlesOut",
    "AskIn",
    "CitationOut",
    "Health",
    "HitOut",
    "InfoOut",
    "LineOut",
    "PassageOut",
    "PlaceOut",
    "ReadIn",
    "RemarkOut",
    "SearchIn",
    "SearchOut",
    "SpanOut",
    "TraceOut",
    "TurnIn",
]

LONGEST_HISTORY = 40
"""Earlier turns that a question may come with."""

Query = Annotated[str, StringConstraints(min_length=1, max_length=LONGEST_QUERY)]
ArticleId = Annotated[str, StringConstraints(min_length=1, max_length=1000)]


class _In(BaseModel):
    model_config = ConfigDict(extra="forbid")


class _Out(BaseModel):
    model_config = ConfigDict(from_attributes=True)


class TurnIn(_In):
    """One earlier question of the conversation and what was answered."""

    question: str = Field(max_length=LONGEST_QUERY, description="What was asked.")
    answer: str = Field(default="", max_length=20_000, description="What was answered.")


class MessageIn(BaseModel):
    """One message of a conversation, as OpenAI's clients keep it."""

    model_config = ConfigDict(extra="ignore")

    role: str = Field(max_length=20, description="`user` or `assistant`; others are left out.")
    content: str | list[dict[str, Any]] | None = Field(default=None, description="What was said.")


class AskIn(Within):
    """A question."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {"question": "谁出席了会议？"},
                {
                    "question": "那2026年呢？",
                    "history": [{"question": "2025年有多少人参加？", "answer": "共有1.2万人参加。[1]"}],
                    "since": "2026-01-01",
                },
            ]
        }
    )

    question: Query = Field(description="The question, in Chinese or English; script, width and case do not matter.")
    history: list[TurnIn | MessageIn] = Field(
        default=[],
        max_length=LONGEST_HISTORY,
        description="The conversation so far, oldest first: turns, or messages with `role` and `content`.",
    )

    def turns(self) -> list[Turn]:
        """The earlier turns, whichever form they came in."""
        return turns_of([item.model_dump() for item in self.history])


class SearchIn(Within):
    """What to look for."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"query": "技能竞赛", "k": 5}]})

    query: Query = Field(description="A question or some words.")
    k: int = Field(default=5, ge=1, le=100, description="How many passages.")


class ReadIn(_In):
    """Which article to read."""

    article_id: ArticleId = Field(description="The `article_id` of a citation or a passage.")


class SpanOut(_Out):
    """A half-open range of the page's text, in characters from 0."""

    start: int
    end: int


class PlaceOut(_Out):
    """Where the collection says the quote once more."""

    file: str
    headline: str
    article_id: str
    first_line: int
    last_line: int
    quote: str


class SheetBoxOut(_Out):
    """A box on a sheet of paper, from its upper left corner, in points (of a scan, in pixels)."""

    sheet: int = Field(description="Number of the sheet in the file, from 1.")
    x0: float
    y0: float
    x1: float
    y1: float


class CitationOut(_Out):
    """Evidence for one statement: where it stands, and exactly what stands there."""

    number: int = Field(description="The `[n]` of the text.", examples=[1])
    quote: str = Field(description="The page's characters, unchanged.", examples=["大桥全长860米。"])
    file: str = Field(description="The page's file.", examples=["2026/0301.txt"])
    headline: str = Field(description="The article's headline; empty when it has none.")
    article_id: str = Field(description="For `/article?id=`.", examples=["2026/0301.txt#12"])
    passage_id: str = Field(description="The passage that was found.")
    first_line: int = Field(description="First line of the quote in the file, from 1.")
    last_line: int = Field(description="Last line, inclusive.")
    spans: list[SpanOut] = Field(description="Exact places in the page's text; put together they are the quote.")
    marks: list[tuple[int, int]] = Field(description="Ranges of the quote that are the answer in short; may be none.")
    also: list[PlaceOut] = Field(description="Where else the collection says the same.")
    boxes: list[SheetBoxOut] = Field(description="Where the quote stands on paper, a box a line; none of a text file.")


class RemarkOut(_Out):
    """What a reader must know besides."""

    warns: str = Field(examples=["mismatch"])
    text: str


class HitOut(_Out):
    """One scored passage."""

    passage_id: str
    score: float
    rank: int


class EntryOut(_Out):
    """One article of a list."""

    article_id: str = Field(description="For `/article?id=`.")
    file: str
    headline: str
    date: str | None = Field(description="ISO date of publication, where it is known.")
    number: int = Field(description="The citation that shows why it is listed.")
    item: str
    when: str


class CountOut(_Out):
    """How many articles hold what was asked for."""

    value: int
    at_least: bool = Field(description="True where not all candidates were looked at.")


class SideOut(_Out):
    """One side of a comparison."""

    name: str
    value: str = Field(description="Verbatim; empty where none was found.")
    number: int = Field(description="The citation that tells it; 0 where none was found.")


class ComparisonOut(_Out):
    """Two values side by side."""

    sides: list[SideOut]
    verdict: str = Field(description="The name of a side, `equal`, or `missing`.")
    difference: str


class TraceOut(_Out):
    """How an answer came about."""

    query: str = Field(description="The question as it was searched, after follow-ups are completed.")
    reason: str = Field(description="Why it was answered or not, in words.")
    timings: dict[str, float] = Field(description="Stage -> milliseconds.")
    hits: list[HitOut] = Field(description="The passages found, best first.")
    kind: str = Field(description="What kind of question it was taken for.", examples=["fact"])
    taken: str = Field(description="The words of the question that decided the kind.")


class AnswerOut(_Out):
    """The answer to one question, with its evidence."""

    question: str = Field(description="As it was asked.")
    text: str = Field(
        description="The direct answer, and below it quotes of the pages, each with its `[n]`.",
        examples=["860米\n大桥于2023年通车，全长860米。[1]"],
    )
    direct: str = Field(description="The answer in a few words, verbatim; empty when abstained.", examples=["860米"])
    outcome: str = Field(description="`answered`, `partly answered` or `not in the collection`.", examples=["answered"])
    abstained: bool = Field(description="True when the collection does not answer the question.")
    partly: bool = Field(description="True when only a part of what was asked is answered.")
    generated: bool = Field(description="True when a language model wrote some of the text.")
    confidence: float = Field(description="In [0, 1], higher is surer.")
    citations: list[CitationOut] = Field(description="One per number; empty when abstained.")
    nearest: list[CitationOut] = Field(
        description="When abstained, what contradicts the question, or the nearest passages."
    )
    remarks: list[RemarkOut] = Field(description="What a reader must know besides, such as a wrong premise.")
    kind: str = Field(description="What kind of question it was taken for.", examples=["fact", "count"])
    entries: list[EntryOut] = Field(description="Of a question over articles, the articles listed.")
    count: CountOut | None = Field(description="Of a question over articles, how many.")
    comparison: ComparisonOut | None = Field(description="Of a comparison, its sides and the verdict.")
    trace: TraceOut


class PassageOut(BaseModel):
    """A passage that was found."""

    passage_id: str
    article_id: str = Field(description="For `/article?id=`.")
    score: float = Field(description="In [0, 1]; comparable within one search only.")
    rank: int = Field(description="From 1.")
    text: str
    file: str
    headline: str
    kicker: list[str] = Field(description="Lines above the headline.")
    byline: str
    kind: str = Field(description="What sort of item it is.", examples=["news"])
    date: str | None = Field(description="ISO date of publication, where it is known.")
    date_source: str = Field(description="How the date is known.")
    first_line: int
    last_line: int


class SearchOut(BaseModel):
    """Passages, best first."""

    query: str
    passages: list[PassageOut]


class LineOut(BaseModel):
    """One line of a page."""

    number: int = Field(description="In the file, from 1.")
    role: str = Field(description="What the line does in the article.", examples=["headline"])
    text: str = Field(description="As it stands in the page.")
    joined: bool = Field(description="True when it goes on with a sentence that the layout tore.")


class ArticleHead(BaseModel):
    """An article without its text."""

    article_id: str
    file: str
    headline: str
    kind: str
    date: str | None
    first_line: int
    last_line: int


class ArticleOut(ArticleHead):
    """An article as it was read."""

    kicker: list[str]
    subhead: list[str]
    byline: str
    date_source: str
    text: str = Field(description="For reading: torn sentences are mended.")
    lines: list[LineOut] = Field(description="The same as it stands in the page.")
    continues: str | None = Field(description="The `article_id` of the part that it goes on from.")
    continued_by: str | None = Field(description="The `article_id` of the part that goes on from it.")


class ArticlesOut(BaseModel):
    """Some of the collection's articles, in its order."""

    total: int = Field(description="How many there are.")
    offset: int
    articles: list[ArticleHead]


class InfoOut(BaseModel):
    """What the collection holds, and how it is served."""

    version: str = Field(description="Of the program.")
    pages: int
    articles: int
    passages: int
    unreadable: int = Field(description="Files that could not be read.")
    embedding: str = Field(description="The embedding model.")
    writer: str | None = Field(description="The language model that writes answers; none when they are quotes.")
    built_at: str
    generation: str = Field(description="Changes whenever the collection does.")
    fingerprint: str = Field(description="Of the settings that it was built with.")
    limits: dict[str, Any] = Field(description="What a request may be, and how many.")


class Health(BaseModel):
    """How the server is."""

    status: str = Field(examples=["ok"])
