"""What did people think of the answers? Kept in SQLite beside the store; a file of questions is made of it.

What was useful becomes a question with its evidence; a refusal that was useful, a question that the collection does
not answer. What was not useful has no gold yet: it goes into a second file, for a person to put right.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Literal

from rag.bundle import Bundle
from rag.errors import EvaluationError

__all__ = ["Exported", "Verdict", "export_feedback", "save_feedback"]

Verdict = Literal["useful", "not useful"]

_FILE = "feedback.sqlite"
_TABLE = """
CREATE TABLE IF NOT EXISTS feedback (
    answer_id TEXT PRIMARY KEY, given_at TEXT NOT NULL, verdict TEXT NOT NULL, word TEXT NOT NULL,
    question TEXT NOT NULL, query TEXT NOT NULL, answer TEXT NOT NULL, outcome TEXT NOT NULL,
    confidence REAL NOT NULL, short TEXT NOT NULL, evidence TEXT NOT NULL,
    fingerprint TEXT NOT NULL, model_fingerprint TEXT NOT NULL, generation TEXT NOT NULL
) STRICT
"""


@dataclass(frozen=True, slots=True)
class Exported:
    """What an export wrote.

    Attributes:
        questions: How many questions with gold.
        path: Where they stand.
        to_correct: How many questions whose answer was not useful.
        to_correct_path: Where those stand.
    """

    questions: int
    path: Path
    to_correct: int
    to_correct_path: Path


def save_feedback(store: Path, answer_id: str, answer: Bundle, verdict: Verdict | None, word: str = "") -> None:
    """Keep what a person thought of an answer; a second verdict on the same answer replaces the first.

    Args:
        store: The store's folder.
        answer_id: Which answer.
        answer: The answer with its evidence.
        verdict: What the person thought, or None to take it back.
        word: What they said about it.
    """
    with _database(store) as database:
        if verdict is None:
            database.execute("DELETE FROM feedback WHERE answer_id = ?", (answer_id,))
            return
        row = (
            answer_id,
            datetime.now(UTC).isoformat(timespec="seconds"),
            verdict,
            word,
            answer.question,
            answer.query or answer.question,
            answer.text,
            str(answer.outcome),
            answer.confidence,
            _json([c.quote[start:end] for c in answer.citations for start, end in c.marks]),
            _json([{"file": c.file, "quote": c.quote} for c in answer.citations]),
            answer.store.fingerprint,
            answer.store.model_fingerprint,
            answer.store.generation,
        )
        database.execute(f"INSERT OR REPLACE INTO feedback VALUES ({','.join('?' * len(row))})", row)  # noqa: S608


def export_feedback(store: Path, out: Path) -> Exported:
    """Write the feedback as questions that ``wenju eval`` reads.

    Args:
        store: The store's folder.
        out: The file of questions, JSON lines. Beside it, ``NAME.to-correct.jsonl`` gets those without gold.

    Raises:
        EvaluationError: There is no feedback, or the files cannot be written.
    """
    if not (store / _FILE).is_file():
        raise EvaluationError(f"There is no feedback in {store}.", "Give some in the chat window first.")
    with _database(store) as database:
        rows = [dict(row) for row in database.execute("SELECT * FROM feedback ORDER BY given_at, answer_id")]
    last = {row["question"]: row for row in rows}  # the same question asked again: the last word counts
    useful = [_question(row) for row in last.values() if row["verdict"] == "useful"]
    others = [_to_correct(row) for row in last.values() if row["verdict"] != "useful"]
    beside = out.with_name(f"{out.stem}.to-correct.jsonl")
    try:
        out.parent.mkdir(parents=True, exist_ok=True)
        for path, found in ((out, useful), (beside, others)):
            path.write_text("".join(_json(row) + "\n" for row in found), encoding="utf-8")
    except OSError as error:
        raise EvaluationError(f"{out} cannot be written ({error.strerror}).", "Give another file.") from error
    return Exported(len(useful), out, len(others), beside)


def _question(row: dict[str, Any]) -> dict[str, Any]:
    answered = row["outcome"] != "not in the collection"
    return {
        "id": f"feedback-{row['answer_id']}",
        "question": row["query"],  # as it was searched: a follow-up, completed
        "type": "feedback",
        "answers": json.loads(row["short"]) if answered else [],
        "match": "all",
        "evidence": json.loads(row["evidence"]) if answered else [],
    }


def _to_correct(row: dict[str, Any]) -> dict[str, Any]:
    return {**_question(row), "answers": [], "evidence": [], "note": row["word"], "answered": row["answer"]}


@contextmanager
def _database(store: Path) -> Iterator[sqlite3.Connection]:
    store.mkdir(parents=True, exist_ok=True)
    with closing(sqlite3.connect(store / _FILE, timeout=10)) as database:
        database.row_factory = sqlite3.Row
        database.execute(_TABLE)
        with database:
            yield database


def _json(value: Sequence[Any] | dict[str, Any]) -> str:
    return json.dumps(value, ensure_ascii=False)
