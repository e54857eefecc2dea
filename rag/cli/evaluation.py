"""``wenju eval QUESTIONS``, ``… compare A B``, ``… table RUNS``, ``… draft``: turns a command line into a run.

Exit codes: 0 done, 1 a clear error or a gate that is not kept, 2 a wrong command line, 130 interrupted (the next call
with the same folder goes on).
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import platform
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict
from datetime import UTC, datetime
from functools import partial
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from index.config import IndexConfig
from index.location import folder_of
from index.store.opened import Store, open_store
from rag.cli.console import build_progress
from rag.config import RagConfig
from rag.errors import EvaluationError, WenjuError
from rag.evaluation.collections import open_collection
from rag.evaluation.compare import Comparison, check_gates, compare, parse_gates, worse
from rag.evaluation.draft import draft_questions, write_draft
from rag.evaluation.judge import Judgement, judge
from rag.evaluation.questions import EvalQuestion, load_questions
from rag.evaluation.report import write_reports
from rag.evaluation.rows import Row
from rag.evaluation.run_folder import RunFolder, write_text
from rag.evaluation.runner import ask_all, check_gold
from rag.evaluation.summary import METRICS, Estimate, Summary, per_question, summarise

__all__ = ["finish_run", "main", "provenance", "show_summary"]

_SHOWN = ("recall@1", "recall@5", "mrr@10", "contains_gold", "wrong_refusal", "right_refusal", "verbatim", "p50_ms")
_MOST_FLIPS = 8
_LIBRARIES = ("faiss-cpu", "rjieba", "opencc", "numpy", "scipy", "langchain-core", "ir-measures", "scikit-learn")


def main(argv: Sequence[str]) -> int:
    """Run one of the evaluation commands and return its exit code."""
    commands: dict[str, Callable[[Sequence[str]], int]] = {"compare": _compare, "draft": _draft, "table": _table}
    command = commands.get(argv[0], _run) if argv else _run
    try:
        return command(argv[1:] if command is not _run else argv)
    except WenjuError as error:
        print(f"wenju eval: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130


def finish_run(folder: RunFolder, rows: Sequence[Row]) -> Summary:
    """Compute all metrics of the rows and write them and the reports into the folder."""
    values, summary = per_question(rows), summarise(rows)
    folder.finish(rows, values, summary)
    write_reports(folder, rows, values, summary)
    return summary


def provenance() -> dict[str, Any]:
    """Library versions, commit and hardware, for the settings of a run."""
    return {
        "started_at": datetime.now(UTC).isoformat(timespec="seconds"),
        "commit": _commit(),
        "libraries": {name: found for name in _LIBRARIES if (found := _version(name))},
        "python": platform.python_version(),
        "machine": f"{platform.system()} {platform.machine()}, {os.cpu_count()} cores",
    }


def show_summary(summary: Summary) -> None:
    """The chief metrics as a table, a row per group."""
    names = [name for name in _SHOWN if any(name in metrics for metrics in summary.values())]
    table = Table(box=None, header_style="dim", pad_edge=False)
    table.add_column("type")
    table.add_column("n", justify="right")
    for name in names:
        table.add_column(name, justify="right")
    for group, metrics in summary.items():
        count = max(estimate.count for estimate in metrics.values())
        cells = [f"{metrics[name].value:.3f}" if name in metrics else "-" for name in names]
        table.add_row(group, str(count), *cells)
    _console().print(table)


def _run(argv: Sequence[str]) -> int:
    args = _run_parser().parse_args(argv)
    gates = parse_gates(args.gate) if args.gate else []  # a wrong gate is told before an hour of work
    baseline = RunFolder(args.no_worse_than).values() if args.no_worse_than else None
    judgement = _judging(args) if args.judge else None  # so is a model that cannot be had
    questions, texts = _questions(args)
    config = RagConfig(
        index=IndexConfig(model=args.model, passage_size=args.passage_size),
        legs=args.legs,
        min_confidence=args.min_confidence,
        llm=args.llm,
        llm_base_url=args.llm_base_url if args.llm else None,
    )
    with build_progress(quiet=False) as report:
        store = open_collection(
            args.collection or texts or folder_of(config.store), args.out / "collection", config.index, report
        )
    check_gold(store, questions)
    folder = RunFolder(args.out)
    rows = _ask(folder, store, questions, config, args)
    summary = finish_run(folder, rows)
    show_summary(summary)
    _show_errors(rows)
    if judgement:
        _judge(folder, rows, judgement)
    print(f"{args.out / 'report.html'}")
    broken = check_gates(gates, summary)
    broken += _worse_than(baseline, folder) if baseline else []
    for line in broken:
        print(f"wenju eval: {line}", file=sys.stderr)
    return 1 if broken else 0


def _questions(args: argparse.Namespace) -> tuple[list[EvalQuestion], dict[str, str]]:
    found = load_questions(args.questions)
    chosen = [question for question in found.questions if args.type in (None, question.type)]
    if not chosen:
        raise EvaluationError(f"{args.questions} holds no question of type {args.type!r}.", "Leave out --type.")
    return chosen[: args.limit], found.texts


def _ask(
    folder: RunFolder, store: Store, questions: Sequence[EvalQuestion], config: RagConfig, args: argparse.Namespace
) -> list[Row]:
    settings = {
        "questions": {"file": args.questions.name, "count": len(questions), "sha256": _hash_of(questions)},
        "collection": {
            "pages": store.manifest.pages,
            "passages": store.manifest.passages,
            "sources": store.manifest.sources,
            "fingerprint": store.manifest.fingerprint,
            "model": store.manifest.settings.model,
            "model_fingerprint": store.manifest.model_fingerprint,
        },
        "config": config.model_dump(mode="json", exclude={"index", "store"}),
        "provenance": provenance(),
    }
    known = {row.id: row for row in folder.begin(settings, questions)}
    left = [question for question in questions if question.id not in known]
    with build_progress(quiet=False) as report:
        for row in ask_all(folder_of(store.path), left, config, args.workers):
            folder.append(row)
            known[row.id] = row
            report("ask", len(known), len(questions))
    return [known[question.id] for question in questions]


def _judging(args: argparse.Namespace) -> Callable[[Row], Judgement]:
    from rag.llm import load_chat_model

    return partial(judge, load_chat_model(args.judge, args.llm_base_url))


def _judge(folder: RunFolder, rows: Sequence[Row], judgement: Callable[[Row], Judgement]) -> None:
    """Let a chat model judge every answer; its judgements stand beside the metrics and never among them."""
    answers = [row for row in rows if row.answer]
    told: list[dict[str, Any]] = []
    with build_progress(quiet=False) as report:
        for row in answers:
            told.append({"id": row.id, **asdict(judgement(row))})
            report("judge", len(told), len(answers))
    lines = "".join(json.dumps(line, ensure_ascii=False) + "\n" for line in told)
    write_text(folder.path / "judgements.jsonl", lines)
    for name in ("faithfulness", "answer_relevance"):
        known = [line[name] for line in told if line[name] is not None]
        print(f"{name}: {sum(known) / len(known):.3f} of {len(known)}" if known else f"{name}: no judgement")


def _compare(argv: Sequence[str]) -> int:
    args = _compare_parser().parse_args(argv)
    before, after = RunFolder(args.before), RunFolder(args.after)
    comparisons = compare(before.values(), after.values())
    _show_comparison(comparisons, args)
    broken = check_gates(parse_gates(args.gate), after.summary()) if args.gate else []
    broken += [_loss(c) for c in worse(comparisons)] if args.no_worse else []
    for line in broken:
        print(f"wenju eval: {line}", file=sys.stderr)
    return 1 if broken else 0


def _table(argv: Sequence[str]) -> int:
    args = _table_parser().parse_args(argv)
    unknown = [name for name in args.metrics if name not in METRICS]
    if unknown:
        raise EvaluationError(f"{unknown[0]!r} is no metric.", f"The metrics are {', '.join(METRICS)}.")
    print("| run | " + " | ".join(args.metrics) + " |")
    print("|---|" + "---|" * len(args.metrics))
    for run in args.runs:
        found = RunFolder(run).summary().get(args.group, {})
        cells = [_cell(found[name]) if name in found else "–" for name in args.metrics]
        print(f"| {run.name} | " + " | ".join(cells) + " |")
    return 0


def _cell(estimate: Estimate) -> str:
    return f"{estimate.value:.3f} ({estimate.low:.3f}–{estimate.high:.3f})"


def _draft(argv: Sequence[str]) -> int:
    args = _draft_parser().parse_args(argv)
    model = None
    if args.llm:
        from rag.llm import load_chat_model

        model = load_chat_model(args.llm, args.llm_base_url)
    questions = draft_questions(open_store(args.store), args.limit, args.seed, llm=model)
    write_draft(args.out, questions)
    print(f"{len(questions)} questions in {args.out}: correct them by hand, then `wenju eval {args.out}`")
    return 0


def _worse_than(baseline: Mapping[str, Mapping[str, float]], folder: RunFolder) -> list[str]:
    return [_loss(comparison) for comparison in worse(compare(baseline, folder.values()))]


def _loss(c: Comparison) -> str:
    return (
        f"{c.metric} went from {c.before:.4f} to {c.after:.4f} (95 % of the difference in {c.low:+.4f}..{c.high:+.4f})"
    )


def _show_comparison(comparisons: Sequence[Comparison], args: argparse.Namespace) -> None:
    table = Table(box=None, header_style="dim", pad_edge=False)
    for name in (
        "metric",
        args.before.name,
        args.after.name,
        "difference",
        "95 % interval",
        "p",
        "better",
        "worse",
        "tie",
    ):
        table.add_column(name, justify="left" if name == "metric" else "right")
    for c in comparisons:
        interval = f"{c.low:+.3f}..{c.high:+.3f}"
        counts = (str(len(c.better)), str(len(c.worse)), str(c.ties))
        difference = f"{c.after - c.before:+.3f}"
        table.add_row(c.metric, f"{c.before:.3f}", f"{c.after:.3f}", difference, interval, f"{c.p:.4f}", *counts)
    console = _console()
    console.print(table)
    for c in comparisons:
        for word, names in (("better", c.better), ("worse", c.worse)):
            if names and c.metric in ("recall@5", "right"):
                more = f" and {len(names) - _MOST_FLIPS} more" if len(names) > _MOST_FLIPS else ""
                console.print(f"[dim]{c.metric}, {word}: {', '.join(names[:_MOST_FLIPS])}{more}[/dim]")


def _show_errors(rows: Sequence[Row]) -> None:
    for row in rows:
        if row.error:
            print(f"wenju eval: {row.id} failed and counts as 0: {row.error}", file=sys.stderr)


def _console() -> Console:
    return Console(highlight=False, width=None if sys.stdout.isatty() else 200)


def _hash_of(value: object) -> str:
    return hashlib.sha256(repr(value).encode()).hexdigest()[:16]


def _commit() -> str:
    """The commit of the working folder, with + where it has changes; empty outside a repository."""
    try:
        done = subprocess.run(
            ["git", "describe", "--always", "--dirty=+", "--exclude=*"],  # noqa: S607
            capture_output=True,
            text=True,
            check=True,
            timeout=10,
        )
    except (OSError, subprocess.SubprocessError):
        return ""
    return done.stdout.strip()


def _version(name: str) -> str:
    try:
        return version(name)
    except PackageNotFoundError:
        return ""


def _run_parser() -> argparse.ArgumentParser:
    defaults = RagConfig()
    parser = argparse.ArgumentParser(
        prog="wenju eval", description="Ask questions with gold answers and measure; also: compare, table, draft."
    )
    parser.add_argument("questions", type=Path, help="our JSON lines, a SQuAD-shaped .json, or a BEIR folder")
    parser.add_argument(
        "--collection", type=Path, help="a store, pages, or a corpus .jsonl[.xz] (default: the format's own, or store)"
    )
    parser.add_argument("--out", type=Path, required=True, help="folder of the run; an interrupted run goes on there")
    parser.add_argument("--workers", type=int, default=1, help="processes (default: 1)")
    parser.add_argument("--limit", type=int, help="ask only the first so many questions")
    parser.add_argument("--type", help="ask only questions of this type")
    parser.add_argument("--model", default=defaults.index.model, help="embedding model for a collection that is built")
    parser.add_argument("--passage-size", type=int, default=defaults.index.passage_size)
    parser.add_argument(
        "--legs", choices=("fused", "ranks", "dense", "lexical"), default="fused", help="what ranks passages"
    )
    parser.add_argument("--min-confidence", type=float, default=defaults.min_confidence)
    parser.add_argument("--gate", help='bounds to keep, such as "recall@5>=0.9, verbatim==1, paraphrase:mrr@10>=0.4"')
    parser.add_argument("--llm", metavar="PROVIDER:MODEL", help="a chat model that writes the answers")
    parser.add_argument("--judge", metavar="PROVIDER:MODEL", help="a chat model that judges the answers as well")
    parser.add_argument("--llm-base-url", metavar="URL", help="an OpenAI-compatible server for these models")
    parser.add_argument("--no-worse-than", type=Path, metavar="RUN", help="fail on a loss beyond its interval")
    return parser


def _compare_parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="wenju eval compare", description="Compare two runs question by question.")
    parser.add_argument("before", type=Path)
    parser.add_argument("after", type=Path)
    parser.add_argument("--gate", help="bounds that the second run must keep")
    parser.add_argument("--no-worse", action="store_true", help="fail on a loss beyond its interval")
    return parser


def _table_parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="wenju eval table", description="Set runs side by side: a Markdown table with 95 %% intervals."
    )
    parser.add_argument("runs", type=Path, nargs="+")
    parser.add_argument("--metrics", nargs="+", default=["recall@1", "recall@5", "mrr@10", "contains_gold"])
    parser.add_argument("--group", default="all", help="all, or a type of question")
    return parser


def _draft_parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="wenju eval draft", description="Propose questions from your own collection, for a person to correct."
    )
    parser.add_argument("--store", type=Path, default=Path("store"))
    parser.add_argument("--out", type=Path, required=True, help="file to write, JSON lines")
    parser.add_argument("--limit", type=int, default=50, help="how many (default: 50)")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--llm", metavar="PROVIDER:MODEL", help="a chat model that proposes as well")
    parser.add_argument("--llm-base-url", metavar="URL", help="an OpenAI-compatible server for it")
    return parser
