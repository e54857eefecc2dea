"""How does the window answer? One question at a time becomes a stream of what the browser shows next."""

from __future__ import annotations

import secrets
from collections import OrderedDict
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import aclosing
from dataclasses import dataclass
from datetime import date
from typing import Any

from pydantic import BaseModel, ConfigDict, Field

from index.store.opened import Store
from rag.api.work_queue import BusyError, WorkQueue
from rag.chain import AnswerChain
from rag.config import RagConfig
from rag.errors import RetrievalError, WenjuError
from rag.llm import StreamingModel, load_chat_model
from rag.query.question import LONGEST_QUERY
from rag.schema import Answer, Turn
from window.export import as_markdown, as_plain
from window.shape import answer_view

__all__ = ["Asked", "Kept", "Talk", "Wishes", "problem"]

_KEPT_TURNS = 20  # of a conversation, known to the next question
_KEPT_ANSWERS = 1000  # of all conversations, for feedback and bundles; memory stays flat
_KEPT_STORES = 2  # generations: the newest, and the one that shown answers may still point at

Event = dict[str, Any]


class _FromBrowser(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Wishes(_FromBrowser):
    """What a person set in the window; the bounds are those of ``RagConfig``."""

    passages: int = Field(default=10, ge=1, le=30)
    min_confidence: float = Field(default=RagConfig().min_confidence, ge=0, le=1)
    generated: bool = False
    since: date | None = None
    until: date | None = None


class EarlierTurn(_FromBrowser):
    """A question of the conversation so far, and what was answered."""

    question: str = Field(max_length=4 * LONGEST_QUERY)
    answer: str = Field(max_length=20_000)


class Asked(_FromBrowser):
    """One question."""

    question: str = Field(max_length=200_000)  # what is too long to search is told in words
    history: tuple[EarlierTurn, ...] = Field(default=(), max_length=_KEPT_TURNS)
    wishes: Wishes = Wishes()


@dataclass(frozen=True, slots=True)
class Kept:
    """An answer that was given, and the store that gave it."""

    answer: Answer
    store: Store


class Talk:
    """Answers the questions of all who have the window open.

    Args:
        stores: Gives the store that answers now.
        work_queue: Where the work is done, together with that of other programs.
        config: The settings; its ``llm`` may write answers where a person wishes so.
        at_once: How many questions the work_queue answers at the same time.
    """

    def __init__(self, stores: Callable[[], Store], work_queue: WorkQueue, config: RagConfig, at_once: int) -> None:
        self.stores, self.work_queue, self.config, self.at_once = stores, work_queue, config, at_once
        self._answers: OrderedDict[str, tuple[Answer, str]] = OrderedDict()
        self._generations: OrderedDict[str, Store] = OrderedDict()
        self._llm: StreamingModel | None = None

    def kept(self, answer_id: str) -> Kept | None:
        """An answer given earlier, if it and its store are still remembered."""
        answer, generation = self._answers.get(answer_id, (None, ""))
        store = self._generations.get(generation)
        return Kept(answer, store) if answer and store else None

    def chain(self, wishes: Wishes) -> AnswerChain:
        """The chain that answers as a person wishes.

        Raises:
            StoreError: There is no store yet.
            ModelError: The language model cannot be used.
        """
        settings = self.config.model_copy(
            update={
                "passages_read": wishes.passages,
                "min_confidence": wishes.min_confidence,
                "since": wishes.since,
                "until": wishes.until,
                "llm": None,
            }
        )
        return AnswerChain(self.stores(), settings, llm=self._model() if wishes.generated else None)

    async def events(self, asked: Asked) -> AsyncIterator[Event]:
        """What happens to a question: perhaps ``waiting``, then ``part``, then ``done`` or ``error``.

        Closing the iterator stops the work: after the passage or the word that is being read, nothing more is done.
        """
        if (ahead := self.work_queue.held - self.at_once + 1) > 0:
            yield {"type": "waiting", "ahead": ahead}
        last: tuple[Answer, Store] | None = None
        try:
            async with aclosing(self.work_queue.stream(lambda: self._grow(asked))) as steps:
                async for last in steps:
                    yield {"type": "part", "answer": answer_view(*last)}
            if last:
                yield {"type": "done", "answer": self._done(*last)}
        except BusyError:
            yield {"type": "error", "code": "busy"}
        except WenjuError as error:
            yield {"type": "error", **problem(error, asked.question)}

    def _grow(self, asked: Asked) -> Iterator[tuple[Answer, Store]]:
        chain = self.chain(asked.wishes)
        history = [Turn(turn.question, turn.answer) for turn in asked.history]
        for answer in chain.stream({"question": asked.question, "history": history}):
            yield answer, chain.store

    def _done(self, answer: Answer, store: Store) -> dict[str, Any]:
        answer_id, generation = secrets.token_urlsafe(12), store.manifest.generation
        self._answers[answer_id] = answer, generation
        self._generations.setdefault(generation, store)
        while len(self._answers) > _KEPT_ANSWERS:
            self._answers.popitem(last=False)
        while len(self._generations) > _KEPT_STORES:
            self._generations.popitem(last=False)
        copies = {"plain": as_plain(answer), "markdown": as_markdown(answer)}
        return {"id": answer_id, **answer_view(answer, store), "copies": copies}

    def _model(self) -> StreamingModel | None:
        if self._llm is None and self.config.llm:
            self._llm = load_chat_model(self.config.llm, self.config.llm_base_url, self.config.llm_timeout)
        return self._llm


def problem(error: WenjuError, asked: str = "") -> dict[str, Any]:
    """An error as the browser tells it: a code that it has words for, and the words of the error itself."""
    told = {"code": type(error).__name__, "what": error.what, "fix": error.fix}
    if isinstance(error, RetrievalError) and not any(char.isalnum() for char in asked):
        told["code"] = "empty"
    elif isinstance(error, RetrievalError) and len(asked) > LONGEST_QUERY:
        told |= {"code": "too long", "most": str(LONGEST_QUERY), "length": str(len(asked))}
    return told
