"""What would a smaller model cost? The same table with fewer dimensions, fewer words, or one byte a number.

- Dimensions: the table is turned so that the first dimensions hold most of what passages differ in (the leading
  directions of passage vectors, not of words: a word counts as often as it stands in a text), then cut off.
- Words: the rarest words of two and more characters are taken out of the tokenizer, which then cuts a text into the
  words that are left, in the end into characters.
- Bytes: each row is rounded to whole numbers from -127 to 127 with a scale of its own.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
from numpy.typing import NDArray
from tokenizers import Tokenizer

from training.evaluation import DevSet, Row, dense_run, embed, score
from training.ragged import encode
from training.report import report

__all__ = ["Variant", "fewer_words", "size_table", "turned", "variants", "whole_numbers"]

Table = NDArray[np.float32]

_PASSAGES = 20_000  # by which the directions are found
_SCALE_BYTES = 2


@dataclass(frozen=True, slots=True)
class Variant:
    """A smaller model: its name, what it needs to embed, and the bytes that its table takes on disk."""

    name: str
    tokenizer: Tokenizer
    table: Table
    size: int


def turned(table: Table, vectors: Table) -> Table:
    """The table in the directions of given text vectors, strongest first; no cosine changes until some are cut off."""
    _, directions = np.linalg.eigh(vectors.T @ vectors)
    return np.asarray(table @ directions[:, ::-1], np.float32)


def fewer_words(tokenizer: Tokenizer, table: Table, size: int) -> tuple[Tokenizer, Table]:
    """Tokenizer and table with ``size`` words: the special ones, every character, and the most frequent others."""
    content = json.loads(tokenizer.to_str())
    words = content["model"]["vocab"]
    kept = {place for place, (word, _) in enumerate(words) if place < 2 or len(word) == 1}
    others = sorted((place for place in range(len(words)) if place not in kept), key=lambda place: -words[place][1])
    places = sorted(kept | set(others[: max(0, size - len(kept))]))
    content["model"]["vocab"] = [words[place] for place in places]
    return Tokenizer.from_str(json.dumps(content, ensure_ascii=False)), table[places]


def whole_numbers(table: Table) -> Table:
    """The table as it comes back from one byte a number and a half-precision scale for each row."""
    scales = (np.abs(table).max(axis=1, keepdims=True) / 127).astype(np.float16).astype(np.float32)
    return np.asarray(np.rint(table / np.maximum(scales, 1e-12)).clip(-127, 127) * scales, np.float32)


def variants(
    tokenizer: Tokenizer, table: Table, texts: Sequence[str], dims: Sequence[int], words: Sequence[int]
) -> Iterator[Variant]:
    """The model as it is, then smaller ones.

    Args:
        tokenizer: The model's.
        table: The model's, (size, dim).
        texts: Passages by which the directions are found.
        dims: Numbers of dimensions to try.
        words: Numbers of words to try, at all dimensions.
    """
    count, dim = table.shape
    yield Variant(f"{count:,} x {dim}, 16 bits", tokenizer, table, 2 * count * dim)
    yield Variant(f"{count:,} x {dim}, 8 bits", tokenizer, whole_numbers(table), count * (dim + _SCALE_BYTES))
    directed = turned(table, embed(encode(tokenizer, texts[:: max(1, len(texts) // _PASSAGES)]), table))
    for width in dims:
        cut = directed[:, :width]
        yield Variant(f"{count:,} x {width}, 16 bits", tokenizer, cut, 2 * count * width)
        yield Variant(f"{count:,} x {width}, 8 bits", tokenizer, whole_numbers(cut), count * (width + _SCALE_BYTES))
    for size in words:
        smaller, rows = fewer_words(tokenizer, table, size)
        yield Variant(f"{len(rows):,} x {dim}, 16 bits", smaller, rows, 2 * len(rows) * dim)


def size_table(sets: Sequence[DevSet], smaller: Iterator[Variant], shown: Sequence[tuple[str, str, str]]) -> str:
    """A Markdown table with a line for each variant.

    Args:
        sets: The development sets.
        smaller: The variants.
        shown: (set, type, metric) of each column; those that the sets do not have are left out.
    """
    lines: list[str] = []
    with TemporaryDirectory() as folder:
        for variant in smaller:
            report(f"sizes: {variant.name}")
            cache = Path(folder) / str(len(variant.table))  # tables of one length share a tokenizer
            cache.mkdir(exist_ok=True)
            runs = ((test, dense_run(test, variant.tokenizer, variant.table, cache)) for test in sets)
            cells = _cells([row for test, run in runs for row in score(test, run)], shown)
            if not lines:
                lines = ["| table | MB | " + " | ".join(cells) + " |", "|---|---|" + "---|" * len(cells)]
            values = " | ".join(f"{value:.3f}" for value in cells.values())
            lines.append(f"| {variant.name} | {variant.size / 1e6:.1f} | {values} |")
    return "\n".join(lines)


def _cells(rows: Sequence[Row], shown: Sequence[tuple[str, str, str]]) -> dict[str, float]:
    found = {(row["set"], row["type"]): row for row in rows}
    return {
        f"{name} {kind}, {metric}": float(found[name, kind][metric][0])
        for name, kind, metric in shown
        if (name, kind) in found
    }
