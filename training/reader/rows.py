"""How do labelled passages become numbers? Rows of token ids with labels, kept in one file and put into batches."""

from __future__ import annotations

import random
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import torch
from tokenizers import Tokenizer
from torch import Tensor

from rag.retrieval.crossencoder import VERDICTS, Pair, Verdict, encode_pairs
from training.reader.groups import Group, Labelled

__all__ = ["IGNORED", "Row", "bare_row", "collate", "crop", "encode_groups", "load_rows", "save_rows"]

IGNORED = -100
"""Stands for no token."""

_MARKS = ("inside", "told", "asked")
_SHORTEST = 12  # tokens; a shorter passage is not cropped

Tokens = tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Row:
    """An input with its labels, as numbers.

    Attributes:
        ids: The input.
        question: First token of the question, and how many it has.
        head: The same of what stands above the passage.
        text: The same of the passage.
        verdict: Column of ``VERDICTS``.
        span: First and last token of an answer, or of what decides a yes or no; ``IGNORED`` where there is none.
        inside: Tokens that are part of an answer; empty where nothing is known of them.
        told: Tokens that contradict the question; empty where nothing is known of them.
        asked: Tokens of the question that they contradict; empty where unknown.
    """

    ids: Tokens
    question: tuple[int, int]
    head: tuple[int, int]
    text: tuple[int, int]
    verdict: int = 0
    span: tuple[int, int] = (IGNORED, IGNORED)
    inside: Tokens = ()
    told: Tokens = ()
    asked: Tokens = ()


def bare_row(pair: Pair) -> Row:
    """An input without labels."""
    question, head, text = ((first, len(offsets)) for first, offsets in (pair.question, pair.head, pair.text))
    return Row(pair.ids, question, head, text)


def encode_groups(tokenizer: Tokenizer, groups: Sequence[Group], longest: int) -> list[list[Row]]:
    """Groups as rows; passages of more tokens are left out, and groups of which none is left."""
    found = []
    for group in groups:
        pairs = encode_pairs(tokenizer, group.question, [(p.head, p.text) for p in group.passages])
        rows = [_row(group, passage, pair) for passage, pair in zip(group.passages, pairs, strict=True)]
        if kept := [row for row in rows if len(row.ids) <= longest]:
            found.append(kept)
    return found


def _row(group: Group, passage: Labelled, pair: Pair) -> Row:
    bare = bare_row(pair)
    inside, first = _tokens(pair.text, passage.spans), _tokens(pair.text, passage.spans[:1])
    differs = passage.verdict is Verdict.DIFFERS
    return replace(
        bare,
        verdict=VERDICTS.index(passage.verdict),
        span=(first[0], first[-1]) if first else (IGNORED, IGNORED),
        inside=inside if passage.verdict is Verdict.ANSWERS else (),
        told=(*_tokens(pair.head, passage.told_above), *_tokens(pair.text, passage.told)) if differs else (),
        asked=_tokens(pair.question, group.asked) if differs else (),
    )


def _tokens(where: tuple[int, tuple[tuple[int, int], ...]], ranges: Sequence[tuple[int, int]]) -> Tokens:
    """Numbers of the tokens that ranges of characters touch."""
    first, offsets = where
    return tuple(
        first + place
        for place, (start, end) in enumerate(offsets)
        if start < end and any(start < right and left < end for left, right in ranges)
    )


def crop(row: Row, ends: frozenset[int], draw: random.Random) -> Row:
    """The row with a few sentences of its passage only: those that its labels stand in, or any where it has none.

    Pages have briefs of one sentence, which a model that never saw any takes for nothing. A row whose labels stand in
    the head stays as it is; of the others, half lose the head.

    Args:
        row: The row.
        ends: Tokens that end a sentence.
        draw: Draws how much is left.
    """
    first, count = row.text
    text = row.ids[first : first + count]
    marked = [token - first for token in (*row.inside, *row.told, *row.span) if token >= first]
    if count < _SHORTEST or (row.verdict and not marked):
        return row
    bounds = [0, *(place + 1 for place, token in enumerate(text[:-1]) if token in ends), count]
    sentences = list(pairwise(bounds))
    if marked:
        low = max(n for n, (start, _) in enumerate(sentences) if start <= min(marked))
        high = min(n for n, (_, end) in enumerate(sentences) if end > max(marked))
    else:
        low = high = draw.randrange(len(sentences))
    low, high = max(0, low - draw.choice((0, 0, 1))), min(len(sentences) - 1, high + draw.choice((0, 0, 1)))
    start, end = sentences[low][0], sentences[high][1]
    bare = draw.random() < 0.5 and not any(token < first for token in row.told)
    above = row.head[1] if bare else 0

    def moved(tokens: Iterable[int]) -> Tokens:
        return tuple(token - start - above if token >= first else token for token in tokens)

    before = row.ids[: row.head[0]] + row.ids[row.head[0] + above : first]
    return replace(
        row,
        ids=before + text[start:end] + row.ids[-1:],
        head=(row.head[0], row.head[1] - above),
        text=(first - above, end - start),
        span=moved(row.span)[:2],  # type: ignore[arg-type]
        inside=moved(row.inside),
        told=moved(row.told),
    )


def save_rows(path: Path, data: Sequence[Sequence[Row]]) -> None:
    """Write groups of rows as flat arrays."""
    rows = [row for group in data for row in group]
    lists = {"ids": [row.ids for row in rows]} | {name: [getattr(row, name) for row in rows] for name in _MARKS}
    flat = {name: np.array([token for row in values for token in row], np.uint16) for name, values in lists.items()}
    sizes = {f"{name}_sizes": np.array([len(row) for row in values], np.uint16) for name, values in lists.items()}
    numbers = np.array([(*row.question, *row.head, *row.text, row.verdict, *row.span) for row in rows], np.int16)
    arrays: dict[str, Any] = flat | sizes | {"numbers": numbers, "groups": np.array([len(group) for group in data])}
    np.savez_compressed(path, **arrays)


def load_rows(path: Path) -> list[list[Row]]:
    """The groups of rows of a file."""
    stored = dict(np.load(path))
    lists = {
        name: np.split(stored[name], np.cumsum(stored[f"{name}_sizes"].astype(np.int64))[:-1])
        for name in ("ids", *_MARKS)
    }
    rows = [
        Row(
            tuple(ids.tolist()), (n[0], n[1]), (n[2], n[3]), (n[4], n[5]), n[6], (n[7], n[8]),
            *(tuple(lists[name][number].tolist()) for name in _MARKS),
        )
        for number, (ids, n) in enumerate(zip(lists["ids"], stored["numbers"].tolist(), strict=True))
    ]  # fmt: skip
    ends = np.cumsum(stored["groups"]).tolist()
    return [rows[start:end] for start, end in zip([0, *ends[:-1]], ends, strict=True)]


def collate(groups: Sequence[Sequence[Row]], device: str) -> dict[str, Tensor]:
    """Groups as one padded batch of rows; a length is a multiple of 16, so that few different shapes occur.

    Returns:
        ``ids``, ``mask`` (n, length) int64; ``question``, ``text``, ``passage`` (n, length) bool, the tokens of each,
        the last being the text with its head; ``marks`` (3, n, length) float32, the tokens inside answers, told and
        asked, and ``known`` (3, n), whether a row has any; ``verdict``, ``start``, ``end``, ``order`` (n,) int64, the
        last being the rows from the shortest to the longest, and ``lengths`` (n,) their tokens, which stay on the
        processor; ``slots`` (groups, passages) int64, the row of each passage, -1 behind the last, and ``answered``
        (groups,), whether the first one is right.
    """
    rows = [row for group in groups for row in group]
    longest = -(-max(len(row.ids) for row in rows) // 16) * 16
    ids = np.ones((len(rows), longest), np.int64)
    mask = np.zeros((len(rows), longest), np.int64)
    text = np.zeros((len(rows), longest), bool)
    marks = np.zeros((3, len(rows), longest), np.float32)
    known = np.zeros((3, len(rows)), np.float32)
    question = np.zeros((len(rows), longest), bool)
    passage = np.zeros((len(rows), longest), bool)
    for number, row in enumerate(rows):
        ids[number, : len(row.ids)] = row.ids
        mask[number, : len(row.ids)] = 1
        text[number, row.text[0] : sum(row.text)] = True
        passage[number, row.head[0] : sum(row.text)] = True
        question[number, row.question[0] : sum(row.question)] = True
        for kind, tokens in enumerate((row.inside, row.told, row.asked)):
            if tokens:
                known[kind, number] = 1
                marks[kind, number, list(tokens)] = 1
    slots = np.full((len(groups), max(map(len, groups))), -1)
    ends = np.cumsum([len(group) for group in groups])
    for number, (end, group) in enumerate(zip(ends, groups, strict=True)):
        slots[number, : len(group)] = np.arange(end - len(group), end)
    arrays = {
        "order": np.argsort([len(row.ids) for row in rows], kind="stable"),
        "slots": slots,
        "answered": np.array([group[0].verdict > 0 for group in groups], np.float32),
        "ids": ids,
        "mask": mask,
        "text": text,
        "question": question,
        "passage": passage,
        "marks": marks,
        "known": known,
        "verdict": np.array([row.verdict for row in rows]),
        "start": np.array([row.span[0] for row in rows]),
        "end": np.array([row.span[1] for row in rows]),
    }
    batch = {name: torch.from_numpy(array).to(device, non_blocking=True) for name, array in arrays.items()}
    return batch | {"lengths": torch.tensor(sorted(len(row.ids) for row in rows))}
