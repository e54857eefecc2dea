"""How long is a client waited for, and how many connections may it hold? What the HTTP server itself does not bound.

A client that sends half a header, a body without end, or does not read its answer holds a connection and no more: it is
cut off after some seconds, and there is a bound on the connections of one client and of all.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from dataclasses import dataclass, field
from typing import Any

from uvicorn.protocols.http.h11_impl import H11Protocol

from rag.api.security import client_of

__all__ = ["BoundedProtocol", "Bounds"]

_FULL = b"HTTP/1.1 503 Service Unavailable\r\nRetry-After: 10\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"


@dataclass
class Bounds:
    """What the connections of one server may be.

    Attributes:
        most: How many there may be.
        per_client: How many of one client.
        trusted: The address of a proxy, which may hold any number.
        header: Seconds in which the head of a request must be there.
        idle: Seconds between two pieces of its body, and for which it may leave its answer unread.
        held: How many each client holds.
        closing: Whether each answer is the last one of its connection, since the server is about to stop.
    """

    most: int
    per_client: int
    trusted: str | None = None
    header: float = 10.0
    idle: float = 30.0
    held: Counter[str] = field(default_factory=Counter)
    closing: bool = False


class BoundedProtocol(H11Protocol):
    """One connection.

    Args:
        bounds: Those of its server.
        given: What uvicorn gives to every protocol.
    """

    def __init__(self, bounds: Bounds, **given: Any) -> None:
        super().__init__(**given)
        self._bounds = bounds
        self._holder = ""
        self._reading: asyncio.TimerHandle | None = None
        self._writing: asyncio.TimerHandle | None = None
        self._in_head = False  # what the timer of reading waits for is a head

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        address = self.client[0] if self.client else ""
        self._holder = client_of(address)
        self._bounds.held[self._holder] += 1
        too_many = self._bounds.held[self._holder] > self._bounds.per_client and address != self._bounds.trusted
        if too_many or len(self.connections) > self._bounds.most:
            transport.write(_FULL)
            transport.close()
        else:
            self._wait(in_head=True)

    def connection_lost(self, exc: Exception | None) -> None:
        self._stop(self._reading, self._writing)
        held = self._bounds.held
        held[self._holder] -= 1
        if not held[self._holder]:
            del held[self._holder]
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        super().data_received(data)
        if self._bounds.closing:
            self.say_goodbye()
        self._wait(in_head=self.cycle is None or self.cycle.response_complete)

    def on_response_complete(self) -> None:
        super().on_response_complete()  # which waits for the next head, unless a part of it is there
        self._wait(in_head=self.cycle.response_complete and bool(self.conn.trailing_data[0]))

    def pause_writing(self) -> None:
        super().pause_writing()
        self._writing = self.loop.call_later(self._bounds.idle, self.transport.abort)

    def resume_writing(self) -> None:
        self._stop(self._writing)
        super().resume_writing()

    def say_goodbye(self) -> None:
        """Let the answer under way, if there is one, tell the client to send nothing more over this connection."""
        if self.cycle is not None and not self.cycle.response_started and self.cycle.keep_alive:
            self.cycle.keep_alive = False
            self.cycle.default_headers = [*self.cycle.default_headers, (b"connection", b"close")]

    def shutdown(self) -> None:
        """Let what is being answered be answered; who has still to send or to read is not waited for."""
        answering = self.cycle is not None and not self.cycle.response_complete
        if answering and (self.cycle.more_body or self.flow.write_paused):
            self.transport.abort()
        else:
            super().shutdown()

    def _wait(self, *, in_head: bool) -> None:
        """Give the rest of a head, or the next piece of a body, some seconds; else there is nothing to wait for."""
        if in_head and self._in_head:
            return  # the time of a head runs from its first byte
        self._stop(self._reading)
        self._in_head = in_head and not self.transport.is_closing()
        if self._in_head:
            self._reading = self.loop.call_later(self._bounds.header, self.transport.abort)
        elif self.cycle is not None and not self.cycle.response_complete and self.cycle.more_body:
            self._reading = self.loop.call_later(self._bounds.idle, self._cut_idle)

    def _cut_idle(self) -> None:
        if self.flow.read_paused:  # the server has not taken yet what came
            self._reading = self.loop.call_later(self._bounds.idle, self._cut_idle)
        else:
            self.transport.abort()

    @staticmethod
    def _stop(*timers: asyncio.TimerHandle | None) -> None:
        for timer in timers:
            if timer is not None:
                timer.cancel()
