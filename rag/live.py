"""Which store answers now? The newest complete one of a folder or of a name in Milvus, changed without a pause.

A build writes beside the store in use and then replaces its ``CURRENT``. Whoever serves questions calls
:class:`LiveStore` for each of them: it looks whether that file was replaced, opens the new generation in a thread of
its own, and gives out the old one until the new one is open. A question keeps the store that it was given.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from index.location import Place, generation_in_use, open_store
from index.store.address import is_milvus
from index.store.opened import Store
from rag.errors import WenjuError

__all__ = ["LiveStore"]

_REMOTE = 10.0  # seconds between two looks at least, where a look is a call over the network

_Stamp = tuple[int, int, int] | str | None


class LiveStore:
    """A function that returns the newest complete store of a folder, open; from any thread.

    The first call opens the store and its callers wait for it. Later calls never wait: where the new generation cannot
    be opened, the one before goes on answering, ``trouble`` tells why, and it is tried again.

    Args:
        path: The store's folder, which may be empty yet, or its address in Milvus.
        model: The model that the store must be built with; None for whichever it was.
        token: The login to Milvus, where the address has none.
        every: Seconds between two looks at the folder; 0 looks at each call.
        on_change: Called with each store that was opened, from the thread that opened it.

    Attributes:
        trouble: Why the newest generation could not be opened; None when it is the one given out.

    Example:
        ``live = LiveStore("store"); ask(live(), "谁出席了会议？")``
    """

    def __init__(
        self,
        path: Place,
        model: str | None = None,
        *,
        token: str = "",
        every: float = 1.0,
        on_change: Callable[[Store], None] | None = None,
    ) -> None:
        self.path = path if is_milvus(str(path)) else Path(path)
        self.trouble: WenjuError | None = None
        self._model, self._token, self._on_change = model, token, on_change
        self._every = every if isinstance(self.path, Path) else max(every, _REMOTE)
        self._store: Store | None = None
        self._stamp: _Stamp = None
        self._looked = 0.0
        self._opening = threading.Lock()

    def __call__(self) -> Store:
        """The store to answer from.

        Raises:
            StoreError: No generation was opened yet, and there is none that can be.
            ModelError: The same, for its model.
        """
        store = self._store
        if store is None:
            return self.refresh()
        now = time.monotonic()
        if now - self._looked >= self._every:
            self._looked = now
            if self._may_be_newer() and not self._opening.locked():
                threading.Thread(target=self._refresh_quietly, name="wenju-live-store", daemon=True).start()
        return store

    @property
    def opened(self) -> Store | None:
        """The store that is open, without looking for a newer one; None when none is yet."""
        return self._store

    def refresh(self) -> Store:
        """Look now, and wait until the newest generation is open.

        Raises:
            StoreError: It cannot be opened; the one before, if any, goes on answering calls.
            ModelError: The same, for its model.
        """
        with self._opening:
            try:
                stamp = self._read_stamp()
                if self._store is not None and stamp == self._stamp:
                    self.trouble = None
                    return self._store
                store = self._newest(stamp)
            except WenjuError as error:
                self.trouble = error
                raise
            changed = store is not self._store
            self._store, self._stamp, self.trouble = store, stamp, None
        if changed and self._on_change:
            self._on_change(store)
        return store

    def _newest(self, stamp: _Stamp) -> Store:
        known = self._store
        named = stamp if isinstance(stamp, str) else generation_in_use(self.path) if known else None
        if known is not None and named == known.manifest.generation:
            return known  # the file was replaced by its like
        return open_store(self.path, self._model, token=self._token)

    def _refresh_quietly(self) -> None:
        with suppress(WenjuError):  # kept in ``trouble``; the next look tries again
            self.refresh()

    def _may_be_newer(self) -> bool:
        """Whether a look is worth a thread; a call over the network is made in that thread only."""
        return not isinstance(self.path, Path) or self._read_stamp() != self._stamp

    def _read_stamp(self) -> _Stamp:
        """What changes whenever a build switches: a replaced file is another file."""
        if not isinstance(self.path, Path):
            return generation_in_use(self.path, token=self._token)
        try:
            found = (self.path / "CURRENT").stat()
        except OSError:
            return None
        return found.st_ino, found.st_mtime_ns, found.st_size
