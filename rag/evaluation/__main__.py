"""Evaluation on questions with gold answers. Run: python -m rag.evaluation QUESTIONS --store store --out runs/dev"""

from __future__ import annotations

import argparse
import json
import platform
import sys
import time
from collections.abc import Sequence
from hashlib import sha256
from pathlib import Path
from typing import Any

from index.store import Store, open_store
from rag.chain import AnswerChain
from rag.citations import check
from rag.errors import AnswerError, NewsQAError
from rag.evaluation.matching import relevant_passages
from rag.evaluation.questions import EvalQuestion, load_questions
from rag.evaluation.report import Outcome, summarise
from rag.schema import Answer, Citation

__all__ = ["evaluate", "format_table", "main"]

_RUN_DEPTH = 10


def evaluate(store: Store, questions: Sequence[EvalQuestion]) -> list[tuple[Outcome, Answer]]:
    """Ask every question and set what came back against its gold.

    Raises:
        EvaluationError: A gold quote stands nowhere in the collection; raised before anything is asked.
    """
    relevant = {question.id: frozenset(relevant_passages(store, question)) for question in questions}
    chain = AnswerChain(store)
    return [_ask(chain, question, relevant[question.id]) for question in questions]


def main(argv: Sequence[str] | None = None) -> int:
    """Evaluate, print a table, and write the run folder. Returns the exit code."""
    args = _parse(argv)
    try:
        questions = load_questions(args.questions)
        store = open_store(args.store, args.model)
        results = evaluate(store, questions)
    except NewsQAError as error:
        print(error, file=sys.stderr)
        return 1
    summary = summarise([outcome for outcome, _ in results])
    print(format_table(summary))
    if args.out:
        _write(args.out, results, summary, _provenance(args, store))
    return 0


def _ask(chain: AnswerChain, question: EvalQuestion, relevant: frozenset[str]) -> tuple[Outcome, Answer]:
    start = time.perf_counter()
    history = [turn.model_dump() for turn in question.history]
    answer = chain.invoke({"question": question.question, "history": history})
    spent = (time.perf_counter() - start) * 1000
    verbatim = sum(_stands(chain.store, citation) for citation in answer.citations)
    outcome = Outcome(
        question=question,
        scores={hit.passage_id: hit.score for hit in answer.trace.hits[:_RUN_DEPTH]},
        relevant=relevant,
        text="" if answer.abstained else "\n".join(citation.quote for citation in answer.citations),
        abstained=answer.abstained,
        confidence=answer.confidence,
        citations=len(answer.citations),
        verbatim=verbatim,
        milliseconds=spent,
    )
    return outcome, answer


def _stands(store: Store, citation: Citation) -> bool:
    try:
        check(citation, store.pages[citation.file])
    except AnswerError:
        return False
    return True


def format_table(summary: dict[str, dict[str, float | int | None]]) -> str:
    """Metrics as aligned text, a row per group of questions."""
    names = list(summary["all"])
    rows = [["type", *names]]
    rows += [[group, *(_cell(metrics[name]) for name in names)] for group, metrics in summary.items()]
    widths = [max(len(row[column]) for row in rows) for column in range(len(names) + 1)]
    return "\n".join("  ".join(cell.rjust(width) for cell, width in zip(row, widths, strict=True)) for row in rows)


def _cell(value: float | None) -> str:
    if value is None:
        return "-"
    return str(value) if isinstance(value, int) else f"{value:.3f}"


def _write(
    out: Path,
    results: Sequence[tuple[Outcome, Answer]],
    summary: dict[str, dict[str, float | int | None]],
    provenance: dict[str, Any],
) -> None:
    out.mkdir(parents=True, exist_ok=True)
    with (out / "answers.jsonl").open("w", encoding="utf-8") as stream:
        for outcome, answer in results:
            row = {
                "id": outcome.question.id,
                "type": outcome.question.type,
                "right": outcome.right,
                "relevant": sorted(outcome.relevant),
                "gold": outcome.question.answers,
                "answer": answer.to_dict(),
            }
            stream.write(json.dumps(row, ensure_ascii=False) + "\n")
    report = json.dumps({"provenance": provenance, "metrics": summary}, ensure_ascii=False, indent=2)
    (out / "report.json").write_text(report + "\n", encoding="utf-8")


def _provenance(args: argparse.Namespace, store: Store) -> dict[str, Any]:
    return {
        "questions": args.questions.name,
        "questions_sha256": sha256(args.questions.read_bytes()).hexdigest(),
        "store": store.manifest.model_dump(exclude={"files", "sources"}),
        "python": platform.python_version(),
        "machine": platform.machine(),
    }


def _parse(argv: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m rag.evaluation", description=__doc__)
    parser.add_argument("questions", type=Path, help="JSON lines with id, question, answers, match, evidence, type")
    parser.add_argument("--store", type=Path, default=Path("store"), help="folder of the store (default: store)")
    parser.add_argument("--model", help="refuse a store built with another model")
    parser.add_argument("--out", type=Path, help="folder for answers.jsonl and report.json")
    return parser.parse_args(argv)


if __name__ == "__main__":
    raise SystemExit(main())
