"""How does the window answer? Each question is worked on by itself, and whoever has its conversation open looks on.

A page that is loaded again, or a second one, takes up what is being answered; only a wish to stop stops it.
"""

from __future__ import annotations

import asyncio
import logging
import secrets
import traceback
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from contextlib import aclosing
from datetime import date
from functools import partial
from typing import Any

from anyio import to_thread
from pydantic import BaseModel, ConfigDict, Field

from index.store.opened import Store
from rag.api.work_queue import BusyError, WorkQueue
from rag.bundle import make_bundle
from rag.chain import AnswerChain
from rag.config import RagConfig
from rag.errors import RetrievalError, WenjuError
from rag.llm import StreamingModel, load_chat_model
from rag.query.question import LONGEST_QUERY, check_query
from rag.retrieval.floor import related
from rag.schema import Answer, Turn
from window.conversations import Conversations, KeepingError, Kept, State
from window.export import as_markdown, as_plain
from window.shape import answer_view

__all__ = ["Asked", "Event", "Talk", "Wishes", "as_history", "problem"]

_LOG = logging.getLogger("wenju.window")
_KEPT_TURNS = 20  # of a conversation, known to the next question
_NAME = r"^[\w-]{0,40}$"  # of a conversation or a turn

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
    """One question.

    Attributes:
        question: As it was typed.
        history: The turns before it.
        wishes: How it is to be answered.
        conversation: Where it is asked; a new one when empty.
        instead: The turn in whose place it is asked; see :meth:`window.conversations.Conversations.begin`.
    """

    question: str = Field(max_length=200_000)  # what is too long to search is told in words
    history: tuple[EarlierTurn, ...] = Field(default=(), max_length=_KEPT_TURNS)
    wishes: Wishes = Wishes()
    conversation: str = Field(default="", pattern=_NAME)
    instead: str = Field(default="", pattern=_NAME)


class _Running:
    """A question that is being answered, and the last that happened to it."""

    def __init__(self) -> None:
        self._last: Event = {}
        self._told = 0
        self._news = asyncio.Condition()
        self.task: asyncio.Task[None] | None = None

    async def tell(self, event: Event) -> None:
        async with self._news:
            self._last, self._told = event, self._told + 1
            self._news.notify_all()

    async def follow(self) -> AsyncIterator[Event]:
        """What happens, to its end; who is slow is told the newest, which holds all that was told before."""
        seen = 0
        while True:
            async with self._news:
                await self._news.wait_for(lambda: self._told > seen)  # noqa: B023
                seen, event = self._told, self._last
            yield event
            if event["type"] in {"done", "error", "stopped"}:
                return


class Talk:
    """Answers the questions of all who have the window open.

    Args:
        stores: Gives the store that answers now.
        work_queue: Where the work is done.
        config: The settings of the start.
        at_once: How many questions are answered at the same time.
        conversations: Where questions and answers are kept.
    """

    def __init__(
        self,
        stores: Callable[[], Store],
        work_queue: WorkQueue,
        config: RagConfig,
        at_once: int,
        conversations: Conversations,
    ) -> None:
        self.stores, self.work_queue, self.config, self.at_once = stores, work_queue, config, at_once
        self.conversations = conversations
        self._running: dict[str, _Running] = {}
        self._late: dict[str, Callable[[], str]] = {}  # turns that could not be kept when they began
        self._llm: StreamingModel | None = None

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
        """What happens to a question: ``begun``, ``waiting``, ``part``, and at last ``done``, ``error`` or ``stopped``.

        Whoever stops listening stops nothing: see :meth:`stop`.
        """
        try:
            check_query(asked.question)
        except RetrievalError as error:
            yield {"type": "error", **problem(error, asked.question)}
            return
        turn, running = secrets.token_urlsafe(12), _Running()
        conversation = asked.conversation or secrets.token_urlsafe(9)
        begun: Event = {"type": "begun", "turn": turn, "conversation": conversation}
        begin = partial(self.conversations.begin, conversation, turn, asked.question, asked.instead)
        try:
            begun["conversation"] = await to_thread.run_sync(begin)
        except KeepingError:  # told at the end, unless it can be kept by then
            self._late[turn] = begin
        self._running[turn] = running
        running.task = asyncio.create_task(self._work(turn, running, asked))
        yield begun
        async for event in running.follow():
            yield event

    async def follow(self, turn: str) -> AsyncIterator[Event]:
        """What happens to a question from now on; nothing where it is answered already."""
        if running := self._running.get(turn):
            async for event in running.follow():
                yield event

    def is_running(self, turn: str) -> bool:
        """Whether a question is being answered."""
        return turn in self._running

    def stop(self, turn: str) -> None:
        """Stop the work on a question: after the passage or the word that is being read, nothing more is done."""
        if (running := self._running.get(turn)) and running.task:
            running.task.cancel()

    async def _work(self, turn: str, running: _Running, asked: Asked) -> None:
        last: Event = {"type": "stopped"}
        try:
            async for last in self._steps(turn, asked):
                await running.tell(last)
        except asyncio.CancelledError:  # stopped, or the server ends: either is an end like others
            last = {"type": "stopped"}
            self._keep(turn, "stopped", last)
            await running.tell(last)
        except Exception as error:  # a task has nobody above it who could tell; the message may repeat the question
            _LOG.error(
                "%s in answering\n%s", type(error).__name__, "".join(traceback.format_tb(error.__traceback__)[-4:])
            )
            await running.tell(self._keep(turn, "failed", {"type": "error", "code": "unknown"}))
        finally:
            del self._running[turn]

    async def _steps(self, turn: str, asked: Asked) -> AsyncIterator[Event]:
        if (ahead := self.work_queue.held - self.at_once + 1) > 0:
            yield {"type": "waiting", "ahead": ahead}
        last: tuple[Answer, Store] | None = None
        try:
            async with aclosing(self.work_queue.stream(lambda: self._grow(asked))) as steps:
                async for last in steps:
                    yield {"type": "part", "answer": answer_view(*last)}
            if last:
                yield await to_thread.run_sync(self._done, turn, *last)
        except BusyError:
            yield self._keep(turn, "failed", {"type": "error", "code": "busy"})
        except WenjuError as error:
            yield self._keep(turn, "failed", {"type": "error", **problem(error, asked.question)})

    def _grow(self, asked: Asked) -> Iterator[tuple[Answer, Store]]:
        chain = self.chain(asked.wishes)
        history = [Turn(turn.question, turn.answer) for turn in asked.history]
        for answer in chain.stream({"question": asked.question, "history": history}):
            yield answer, chain.store

    def _done(self, turn: str, answer: Answer, store: Store) -> Event:
        copies = {"plain": as_plain(answer), "markdown": as_markdown(answer)}
        view = {"id": turn, **answer_view(answer, store), "copies": copies}
        near = (
            {hit.passage_id for hit in related(store, answer.question, answer.trace.hits)} if answer.nearest else set()
        )
        for shown, citation in zip(view["nearest"], answer.nearest, strict=True):
            shown["near"] = bool(answer.remarks) or citation.passage_id in near  # else its headline says enough
        return self._keep(turn, "done", {"type": "done", "answer": view}, Kept(view, make_bundle(answer, store)))

    def _keep(self, turn: str, state: State, event: Event, kept: Kept | None = None) -> Event:
        """The event that ends a question, once that is kept; where it cannot be, the event tells so."""
        try:
            if late := self._late.pop(turn, None):
                late()
            self.conversations.finish(turn, state, kept.view if kept else event, kept)
        except KeepingError as error:
            if kept:
                self.conversations.hold(turn, kept)
            event["trouble"] = problem(error)
        return event

    def _model(self) -> StreamingModel | None:
        if self._llm is None and self.config.llm:
            self._llm = load_chat_model(self.config.llm, self.config.llm_base_url, self.config.llm_timeout)
        return self._llm


def as_history(turns: Sequence[dict[str, Any]]) -> list[dict[str, str]]:
    """What the next question knows of the turns of a conversation, as it is kept."""
    done = [turn for turn in turns if turn["state"] == "done"][-_KEPT_TURNS:]
    return [{"question": turn["question"], "answer": turn["told"]["text"]} for turn in done]


def problem(error: WenjuError, asked: str = "") -> dict[str, Any]:
    """An error as the browser tells it: a code that it has words for, and the words of the error itself."""
    told = {"code": type(error).__name__, "what": error.what, "fix": error.fix}
    if isinstance(error, RetrievalError) and not any(char.isalnum() for char in asked):
        told["code"] = "empty"
    elif isinstance(error, RetrievalError) and len(asked) > LONGEST_QUERY:
        told |= {"code": "too long", "most": str(LONGEST_QUERY), "length": str(len(asked))}
    elif isinstance(error, KeepingError):
        told["code"] = f"keeping {error.why}"
    return told
