"""What speaks for a sentence as the answer? Transparent features of question, sentence and surroundings."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from index.embedding import Embedder
from index.schema import Article, Passage, Role
from index.store import Store
from index.text import NameKind, char_pairs, clause_spans, fold, latin_share, name_kinds, tokens
from rag.answerers.base import Extract
from rag.memory import folded, names_of, sentences_of, vectors_of, words_of
from rag.question import Asks, Question
from rag.schema import Hit
from rag.words import Matches, match_words

__all__ = ["FEATURES", "Candidate", "find_candidates", "word_weights"]

FEATURES = {
    "own": "share of the question's words in it, rare words counting more",
    "own_soft": "the same, a missing word counting by the cosine of the likest word there",
    "own_least": "likeness of the worst met of the question's telling words",
    "own_focus": "the same as own_soft, for the words next to the asking word",
    "near": "share of the question's words in it and the sentences before and behind it",
    "around": "share of the question's words in its passage and its article's headings",
    "around_soft": "the same, a missing word counting by its likeness",
    "around_least": "likeness of the worst met of the telling words in its passage and headings",
    "around_focus": "the same as around_soft, for the words next to the asking word",
    "pairs": "share of the question's pairs of neighbouring characters in it, which forgives a wrong character",
    "likeness": "cosine of its vector and the question's",
    "likeness_gap": "how far that stays behind the best cosine",
    "place": "one over the rank of its passage",
    "ranked": "score of its passage",
    "ranked_gap": "how far that stays behind the best passage",
    "names": "share of the question's names and numbers in it or around it; 1 when it has none",
    "names_article": "the same for its whole article",
    "figures_article": "share of the question's numbers and Latin words in the whole article; 1 when it has none",
    "fits": "1 when it holds the form asked for, such as a number of 项; 0.25 when only some number; 0 when none; "
    "0.5 when no form tells",
    "kind": "what is asked for: 0 a thing, 1 a number, 2 a person, 3 a time, 4 a place, 5 a list, 6 a manner",
    "new_person": "names of people in it that the question lacks",
    "new_place": "names of places and bodies in it that the question lacks",
    "new_figure": "numbers and Latin words in it that the question lacks",
    "new_words": "share of its words that the question lacks",
    "quoted": "1 when it quotes or names a title: “…” or 《…》",
    "items": "items that 、 sets apart in it",
    "reasons": "1 when it has a word of cause, purpose or means",
    "length": "natural logarithm of 1 + its characters",
    "depth": "where it begins in its article, 0 to 1",
    "asked_words": "content words of the question",
    "latin": "share of the question's letters that are Latin",
    "collection": "natural logarithm of the number of passages that were searched: the more, the more look alike",
}

Column = NDArray[np.float64]

_FITS = list(FEATURES).index("fits")
_LONG_SENTENCE = 100  # characters; a longer one is offered by its ；clauses instead
_HEADINGS = {Role.COLUMN, Role.KICKER, Role.HEADLINE, Role.SUBHEAD, Role.SECTION, Role.CONTINUED}
_CONTEXT_WEIGHT = 0.5  # of a word that only the earlier question has
_KINDS = {
    kind: place
    for place, kind in enumerate((Asks.THING, Asks.NUMBER, Asks.PERSON, Asks.TIME, Asks.PLACE, Asks.LIST, Asks.MANNER))
}
_QUOTED = re.compile("[“「『《]")
_ANY_NUMBER = re.compile("[0-9零一二两三四五六七八九十百千万亿半几每]|[春夏秋冬][季天]|[日月年]前|不久|免费")
_REASONS = re.compile("因为?|由于|为了?|旨在|通过|采取|以便|从而|导致|致使|使得|原因|目的|有助于|有利于|方式|措施")
_MOST_COUNTED = 6


@dataclass(frozen=True, slots=True)
class Candidate:
    """A sentence or clause of a passage.

    Attributes:
        extract: Where it stands.
        article_id: The article that it stands in.
        text: Its words as they stand.
        words: Its folded words.
        features: One value per name of ``FEATURES``, in that order.
    """

    extract: Extract
    article_id: str
    text: str
    words: frozenset[str]
    features: tuple[float, ...]


@dataclass(frozen=True, slots=True)
class _Unit:
    """A stretch of a passage that may answer: ``text == article.text[start:end]``."""

    hit: Hit
    passage: Passage
    start: int
    end: int
    text: str
    words: frozenset[str]


def word_weights(question: Question, store: Store) -> dict[str, float]:
    """How much each content word of a question counts: its idf, halved for words of the earlier question."""
    own = {word: store.lexical.idf(word) for word in question.words}
    return own | {word: _CONTEXT_WEIGHT * store.lexical.idf(word) for word in question.context}


def find_candidates(
    question: Question, hits: Sequence[Hit], store: Store, embedder: Embedder | None = None
) -> list[Candidate]:
    """Every sentence of the passages, or its clauses where it is long, with its features.

    Where a number or a time is asked for, those without any are left out.

    Args:
        question: The question.
        hits: The passages, best first.
        store: The store that holds them.
        embedder: Whose cosines are measured; the store's when None.
    """
    embedder = embedder or store.embedder
    units = [unit for hit in hits for unit in _units(hit, store)]
    if not units:
        return []
    columns = {
        **_word_columns(question, units, store, embedder),
        **_meaning_columns(question, units, embedder),
        **_passage_columns(question, units, hits, store),
        **_content_columns(question, units),
        **_question_columns(question, store, len(units)),
    }
    table = np.stack([np.asarray(columns[name], np.float32) for name in FEATURES], axis=1).tolist()
    return [
        Candidate(
            Extract(unit.passage.passage_id, unit.start, unit.end),
            unit.passage.article_id,
            unit.text,
            unit.words,
            tuple(row),
        )
        for unit, row in zip(units, table, strict=True)
        if row[_FITS] > 0
    ]


def _units(hit: Hit, store: Store) -> Iterator[_Unit]:
    """Sentences of the passage, or their clauses. Headings say what it is about, not what is."""
    passage = store.passages[hit.passage_id]
    article = store.articles[passage.article_id]
    headings = _heading_ranges(article)
    for left, right in sentences_of(passage.text):
        start, end = passage.start + left, passage.start + right
        if any(a <= start and end <= b for a, b in headings):
            continue
        clauses = clause_spans(passage.text[left:right]) if right - left > _LONG_SENTENCE else [(0, right - left)]
        for a, b in clauses:
            text = passage.text[left + a : left + b]
            yield _Unit(hit, passage, start + a, start + b, text, frozenset(words_of(text)))


def _heading_ranges(article: Article) -> list[tuple[int, int]]:
    pairs = zip(article.lines, article.segments, strict=True)
    return [(s.start, s.start + s.length) for line, s in pairs if line.role in _HEADINGS]


def _word_columns(question: Question, units: Sequence[_Unit], store: Store, embedder: Embedder) -> dict[str, Column]:
    passages = {unit.passage.passage_id: unit.passage for unit in units}
    texts = [_surroundings(passage, store.articles[passage.article_id]) for passage in passages.values()]
    words: list[frozenset[str]] = [*(unit.words for unit in units), *(frozenset(words_of(text)) for text in texts)]
    asked_for = {word: store.lexical.idf(word) for word in question.focus}
    matches = match_words(asked_for | word_weights(question, store), words, embedder)
    row_of = {passage_id: len(units) + row for row, passage_id in enumerate(passages)}
    asked = matches.of({*question.words, *question.context})
    own, own_focus = asked.rows(slice(len(units))), matches.of(question.focus).rows(slice(len(units)))
    here = [row_of[unit.passage.passage_id] for unit in units]
    around, around_focus = asked.rows(here), matches.of(question.focus).rows(here)
    return {
        "own": own.share,
        "own_soft": own.soft,
        "own_least": own.least,
        "own_focus": own_focus.soft,
        "near": _with_neighbours(own, units).share,
        "around": around.share,
        "around_soft": around.soft,
        "around_least": around.least,
        "around_focus": around_focus.soft,
        "pairs": _held_pairs(question.words, [folded(unit.text) for unit in units]),
    }


def _with_neighbours(own: Matches, units: Sequence[_Unit]) -> Matches:
    """What a unit holds together with those beside it in the same passage."""
    held = own.held.copy()
    for row in range(1, len(units)):
        if units[row].passage is units[row - 1].passage:
            held[row] |= own.held[row - 1]
            held[row - 1] |= own.held[row]
    return replace(own, held=held)


def _meaning_columns(question: Question, units: Sequence[_Unit], embedder: Embedder) -> dict[str, Column]:
    cosines = vectors_of([unit.text for unit in units], embedder) @ embedder.encode_query(question.query)
    likeness = np.clip(cosines, 0.0, 1.0).astype(np.float64)
    return {"likeness": likeness, "likeness_gap": likeness.max() - likeness}


def _passage_columns(
    question: Question, units: Sequence[_Unit], hits: Sequence[Hit], store: Store
) -> dict[str, Column]:
    articles = [store.articles[unit.passage.article_id] for unit in units]
    near = [_surroundings(unit.passage, article) for unit, article in zip(units, articles, strict=True)]
    figures = [name for name, kind in name_kinds(question.query) if kind is NameKind.FIGURE]
    score = np.array([unit.hit.score for unit in units])
    return {
        "place": np.array([1 / unit.hit.rank for unit in units]),
        "ranked": score,
        "ranked_gap": max(hit.score for hit in hits) - score,
        "names": _held_names(question.names, near),
        "names_article": _held_names(question.names, [article.text for article in articles]),
        "figures_article": _held_names(figures, [article.text for article in articles]),
        "depth": np.array([u.start / max(1, len(a.text)) for u, a in zip(units, articles, strict=True)]),
    }


def _content_columns(question: Question, units: Sequence[_Unit]) -> dict[str, Column]:
    asked = fold(question.query)
    asked_words = frozenset(tokens(question.query))
    new = [[kind for name, kind in names_of(unit.text) if name not in asked] for unit in units]

    def count(*kinds: NameKind) -> Column:
        return np.array([min(_MOST_COUNTED, sum(kind in kinds for kind in found)) for found in new], np.float64)

    def each(value: Callable[[_Unit], float]) -> Column:
        return np.array([value(unit) for unit in units], np.float64)

    return {
        "fits": each(lambda unit: _fits(question, unit.text)),
        "new_person": count(NameKind.PERSON),
        "new_place": count(NameKind.PLACE, NameKind.BODY),
        "new_figure": count(NameKind.FIGURE),
        "new_words": each(lambda unit: len(unit.words - asked_words) / (len(unit.words) or 1)),
        "quoted": each(lambda unit: bool(_QUOTED.search(unit.text))),
        "items": each(lambda unit: min(_MOST_COUNTED, unit.text.count("、"))),
        "reasons": each(lambda unit: bool(_REASONS.search(unit.text))),
        "length": each(lambda unit: math.log(1 + len(unit.text))),
    }


def _question_columns(question: Question, store: Store, count: int) -> dict[str, Column]:
    told = {
        "kind": _KINDS[question.asks],
        "asked_words": len(question.words),
        "latin": latin_share(question.query),
        "collection": math.log(len(store.passages)),
    }
    return {name: np.full(count, value, np.float64) for name, value in told.items()}


def _surroundings(passage: Passage, article: Article) -> str:
    return "\n".join([*article.kicker, article.title, *article.subhead, passage.text])


def _held_pairs(words: Sequence[str], folded: Sequence[str]) -> Column:
    asked = char_pairs(words)
    return np.array([sum(pair in text for pair in asked) / (len(asked) or 1) for text in folded])


def _held_names(names: Sequence[str], texts: Sequence[str]) -> Column:
    """Share of the names that stand in each text; of one that does not, its pairs of characters count."""
    if not names:
        return np.ones(len(texts))
    pairs = {name: char_pairs([name]) for name in names}

    def held(text: str) -> float:
        folded = fold(text)
        shares = [1.0 if name in folded else sum(p in folded for p in pairs[name]) / len(name) for name in names]
        return sum(shares) / len(names)

    share_of = {text: held(text) for text in dict.fromkeys(texts)}
    return np.array([share_of[text] for text in texts])


def _fits(question: Question, text: str) -> float:
    if question.wants is None:
        return 0.5
    folded = fold(text)
    return 1.0 if question.wants.search(folded) else 0.25 * bool(_ANY_NUMBER.search(folded))
