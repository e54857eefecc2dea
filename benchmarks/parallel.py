"""How are many questions put to one store at once? In chunks, by processes that each open it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor
from functools import cache
from multiprocessing import get_context
from pathlib import Path
from typing import TypeVar

from index.store import Store, open_store

__all__ = ["map_chunks"]

_CHUNK = 20

Item = TypeVar("Item")
Result = TypeVar("Result")


def map_chunks(
    function: Callable[[Store, Sequence[Item]], list[Result]], path: Path, items: Sequence[Item], processes: int
) -> list[Result]:
    """Call ``function(store, chunk)`` for chunks of the items and put the results together, in order.

    Args:
        function: A function of a module, so that another process can find it.
        path: The store's folder.
        items: What to work on.
        processes: How many at once; 1 works in this one.
    """
    if processes <= 1:
        return function(open_store(path), items)
    chunks = [items[start : start + _CHUNK] for start in range(0, len(items), _CHUNK)]
    with ProcessPoolExecutor(processes, mp_context=get_context("spawn")) as pool:
        jobs = [pool.submit(_work, function, path, chunk) for chunk in chunks]
        return [result for job in jobs for result in job.result()]


def _work(function: Callable[[Store, Sequence[Item]], list[Result]], path: Path, chunk: Sequence[Item]) -> list[Result]:
    return function(_store(path), chunk)


@cache
def _store(path: Path) -> Store:
    return open_store(path)
