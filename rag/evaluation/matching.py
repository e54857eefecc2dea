"""When does an answer contain the gold, and which passages hold the evidence?"""

from __future__ import annotations

import re
from collections.abc import Sequence

from index.schema import Article, Page, Passage, Span
from index.store import Store
from index.text import fold
from rag.errors import EvaluationError
from rag.evaluation.questions import EvalQuestion, Evidence

__all__ = ["contains_gold", "evidence_spans", "relevant_passages"]

_IGNORED = re.compile("[\\s“”‘’\"'「」『』]")


def contains_gold(text: str, answers: Sequence[str], match: str) -> bool:
    """Whether a text contains the gold answers.

    Script, width, case, quotation marks and white space do not count. A gold answer that is a bare number must stand
    as a whole number, so 16 is not found in 169.

    Args:
        text: The answer to judge, without its ``[n]`` marks.
        answers: The gold; an empty one is contained in nothing.
        match: "any" or "all" of the answers.

    Example:
        >>> contains_gold("共169项", ["169項"], "any"), contains_gold("共169项", ["16"], "any")
        (True, False)
    """
    haystack = _normalise(text)
    found = [_holds(haystack, _normalise(answer)) for answer in answers]
    return bool(found) and (all(found) if match == "all" else any(found))


def evidence_spans(page: Page, quote: str) -> tuple[Span, ...]:
    """Where a gold quote stands in a page, each unbroken stretch by itself.

    Line breaks that the layout put into the quoted text are passed over.

    Returns:
        One span per place; empty when the quote stands nowhere.
    """
    pattern = r"\s*".join(re.escape(char) for char in quote if not char.isspace())
    return tuple(Span(match.start(), match.end()) for match in re.finditer(pattern, page.text))


def relevant_passages(store: Store, question: EvalQuestion) -> set[str]:
    """The passages that hold a question's evidence: for each quote the one that holds most of it.

    Raises:
        EvaluationError: A quote stands nowhere in the collection.
    """
    return {_holder(store, evidence, question.id) for evidence in question.evidence}


def _holder(store: Store, evidence: Evidence, question_id: str) -> str:
    page = store.pages.get(evidence.file)
    places = evidence_spans(page, evidence.quote) if page else ()
    if not places:
        raise EvaluationError(
            f"Question {question_id}: {evidence.file} does not hold {evidence.quote[:30]!r}.",
            "Correct the quote, or evaluate on the store that was built from that page.",
        )
    of_page = [p for p in store.passages.values() if store.articles[p.article_id].file == evidence.file]
    return max(of_page, key=lambda p: (_overlap(p, store.articles[p.article_id], places), p.passage_id)).passage_id


def _overlap(passage: Passage, article: Article, places: Sequence[Span]) -> int:
    spans = article.spans(passage.start, passage.end)
    return sum(max(0, min(a.end, b.end) - max(a.start, b.start)) for a in spans for b in places)


def _normalise(text: str) -> str:
    return _IGNORED.sub("", fold(text))


def _holds(haystack: str, needle: str) -> bool:
    if needle.isdecimal():
        return re.search(rf"(?<![\d.]){needle}(?![\d]|\.\d)", haystack) is not None
    return bool(needle) and needle in haystack
