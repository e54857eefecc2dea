"""What does a file of evaluation questions hold? Three formats in, one frozen form out, every fault with its place.

Formats: JSON lines of our own (``id``, else the line's number, ``question``, ``type``, ``answers``, ``match``,
``evidence``, ``documents``, ``history``); SQuAD-shaped JSON, as CMRC 2018 and DRCD use it, whose paragraphs are the
collection; and BEIR folders (``corpus.jsonl``, ``queries.jsonl``, ``qrels/*.tsv``), whose corpus is the collection.

References:
    Rajpurkar et al.: SQuAD (2016). Cui et al.: A Span-Extraction Dataset for Chinese MRC (2019).
    Thakur et al.: BEIR: A Heterogeneous Benchmark for Zero-shot Evaluation of Information Retrieval Models (2021).
"""

from __future__ import annotations

import csv
import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from rag.errors import EvaluationError
from rag.schema import Turn

__all__ = ["EvalQuestion", "Evidence", "QuestionSet", "load_questions", "read_json_lines"]


class Evidence(BaseModel):
    """Where an answer stands: a page and a verbatim quote of it."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    file: str = Field(min_length=1)
    quote: str = Field(min_length=1)


class EvalQuestion(BaseModel):
    """One question with its gold.

    ``answers`` are alternatives when ``match`` is "any"; with "all" every entry is needed. ``evidence`` names quotes,
    ``documents`` whole pages that hold the answer. A question with none of the three is one that the collection does
    not answer.
    """

    model_config = ConfigDict(frozen=True, extra="ignore")

    id: str = Field(min_length=1)
    question: str  # an empty one fails when it is asked and counts as 0; public sets hold a few
    type: str = "other"
    answers: tuple[str, ...] = ()
    match: Literal["any", "all"] = "any"
    evidence: tuple[Evidence, ...] = ()
    documents: tuple[str, ...] = ()
    history: tuple[Turn, ...] = ()

    @property
    def answerable(self) -> bool:
        """Whether the collection holds an answer."""
        return bool(self.answers or self.evidence or self.documents)


@dataclass(frozen=True, slots=True)
class QuestionSet:
    """Questions, and the collection where the format brings its own.

    Attributes:
        questions: In file order; ids are unique.
        texts: document -> text, or empty where the collection is given apart.
    """

    questions: tuple[EvalQuestion, ...]
    texts: dict[str, str] = field(default_factory=dict)


def load_questions(path: Path) -> QuestionSet:
    """Read questions in any of the three formats.

    Args:
        path: A ``.jsonl`` file of ours, a ``.json`` file in SQuAD's shape, or a BEIR folder.

    Raises:
        EvaluationError: It cannot be read or holds no question, an entry is malformed, or an id stands twice.
    """
    if path.is_dir():
        found = _load_beir(path)
    elif path.suffix == ".json":
        found = _load_squad(path)
    else:
        found = QuestionSet(tuple(_validated(path, read_json_lines(path))))
    if not found.questions:
        raise EvaluationError(f"{path} holds no question.", "Give at least one.")
    return found


def read_json_lines(path: Path) -> Iterator[tuple[int, dict[str, Any]]]:
    """Line numbers, from 1, and the JSON objects on the non-blank lines of a UTF-8 file.

    Raises:
        EvaluationError: The file cannot be read, is not UTF-8, or a line is no JSON object.
    """
    for number, line in enumerate(_read_text(path).split("\n"), start=1):
        if not line.strip():
            continue
        try:
            value = json.loads(line)
        except ValueError as error:
            raise EvaluationError(f"{path}, line {number}: no valid JSON ({error}).", "Correct that line.") from error
        if not isinstance(value, dict):
            raise EvaluationError(f"{path}, line {number}: no JSON object.", "Correct that line.")
        yield number, value


def _validated(path: Path, rows: Iterable[tuple[int, dict[str, Any]]], unit: str = "line") -> Iterator[EvalQuestion]:
    first_lines: dict[str, int] = {}
    for number, row in rows:
        try:
            question = EvalQuestion.model_validate({"id": str(number), **row})
        except ValidationError as error:
            first = error.errors()[0]
            where = ".".join(map(str, first["loc"])) or "all of it"
            raise EvaluationError(f"{path}, {unit} {number}: {where}: {first['msg']}.", "Correct it.") from error
        if question.id in first_lines:
            raise EvaluationError(
                f"{path}, {unit} {number}: the id {question.id!r} stands in {unit} {first_lines[question.id]} already.",
                "Rename one.",
            )
        first_lines[question.id] = number
        yield question


def _load_squad(path: Path) -> QuestionSet:
    try:
        articles = json.loads(_read_text(path))["data"]
        texts: dict[str, str] = {}
        rows: list[tuple[int, dict[str, Any]]] = []
        for article in articles:
            for paragraph in article["paragraphs"]:
                document = str(paragraph.get("id") or f"p{len(texts):05}")
                texts[document] = paragraph["context"]
                rows += [(len(rows) + n, _squad_row(item, document)) for n, item in enumerate(paragraph["qas"], 1)]
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise EvaluationError(
            f"{path} is not in SQuAD's shape ({type(error).__name__}: {error}).",
            "It needs data > paragraphs > context and qas, as CMRC 2018 and DRCD have.",
        ) from error
    return QuestionSet(tuple(_validated(path, rows, "question")), texts)


def _squad_row(item: dict[str, Any], document: str) -> dict[str, Any]:
    answers = list(dict.fromkeys(answer["text"] for answer in item.get("answers", [])))
    held = [document] if answers else []  # SQuAD 2.0 has questions that their paragraph does not answer
    return {"id": str(item["id"]), "question": item["question"], "answers": answers, "documents": held}


def _load_beir(folder: Path) -> QuestionSet:
    texts = {}
    for _, row in read_json_lines(folder / "corpus.jsonl"):
        title, text = str(row.get("title") or ""), str(row.get("text") or "")
        texts[str(row.get("_id"))] = f"{title}\n{text}" if title else text
    relevant = _read_qrels(folder / "qrels")
    rows = []
    for number, row in read_json_lines(folder / "queries.jsonl"):
        name = str(row.get("_id"))
        answers = (row.get("metadata") or {}).get("answers", [])
        if name in relevant or answers:
            held = relevant.get(name, [])
            rows.append((number, {"id": name, "question": row.get("text"), "answers": answers, "documents": held}))
    return QuestionSet(tuple(_validated(folder / "queries.jsonl", rows)), texts)


def _read_qrels(folder: Path) -> dict[str, list[str]]:
    files = sorted(folder.glob("*.tsv"))
    if not files:
        raise EvaluationError(f"{folder} holds no relevance judgements.", "Put qrels there as .tsv files.")
    relevant: dict[str, list[str]] = {}
    for file in files:
        for number, row in enumerate(csv.reader(_read_text(file).splitlines(), delimiter="\t"), start=1):
            if number == 1 and row and not row[-1].lstrip("-").isdigit():
                continue  # BEIR's header
            if len(row) != 3 or not row[2].lstrip("-").isdigit():
                raise EvaluationError(f"{file}, line {number}: not query, document, grade.", "Correct that line.")
            if int(row[2]) > 0:
                relevant.setdefault(row[0], []).append(row[1])
    return relevant


def _read_text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8-sig")
    except FileNotFoundError:
        raise EvaluationError(f"There is no file {path}.", "Check the name.") from None
    except UnicodeDecodeError as error:
        raise EvaluationError(f"{path} is not UTF-8 at byte {error.start}.", "Save it as UTF-8.") from error
    except OSError as error:
        raise EvaluationError(f"{path} cannot be read ({error.strerror}).", "Check that you may read it.") from error
