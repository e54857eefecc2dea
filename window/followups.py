"""What could be asked next? Up to three questions that the archive answers, made of the articles at hand."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from itertools import islice

from anyio import to_thread

from index.store.opened import Store
from rag.api.work_queue import BusyError
from rag.bundle import Bundle
from rag.errors import EvaluationError, WenjuError
from rag.evaluation.draft import draft_questions
from rag.evaluation.questions import EvalQuestion
from rag.schema import Answer, Citation, Turn
from window.conversations import KeepingError
from window.examples import answers_draft, is_fit, tells_of
from window.talk import Talk, Wishes

__all__ = ["Candidate", "candidates", "find_followups"]

_SHOWN = 3
_TRIED = 6  # candidates, each of which costs as much as a question
_DRAFTED = 12
_LONGEST_HEADLINE = 26


@dataclass(frozen=True, slots=True)
class Candidate:
    """A question that may be asked next.

    Attributes:
        question: The question.
        holds: Whether an answer to it is one that it promises.
    """

    question: str
    holds: Callable[[Answer], bool]


async def find_followups(talk: Talk, turn: str) -> list[str]:
    """The questions that could follow an answer; each was asked and answered before it is offered.

    They are sought when nobody waits for an answer, and kept with theirs; where somebody does, those found so far are
    returned, and kept by no one.

    Args:
        talk: Answers questions.
        turn: The answer.

    Raises:
        GoneError: There is no such answer.
        KeepingError: It cannot be read.
        StoreError: There is no store.
    """
    kept = await to_thread.run_sync(talk.conversations.answer, turn)
    if (known := kept.view.get("followups")) is not None:
        return list(known)
    chain = talk.chain(Wishes(min_confidence=talk.config.min_confidence))
    history, found = [Turn(kept.bundle.question, kept.bundle.text)], list[str]()
    for candidate in await to_thread.run_sync(partial(candidates, chain.store, kept.bundle)):
        if talk.work_queue.held:
            return found
        asked = {"question": candidate.question, "history": history}
        try:
            if candidate.holds(await talk.work_queue.run(partial(chain.invoke, asked))):
                found.append(candidate.question)
        except BusyError:
            return found
        except WenjuError:
            continue
        if len(found) == _SHOWN:
            break
    with suppress(KeepingError):  # they are shown all the same
        await to_thread.run_sync(talk.conversations.suggest, turn, found)
    return found


def candidates(store: Store, answer: Bundle) -> list[Candidate]:
    """Questions about the articles that an answer quotes, or by their headlines; of a refusal, about the nearest ones.

    What the answer has told already is not asked again.

    Args:
        store: The store in use.
        answer: The answer with its evidence.
    """
    drafted = [] if answer.nearest else list(islice(_of_articles(store, answer), _TRIED))
    made = [*drafted, *_of_headlines(answer.nearest or answer.citations)]
    return [candidate for candidate in made if candidate.question != answer.question][:_TRIED]


def _of_headlines(citations: tuple[Citation, ...]) -> Iterator[Candidate]:
    for citation in {c.article_id: c for c in citations}.values():
        if 0 < len(citation.headline) <= _LONGEST_HEADLINE:
            holds = partial(tells_of, article_id=citation.article_id)
            yield Candidate(f"《{citation.headline}》讲了什么？", holds)


def _of_articles(store: Store, answer: Bundle) -> Iterator[Candidate]:
    articles = list(dict.fromkeys(c.article_id for c in answer.citations if c.article_id in store.articles))
    try:
        drafts = draft_questions(store, _DRAFTED, of=articles) if articles else []
    except EvaluationError:  # no running text
        drafts = []
    for draft in filter(is_fit, drafts):
        if not _is_told(draft, answer.text):
            yield Candidate(draft.question, partial(answers_draft, draft=draft))


def _is_told(draft: EvalQuestion, text: str) -> bool:
    return any(evidence.quote in text for evidence in draft.evidence) or all(gold in text for gold in draft.answers)
