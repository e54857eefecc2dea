"""What speaks for a sentence as the answer? Transparent features, each in [0, 1]."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from index.schema import Article, Passage, Role
from index.store import Store
from index.text import clause_spans, fold, sentence_spans, tokens
from rag.answerers.base import Extract
from rag.question import Question
from rag.schema import Hit

__all__ = ["FEATURES", "Candidate", "find_candidates", "word_weights"]

FEATURES = {
    "own": "share of the question's words in it, rare words counting more",
    "around": "the same with the words of its passage and of its article's headings",
    "pairs": "share of the question's pairs of neighbouring characters in it, which forgives a wrong character",
    "likeness": "cosine of its vector and the question's",
    "place": "one over the rank of its passage",
    "ranked": "score of its passage",
    "names": "share of the question's names and numbers in it or around it; 1 when it has none",
    "fits": "1 when it holds the form asked for, such as a number of 项; 0 when it lacks it; 0.5 when no form tells",
}

_LONG_SENTENCE = 100  # characters; a longer one is offered by its ；clauses instead
_HEADINGS = {Role.COLUMN, Role.KICKER, Role.HEADLINE, Role.SUBHEAD, Role.SECTION, Role.CONTINUED}
_CONTEXT_WEIGHT = 0.5  # of a word that only the earlier question has


@dataclass(frozen=True, slots=True)
class Candidate:
    """A sentence or clause of a passage.

    Attributes:
        extract: Where it stands.
        words: Its folded words.
        features: One value per name of ``FEATURES``, in that order.
    """

    extract: Extract
    words: frozenset[str]
    features: tuple[float, ...]


def word_weights(question: Question, store: Store) -> dict[str, float]:
    """How much each content word of a question counts: its idf, halved for words of the earlier question."""
    own = {word: store.lexical.idf(word) for word in question.words}
    return own | {word: _CONTEXT_WEIGHT * store.lexical.idf(word) for word in question.context}


def find_candidates(question: Question, hits: Sequence[Hit], store: Store) -> list[Candidate]:
    """Every sentence of the passages, or its clauses where it is long, with its features."""
    passages = [store.passages[hit.passage_id] for hit in hits]
    units = [
        (hit, p, *span)
        for hit, p in zip(hits, passages, strict=True)
        for span in _units(p, store.articles[p.article_id])
    ]
    if not units:
        return []
    texts = [store.articles[p.article_id].text[start:end] for _, p, start, end in units]
    cosines = store.embedder.encode_documents(texts) @ store.embedder.encode_query(question.query)
    likeness = [float(value) for value in np.clip(cosines, 0.0, 1.0)]
    near = {p.passage_id: _surroundings(p, store.articles[p.article_id]) for p in passages}
    near_words = {passage_id: frozenset(tokens(text)) for passage_id, text in near.items()}
    near_names = {passage_id: _held_names(question.names, text) for passage_id, text in near.items()}
    weights = word_weights(question, store)
    asked_pairs = _pairs(question.words)
    found: list[Candidate] = []
    for (hit, passage, start, end), text, cosine in zip(units, texts, likeness, strict=True):
        words = frozenset(tokens(text))
        features = (
            _share(weights, words),
            _share(weights, near_words[passage.passage_id]),
            len(asked_pairs & _pairs([fold(text)])) / (len(asked_pairs) or 1),
            cosine,
            1 / hit.rank,
            hit.score,
            near_names[passage.passage_id],
            _fits(question, text),
        )
        found.append(Candidate(Extract(passage.passage_id, start, end), words, features))
    return found


def _units(passage: Passage, article: Article) -> Iterator[tuple[int, int]]:
    """Ranges of the article: sentences of the passage, or their clauses. Headings say what it is about, not what is."""
    headings = _heading_ranges(article)
    for left, right in sentence_spans(passage.text):
        start, end = passage.start + left, passage.start + right
        if any(a <= start and end <= b for a, b in headings):
            continue
        clauses = clause_spans(passage.text[left:right]) if right - left > _LONG_SENTENCE else [(0, right - left)]
        yield from ((start + a, start + b) for a, b in clauses)


def _heading_ranges(article: Article) -> list[tuple[int, int]]:
    pairs = zip(article.lines, article.segments, strict=True)
    return [(s.start, s.start + s.length) for line, s in pairs if line.role in _HEADINGS]


def _surroundings(passage: Passage, article: Article) -> str:
    return fold("\n".join([*article.kicker, article.title, *article.subhead, passage.text]))


def _share(weights: dict[str, float], words: frozenset[str]) -> float:
    total = sum(weights.values())
    return sum(weight for word, weight in weights.items() if word in words) / total if total else 0.0


def _pairs(texts: Iterable[str]) -> frozenset[str]:
    return frozenset(text[i : i + 2] for text in texts for i in range(len(text) - 1))


def _held_names(names: Sequence[str], near: str) -> float:
    """Share of the names that stand in folded text; of one that does not, its pairs of characters count."""
    if not names:
        return 1.0
    return sum(1.0 if name in near else len(_pairs([name]) & _pairs([near])) / len(name) for name in names) / len(names)


def _fits(question: Question, text: str) -> float:
    if question.wants is None:
        return 0.5
    return 1.0 if question.wants.search(fold(text)) else 0.0
