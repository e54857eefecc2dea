"""How are many questions put to stores at once? In chunks, by processes that open the store of each."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor
from functools import lru_cache
from multiprocessing import get_context
from pathlib import Path
from typing import TypeVar

from index.store.opened import Store, open_store

__all__ = ["map_chunks"]

_CHUNK = 20

Item = TypeVar("Item")
Result = TypeVar("Result")


def map_chunks(
    function: Callable[[Store, Sequence[Item]], list[Result]],
    work: Sequence[tuple[Path, Sequence[Item]]],
    processes: int,
) -> list[list[Result]]:
    """Call ``function(store, chunk)`` for chunks of the items of each store.

    Args:
        function: A function of a module, so that another process can find it.
        work: Pairs of a store's folder and what to work on there.
        processes: How many at once.

    Returns:
        For each pair the results of its items, in order.
    """
    with ProcessPoolExecutor(processes, mp_context=get_context("spawn")) as pool:
        jobs = [
            [pool.submit(_work, function, path, items[at : at + _CHUNK]) for at in range(0, len(items), _CHUNK)]
            for path, items in work
        ]
        return [[result for job in chunks for result in job.result()] for chunks in jobs]


def _work(function: Callable[[Store, Sequence[Item]], list[Result]], path: Path, chunk: Sequence[Item]) -> list[Result]:
    return function(_store(path), chunk)


@lru_cache(maxsize=1)  # chunks come store by store
def _store(path: Path) -> Store:
    return open_store(path)
