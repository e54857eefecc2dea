"""How do the words of a million texts become a BM25 index, when they do not fit into memory? In blocks, through files.

A block of texts is counted by itself (:func:`count_words`, in any process). As blocks come in, their words get numbers
and their postings a file each; at the end these are merged, a range of words after the other.
"""

from __future__ import annotations

import json
from array import array
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array

from index.disk.arrays import GrowingTable, save_table
from index.search.bm25 import HASHES, INFO, ROWS, SCORES, STARTS, WORDS, LexicalIndex, hash_word
from index.text import tokens

__all__ = ["Block", "PostingsWriter", "count_words", "index_texts"]

_K1, _B = 1.2, 0.75
_AT_ONCE = 4_000_000  # postings that are merged at a time, some 100 MB
_PARTS = ("words", "starts", "rows", "counts")

Ints = NDArray[np.int32]
Longs = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Block:
    """The words of some texts that follow one another.

    Attributes:
        words: Each word once.
        starts: (words + 1,) int64, where the postings of each word begin.
        rows: (postings,) int32, the texts that hold it, rising, counted from the first of the block.
        counts: (postings,) int32, how often.
        lengths: (texts,) int32, the words of each text.
    """

    words: list[str]
    starts: Longs
    rows: Ints
    counts: Ints
    lengths: Ints


def count_words(texts: Sequence[str]) -> Block:
    """Count the words of a block of texts."""
    numbers: defaultdict[str, int] = defaultdict(count().__next__)
    flat, ends = array("i"), array("q", [0])
    for text in texts:
        flat.extend(map(numbers.__getitem__, tokens(text)))
        ends.append(len(flat))
    by_text = csr_array(
        (np.ones(len(flat), np.int32), np.frombuffer(flat, np.int32), np.frombuffer(ends, np.int64)),
        shape=(len(texts), max(1, len(numbers))),
    )
    lengths = np.diff(ends).astype(np.int32)
    by_text.sum_duplicates()
    by_word = by_text.tocsc()
    starts = by_word.indptr[: len(numbers) + 1].astype(np.int64)
    return Block(list(numbers), starts, by_word.indices.astype(np.int32), by_word.data.astype(np.int32), lengths)


def index_texts(texts: Sequence[str]) -> LexicalIndex:
    """An index of texts that fit into memory."""
    block = count_words(texts)
    numbers = np.arange(len(block.words))
    merged = _Merged(len(texts), np.diff(block.starts), float(block.lengths.sum()))
    rows, scores = merged.put_together(0, len(numbers), [(numbers, block, 0)], block.lengths)
    return LexicalIndex(len(texts), merged.starts, rows, scores, _hashes(block.words), block.words)


class PostingsWriter:
    """Takes blocks in the order of their texts and writes the index of all of them.

    Args:
        folder: An existing folder, for the index; beside it lie the blocks until :meth:`finish`.
    """

    def __init__(self, folder: Path) -> None:
        self._folder, self._work = folder, folder / "blocks"
        self._work.mkdir()
        self._numbers: dict[str, int] = {}
        self._held_by = np.zeros(1024, np.int64)
        self._lengths: list[Ints] = []
        self._first: list[int] = []  # row of each block's first text
        self._size = 0

    def add(self, block: Block) -> None:
        """Take the next block.

        Raises:
            OSError: The disk is full.
        """
        known = self._numbers
        numbers = np.fromiter((known.setdefault(w, len(known)) for w in block.words), np.int64, len(block.words))
        while len(known) > len(self._held_by):
            self._held_by = np.concatenate([self._held_by, np.zeros_like(self._held_by)])
        held = np.diff(block.starts)
        self._held_by[numbers] += held
        order = np.argsort(numbers)
        places = _stretches(block.starts[:-1][order], held[order])
        starts = np.concatenate([[0], np.cumsum(held[order])])
        parts: tuple[NDArray[Any], ...] = (numbers[order], starts, block.rows[places], block.counts[places])
        for name, part in zip(_PARTS, parts, strict=True):
            save_table(self._part(len(self._first), name), part)
        self._first.append(self._size)
        self._lengths.append(block.lengths)
        self._size += len(block.lengths)

    def finish(self) -> None:
        """Write the index of all blocks.

        Raises:
            OSError: The disk is full.
        """
        lengths = np.concatenate([np.zeros(0, np.int32), *self._lengths])
        words = list(self._numbers)
        self._numbers = {}  # most of the memory
        merged = _Merged(self._size, self._held_by[: len(words)], float(lengths.sum()))
        with (
            GrowingTable(self._folder / ROWS, np.int32) as rows,
            GrowingTable(self._folder / SCORES, np.float32) as scores,
        ):
            for low, high in merged.ranges():
                blocks = [(*self._slice(number, low, high), first) for number, first in enumerate(self._first)]
                found, values = merged.put_together(low, high, blocks, lengths)
                rows.append(found)
                scores.append(values)
        save_table(self._folder / STARTS, merged.starts)
        save_table(self._folder / HASHES, _hashes(words))
        with (self._folder / WORDS).open("w", encoding="utf-8") as stream:
            stream.writelines(json.dumps(word, ensure_ascii=False) + "\n" for word in words)
        info = {"texts": self._size, "k1": _K1, "b": _B}
        (self._folder / INFO).write_text(json.dumps(info) + "\n", encoding="utf-8")
        for file in self._work.iterdir():
            file.unlink()
        self._work.rmdir()

    def _slice(self, number: int, low: int, high: int) -> tuple[Longs, Block]:
        """The postings that a block has of a range of words."""
        words, starts, rows, counts = (np.load(self._part(number, name), mmap_mode="r") for name in _PARTS)
        first, last = map(int, np.searchsorted(words, [low, high]))
        begin, end = int(starts[first]), int(starts[last])
        stretch = Block(
            [],
            np.array(starts[first : last + 1]) - begin,
            np.array(rows[begin:end]),
            np.array(counts[begin:end]),
            np.zeros(0, np.int32),
        )
        return np.array(words[first:last]), stretch

    def _part(self, number: int, name: str) -> Path:
        return self._work / f"{number:06}.{name}.npy"


class _Merged:
    """Where the postings of all blocks go, and what each is worth."""

    def __init__(self, size: int, held_by: Longs, words: float) -> None:
        self.starts: Longs = np.concatenate([[0], np.cumsum(held_by, dtype=np.int64)])
        self._mean = words / size if size and words else 1.0
        self._idf = np.log(1 + (size - held_by + 0.5) / (held_by + 0.5))  # as LexicalIndex.idf has it

    def ranges(self) -> Iterator[tuple[int, int]]:
        """Ranges of words that have about as many postings as are merged at a time."""
        low, count = 0, len(self.starts) - 1
        while low < count:
            full = int(np.searchsorted(self.starts, self.starts[low] + _AT_ONCE, side="right")) - 1
            high = min(count, max(low + 1, full))
            yield low, high
            low = high

    def put_together(
        self, low: int, high: int, blocks: Sequence[tuple[Longs, Block, int]], lengths: Ints
    ) -> tuple[Ints, NDArray[np.float32]]:
        """The postings of a range of words.

        Args:
            low: The first word.
            high: The word after the last one.
            blocks: Per block the numbers of its words in this range, their postings, and the row of its first text.
            lengths: Of all texts.

        Returns:
            Rows and scores of all postings, by word and then by row.
        """
        begin = int(self.starts[low])
        rows = np.empty(int(self.starts[high]) - begin, np.int32)
        scores = np.empty(len(rows), np.float32)
        next_place = self.starts[low:high] - begin
        for numbers, block, first in blocks:
            held = np.diff(block.starts)
            places = _stretches(next_place[numbers - low], held)
            found = block.rows + np.int32(first)
            times = block.counts.astype(np.float64)
            damping = _K1 * (1 - _B + _B * lengths[found] / self._mean)
            rows[places] = found
            scores[places] = np.repeat(self._idf[numbers], held) * times / (damping + times)
            next_place[numbers - low] += held
        return rows, scores


def _stretches(starts: Longs, lengths: Longs) -> Longs:
    """All numbers of some ranges, one range after the other.

    Example:
        >>> _stretches(np.array([5, 0]), np.array([2, 3])).tolist()
        [5, 6, 0, 1, 2]
    """
    before = np.cumsum(lengths) - lengths
    return np.repeat(starts - before, lengths) + np.arange(int(lengths.sum()))


def _hashes(words: Sequence[str]) -> Longs:
    """(2, words) int64: hashes in rising order, and the number of the word of each."""
    hashes = np.fromiter(map(hash_word, words), np.uint64, len(words))
    order = np.argsort(hashes)
    return np.stack([hashes[order].view(np.int64), order.astype(np.int64)])
