"""What was found out about a passage before? Its words, its sentences and their vectors, of those that were met last.

Questions of one day are about the same articles, so most of what a question needs was worked out for one before it.
Nothing here depends on the question, and nothing is remembered between processes.
"""

from __future__ import annotations

import math
from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache, lru_cache
from threading import Lock

import numpy as np

from index.embedding import Embedder, Vectors
from index.schema import Article, Passage
from index.store.opened import search_text
from index.text import legible, sentence_spans, tokens

__all__ = ["Traits", "groups_of", "sentences_of", "traits_of", "vectors_of"]

_PASSAGES = 4_096  # whose traits are remembered; of 240 characters, some 30 MB
_VECTORS = 10_000  # of 512 numbers, some 20 MB


@dataclass(frozen=True, slots=True)
class Traits:
    """What a passage is, whatever is asked.

    Attributes:
        text: What is searched, see :func:`index.store.opened.search_text`.
        words: The folded words of it, each once, in text order.
        joined: All its folded words put together. Cut differently, a name may be no word of it; it stands here all the
            same.
        sentences: Those of the passage itself as they are meant to be read, one or more.
        length: Natural logarithm of 1 + its characters.
    """

    text: str
    words: tuple[str, ...]
    joined: str
    sentences: tuple[str, ...]
    length: float


class _Pair:
    """A passage and its article as a key: the very objects, so that no text need be hashed."""

    __slots__ = ("article", "passage")

    def __init__(self, passage: Passage, article: Article) -> None:
        self.passage, self.article = passage, article

    def __hash__(self) -> int:
        return hash((id(self.passage), id(self.article)))

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Pair) and other.passage is self.passage and other.article is self.article


def traits_of(passage: Passage, article: Article) -> Traits:
    """The traits of a passage of an article."""
    return _traits(_Pair(passage, article))


@lru_cache(_PASSAGES)
def _traits(pair: _Pair) -> Traits:
    text = search_text(pair.passage, pair.article)
    found = tokens(text)
    own = legible(pair.passage.text)
    sentences = tuple(own[a:b] for a, b in sentence_spans(own)) or (own,)
    return Traits(text, tuple(dict.fromkeys(found)), "".join(found), sentences, math.log(1 + len(own)))


@lru_cache(_PASSAGES)
def sentences_of(text: str) -> tuple[tuple[int, int], ...]:
    """Where the sentences of a text stand, see :func:`index.text.sentence_spans`."""
    return tuple(sentence_spans(text))


def vectors_of(texts: Sequence[str], embedder: Embedder) -> Vectors:
    """The vectors of some texts as documents: (len(texts), dim) float32."""
    return np.concatenate(groups_of([(text,) for text in texts], embedder) or [np.zeros((0, embedder.dim), np.float32)])


def groups_of(groups: Sequence[tuple[str, ...]], embedder: Embedder) -> list[Vectors]:
    """Per group of texts their vectors as documents: (len(group), dim) float32. A group is remembered as one."""
    return _memory(embedder.fingerprint).groups(groups, embedder)


class _Memory:
    """The vectors of the groups that were asked for last."""

    def __init__(self) -> None:
        self._known: OrderedDict[tuple[str, ...], Vectors] = OrderedDict()
        self._count = 0  # of vectors
        self._lock = Lock()  # several questions are answered at once

    def groups(self, groups: Sequence[tuple[str, ...]], embedder: Embedder) -> list[Vectors]:
        with self._lock:
            found = {group: self._known[group] for group in groups if group in self._known}
            for group in found:
                self._known.move_to_end(group)
        new = [group for group in dict.fromkeys(groups) if group not in found]
        if new:
            made = embedder.encode_documents([text for group in new for text in group])
            ends = np.cumsum([len(group) for group in new])
            fresh = {group: part.copy() for group, part in zip(new, np.split(made, ends[:-1]), strict=True)}
            found |= fresh
            self._keep(fresh)
        return [found[group] for group in groups]

    def _keep(self, fresh: dict[tuple[str, ...], Vectors]) -> None:
        with self._lock:
            for group, vectors in fresh.items():
                self._count += len(vectors) if group not in self._known else 0
                self._known[group] = vectors
            while self._count > _VECTORS:
                self._count -= len(self._known.popitem(last=False)[0])


@cache
def _memory(fingerprint: str) -> _Memory:
    return _Memory()
