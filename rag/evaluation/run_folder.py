"""What does a run leave behind? One folder, readable by people and programs, never half-written.

::

    RUN/settings.json    what was asked of what, with what: enough to ask it again
    RUN/questions.jsonl  the questions as asked
    RUN/rows.jsonl       a row per question; grows while the run goes on
    RUN/run.trec         the rankings in TREC form
    RUN/questions.csv    a line per question with its metrics, for spreadsheets and comparisons
    RUN/summary.json     all metrics with intervals
    RUN/report.html, RUN/report.md
"""

from __future__ import annotations

import csv
import json
import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from rag.errors import EvaluationError
from rag.evaluation.questions import EvalQuestion
from rag.evaluation.rows import ROW, Row
from rag.evaluation.summary import METRICS, Summary, summary_from_json, summary_to_json

__all__ = ["RunFolder", "write_text"]

_WHAT_MUST_MATCH = ("questions", "collection", "config")


class RunFolder:
    """The folder of one run.

    Args:
        path: The folder.
    """

    def __init__(self, path: Path) -> None:
        self.path = path

    def begin(self, settings: Mapping[str, Any], questions: Sequence[EvalQuestion]) -> list[Row]:
        """Make the folder, or take up the run that was stopped there.

        Returns:
            The rows that are there already, in file order.

        Raises:
            EvaluationError: The folder holds another run, or it cannot be written.
        """
        if (self.path / "settings.json").is_file():
            before = self.settings()
            if any(before.get(name) != settings[name] for name in _WHAT_MUST_MATCH):
                raise EvaluationError(
                    f"{self.path} holds a run of other questions, another collection or other settings.",
                    "Give another folder with --out.",
                )
            return self.rows(partly=True)
        try:
            self.path.mkdir(parents=True, exist_ok=True)
            lines = "".join(question.model_dump_json() + "\n" for question in questions)
            write_text(self.path / "questions.jsonl", lines)
            write_text(self.path / "settings.json", json.dumps(settings, ensure_ascii=False, indent=2) + "\n")
        except OSError as error:
            raise EvaluationError(
                f"{self.path} cannot be written ({error.strerror}).", "Give another folder with --out."
            ) from error
        return []

    def append(self, row: Row) -> None:
        """Add a row; a kill after it loses nothing."""
        with (self.path / "rows.jsonl").open("ab") as stream:
            stream.write(ROW.dump_json(row) + b"\n")

    def rows(self, *, partly: bool = False) -> list[Row]:
        """The rows as written.

        Args:
            partly: Drop a last line that a kill cut off.

        Raises:
            EvaluationError: There are none, or one is damaged.
        """
        file = self.path / "rows.jsonl"
        if not file.is_file():
            if partly:
                return []
            raise EvaluationError(f"{self.path} is no run folder.", "Give the --out folder of `wenju eval`.")
        data = file.read_bytes()
        whole, _, rest = data.rpartition(b"\n")
        if rest and partly:
            file.write_bytes(whole + b"\n" if whole else b"")
        lines = whole.split(b"\n") if whole else []
        try:
            return [ROW.validate_json(line) for line in lines]
        except ValidationError as error:
            raise EvaluationError(f"{file} is damaged ({error.errors()[0]['msg']}).", "Run it again.") from error

    def settings(self) -> dict[str, Any]:
        """What :meth:`begin` was given."""
        settings: dict[str, Any] = self._json("settings.json")
        return settings

    def summary(self) -> Summary:
        """All metrics of a run that was finished."""
        return summary_from_json(self._json("summary.json"))

    def values(self) -> dict[str, dict[str, float]]:
        """Question id -> metric -> value, of a run that was finished."""
        file = self.path / "questions.csv"
        try:
            with file.open(encoding="utf-8-sig", newline="") as stream:
                return {
                    line["id"]: {name: float(line[name]) for name in METRICS if line.get(name)}
                    for line in csv.DictReader(stream)
                }
        except (OSError, KeyError, ValueError) as error:
            raise EvaluationError(f"{file} is missing or damaged.", "Finish the run with `wenju eval`.") from error

    def finish(self, rows: Sequence[Row], values: Mapping[str, Mapping[str, float]], summary: Summary) -> None:
        """Write everything that is computed from the rows, except the reports."""
        write_text(self.path / "run.trec", "".join(_trec_lines(rows)))
        self._write_table(rows, values)
        write_text(self.path / "summary.json", json.dumps(summary_to_json(summary), indent=2) + "\n")

    def _write_table(self, rows: Sequence[Row], values: Mapping[str, Mapping[str, float]]) -> None:
        means = [name for name in METRICS if any(name in found for found in values.values())]
        fresh = self.path / "questions.csv.new"
        with fresh.open("w", encoding="utf-8-sig", newline="") as stream:  # the mark tells Excel that it is UTF-8
            writer = csv.writer(stream)
            writer.writerow(["id", "type", "question", "answer", "confidence", "abstained", "error", *means])
            for row in rows:
                told = [row.id, row.type, row.question, row.answer, row.confidence, int(row.abstained), row.error]
                writer.writerow([*told, *(values[row.id].get(name, "") for name in means)])
        os.replace(fresh, self.path / "questions.csv")

    def _json(self, name: str) -> Any:
        file = self.path / name
        try:
            return json.loads(file.read_text(encoding="utf-8"))
        except (OSError, ValueError) as error:
            raise EvaluationError(
                f"{file} is missing or damaged.", "Give the --out folder of a finished `wenju eval`."
            ) from error


def write_text(file: Path, text: str) -> None:
    """Write a file whole or not at all."""
    fresh = file.with_name(file.name + ".new")
    fresh.write_text(text, encoding="utf-8")
    os.replace(fresh, file)


def _trec_lines(rows: Sequence[Row]) -> list[str]:
    """``query Q0 unit rank score tag``; blanks in names would break the form, so they become %20."""
    return [
        f"{row.id.replace(' ', '%20')} Q0 {unit.replace(' ', '%20')} {rank} {score:.6f} wenju\n"
        for row in rows
        for rank, (unit, score) in enumerate(row.ranked.items(), start=1)
    ]
