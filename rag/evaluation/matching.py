"""When does an answer contain the gold, and what in a collection holds the evidence?"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Sequence
from pathlib import PurePosixPath

from index.schema import Page, Passage, Span
from index.store.opened import Store
from index.text import fold
from rag.evaluation.questions import EvalQuestion, Evidence
from rag.schema import Citation, Place

__all__ = ["GoldIndex", "contains_gold", "evidence_spans", "files_of", "normalise", "supports"]

_IGNORED = re.compile("[\\s“”‘’\"'「」『』]")
_LEAST_OVERLAP = 0.5  # of the shorter of quote and evidence


def contains_gold(text: str, answers: Sequence[str], match: str) -> bool:
    """Whether a text contains the gold answers.

    Script, width, case, quotation marks and white space do not count. A gold answer that is a bare number must stand
    as a whole number, so 16 is not found in 169.

    Args:
        text: The answer to judge, without its ``[n]`` marks.
        answers: The gold; none of them are contained in nothing.
        match: "any" or "all" of the answers.

    Example:
        >>> contains_gold("共169项", ["169項"], "any"), contains_gold("共169项", ["16"], "any")
        (True, False)
    """
    haystack = normalise(text)
    found = [_holds(haystack, normalise(answer)) for answer in answers]
    return bool(found) and (all(found) if match == "all" else any(found))


def normalise(text: str) -> str:
    """Text as answers are compared: folded, without quotation marks and white space."""
    return _IGNORED.sub("", fold(text))


def evidence_spans(page: Page, quote: str) -> tuple[Span, ...]:
    """Where a gold quote stands in a page, each place by itself.

    White space that the layout put into the quoted text is passed over.

    Returns:
        One span per place; empty when the quote stands nowhere.
    """
    pattern = r"\s*".join(re.escape(char) for char in quote if not char.isspace())
    return tuple(Span(match.start(), match.end()) for match in re.finditer(pattern, page.text))


def supports(citation: Citation | Place, evidence: Evidence, page: Page) -> bool:
    """Whether a cited place and a gold quote are about the same words: half of the shorter one stands in both."""
    if citation.file != evidence.file:
        return False
    places = evidence_spans(page, evidence.quote)
    shared = sum(_shared(span, place) for span in citation.spans for place in places)
    cited = sum(span.end - span.start for span in citation.spans)
    longest_place = max((place.end - place.start for place in places), default=0)
    return shared > 0 and shared >= _LEAST_OVERLAP * min(cited, longest_place)


class GoldIndex:
    """What is relevant for a question, in the units that are judged: passages where quotes are given, else pages.

    Args:
        store: The collection.
    """

    def __init__(self, store: Store) -> None:
        self._store = store
        self._passages: dict[str, list[Passage]] = defaultdict(list)
        for passage in store.passages.values():
            for file in _files(store, passage):
                self._passages[file].append(passage)
        self._files = {name: file for file in store.pages for name in (file, PurePosixPath(file).stem)}

    def missing(self, question: EvalQuestion) -> list[str]:
        """What of a question's gold is not in the collection, in words; empty when all is there."""
        quotes = [
            f"{evidence.file} does not hold {evidence.quote[:30]!r}"
            for evidence in question.evidence
            if evidence.file not in self._store.pages
            or not evidence_spans(self._store.pages[evidence.file], evidence.quote)
        ]
        return quotes + [f"there is no page {name!r}" for name in question.documents if name not in self._files]

    def relevant(self, question: EvalQuestion) -> frozenset[str]:
        """The units that hold the answer: for each quote the passage with most of it, or the pages named.

        The gold must be in the collection; see :meth:`missing`.
        """
        if question.evidence:
            return frozenset(self._holder(evidence) for evidence in question.evidence)
        return frozenset(self._files[name] for name in question.documents)

    def unit(self, question: EvalQuestion, passage_id: str) -> str:
        """The judged unit that a passage counts as for this question."""
        if question.evidence:
            return passage_id
        gold, files = self.relevant(question), files_of(self._store, passage_id)
        return next((file for file in files if file in gold), files[0])

    def _holder(self, evidence: Evidence) -> str:
        places = evidence_spans(self._store.pages[evidence.file], evidence.quote)
        held = {p.passage_id: self._overlap(p, evidence.file, places) for p in self._passages[evidence.file]}
        return max(held, key=lambda passage_id: (held[passage_id], passage_id))

    def _overlap(self, passage: Passage, file: str, places: Sequence[Span]) -> int:
        """Characters of the places that a passage, or a copy of it, holds in a file."""
        stretches = [(passage.article_id, passage.start, passage.end)]
        stretches += [(copy.article_id, copy.start, copy.end) for copy in passage.copies]
        articles = [(self._store.articles[article_id], start, end) for article_id, start, end in stretches]
        spans = [span for article, start, end in articles if article.file == file for span in article.spans(start, end)]
        return sum(_shared(span, place) for span in spans for place in places)


def files_of(store: Store, passage_id: str) -> list[str]:
    """The files whose text a passage holds: that of its article, then those that say the same once more."""
    return _files(store, store.passages[passage_id])


def _files(store: Store, passage: Passage) -> list[str]:
    articles = [passage.article_id, *(copy.article_id for copy in passage.copies)]
    return list(dict.fromkeys(store.articles[article_id].file for article_id in articles))


def _shared(one: Span, other: Span) -> int:
    return max(0, min(one.end, other.end) - max(one.start, other.start))


def _holds(haystack: str, needle: str) -> bool:
    if needle.isdecimal():
        return re.search(rf"(?<![\d.]){needle}(?![\d]|\.\d)", haystack) is not None
    return bool(needle) and needle in haystack
