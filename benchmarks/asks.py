"""How are questions answered that no single sentence answers? Conversations, lists, comparisons, metadata, summaries.

Run: python -m benchmarks.asks benchmarks/data/asks_seeds_lists.jsonl --store STORE [--use seen] [--rows rows.jsonl]

One row per file and half: the questions that were looked at while the rules were written (``"use": "seen"``) and those
that were not. What is measured depends on the kind; an answer without entries or verdict, as every answer was before
these kinds were known, is scored by what it cites and says.

- list, count: F1 between the articles that are listed (else cited) and the gold ones, whether the count is the gold
  one, and the share of the named things that the answer says.
- comparison: whether the verdict is the gold side ("equal" and "missing" too), and whether the difference is said.
- metadata: whether the answer says the gold answers (or says that there are none), and cites a gold article.
- summary and its kin: the share of key sentences that the quotes hold, and how much is quoted.
- conversations: whether each later turn inherits where it should and only there, whether what is searched then finds
  the gold quote among the first five passages, and whether the answer holds the gold answer.
"""

from __future__ import annotations

import argparse
import json
import re
import time
from collections import defaultdict
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from index.store.opened import Store, open_store
from index.text import fold
from rag.chain import AnswerChain
from rag.retrieval.retriever import search
from rag.schema import Answer, QuestionKind, Turn

Row = dict[str, Any]
Score = dict[str, float]

_NONE = re.compile("没有|未|不详|无")
_FOUND = 5  # passages among which the gold quote must be


def main(argv: Sequence[str] | None = None) -> None:
    """Ask every question of some files and print what they score."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("questions", type=Path, nargs="+", help="question sets, .jsonl")
    parser.add_argument("--store", type=Path, required=True, help="the store that holds their articles")
    parser.add_argument("--use", choices=["seen", "unseen"], help="only this half (default: both)")
    parser.add_argument("--collection", help="of conversations, only those over this collection")
    parser.add_argument("--rows", type=Path, help="write what was answered, .jsonl")
    args = parser.parse_args(argv)
    chain = AnswerChain(open_store(args.store))
    told: list[Row] = []
    for file in args.questions:
        rows = [json.loads(line) for line in file.read_text(encoding="utf-8").splitlines()]
        for use in [args.use] if args.use else ["seen", "unseen"]:
            chosen = [r for r in rows if r["use"] == use and r.get("collection", args.collection) == args.collection]
            scores, seconds = _ask_all(chain, chosen, told)
            cells = [f"{name} {np.mean(values):.3f}" for name, values in scores.items()]
            if seconds:
                print(f"{file.stem} {use} n={len(chosen)}: {', '.join(cells)}, median {np.median(seconds):.2f} s")
    if args.rows:
        args.rows.write_text("".join(json.dumps(r, ensure_ascii=False) + "\n" for r in told), encoding="utf-8")


def _ask_all(chain: AnswerChain, rows: Sequence[Row], told: list[Row]) -> tuple[dict[str, list[float]], list[float]]:
    scores: dict[str, list[float]] = defaultdict(list)
    seconds: list[float] = []
    for row in rows:
        for score, spent, note in _conversation(chain, row) if "turns" in row else [_one(chain, row)]:
            seconds.append(spent)
            told.append(note | {"scores": score})
            for name, value in score.items():
                scores[name].append(value)
    return scores, seconds


def _one(chain: AnswerChain, row: Row) -> tuple[Score, float, Row]:
    begun = time.perf_counter()
    answer = chain.invoke(row["question"])
    spent = time.perf_counter() - begun
    score = _SCORES.get(row["kind"], _coverage)(row, answer, chain.store)
    return score, spent, {"id": row["id"], "asked": row["question"], "kind": str(answer.kind), "text": answer.text}


def _conversation(chain: AnswerChain, row: Row) -> list[tuple[Score, float, Row]]:
    """The later turns of a conversation; the earlier answers are those that were given."""
    history: list[Turn] = []
    found = []
    for turn in row["turns"]:
        begun = time.perf_counter()
        answer = chain.invoke({"question": turn["ask"], "history": history})
        spent = time.perf_counter() - begun
        if history:
            score = _turn_score(turn, answer, chain.store)
            note = {"id": row["id"], "asked": turn["ask"], "query": answer.trace.query, "text": answer.text}
            found.append((score, spent, note | {"kind": str(answer.kind), "about": turn["about"]}))
        history.append(Turn(turn["ask"], answer.text))
    return found


def _turn_score(turn: Row, answer: Answer, store: Store) -> Score:
    talked = answer.kind is QuestionKind.TALK
    if turn["small_talk"]:
        return {"carried": float(talked)}
    query = answer.trace.query
    score = {"carried": float((_bare(query) != _bare(turn["ask"])) == turn["inherits"])}
    if turn["quote"] and not talked:
        hits = search(store, query, _FOUND)
        passages = [store.passages[hit.passage_id].text for hit in hits]
        score["found"] = float(any(_bare(turn["quote"]) in _bare(text) for text in passages))
    if turn["answers"]:
        score["answered"] = float(any(_bare(gold) in _bare(answer.text) for gold in turn["answers"]))
    return score


def _list_score(row: Row, answer: Answer, store: Store) -> Score:
    listed = {entry.article_id for entry in answer.entries} or {c.article_id for c in answer.citations}
    gold = _gold_articles(row, store)
    if not gold:
        return {"f1": float(not listed), "count": float(not listed)}
    score = {
        "f1": 2 * len(listed & gold) / (len(listed) + len(gold)),
        "count": float(_told_count(answer) == row["count"]),
    }
    if items := row.get("items"):
        score["items"] = float(np.mean([_bare(item) in _bare(answer.text) for item in items]))
    return score


def _told_count(answer: Answer) -> int | None:
    if answer.count:
        return answer.count.value
    number = re.search(r"\d+", answer.direct)
    return int(number[0]) if number else len([part for part in re.split("[、；;]", answer.direct) if part]) or None


def _comparison_score(row: Row, answer: Answer, store: Store) -> Score:
    verdict = answer.comparison.verdict if answer.comparison else _told_verdict(answer)
    sides = [side["name"] for side in row["sides"]]
    gold = row["verdict"]
    named = verdict if verdict in {"equal", "missing", ""} else max(sides, key=lambda side: _overlap(side, verdict))
    score = {"verdict": float(named == gold)}
    if row.get("difference"):
        score["difference"] = float(_bare(row["difference"]) in _bare(answer.text))
    return score


def _told_verdict(answer: Answer) -> str:
    return "missing" if answer.abstained else answer.direct


def _overlap(side: str, verdict: str) -> float:
    """How much of the characters of a verdict a side has, less those that it has besides."""
    mine, theirs = set(_bare(side)), set(_bare(verdict))
    return len(mine & theirs) - 0.1 * len(mine ^ theirs)


def _metadata_score(row: Row, answer: Answer, store: Store) -> Score:
    if row["kind"] == "metadata_none":
        return {"answer": float(answer.abstained or bool(_NONE.search(answer.direct or answer.text)))}
    told = _bare(answer.text + " ".join(entry.headline for entry in answer.entries))
    said = [_bare(gold) in told for gold in row["answers"]]
    shown = {c.article_id for c in answer.citations} | {entry.article_id for entry in answer.entries}
    right = all(said) if row["match"] == "all" else any(said)
    return {"answer": float(right), "article": float(bool(shown & _gold_articles(row, store)))}


def _coverage(row: Row, answer: Answer, store: Store) -> Score:
    quoted = _bare("".join(citation.quote for citation in answer.citations))
    held = [_bare(key) in quoted for key in row["key_sentences"]]
    return {"coverage": float(np.mean(held)), "characters": float(len(quoted))}


def _gold_articles(row: Row, store: Store) -> set[str]:
    found = set()
    for name in store.articles:
        article = store.articles[name]
        documents = row.get("documents") or []
        if any(article.file == d or article.file.endswith(f"#{d}") for d in documents):
            found.add(name)
        if any(
            article.file == file and _bare(article.title) in _bare(title)
            for file, title in row.get("articles") or []
            if article.title
        ):
            found.add(name)
    return found


def _bare(text: str) -> str:
    return fold("".join(char for char in text if char.isalnum() or char in ".%"))


_SCORES: dict[str, Callable[[Row, Answer, Store], Score]] = {
    "list": _list_score,
    "count": _list_score,
    "comparison": _comparison_score,
    "metadata": _metadata_score,
    "metadata_none": _metadata_score,
}

if __name__ == "__main__":
    main()
