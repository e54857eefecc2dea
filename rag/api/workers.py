"""Who keeps several processes at the same work? They are started together, replaced when they die, stopped together.

Each worker is a fresh interpreter (``spawn``), the same on every system, and gets its work through a pipe: nothing of
it stands on a command line. The pipe stays open as a lifeline. A worker tells through it that it has begun, or why it
cannot; when its keeper cuts it, or is killed itself, the worker stops, so that none is left behind.
"""

from __future__ import annotations

import logging
import math
import multiprocessing
import os
import signal
import socket
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from multiprocessing.connection import Connection
from multiprocessing.context import SpawnProcess
from typing import Any
from weakref import WeakSet

from rag.errors import WenjuError

__all__ = ["FairListener", "keep"]

_log = logging.getLogger("wenju.workers")

_GRACE = 15.0  # seconds that a worker has to stop; the server in it gives the questions at work 10
_LOOK = 0.2  # seconds between two looks; waiting for news instead is limited to 63 handles on Windows
_LONGEST_PAUSE = 60.0  # seconds before a worker is tried again that could not begin
_COURTESY = 0.001  # seconds that one open connection costs at the next; more cost less each


class FairListener(socket.socket):
    """A listening socket of several processes: whoever has connections open lets the others accept first.

    The first to wake would take all connections that come to an idle service, and keep them: of two processes, one
    answered all that eight connections of a client asked. An event loop that accepts by system calls of its own, as on
    Windows, is not slowed, and takes what it gets.

    Args:
        listener: The socket; it is taken over.
        backlog: How many connections may wait, whatever number a server gives for how many it accepts at a time.
    """

    def __init__(self, listener: socket.socket, backlog: int) -> None:
        super().__init__(fileno=listener.detach())
        self._backlog = backlog
        self._accepted: WeakSet[socket.socket] = WeakSet()

    def listen(self, backlog: int = 0, /) -> None:
        super().listen(self._backlog)

    def accept(self) -> tuple[socket.socket, Any]:
        """As of any socket, after a wait of milliseconds that grows with the logarithm of the open connections."""
        held = sum(connection.fileno() >= 0 for connection in self._accepted)
        if held:
            time.sleep(_COURTESY * math.log2(1 + held))
        connection, address = super().accept()
        self._accepted.add(connection)
        return connection, address


@dataclass
class _Worker:
    """A process, our end of its lifeline, and what it told: whether it has begun, why it cannot."""

    process: SpawnProcess
    line: Connection
    begun: bool = False
    trouble: WenjuError | None = None

    @property
    def dead(self) -> bool:
        return not self.process.is_alive()

    def listen(self) -> None:
        """Take in what it told; a line that it has left tells nothing more."""
        with suppress(EOFError, OSError):
            while self.line.poll():
                told = self.line.recv()
                self.begun, self.trouble = told is None, WenjuError(*told) if told else None


def keep(work: Callable[..., None], given: Sequence[Any], count: int, release: Callable[[], object] = int) -> None:
    """Keep processes at a piece of work until SIGINT or SIGTERM comes; a second one ends them at once.

    A worker that dies is replaced. One that dies before it has begun is tried again after a pause that grows, as long
    as others are at work; when all fail so, that is an error.

    Args:
        work: A function at the top of a module. It is called in each process as ``work(*given, begun)``, calls
            ``begun()`` when it is at work (again does nothing), and ends upon SIGTERM.
        given: Its arguments; settings and sockets can be sent.
        count: How many processes, 1 or more.
        release: Called before they are stopped. A socket that they share is closed here: else it would take connections
            which nobody accepts any more.

    Raises:
        WenjuError: No worker can begin; what the last one raised, where that was a WenjuError.
    """
    with _signals() as signals:
        crew = _Crew(work, given, count)
        try:
            while not signals:
                crew.look()
        finally:
            release()
            crew.stop(lambda: len(signals) > 1)


class _Crew:
    """The workers of one piece of work. Arguments as for :func:`keep`."""

    def __init__(self, work: Callable[..., None], given: Sequence[Any], count: int) -> None:
        self._work, self._given, self._count = work, given, count
        self._workers: list[_Worker] = []
        self._failures = 0  # starts that failed since one succeeded
        self._not_before = 0.0

    def look(self) -> None:
        """Start who is missing, wait a little, and take in what is new.

        Raises:
            WenjuError: No worker can begin.
        """
        while len(self._workers) < self._count and time.monotonic() >= self._not_before:
            self._workers.append(_start(self._work, self._given))
        time.sleep(_LOOK)
        for worker in tuple(self._workers):
            dead = worker.dead  # before listening, so that nothing is missed of what it told last
            had_begun = worker.begun
            worker.listen()
            if worker.begun and not had_begun:
                self._failures = 0
                _log.info("worker %d is at work", worker.process.pid)
            if dead:
                self._bury(worker)

    def stop(self, hurry: Callable[[], bool]) -> None:
        """Cut all lines and wait; whoever is still there after a while, or as soon as ``hurry`` says so, is killed."""
        for worker in self._workers:
            worker.line.close()
        until = time.monotonic() + _GRACE
        while (left := [w for w in self._workers if not w.dead]) and time.monotonic() < until and not hurry():
            time.sleep(_LOOK)
        for worker in left:
            _log.warning("worker %d did not stop in time and was killed", worker.process.pid)
            worker.process.kill()
            worker.process.join()

    def _bury(self, worker: _Worker) -> None:
        self._workers.remove(worker)
        worker.process.join()
        worker.line.close()
        pid, code = worker.process.pid, worker.process.exitcode
        if worker.begun:
            _log.warning("worker %d ended (%s); another one takes its place", pid, code)
            self._not_before = 0.0
            return
        self._failures += 1
        if self._failures >= self._count and not any(other.begun for other in self._workers):
            raise worker.trouble or WenjuError(f"No worker can begin (the last ended with {code}).", "Read the log.")
        pause = min(_LONGEST_PAUSE, 2.0 ** (self._failures - 1))
        self._not_before = time.monotonic() + pause
        reason = worker.trouble or f"it ended with {code}"
        _log.error("worker %d could not begin (%s); tried again in %.0f s", pid, reason, pause)


def _start(work: Callable[..., None], given: Sequence[Any]) -> _Worker:
    ours, theirs = multiprocessing.Pipe()
    process = multiprocessing.get_context("spawn").Process(
        target=_begin, args=(work, tuple(given), theirs), name="wenju-worker", daemon=True
    )
    process.start()
    theirs.close()  # else a dead worker's line would never end
    return _Worker(process, ours)


def _begin(work: Callable[..., None], given: tuple[Any, ...], line: Connection) -> None:
    """What a worker does first."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl+C reaches every process of a terminal; the keeper decides
    threading.Thread(target=_stop_with, args=(line,), name="wenju-lifeline", daemon=True).start()
    untold = [None]

    def begun() -> None:
        if untold:
            line.send(untold.pop())

    try:
        work(*given, begun)
    except WenjuError as error:
        line.send((error.what, error.fix))
        raise SystemExit(1) from None


def _stop_with(line: Connection) -> None:
    """Stop this process when its line is cut."""
    with suppress(EOFError, OSError):
        line.recv()
    signal.raise_signal(signal.SIGTERM)
    time.sleep(_GRACE)
    os._exit(1)  # a keeper that was killed cannot do it


@contextmanager
def _signals() -> Iterator[list[int]]:
    """The signals to stop that have come, in order; they do nothing else meanwhile."""
    came: list[int] = []
    names = [signal.SIGINT, signal.SIGTERM, *(getattr(signal, name) for name in ("SIGBREAK",) if hasattr(signal, name))]
    before = {name: signal.signal(name, lambda number, frame: came.append(number)) for name in names}
    try:
        yield came
    finally:
        for name, handler in before.items():
            signal.signal(name, handler)
