"""What could a newcomer ask here? A few questions that the collection itself suggests, and answers."""

from __future__ import annotations

import logging
import threading
from collections.abc import Iterator
from itertools import islice, zip_longest

from index.schema import Article, Kind
from index.store.opened import Store
from rag.chain import AnswerChain
from rag.errors import EvaluationError
from rag.evaluation.draft import draft_questions
from rag.evaluation.questions import EvalQuestion
from rag.schema import Answer

__all__ = ["Starters", "answers_draft", "examples", "is_fit", "tells_of"]

_LOG = logging.getLogger("wenju.window")
_DRAFTED = 24  # proposals, of which the best few are shown
_SHORTEST, _LONGEST = 9, 30  # characters of a question that reads well on a button
_LONGEST_HEADLINE = 22
_UNFIT = ("哪位记者", "这句话是谁说的", "据《", "什么主题")  # fine for measuring, dull for a start
_SURE = 0.4
_MOST_ARTICLES = 20_000  # above it, drafting takes too long for a start page


class Starters:
    """The questions of the store in use, made once for each generation, beside the work of answering."""

    def __init__(self) -> None:
        self._making = threading.Lock()
        self._made: tuple[str, list[str]] = ("", [])

    def prepare(self, store: Store) -> None:
        """Make them on a thread of its own, so that the first page need not wait."""
        threading.Thread(target=self.of, args=(store,), name="wenju-starters", daemon=True).start()

    def of(self, store: Store) -> list[str]:
        """The questions of a store; waits where they are being made."""
        with self._making:
            if self._made[0] != store.manifest.generation:
                self._made = store.manifest.generation, _examples_or_none(store)
            return self._made[1]


def _examples_or_none(store: Store) -> list[str]:
    try:
        return examples(store)
    except Exception:  # they are an ornament: without them the window opens all the same
        _LOG.exception("no examples could be made")
        return []


def examples(store: Store, most: int = 4) -> list[str]:
    """Questions to begin with; each is answered from its own page. From different pages where there are enough.

    Args:
        store: The collection.
        most: How many.
    """
    chain = AnswerChain(store)
    return list(islice(dict.fromkeys([*_drafted(chain, most), *_of_headlines(chain, most)]), most))


def _drafted(chain: AnswerChain, most: int) -> list[str]:
    if most < 1 or len(chain.store.articles) > _MOST_ARTICLES:
        return []
    try:
        drafts = draft_questions(chain.store, _DRAFTED)
    except EvaluationError:  # no running text
        return []
    by_page: dict[str, list[str]] = {}
    for draft in filter(is_fit, drafts):
        if answers_draft(chain.invoke(draft.question), draft):
            by_page.setdefault(draft.evidence[0].file, []).append(draft.question)
        if sum(map(len, by_page.values())) >= 2 * most:
            break
    return [question for row in zip_longest(*by_page.values()) for question in row if question][:most]


def is_fit(draft: EvalQuestion) -> bool:
    """Whether a proposed question reads well on a button."""
    return _SHORTEST <= len(draft.question) <= _LONGEST and not any(word in draft.question for word in _UNFIT)


def answers_draft(answer: Answer, draft: EvalQuestion) -> bool:
    """Whether an answer to a proposed question is sure, and quotes what the question was made of."""
    told = "".join(citation.quote for citation in answer.citations)
    return answer.confidence >= _SURE and all(gold in told for gold in draft.answers)


def tells_of(answer: Answer, article_id: str) -> bool:
    """Whether an answer tells more of an article than its headline."""
    return any(c.article_id == article_id and c.quote != c.headline for c in answer.citations)


def _of_headlines(chain: AnswerChain, most: int) -> Iterator[str]:
    """Of articles that can be asked for by their headline."""
    by_page: dict[str, list[Article]] = {}
    for article in islice(chain.store.articles.values(), _MOST_ARTICLES):
        if article.kind is Kind.NEWS and 0 < len(article.title) <= _LONGEST_HEADLINE:
            by_page.setdefault(article.file, []).append(article)
    rows = zip_longest(*islice(by_page.values(), 5 * most))
    for article in islice((article for row in rows for article in row if article), 5 * most):
        question = f"《{article.title}》讲了什么？"
        if tells_of(chain.invoke(question), article.article_id):
            yield question
