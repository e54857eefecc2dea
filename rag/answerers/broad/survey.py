"""What comes of a question over several passages or articles, and what do its answerers search and read with?"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field

from index.schema import Article, Filter, Passage
from index.store.opened import Store
from rag.answerers.base import Extract, Reader, Reading
from rag.config import Within
from rag.query.question import understand
from rag.retrieval.crossencoder import Judgement, load_crossencoder
from rag.retrieval.judging import head_of
from rag.retrieval.retriever import search
from rag.schema import Comparison, Count, Hit, QuestionKind, Remark

_ORIGINALLY = re.compile("^(?:原标题|标题)\\s*[:：]\\s*")
_LONGEST_BEGINNING = 24  # characters

__all__ = ["Desk", "Part", "Survey", "name_of"]


@dataclass(frozen=True, slots=True)
class Part:
    """One quote of a survey.

    Attributes:
        extract: What is quoted.
        head: The line above it, in code's words (headline, day); empty without one.
        item: What it adds to a list of things; empty for a list of articles.
        when: What day, month or year it tells of, ISO; empty where it does not matter.
        listed: Whether its article is an entry of the answer.
    """

    extract: Extract
    head: str = ""
    item: str = ""
    when: str = ""
    listed: bool = True


@dataclass(frozen=True, slots=True)
class Survey:
    """What was found.

    Attributes:
        kind: The kind of question that it answers.
        parts: The quotes, in the order to be shown; each place once.
        direct: The answer in short, in code's words.
        confidence: In [0, 1].
        reason: How it came about, in words.
        partly: True where only a part of what was asked was found.
        remarks: What a reader must know besides.
        count: How many articles or things, of a question that lists or counts.
        comparison: The two sides, with the numbers of their parts from 1.
        searched: What was searched besides the question.
    """

    kind: QuestionKind
    parts: tuple[Part, ...]
    direct: str
    confidence: float
    reason: str
    partly: bool = False
    remarks: tuple[Remark, ...] = ()
    count: Count | None = None
    comparison: Comparison | None = None
    searched: tuple[str, ...] = ()

    @property
    def reading(self) -> Reading:
        """The same as what a reader found, for who words an answer from it."""
        extracts = tuple(part.extract for part in self.parts)
        return Reading(extracts, self.confidence, self.reason, self.partly, self.remarks, self.direct)


@dataclass(slots=True)
class Desk:
    """What an answerer works with: one store, searched within the bounds of the settings.

    Attributes:
        store: The store.
        reader: Who reads for the answer to a plain question.
        within: Which articles may be used.
        hits: The passages that were looked at so far, for the trace.
    """

    store: Store
    reader: Reader
    within: Within = field(default_factory=Within)
    hits: list[Hit] = field(default_factory=list)

    def find(self, query: str, k: int) -> list[Hit]:
        """The passages that fit a query best, by the searches and the learned ranking; the model reads none."""
        w = self.within
        found = search(self.store, query, k, since=w.since, until=w.until, files=w.files, kinds=w.kinds, read=False)
        self.hits += found
        return found

    def read_answer(self, question: str, k: int) -> tuple[list[Hit], Reading]:
        """The answer to a plain question from the ``k`` best passages."""
        hits = self.find(question, k)
        return hits, self.reader.read(understand(question), hits, self.store)

    def judge(self, question: str, passages: Sequence[Passage]) -> list[Judgement]:
        """What the reading model says of each passage."""
        return load_crossencoder().read(question, [(head_of(p, self.article(p)), p.text) for p in passages])

    def judge_texts(self, question: str, texts: Sequence[tuple[str, str]]) -> list[Judgement]:
        """What the reading model says of some texts, each with the heading above it."""
        return load_crossencoder().read(question, texts)

    def article(self, passage: Passage) -> Article:
        """The article of a passage."""
        return self.store.articles[passage.article_id]

    @property
    def filter(self) -> Filter:
        """The bounds as the catalog takes them."""
        w = self.within
        first, last = (day.isoformat() if day else None for day in (w.since, w.until))
        return Filter(first, last, tuple(w.files), tuple(w.kinds))


def name_of(article: Article) -> str:
    """An article as a line names it: headline, or how it begins; file and day."""
    title = f"《{' '.join(article.title.split())}》" if article.title else f"“{_beginning(article.text)}……”"
    return f"{title}（{article.file}，{article.date or '日期不详'}）"


def _beginning(text: str) -> str:
    """The first words of a text, without what says that they are the headline of another paper."""
    first = " ".join(_ORIGINALLY.sub("", text.strip()).split())
    return re.split("[。！？]", first)[0][:_LONGEST_BEGINNING]
