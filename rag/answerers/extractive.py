"""Which sentences answer? A reader that needs no language model and only ever points at text of the pages.

Two small learned models decide: one scores each sentence of the passages by transparent features
(``rag.answerers.features``), one turns what the best sentence and its rivals show into the probability that it answers
(``rag.answerers.confidence``). ``benchmarks/fit.py`` fits both on public question sets, with each question asked
twice: as it is, and with the pages that answer it taken away.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from functools import cache

import numpy as np

from index.embedding import Embedder, load_embedder
from index.store import Store
from index.text import sentence_spans
from rag.answerers.base import Extract, Reading
from rag.answerers.confidence import CONFIDENCE_FEATURES, evidence
from rag.answerers.days import resolve_days
from rag.answerers.features import FEATURES, Candidate, find_candidates, word_weights
from rag.answerers.premises import find_mismatches
from rag.answerers.selection import Scored, select
from rag.answerers.short import short_answers
from rag.forest import Forest, load_forest
from rag.question import Question
from rag.ranking import features, load_ranker, rows_of
from rag.schema import Hit, Remark

__all__ = ["ExtractiveReader"]

_NEAR = 8  # best sentences that are held against what the question takes for granted
_PASSAGES = 3  # best passages of which every sentence is
_TOLD = ("own", "around", "likeness", "around_least", "own_focus", "ranked")  # features that a reason names


class ExtractiveReader:
    """Answers with sentences of the passages, or abstains.

    Its models were fitted to the cosines of the built-in embedding model, so that one measures here, whichever model
    the store was built with.

    Args:
        min_confidence: In [0, 1]; below it the reader abstains.
    """

    def __init__(self, min_confidence: float = 0.2) -> None:
        self.min_confidence = min_confidence

    def read(self, question: Question, hits: Sequence[Hit], store: Store) -> Reading:
        """Find what answers; see :class:`rag.answerers.base.Reader`."""
        embedder = _measuring(store.embedder)
        measured = hits if embedder is store.embedder else _rescored(question, hits, store, embedder)
        candidates = find_candidates(question, measured, store, embedder)
        if not candidates:
            lacks = "no sentence holds the number or time that is asked for"
            return Reading((), 0.0, lacks if question.wants and hits else "no passage has to do with the question")
        table = np.array([candidate.features for candidate in candidates], np.float32)
        scores = _sentences().scores(table)
        confidence = float(_confidence().scores(np.array([evidence(table, scores)], np.float32))[0])
        order = sorted(range(len(candidates)), key=lambda row: (-scores[row], *_place(candidates[row])))
        ranked = [Scored(candidates[row], float(scores[row])) for row in order]
        told = _tell(ranked[0])
        if confidence < self.min_confidence:
            return Reading((), confidence, f"confidence below {self.min_confidence:.2f}; best sentence: {told}")
        extracts, remarks = _quote(question, ranked, hits, store)
        return Reading(extracts, confidence, f"best sentence: {told}", remarks=remarks)


def _measuring(embedder: Embedder) -> Embedder:
    """The embedder that the forests were fitted to: the store's where it is that one, else the built-in."""
    return embedder if embedder.fingerprint == _sentences().model else _builtin()


def _rescored(question: Question, hits: Sequence[Hit], store: Store, embedder: Embedder) -> list[Hit]:
    """The hits with the scores that the learned ranking gives them, in the order in which they were found."""
    if not hits:
        return []
    table = features(store, question.query, rows_of(store, hits), embedder)
    return [replace(hit, score=float(score)) for hit, score in zip(hits, load_ranker().scores(table), strict=True)]


def _quote(
    question: Question, ranked: Sequence[Scored], hits: Sequence[Hit], store: Store
) -> tuple[tuple[Extract, ...], tuple[Remark, ...]]:
    """The sentences that answer, and such as contradict what the question takes for granted, which is evidence, too."""
    chosen = select(question, ranked, word_weights(question, store))
    quotes = {candidate.extract: candidate.text for candidate in chosen}
    near = quotes | {scored.candidate.extract: scored.candidate.text for scored in ranked[:_NEAR]}
    near |= _sentences_of(hits[:_PASSAGES], store)
    places = list(near)
    mismatches = find_mismatches(question, list(near.values()))
    quotes |= {places[mismatch.quote]: near[places[mismatch.quote]] for mismatch in mismatches}
    extracts = tuple(_marked(question, place, text) for place, text in quotes.items())
    remarks = [mismatch.remark(question) for mismatch in mismatches]
    for place, text in quotes.items():
        remarks += resolve_days(question, text, store.articles[store.passages[place.passage_id].article_id])
    return extracts, tuple(dict.fromkeys(remarks))


def _sentences_of(hits: Sequence[Hit], store: Store) -> dict[Extract, str]:
    """All sentences of some passages; what contradicts a question need not have the form that it asks for."""
    passages = [store.passages[hit.passage_id] for hit in hits]
    return {
        Extract(passage.passage_id, passage.start + start, passage.start + end): passage.text[start:end]
        for passage in passages
        for start, end in sentence_spans(passage.text)
    }


def _marked(question: Question, place: Extract, text: str) -> Extract:
    marks = tuple((place.start + left, place.start + right) for left, right in short_answers(question, text))
    return replace(place, marks=marks)


def _place(candidate: Candidate) -> tuple[str, int]:
    return candidate.extract.passage_id, candidate.extract.start


def _tell(best: Scored) -> str:
    values = dict(zip(FEATURES, best.candidate.features, strict=True))
    return ", ".join([f"score {best.score:.2f}", *(f"{name} {values[name]:.2f}" for name in _TOLD)])


def _sentences() -> Forest:
    return load_forest("sentences.json", tuple(FEATURES))


def _confidence() -> Forest:
    return load_forest("confidence.json", tuple(CONFIDENCE_FEATURES))


@cache
def _builtin() -> Embedder:
    return load_embedder("builtin")
