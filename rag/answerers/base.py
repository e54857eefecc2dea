"""What does a reader promise?"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from index.store.opened import Store
from rag.query.question import Question
from rag.schema import Hit, Remark

__all__ = ["Extract", "Reader", "Reading"]


@dataclass(frozen=True, slots=True)
class Extract:
    """A stretch of an article that answers: ``article.text[start:end]``, found in a passage.

    Attributes:
        passage_id: The passage it was found in.
        start: Offset of its first character in the article's text.
        end: Offset after its last character.
        marks: Half-open ranges of the article's text, inside it, that are the answer in short; may be empty.
    """

    passage_id: str
    start: int
    end: int
    marks: tuple[tuple[int, int], ...] = ()


@dataclass(frozen=True, slots=True)
class Reading:
    """What a reader made of some passages.

    Attributes:
        extracts: What answers, in the order to be shown; empty when the passages hold no answer.
        confidence: In [0, 1], that the extracts answer the question.
        reason: Why it answered or abstained, in words.
        partly: True when the extracts answer only a part of what was asked.
        remarks: What a reader of the answer must know besides.
        direct: The answer in a few words, verbatim but for what joins a list, or yes or no; empty when there is none.
        instead: Where nothing answers, the sentences that contradict what the question takes for granted.
    """

    extracts: tuple[Extract, ...]
    confidence: float
    reason: str
    partly: bool = False
    remarks: tuple[Remark, ...] = ()
    direct: str = ""
    instead: tuple[Extract, ...] = ()


class Reader(Protocol):
    """Reads passages for an answer."""

    def read(self, question: Question, hits: Sequence[Hit], store: Store) -> Reading:
        """Find what answers ``question`` in the passages of ``hits``, best first; no hit means no answer."""
        ...
