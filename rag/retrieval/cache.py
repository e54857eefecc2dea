"""What was found out about a text before? Its words, its sentences and its vector, of the texts that were met last.

Questions of one day are about the same articles, so most of what a question needs was worked out for one before it.
Nothing here depends on the question, and nothing is remembered between processes.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Sequence
from functools import cache, lru_cache
from threading import Lock

import numpy as np

from index.embedding import Embedder, Vectors
from index.text import sentence_spans, tokens

__all__ = ["sentences_of", "vectors_of", "words_of"]

_TEXTS = 4_096  # whose words are remembered; of 240 characters, some 30 MB
_VECTORS = 10_000  # of 512 numbers, some 30 MB


@lru_cache(_TEXTS)
def words_of(text: str) -> tuple[str, ...]:
    """The folded words of a text, see :func:`index.text.tokens`."""
    return tuple(tokens(text))


@lru_cache(_TEXTS)
def sentences_of(text: str) -> tuple[tuple[int, int], ...]:
    """Where the sentences of a text stand, see :func:`index.text.sentence_spans`."""
    return tuple(sentence_spans(text))


def vectors_of(texts: Sequence[str], embedder: Embedder) -> Vectors:
    """The vectors of some texts as documents: (len(texts), dim) float32."""
    return _memory(embedder.fingerprint, embedder.dim).vectors(texts, embedder)


class _Memory:
    """The vectors of the texts that were asked for last."""

    def __init__(self, dim: int) -> None:
        self._dim = dim
        self._known: OrderedDict[str, Vectors] = OrderedDict()
        self._lock = Lock()  # several questions are answered at once

    def vectors(self, texts: Sequence[str], embedder: Embedder) -> Vectors:
        with self._lock:
            found = {text: self._known[text] for text in texts if text in self._known}
            for text in found:
                self._known.move_to_end(text)
        new = [text for text in dict.fromkeys(texts) if text not in found]
        if new:
            fresh = {text: vector.copy() for text, vector in zip(new, embedder.encode_documents(new), strict=True)}
            found |= fresh
            with self._lock:
                self._known |= fresh
                while len(self._known) > _VECTORS:
                    self._known.popitem(last=False)
        return np.stack([found[text] for text in texts]) if texts else np.zeros((0, self._dim), np.float32)


@cache
def _memory(fingerprint: str, dim: int) -> _Memory:
    return _Memory(dim)
