"""Which passages share the question's words? BM25 over folded Chinese words; the one door to bm25s.

References:
    Robertson, Zaragoza: The Probabilistic Relevance Framework: BM25 and Beyond (2009).
    Lù: BM25S: Orders of magnitude faster lexical search via eager sparse scoring (2024).
"""

from __future__ import annotations

import math
from array import array
from collections.abc import Sequence
from pathlib import Path

import bm25s
import numpy as np
from numpy.typing import NDArray

from index.errors import StoreError
from index.text import tokens

__all__ = ["LexicalIndex"]

_K1, _B = 1.2, 0.75
_NO_WORD = "\0"  # stands in for a text without a word, so that an index over such texts can be built


class LexicalIndex:
    """BM25 scores of a fixed list of texts.

    Args:
        texts: One per passage; its position is its key.
    """

    def __init__(self, texts: Sequence[str]) -> None:
        self._size = len(texts)
        self._bm25 = bm25s.BM25(method="lucene", k1=_K1, b=_B)
        vocabulary: dict[str, int] = {}
        # Numbers instead of words: the words of a large collection would take most of a build's memory.
        ids = [array("i", [vocabulary.setdefault(w, len(vocabulary)) for w in tokens(t) or [_NO_WORD]]) for t in texts]
        self._bm25.index((ids, vocabulary), show_progress=False)

    def __len__(self) -> int:
        return self._size

    def search(self, query: str, k: int) -> list[tuple[int, float]]:
        """Best texts for a query.

        Returns:
            Pairs of key and BM25 score above 0, highest first; equal scores by key. Fewer than ``k`` when fewer
            texts share a word with the query, none when no word is known.
        """
        known = [word for word in tokens(query) if word in self._bm25.vocab_dict]
        if not known:
            return []
        scores = self._bm25.get_scores(known)
        best = _best(scores, k)
        return [(int(key), float(scores[key])) for key in best if scores[key] > 0]

    def scores(self, query: str, keys: Sequence[int]) -> list[float]:
        """BM25 scores, 0.0 or more, of the texts with these keys."""
        wanted = np.asarray(keys, np.int64)
        total = np.zeros(len(wanted), np.float64)
        for word in tokens(query):
            if word in self._bm25.vocab_dict:
                total += self._scores_of(word, wanted)
        return [float(score) for score in total]

    def _scores_of(self, word: str, keys: NDArray[np.int64]) -> NDArray[np.float32]:
        """What one known word adds to the texts with these keys: a look into its column, not a pass over all texts."""
        row, starts = self._bm25.vocab_dict[word], self._bm25.scores["indptr"]
        column = slice(int(starts[row]), int(starts[row + 1]))
        holding, values = self._bm25.scores["indices"][column], self._bm25.scores["data"][column]
        places = np.minimum(np.searchsorted(holding, keys), max(0, len(holding) - 1))
        found: NDArray[np.float32] = np.where(holding[places] == keys, values[places], np.float32(0))
        return found

    def idf(self, word: str) -> float:
        """How telling a folded word is: ln(1 + (n - df + 0.5) / (df + 0.5)), df the number of texts that hold it.

        A word that no text holds gets the highest value.
        """
        row = self._bm25.vocab_dict.get(word)
        starts = self._bm25.scores["indptr"]
        holding = 0 if row is None else int(starts[row + 1]) - int(starts[row])
        return math.log(1 + (self._size - holding + 0.5) / (holding + 0.5))

    def save(self, folder: Path) -> None:
        """Write the index into a folder."""
        self._bm25.save(str(folder), show_progress=False)

    @classmethod
    def load(cls, folder: Path, size: int) -> LexicalIndex:
        """Read an index that :meth:`save` wrote, memory-mapped.

        Args:
            folder: Where it was saved.
            size: How many texts it must hold.

        Raises:
            StoreError: A file is missing or damaged, or the count differs.
        """
        try:
            bm25 = bm25s.BM25.load(str(folder), mmap=True)
            count = int(bm25.scores["num_docs"])
        except (OSError, ValueError, KeyError, EOFError) as error:
            raise StoreError(f"{folder} cannot be read ({error}).", "Run `wenju build` again.") from error
        if count != size:
            raise StoreError(f"{folder} holds {count} texts, not {size}.", "Run `wenju build` again.")
        loaded = cls.__new__(cls)
        loaded._bm25, loaded._size = bm25, size
        return loaded


def _best(scores: NDArray[np.float32], k: int) -> NDArray[np.int64]:
    """Positions of the ``k`` highest scores, highest first, equal ones by position; no full sort."""
    if k < len(scores):
        floor = np.partition(scores, -k)[-k]
        kept = np.flatnonzero(scores >= floor)
    else:
        kept = np.arange(len(scores))
    order: NDArray[np.int64] = kept[np.lexsort((kept, -scores[kept]))][:k]
    return order
