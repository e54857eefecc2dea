"""How many questions at once? A few threads do the work, some callers may wait, the rest are told to come back.

Answering keeps a processor busy, so more threads than processors make everybody slower, and an endless queue makes
everybody wait for answers that nobody reads any more.
"""

from __future__ import annotations

import asyncio
import math
import threading
import time
from collections.abc import AsyncGenerator, Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TypeVar

from rag.errors import WenjuError

__all__ = ["BusyError", "WorkQueue"]

T = TypeVar("T")
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


class WorkQueue:
    """Runs blocking work in threads, so that an event loop never waits for it.

    Args:
        threads: How many pieces of work run at the same time.
        waiting: How many more may wait.
        clock: Seconds, ever growing.
    """

    def __init__(self, threads: int, waiting: int, clock: Callable[[], float] = time.monotonic) -> None:
        self._threads, self._most, self._clock = threads, threads + waiting, clock
        self._pool: ThreadPoolExecutor | None = None
        self._lock = threading.Lock()
        self._held = 0
        self._mean = 0.2  # seconds

    @property
    def held(self) -> int:
        """How many pieces of work are running or waiting."""
        return self._held

    async def run(self, work: Callable[[], T]) -> T:
        """Do a piece of work in a thread.

        Raises:
            BusyError: Too many wait already.
        """
        self._take()
        started = self._clock()
        future = self._submit(work)
        future.add_done_callback(lambda _: self._give_back(started))
        return await asyncio.wrap_future(future)

    async def stream(self, start: Callable[[], Iterator[T]]) -> AsyncGenerator[T, None]:
        """The items of an iterator, each made in a thread; it holds one place until it ends or nobody listens.

        Raises:
            BusyError: Too many wait already; raised when the first item is asked for.
        """
        self._take()
        started, end = self._clock(), object()
        items: list[Iterator[T]] = []

        def step() -> T | object:
            if not items:
                items.append(start())
            return next(items[0], end)

        def finish(_: Future[T | object]) -> None:
            for made in items:
                getattr(made, "close", lambda: None)()
            self._give_back(started)

        future = self._submit(step)
        try:
            while (item := await asyncio.wrap_future(future)) is not end:
                yield item  # type: ignore[misc]  # the sentinel is gone, mypy does not narrow object
                future = self._submit(step)
        finally:
            future.add_done_callback(finish)  # at once, or when the step that nobody waits for any more is done

    def close(self) -> None:
        """Drop what waits and let what runs end; new work opens the queue again."""
        with self._lock:
            pool, self._pool = self._pool, None
        if pool:
            pool.shutdown(wait=False, cancel_futures=True)

    def _submit(self, work: Callable[[], T]) -> Future[T]:
        with self._lock:
            if self._pool is None:
                self._pool = ThreadPoolExecutor(self._threads, thread_name_prefix="wenju-work")
            return self._pool.submit(work)

    def _take(self) -> None:
        with self._lock:
            if self._held >= self._most:
                raise BusyError(max(1, math.ceil(self._mean * self._held / self._threads)))
            self._held += 1

    def _give_back(self, started: float) -> None:
        with self._lock:
            self._held -= 1
            spent = (self._clock() - started) / (1 + self._held / self._threads)  # most of it was waiting
            self._mean = _REMEMBERED * self._mean + (1 - _REMEMBERED) * spent
