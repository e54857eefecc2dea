"""Which questions are learnt from, and where does each answer stand? Public sets and written questions, in one form.

Two sets were written for this project by language models that read one news article after another, without templates:
``training/questions.jsonl`` and ``training/reading.jsonl``. The second has near misses: ``unanswerable`` asks what the
article does not tell, ``differs`` has one thing of the question replaced by another of its kind. None is about the
seed pages. Questions of a fifth of the articles are held out: no reader is trained on them.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from zlib import crc32

from rag.retrieval.crossencoder import Verdict
from training.sources import is_held_out, read_squad

__all__ = ["Asked", "is_held", "read_squad_questions", "read_written_questions", "squad_pages"]

_HELD = 5  # one of so many articles
_AROUND = 10  # characters on both sides of an answer that place it


@dataclass(frozen=True, slots=True)
class Asked:
    """A question over one document.

    Attributes:
        text: The question.
        kind: Its type: factoid, paraphrase, list, reason, english, yesno, unanswerable, differs, and so on.
        document: The document it was written over.
        verdict: What a passage with ``anchor`` says to it.
        anchor: A verbatim stretch of the document that places the evidence; empty when there is none.
        answers: Verbatim answers, each to be marked; for ``Verdict.DIFFERS`` what the document has instead.
        asked: The words of the question that the document contradicts; empty when unknown.
        held: Whether it is kept from training.
    """

    text: str
    kind: str
    document: str
    verdict: Verdict
    anchor: str = ""
    answers: tuple[str, ...] = ()
    asked: str = ""
    held: bool = False


def is_held(document: str) -> bool:
    """Whether the written questions over a document are kept from training: decided by its name."""
    return crc32(f"reader/{document}".encode()) % _HELD == 0


def read_written_questions(path: Path) -> Iterator[Asked]:
    """The questions of one of our files, those without a place in their document left out."""
    for line in path.read_text(encoding="utf-8").splitlines():
        item = json.loads(line)
        kind, document = item["type"], item["documents"][0]
        held = is_held(document)
        if kind == "unanswerable":
            yield Asked(item["question"], kind, document, Verdict.NONE, held=held)
        elif kind == "yesno":
            verdict = Verdict.YES if item["answers"] == ["是"] else Verdict.NO
            yield Asked(item["question"], kind, document, verdict, item["quotes"][0], tuple(item["quotes"]), held=held)
        elif kind in {"differs", "false_premise"}:
            told = tuple(item["answers"])
            yield Asked(
                item["question"],
                "differs",
                document,
                Verdict.DIFFERS,
                item["quotes"][0],
                told,
                item.get("asked", ""),
                held,
            )
        else:
            yield from _answered(item, kind, document, held=held)


def _answered(item: dict[str, list[str]], kind: str, document: str, *, held: bool) -> Iterator[Asked]:
    """One record per quote that holds answers; where answers are alternatives, the first verbatim one counts."""
    for quote in item["quotes"]:
        found = tuple(answer for answer in item["answers"] if answer in quote)
        if kind not in {"list", "description"}:
            found = found[:1]
        if kind == "list" and len(item["quotes"]) == 1:
            found = tuple(item["answers"])  # further ones may stand behind the quote
        if found:
            yield Asked(str(item["question"]), kind, document, Verdict.ANSWERS, quote, found, held=held)


def squad_pages(path: Path) -> dict[str, str]:
    """Document -> text of a SQuAD-shaped file: one document per paragraph."""
    return read_squad(path)[0]


def read_squad_questions(path: Path) -> Iterator[Asked]:
    """The questions of a SQuAD-shaped file."""
    for document, paragraph, held in _paragraphs(path):
        text = paragraph["context"]
        for item in paragraph["qas"]:
            answer = item["answers"][0]["text"]
            at = item["answers"][0].get("answer_start", text.find(answer))
            if text[at : at + len(answer)] != answer:
                at = text.find(answer)
            if at >= 0:
                anchor = text[max(0, at - _AROUND) : at + len(answer) + _AROUND]
                yield Asked(item["question"], path.stem, document, Verdict.ANSWERS, anchor, (answer,), held=held)


def _paragraphs(path: Path) -> Iterator[tuple[str, dict, bool]]:  # type: ignore[type-arg]
    count = 0
    for number, article in enumerate(json.loads(path.read_text(encoding="utf-8"))["data"]):
        held = is_held_out(f"{path.stem}/{article.get('title', '')}/{number}")
        for paragraph in article["paragraphs"]:
            yield f"{path.stem}-{count:05}", paragraph, held
            count += 1
