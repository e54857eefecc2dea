"""How much of a question's words does a text hold, and how near does it come to the others?

One measure for ranking passages and for choosing sentences: each content word of the question counts by its idf, and
one that is missing counts by the likest word of the text, by the cosine of their vectors.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from itertools import chain, count, repeat
from threading import Lock

import numpy as np
from numpy.typing import NDArray

from index.embedding import Embedder, Vectors

__all__ = ["Matches", "match_words", "share"]

_MOST_REMEMBERED = 20_000  # words; some 40 MB in each process


@dataclass(frozen=True, slots=True)
class Matches:
    """How texts meet the words of a question.

    Attributes:
        asked: The folded words, one per column.
        weights: (words,) float64, what each counts.
        held: (texts, words) bool, the text has the word.
        alike: (texts, words) float32 in [0, 1], cosine of the likest word of the text; 1 where it has the word.
    """

    asked: tuple[str, ...]
    weights: NDArray[np.float64]
    held: NDArray[np.bool_]
    alike: Vectors

    @property
    def share(self) -> NDArray[np.float64]:
        """(texts,) in [0, 1]: weight of the words held, over that of all; 0 for a question without words."""
        return self._weigh(self.held)

    @property
    def soft(self) -> NDArray[np.float64]:
        """(texts,) in [0, 1]: the same, a missing word counting by its likeness."""
        return self._weigh(self.alike)

    @property
    def soft_rest(self) -> NDArray[np.float64]:
        """(texts,) in [0, 1]: weighted mean likeness over the missing words; 1 when none is missing."""
        missing = np.where(self.held, 0.0, self.weights)
        total = missing.sum(axis=1)
        gained = (missing * self.alike).sum(axis=1)
        mean: NDArray[np.float64] = np.divide(gained, total, out=np.ones(len(total)), where=total > 0)
        return mean

    @property
    def least(self) -> NDArray[np.float64]:
        """(texts,) in [0, 1]: likeness of the worst met of the telling words, those of median weight or more."""
        if not self.asked:
            return np.ones(len(self.alike))
        telling = self.weights >= np.median(self.weights)
        worst: NDArray[np.float64] = self.alike[:, telling].min(axis=1).astype(np.float64)
        return worst

    def of(self, words: Collection[str]) -> Matches:
        """The same for some of the words only."""
        kept = [column for column, word in enumerate(self.asked) if word in words]
        asked = tuple(self.asked[column] for column in kept)
        return Matches(asked, self.weights[kept], self.held[:, kept], self.alike[:, kept])

    def rows(self, rows: Sequence[int] | slice) -> Matches:
        """The same for some of the texts only, in the order given."""
        return Matches(self.asked, self.weights, self.held[rows], self.alike[rows])

    def _weigh(self, matrix: NDArray[np.bool_] | Vectors) -> NDArray[np.float64]:
        total = self.weights.sum()
        shares: NDArray[np.float64] = matrix @ self.weights / (total if total > 0 else 1.0)
        return shares


def match_words(weights: Mapping[str, float], texts: Sequence[Collection[str]], embedder: Embedder) -> Matches:
    """Hold texts against the words of a question.

    Args:
        weights: Folded word of the question -> what it counts.
        texts: The folded words of each text.
        embedder: Whose vectors tell how alike two words are.
    """
    asked = tuple(weights)
    value = np.array([weights[word] for word in asked], np.float64)
    held = np.zeros((len(texts), len(asked)), bool)
    alike = np.zeros((len(texts), len(asked)), np.float32)
    every = list(chain.from_iterable(texts))
    if asked and every:
        known = dict.fromkeys(every)
        place = dict(zip(known, count(), strict=False))
        memory = _memory(embedder.fingerprint, embedder.dim)
        cosines = memory.vectors(tuple(known), embedder) @ memory.vectors(asked, embedder).T
        places = np.fromiter(map(place.__getitem__, every), np.int64, len(every))
        lengths = np.fromiter(map(len, texts), np.int64, len(texts))
        some = np.flatnonzero(lengths)  # reduceat has no empty stretches
        alike[some] = np.maximum.reduceat(cosines[places], (np.cumsum(lengths) - lengths)[some])
        of_text = np.repeat(np.arange(len(texts)), lengths)
        for column, word in enumerate(asked):
            if word in place:
                held[of_text[places == place[word]], column] = True
    np.clip(alike, 0.0, 1.0, out=alike)
    alike[held] = 1.0
    return Matches(asked, value, held, alike)


def share(weights: Mapping[str, float], words: Collection[str]) -> float:
    """Weight of the question's words that a text holds, over that of all; in [0, 1].

    Example:
        >>> share({"大桥": 3.0, "通车": 1.0}, {"大桥"})
        0.75
    """
    total = sum(weights.values())
    return sum(weight for word, weight in weights.items() if word in words) / total if total else 0.0


class _Memory:
    """Vectors of single words. Those of earlier questions are kept, until there are too many."""

    def __init__(self, dim: int) -> None:
        self._row: dict[str, int] = {}
        self._table: Vectors = np.zeros((1024, dim), np.float32)
        self._lock = Lock()  # the window answers two questions at once

    def vectors(self, words: Sequence[str], embedder: Embedder) -> Vectors:
        """(len(words), dim) float32, as the embedder gives them for texts of one word."""
        rows = self._rows(words)
        new = list(dict.fromkeys(words[place] for place in np.flatnonzero(rows < 0).tolist()))
        if not new:
            return self._table[rows]
        made = embedder.encode_documents(new)  # by nobody's leave: others may look up meanwhile
        with self._lock:
            fresh = [place for place, word in enumerate(new) if word not in self._row]  # another question's
            if len(self._row) + len(fresh) <= _MOST_REMEMBERED:
                self._add([new[place] for place in fresh], made[fresh])
        # Full: the words met first, which are mostly the frequent ones, stay; the rest is made for this call only.
        found = self._table[rows]
        place_of = {word: place for place, word in enumerate(new)}
        missing = np.flatnonzero(rows < 0).tolist()
        found[missing] = made[[place_of[words[place]] for place in missing]]
        return found

    def _rows(self, words: Sequence[str]) -> NDArray[np.int64]:
        """Where the words stand; -1 for one that is not known."""
        return np.fromiter(map(self._row.get, words, repeat(-1)), np.int64, len(words))

    def _add(self, words: Sequence[str], vectors: Vectors) -> None:
        first = len(self._row)
        while first + len(words) > len(self._table):
            self._table = np.concatenate([self._table, np.zeros_like(self._table)])
        self._table[first : first + len(words)] = vectors  # before anyone is told where they stand
        self._row |= {word: first + place for place, word in enumerate(words)}


@cache
def _memory(fingerprint: str, dim: int) -> _Memory:
    return _Memory(dim)
