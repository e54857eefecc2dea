"""Which passages share the question's words? BM25 over folded Chinese words; the one door to bm25s.

References:
    Robertson, Zaragoza: The Probabilistic Relevance Framework: BM25 and Beyond (2009).
    Lù: BM25S: Orders of magnitude faster lexical search via eager sparse scoring (2024).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from pathlib import Path

import bm25s
import numpy as np

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
        self._bm25.index([tokens(text) or [_NO_WORD] for text in texts], show_progress=False)

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
        order = np.lexsort((np.arange(len(scores)), -scores))[:k]
        return [(int(key), float(scores[key])) for key in order if scores[key] > 0]

    def scores(self, query: str, keys: Sequence[int]) -> list[float]:
        """BM25 scores, 0.0 or more, of the texts with these keys."""
        known = [word for word in tokens(query) if word in self._bm25.vocab_dict]
        if not known:
            return [0.0] * len(keys)
        return [float(score) for score in self._bm25.get_scores(known)[np.asarray(keys, np.int64)]]

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
