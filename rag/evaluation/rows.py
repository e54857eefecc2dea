"""What is kept of every question asked? One row, from which all metrics can be computed again."""

from __future__ import annotations

from dataclasses import dataclass, field

from pydantic import TypeAdapter

from rag.schema import Citation

__all__ = ["ROW", "Row"]


@dataclass(frozen=True, slots=True)
class Row:
    """One question, its gold, and what came back.

    Attributes:
        id: The question's id.
        type: The question's type.
        question: As it was asked.
        answers: Gold answers.
        match: "any" or "all" of them.
        answerable: Whether the collection holds an answer.
        relevant: The units (passages or pages) that hold it.
        ranked: unit -> score, as retrieved; higher is better, best first.
        answer: What was answered, without ``[n]`` marks; empty for a refusal or an error.
        direct: The answer in a few words; empty for a refusal, or when a language model wrote.
        citations: The citations given.
        verbatim: How many of them are exactly what stands in the page.
        supporting: How many of them are about gold evidence.
        supported: How many pieces of gold evidence some citation is about.
        evidence: How many pieces of gold evidence there are.
        abstained: True for a refusal.
        confidence: In [0, 1].
        timings: Stage -> milliseconds, and ``total``.
        query: What was searched.
        reason: Why it answered or abstained.
        error: What went wrong; empty when nothing did. A question with an error counts as 0.
    """

    id: str
    type: str
    question: str
    answers: tuple[str, ...] = ()
    match: str = "any"
    answerable: bool = True
    relevant: tuple[str, ...] = ()
    ranked: dict[str, float] = field(default_factory=dict)
    answer: str = ""
    direct: str = ""
    citations: tuple[Citation, ...] = ()
    verbatim: int = 0
    supporting: int = 0
    supported: int = 0
    evidence: int = 0
    abstained: bool = False
    confidence: float = 0.0
    timings: dict[str, float] = field(default_factory=dict)
    query: str = ""
    reason: str = ""
    error: str = ""


ROW = TypeAdapter(Row)
"""Turns rows into JSON and back."""
