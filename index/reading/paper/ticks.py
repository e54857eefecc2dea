"""How does the recognition of a scan say that it goes on? It ticks with each sheet; who waits for it may listen."""

from __future__ import annotations

from collections.abc import Callable
from contextvars import ContextVar

__all__ = ["LISTENER", "tick"]

LISTENER: ContextVar[Callable[[], None] | None] = ContextVar("listener", default=None)
"""Called at each tick, in the context that set it."""


def tick() -> None:
    """Say that the next sheet is begun."""
    if listener := LISTENER.get():
        listener()
