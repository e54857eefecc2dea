"""How is read what Milvus keeps by name? Many in one call, and the last ones kept."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable, Hashable, Iterable, Iterator, Mapping, Sequence, ValuesView
from typing import Generic, TypeVar

from pydantic import TypeAdapter, ValidationError

from index.errors import StoreError
from index.milvus.client import AT_ONCE, Engine
from index.milvus.layout import Generation, record_key

__all__ = ["Kept", "Records", "Values", "decode", "read_names", "read_texts"]

_ITEMS_KEPT = 2_048  # articles and pages, some megabytes

K = TypeVar("K", bound=Hashable)
T = TypeVar("T")


class Kept(Generic[K, T]):
    """What was asked for last, by key; fetches what is missing in one call. Threads may share it."""

    def __init__(self, most: int, fetch: Callable[[list[K]], Mapping[K, T]]) -> None:
        self._most = most
        self._fetch = fetch
        self._items: OrderedDict[K, T] = OrderedDict()
        self._lock = threading.Lock()

    def many(self, keys: Iterable[K]) -> dict[K, T]:
        """The items of these keys that there are."""
        wanted = list(dict.fromkeys(keys))
        with self._lock:
            found = {key: self._items[key] for key in wanted if key in self._items}
            for key in found:
                self._items.move_to_end(key)
        if missing := [key for key in wanted if key not in found]:
            fetched = self._fetch(missing)
            self.keep(fetched)
            found.update(fetched)
        return found

    def keep(self, items: Mapping[K, T]) -> None:
        """Keep items that came along with something else."""
        with self._lock:
            self._items.update(items)
            while len(self._items) > self._most:
                self._items.popitem(last=False)


class Values(ValuesView[T]):
    """All items of a mapping, fetched many at a time and not kept."""

    def __init__(self, mapping: Mapping[str, T], each: Callable[[], Iterator[T]]) -> None:
        super().__init__(mapping)
        self._each = each

    def __iter__(self) -> Iterator[T]:
        return self._each()


class Records(Mapping[str, T]):
    """Pages or articles by name, in their order."""

    def __init__(
        self, engine: Engine, generation: Generation, section: int, size: int, adapter: TypeAdapter[T]
    ) -> None:
        self._engine, self._generation, self._section, self._size = engine, generation, section, size
        self._adapter = adapter
        self._kept = Kept[str, T](_ITEMS_KEPT, self._fetch)

    def __len__(self) -> int:
        return self._size

    def __iter__(self) -> Iterator[str]:
        for start in range(0, self._size, AT_ONCE):
            yield from self._names(start)

    def __getitem__(self, name: str) -> T:
        return self.many([name])[name]

    def __contains__(self, name: object) -> bool:
        return isinstance(name, str) and name in self.many([name])

    def values(self) -> ValuesView[T]:
        return Values(self, self.each)

    def many(self, names: Iterable[str]) -> dict[str, T]:
        """Those of these items that there are, in one call."""
        return self._kept.many(names)

    def each(self) -> Iterator[T]:
        """All items in order, not kept."""
        for start in range(0, self._size, AT_ONCE):
            names = self._names(start)
            fetched = self._fetch(names)
            yield from (fetched[name] for name in names)

    def _names(self, start: int) -> list[str]:
        last = min(start + AT_ONCE, self._size)
        return read_names(self._engine, self._generation, self._section, start, last)

    def _fetch(self, names: list[str]) -> dict[str, T]:
        texts = read_texts(self._engine, self._generation, self._section, names)
        return {name: decode(self._engine, self._adapter, text) for name, text in texts.items()}


def read_texts(engine: Engine, generation: Generation, section: int, names: Sequence[str]) -> dict[str, str]:
    """The texts of those records that there are: one call, and another where some are in pieces."""
    keys = {record_key(section, name): name for name in names}
    found = engine.get(generation.records, list(keys), ("key", "pieces", "text"))
    further = {
        record_key(section, keys[row["key"]], number): (keys[row["key"]], number)
        for row in found
        for number in range(1, row["pieces"])
    }
    pieces = {(keys[row["key"]], 0): row["text"] for row in found}
    for row in engine.get(generation.records, list(further), ("key", "text")):
        pieces[further[row["key"]]] = row["text"]
    counts = {keys[row["key"]]: int(row["pieces"]) for row in found}
    try:
        return {name: "".join(pieces[name, number] for number in range(count)) for name, count in counts.items()}
    except KeyError as error:
        raise _damaged(engine, f"a piece of {error.args[0][0]!r} is missing") from error


def read_names(engine: Engine, generation: Generation, section: int, first: int, last: int) -> list[str]:
    """Names of the records of a section from ``first`` to ``last``, exclusive, in order."""
    names = []
    for start in range(first, last, AT_ONCE):
        bounds = f"place >= {section + start} and place < {section + min(start + AT_ONCE, last)}"
        found = engine.query(generation.records, bounds, ("place", "name"))
        names += [row["name"] for row in sorted(found, key=lambda row: int(row["place"]))]
    return names


def decode(engine: Engine, adapter: TypeAdapter[T], text: str) -> T:
    """What a JSON text of the engine says.

    Raises:
        StoreError: It is not what the adapter expects.
    """
    try:
        return adapter.validate_json(text)
    except ValidationError as error:
        raise _damaged(engine, str(error).splitlines()[0]) from error


def _damaged(engine: Engine, why: str) -> StoreError:
    return StoreError(f"{engine.address} is damaged ({why}).", "Push the store again.")
