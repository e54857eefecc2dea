"""How many questions at once? A few threads do the work, some callers may wait, the rest are told to come back.

Answering keeps a processor busy, so more threads than processors make everybody slower, and an endless queue makes
everybody wait for answers that nobody reads any more.
"""

from __future__ import annotations

import asyncio
import math
import threading
import time
from collections import deque
from collections.abc import AsyncGenerator, Awaitable, Callable, Coroutine, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, TypeVar

from rag.errors import WenjuError
from rag.llm import CALLER, Caller

__all__ = ["BusyError", "LeftError", "StoppingError", "WorkQueue", "unless_gone"]

T = TypeVar("T")
_RESTART = 5  # seconds after which a server that is stopped may be there again
_REMEMBERED = 0.9  # of the mean duration, when the next one comes in


class BusyError(WenjuError):
    """As many questions wait already as may.

    Args:
        wait: Seconds after which trying again is worth while.
    """

    def __init__(self, wait: int) -> None:
        super().__init__("Too many questions are waiting.", f"Ask again in {wait} s.")
        self.args = (wait,)  # so that the error survives pickling
        self.wait = wait


class StoppingError(BusyError):
    """The server ends before the question's turn would come."""

    def __init__(self) -> None:
        super().__init__(_RESTART)
        self.args = ()
        self.what = "The server is being stopped."


class LeftError(WenjuError):
    """Who asked does not wait for the answer any more."""


class WorkQueue:
    """Runs blocking work in threads, so that an event loop never waits for it.

    Work that waits for a language model gives its place to other work meanwhile, and goes on before what has not begun
    (:data:`rag.llm.CALLER`).

    Args:
        threads: How many pieces of work run at the same time.
        waiting: How many more may wait.
        clock: Seconds, ever growing.
    """

    def __init__(self, threads: int, waiting: int, clock: Callable[[], float] = time.monotonic) -> None:
        self._threads, self._most, self._clock = threads, threads + waiting, clock
        self._pool: ThreadPoolExecutor | None = None
        self._lock = threading.Lock()
        self._free = threads
        self._waiting: deque[_Piece] = deque()
        self._returning: deque[threading.Event] = deque()  # of threads that gave way and can go on
        self._callers: set[_Caller] = set()
        self._mean = 0.2  # seconds

    @property
    def held(self) -> int:
        """How many pieces of work are running or waiting."""
        return len(self._callers)

    async def run(self, work: Callable[[], T]) -> T:
        """Do a piece of work in a thread.

        Raises:
            BusyError: Too many wait already.
        """
        caller = self._admit()
        future = self._submit(work, caller)
        future.add_done_callback(lambda _: self._dismiss(caller))
        try:
            return await asyncio.wrap_future(future)
        except asyncio.CancelledError:
            caller.leave()
            raise

    async def stream(self, start: Callable[[], Iterator[T]]) -> AsyncGenerator[T, None]:
        """The items of an iterator, each made in a thread; it holds one place until it ends or nobody listens.

        Raises:
            BusyError: Too many wait already; raised when the first item is asked for.
        """
        caller, end = self._admit(), object()
        items: list[Iterator[T]] = []

        def step() -> T | object:
            if not items:
                items.append(start())
            return next(items[0], end)

        def finish(_: Future[T | object]) -> None:
            for made in items:
                getattr(made, "close", lambda: None)()
            self._dismiss(caller)

        future = self._submit(step, caller)
        try:
            while (item := await asyncio.wrap_future(future)) is not end:
                yield item  # type: ignore[misc]  # the sentinel is gone, mypy does not narrow object
                future = self._submit(step, caller)
        finally:
            caller.leave()
            future.add_done_callback(finish)  # at once, or when the step that nobody waits for any more is done

    def turn_away(self) -> None:
        """Tell those whose work has not begun that it will not."""
        with self._lock:
            dropped = list(self._waiting)
            self._waiting.clear()
        for piece in dropped:
            if piece.future.set_running_or_notify_cancel():
                piece.future.set_exception(StoppingError())

    def close(self) -> None:
        """Drop what waits, and let what runs end without waiting for a model; new work opens the queue again."""
        with self._lock:
            pool, self._pool = self._pool, None
            dropped = list(self._waiting)
            self._waiting.clear()
            for caller in self._callers:
                caller.leave()
        for piece in dropped:
            piece.future.cancel()
        if pool:
            pool.shutdown(wait=False)

    def _submit(self, work: Callable[[], T], caller: _Caller) -> Future[T]:
        piece = _Piece(work, Future(), caller)
        with self._lock:
            self._waiting.append(piece)
            self._fill()
        return piece.future

    def _do(self, piece: _Piece) -> None:
        token = CALLER.set(piece.caller)
        try:
            piece.future.set_result(piece.work())
        except BaseException as error:  # whatever it is, it is told to who waits
            piece.future.set_exception(error)
        finally:
            CALLER.reset(token)
            self._give_way()

    def _give_way(self) -> None:
        """Let other work have the place of this thread."""
        with self._lock:
            self._free += 1
            self._fill()

    def _come_back(self) -> None:
        """Wait for a place, before all that has not begun."""
        back = threading.Event()
        with self._lock:
            self._returning.append(back)
            self._fill()
        back.wait()

    def _fill(self) -> None:
        """Give out the free places; under the lock."""
        while self._free and self._returning:
            self._free -= 1
            self._returning.popleft().set()
        while self._free and self._waiting:
            piece = self._waiting.popleft()
            if piece.future.set_running_or_notify_cancel():  # else nobody waits for it any more
                self._free -= 1
                self._pool = self._pool or ThreadPoolExecutor(self._most, thread_name_prefix="wenju-work")
                self._pool.submit(self._do, piece)

    def _admit(self) -> _Caller:
        with self._lock:
            if len(self._callers) >= self._most:
                raise BusyError(max(1, math.ceil(self._mean * len(self._callers) / self._threads)))
            caller = _Caller(self._clock(), self._give_way, self._come_back)
            self._callers.add(caller)
        return caller

    def _dismiss(self, caller: _Caller) -> None:
        with self._lock:
            self._callers.discard(caller)
            spent = self._clock() - caller.since
            spent /= 1 + len(self._callers) / self._threads  # most of it was waiting
            self._mean = _REMEMBERED * self._mean + (1 - _REMEMBERED) * spent


class _Caller(Caller):
    """Who waits for one piece of work."""

    def __init__(self, since: float, give_way: Callable[[], None], come_back: Callable[[], None]) -> None:
        self.since = since
        self._give_way, self._come_back = give_way, come_back
        self._left = False

    @property
    def left(self) -> bool:
        return self._left

    def leave(self) -> None:
        """Nobody listens any more."""
        self._left = True

    @contextmanager
    def away(self) -> Iterator[None]:
        self._give_way()
        try:
            yield
        finally:
            self._come_back()


@dataclass(frozen=True, slots=True)
class _Piece:
    """Something to do, where its result goes, and who waits for it."""

    work: Callable[[], Any]
    future: Future[Any]
    caller: _Caller


async def unless_gone(receive: Callable[[], Awaitable[Any]], work: Coroutine[Any, Any, T]) -> T:
    """Do a piece of work for a client, and drop it when the client goes.

    Args:
        receive: Of the request, whose body was read.
        work: What it waits for.

    Raises:
        LeftError: The client has gone; nobody reads what is answered.
    """

    async def see_off() -> None:
        while (await receive())["type"] != "http.disconnect":
            pass

    doing, seeing = asyncio.ensure_future(work), asyncio.ensure_future(see_off())
    try:
        await asyncio.wait({doing, seeing}, return_when=asyncio.FIRST_COMPLETED)
        if not doing.done():
            raise LeftError("The client has gone.", "Ask again.")
        return doing.result()
    finally:
        doing.cancel()
        seeing.cancel()
