"""Which passages share the question's words? BM25 over folded Chinese words, memory-mapped.

What a word adds to a passage's score is known when the index is made, so that is what the index holds: per word the
rows of its passages, rising, and its score in each (``postings``). A library would have to hold all words of all
passages while it builds (bm25s took 1.6 GB for 24 million characters); here they come in blocks, through files.

References:
    Robertson, Zaragoza: The Probabilistic Relevance Framework: BM25 and Beyond (2009).
    Lù: BM25S: Orders of magnitude faster lexical search via eager sparse scoring (2024).
"""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from index.disk.arrays import damaged, load_table
from index.disk.generations import REPAIR
from index.errors import StoreError
from index.text import tokens

__all__ = [
    "HASHES",
    "INFO",
    "ROWS",
    "SCORES",
    "STARTS",
    "WORDS",
    "LexicalIndex",
    "hash_word",
    "inverse_frequency",
]

STARTS, ROWS, SCORES, HASHES = "starts.npy", "rows.npy", "scores.npy", "hashes.npy"
WORDS, INFO = "words.jsonl", "info.json"
_SAMPLED = 16  # one score in so many tells how high the best are

Rows = NDArray[np.int32]
Scores = NDArray[np.float32]


class LexicalIndex:
    """BM25 scores of a fixed list of texts, under the row of each.

    Made by :mod:`index.search.bm25_build`.

    Args:
        size: How many texts there are.
        starts: (words + 1,) int64: where the postings of each word begin.
        rows: (postings,) int32: the texts that hold the word, rising.
        scores: (postings,) float32: what the word adds to the score of each.
        hashes: (2, words) int64: hashes of the words, rising, and the number of each.
        words: The words by number, or the file that holds them, which a search has no use for.
    """

    def __init__(  # six arrays are what such an index is
        self,
        size: int,
        starts: NDArray[np.int64],
        rows: Rows,
        scores: Scores,
        hashes: NDArray[np.int64],
        words: Sequence[str] | Path,
    ) -> None:
        self._size = size
        self._starts, self._rows, self._scores = starts, rows, scores
        self._hashes, self._numbers = hashes[0].view(np.uint64), hashes[1]
        self._words = words

    def __len__(self) -> int:
        return self._size

    def search(self, query: str, k: int, allowed: NDArray[np.bool_] | None = None) -> list[tuple[int, float]]:
        """Best texts for a query.

        Args:
            query: Some words.
            k: How many.
            allowed: (len(self),) bool, the rows that may come back; all when None.

        Returns:
            Pairs of row and BM25 score above 0, highest first; equal scores by row. Fewer than ``k`` when fewer
            texts share a word with the query, none when no word is known.
        """
        words = self._known(query)
        if not words:
            return []
        scores = np.zeros(self._size, np.float32)
        for word in words:
            rows, values = self._column(word)
            if len(rows) and not (rows.min() >= 0 and rows.max() < self._size and _are_scores(values)):
                raise _damaged(word)
            np.add.at(scores, rows, values)
        if allowed is not None:
            scores[~allowed] = 0
        return [(int(row), float(scores[row])) for row in _best(scores, k)]

    def scores(self, query: str, rows: Sequence[int]) -> list[float]:
        """BM25 scores, 0.0 or more, of the texts of these rows."""
        wanted = np.asarray(rows, np.int32)
        total = np.zeros(len(wanted), np.float64)
        for word in self._known(query):
            total += self._scores_of(word, wanted)
        return [float(score) for score in total]

    def idf(self, word: str) -> float:
        """How telling a folded word is: ln(1 + (n - df + 0.5) / (df + 0.5)), df the number of texts that hold it.

        A word that no text holds gets the highest value.
        """
        number = self._number(word)
        return inverse_frequency(0 if number is None else self._held_by(number), self._size)

    def postings(self) -> tuple[NDArray[np.int64], Rows, Scores]:
        """Per word, by its number, where its postings begin; and of all postings the rows and scores."""
        return self._starts, self._rows, self._scores

    def words(self) -> Sequence[str]:
        """The words by number.

        Raises:
            StoreError: Their file is missing or damaged.
        """
        return _read_words(self._words, len(self._hashes)) if isinstance(self._words, Path) else self._words

    @classmethod
    def load(cls, folder: Path, size: int) -> LexicalIndex:
        """Open an index that was written, memory-mapped.

        Args:
            folder: Where it was written.
            size: How many texts it must hold.

        Raises:
            StoreError: A file is missing or damaged, or the count differs.
        """
        starts = load_table(folder / STARTS, np.int64, shape=(None,))
        if not len(starts) or starts[0] != 0 or not bool(np.all(starts[1:] > starts[:-1])):
            raise damaged(folder / STARTS, "its words are not in order")
        hashes = load_table(folder / HASHES, np.int64, shape=(2, len(starts) - 1))
        rows = load_table(folder / ROWS, np.int32, shape=(int(starts[-1]),))
        scores = load_table(folder / SCORES, np.float32, shape=(len(rows),))
        told = _told_size(folder / INFO)
        if not np.array_equal(np.sort(hashes[1]), np.arange(len(hashes[1]))):
            raise damaged(folder / HASHES, "it does not number each word once")
        if told != size:
            raise StoreError(f"{folder} holds {told} texts, not {size}.", REPAIR)
        return cls(size, starts, rows, scores, hashes, folder / WORDS)

    def _known(self, query: str) -> list[int]:
        """Numbers of the query's words that some text holds; a repeated word counts again."""
        numbers = (self._number(word) for word in tokens(query))
        return [number for number in numbers if number is not None]

    def _number(self, word: str) -> int | None:
        wanted = hash_word(word)
        place = int(np.searchsorted(self._hashes, np.uint64(wanted)))
        if place == len(self._hashes) or int(self._hashes[place]) != wanted:
            return None
        return int(self._numbers[place])

    def _held_by(self, word: int) -> int:
        return int(self._starts[word + 1] - self._starts[word])

    def _column(self, word: int) -> tuple[Rows, Scores]:
        column = slice(int(self._starts[word]), int(self._starts[word + 1]))
        return self._rows[column], self._scores[column]

    def _scores_of(self, word: int, rows: Rows) -> Scores:
        """What one word adds to the texts of these rows: a look into its column, not a pass over all texts."""
        holding, values = self._column(word)
        places = np.minimum(np.searchsorted(holding, rows), max(0, len(holding) - 1))
        found: Scores = np.where(holding[places] == rows, values[places], np.float32(0))
        if not _are_scores(found):
            raise _damaged(word)
        return found


def _are_scores(values: Scores) -> bool:
    """Whether all are numbers of 0 or more; one that is no number compares as false."""
    return not len(values) or bool(values.min() >= 0 and values.max() < np.inf)


def _damaged(word: int) -> StoreError:
    return StoreError(f"The store is damaged: its BM25 index tells no texts and scores of word {word}.", REPAIR)


def inverse_frequency(held_by: int, size: int) -> float:
    """See :meth:`LexicalIndex.idf`."""
    return math.log(1 + (size - held_by + 0.5) / (held_by + 0.5))


def hash_word(word: str) -> int:
    """The 64 bits that a word is known by; among a million words two share them with a chance of 10^-8."""
    return int.from_bytes(hashlib.blake2b(word.encode(), digest_size=8).digest(), "little")


def _read_words(file: Path, count: int) -> list[str]:
    try:
        words = [json.loads(line) for line in file.read_text(encoding="utf-8").split("\n")[:-1]]
    except (OSError, ValueError) as error:
        raise damaged(file, str(error)) from error
    if len(words) != count:
        raise damaged(file, f"it holds {len(words)} words instead of {count}")
    return words


def _told_size(file: Path) -> int:
    try:
        return int(json.loads(file.read_text(encoding="utf-8"))["texts"])
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise damaged(file, str(error)) from error


def _best(scores: Scores, k: int) -> NDArray[np.int64]:
    """Rows of the ``k`` highest scores above 0, highest first, equal ones by row.

    The k-th best of a part is no higher than the k-th best of all, so only what reaches it must be put in order.
    """
    part = scores[::_SAMPLED]
    floor = np.partition(part, -k)[-k] if k <= len(part) else 0
    kept = np.flatnonzero(scores >= floor if floor > 0 else scores)
    order: NDArray[np.int64] = kept[np.lexsort((kept, -scores[kept]))][:k]
    return order
