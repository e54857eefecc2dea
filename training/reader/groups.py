"""What is a labelled group, and how is it kept? A question with passages, and what each says to it, as JSON lines."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from rag.retrieval.crossencoder import Verdict

__all__ = ["Group", "Labelled", "Ranges", "read_groups", "write_groups"]

Ranges = tuple[tuple[int, int], ...]
"""Half-open ranges of characters."""


@dataclass(frozen=True, slots=True)
class Labelled:
    """A passage as an input of the model, with its labels.

    Attributes:
        head: What stands above it.
        text: The passage.
        verdict: What it says to the question.
        spans: Ranges of ``text`` that answer, or that decide a yes or no.
        told: Ranges of ``text`` that the question contradicts.
        told_above: Ranges of ``head`` that it contradicts.
    """

    head: str
    text: str
    verdict: Verdict = Verdict.NONE
    spans: Ranges = ()
    told: Ranges = ()
    told_above: Ranges = ()


@dataclass(frozen=True, slots=True)
class Group:
    """A question and its passages; the first one is the right one, unless the question has no answer.

    Attributes:
        question: As the model reads it.
        kind: Its type.
        document: What it was written over.
        passages: One or more.
        asked: Ranges of the question that the first passage contradicts.
        held: Whether it is kept from training.
        answers: The gold, as written.
    """

    question: str
    kind: str
    document: str
    passages: tuple[Labelled, ...]
    asked: Ranges = ()
    held: bool = False
    answers: tuple[str, ...] = ()


def write_groups(path: Path, groups: Iterable[Group]) -> int:
    """Write groups as JSON lines; how many."""
    count = 0
    with path.open("w", encoding="utf-8") as stream:
        for group in groups:
            stream.write(json.dumps(asdict(group), ensure_ascii=False) + "\n")
            count += 1
    return count


def read_groups(path: Path) -> list[Group]:
    """The groups of a file."""
    found = []
    for line in path.read_text(encoding="utf-8").splitlines():
        item = json.loads(line)
        passages = tuple(
            Labelled(
                p["head"],
                p["text"],
                Verdict(p["verdict"]),
                *(_ranges(p[name]) for name in ("spans", "told", "told_above")),
            )
            for p in item.pop("passages")
        )
        asked, answers = _ranges(item.pop("asked")), tuple(item.pop("answers"))
        found.append(Group(**item, passages=passages, asked=asked, answers=answers))
    return found


def _ranges(pairs: Sequence[Sequence[int]]) -> Ranges:
    return tuple((int(start), int(end)) for start, end in pairs)
