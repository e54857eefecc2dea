"""How do we talk to Milvus? One connection, few verbs, and every failure as one clear line; the one door to pymilvus.

What lies inside the engine is told in ``index/milvus/layout.py``; ``index/milvus/reader.py`` opens it as a store and
``index/milvus/writer.py`` puts one there.

References:
    Wang et al.: Milvus: A Purpose-Built Vector Data Management System (2021).
"""

from __future__ import annotations

import logging
import re
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from index.errors import StoreError
from index.store.address import Address

__all__ = ["AT_ONCE", "Column", "Engine", "Index", "connect"]

AT_ONCE = 1_000  # rows asked for, or sent, in one call
_MOST_HITS = 16_384  # Milvus gives no more to one search
_PATIENCE = 10.0  # seconds until a question is told that the engine does not answer
_BUILD_PATIENCE = 24 * 3600.0  # seconds for the index of a collection: 10^8 vectors take hours
_DATABASE_IN_USE = "It may be open in another process, which milvus-lite does not share; close that, or use a server."


@dataclass(frozen=True, slots=True)
class Column:
    """A column of a collection.

    Attributes:
        name: Its name.
        kind: "int", "text", "ints" (a list of them), "vector" or "sparse".
        size: Length of a vector; most bytes of a text; most numbers of a list.
        primary: Whether a row is known by it.
    """

    name: str
    kind: str
    size: int = 0
    primary: bool = False


@dataclass(frozen=True, slots=True)
class Index:
    """An index over a column: its kind, the metric of a vector's, and what else Milvus is told."""

    column: str
    kind: str
    metric: str = ""
    params: Mapping[str, Any] = field(default_factory=dict)


class Engine:
    """One Milvus, through one connection that threads may share.

    Every method raises :class:`StoreError` when the engine does not answer within some seconds, or refuses.

    Args:
        address: Where it is.
        client: pymilvus's ``MilvusClient``.
        patience: Seconds until a question is given up.
    """

    def __init__(self, address: Address, client: Any, patience: float) -> None:
        self.address = address
        self._client, self._patience = client, patience

    def close(self) -> None:
        """Give the connection back."""
        self._client.close()

    def collections(self) -> list[str]:
        """The names of all collections; aliases are not among them."""
        with self._told():
            return sorted(self._client.list_collections(timeout=self._patience))

    def columns(self, collection: str) -> set[str]:
        """The names of a collection's columns."""
        with self._told():
            told = self._client.describe_collection(collection, timeout=self._patience)
            return {column["name"] for column in told["fields"]}

    def target(self) -> str | None:
        """The collection that the address's name stands for now; None when it stands for none."""
        with self._told():
            found = self._client.list_aliases(timeout=self._patience)
            names = found["aliases"] if isinstance(found, dict) else found
            if self.address.collection not in names:
                return None
            return str(self._client.describe_alias(self.address.collection, timeout=self._patience)["collection_name"])

    def get(self, collection: str, keys: Sequence[Any], columns: Sequence[str]) -> list[dict[str, Any]]:
        """The rows of these primary keys, in any order; unknown keys are passed over."""
        found: list[dict[str, Any]] = []
        for start in range(0, len(keys), AT_ONCE):
            asked = list(keys[start : start + AT_ONCE])
            with self._told():
                found += self._client.get(collection, asked, output_fields=list(columns), timeout=self._patience)
        return found

    def query(self, collection: str, where: str, columns: Sequence[str]) -> list[dict[str, Any]]:
        """The rows for which an expression holds, in any order."""
        with self._told():
            return list(
                self._client.query(collection, filter=where, output_fields=list(columns), timeout=self._patience)
            )

    def count(self, collection: str) -> int:
        """How many rows there are, all that were sent included."""
        with self._told():
            (row,) = self._client.query(
                collection, output_fields=["count(*)"], timeout=self._patience, consistency_level="Strong"
            )
        return int(row["count(*)"])

    def search(
        self,
        collection: str,
        column: str,
        vector: Any,
        k: int,
        where: str | None = None,
        *,
        params: Mapping[str, Any] | None = None,
        columns: Sequence[str] = (),
    ) -> list[tuple[float, dict[str, Any]]]:
        """The rows of greatest inner product.

        Args:
            collection: Where to search.
            column: Its column of vectors.
            vector: A dense vector, or a sparse one as dimension -> value.
            k: How many; Milvus gives 16,384 at most.
            where: An expression that must hold; None for all rows.
            params: What the index is told for this search.
            columns: What is wanted of each row, one column at least.

        Returns:
            Pairs of product and row, greatest first.
        """
        with self._told():
            (hits,) = self._client.search(
                collection,
                data=[vector],
                anns_field=column,
                limit=min(k, _MOST_HITS),
                filter=where or "",
                output_fields=list(columns),
                search_params={"metric_type": "IP", "params": dict(params or {})},
                timeout=self._patience,
            )
            return [(float(hit["distance"]), {**hit, **hit["entity"]}) for hit in hits]  # its key is beside the rest

    def create(
        self,
        collection: str,
        columns: Sequence[Column],
        shards: int = 1,
        about: str = "",
        *,
        changes: bool = False,
        mapped: bool = False,
    ) -> None:
        """Make a collection; it cannot be searched before :meth:`finish`.

        Args:
            collection: Its name.
            columns: Its columns.
            shards: Streams that rows are written through.
            about: What it holds, for people.
            changes: Whether rows come and go later, and a search must see all that was sent before it.
            mapped: Whether it stays on the disks of the query nodes, mapped, instead of in their memory.
        """
        with self._told():
            schema = self._client.create_schema(auto_id=False, enable_dynamic_field=False, description=about)
            for column in columns:
                schema.add_field(column.name, is_primary=column.primary, **_field(column))
            level = "Strong" if changes else "Bounded"
            self._client.create_collection(
                collection,
                schema=schema,
                num_shards=shards,
                consistency_level=level,
                properties={"mmap.enabled": "true"} if mapped else {},
                timeout=self._patience,
            )

    def insert(self, collection: str, rows: Sequence[Mapping[str, Any]]) -> None:
        """Send rows."""
        with self._told():
            self._client.insert(collection, [dict(row) for row in rows], timeout=10 * self._patience)

    def replace(self, collection: str, rows: Sequence[Mapping[str, Any]]) -> None:
        """Send rows in place of those of the same primary keys, if any."""
        with self._told():
            self._client.upsert(collection, [dict(row) for row in rows], timeout=10 * self._patience)

    def remove(self, collection: str, keys: Sequence[str]) -> None:
        """Forget the rows of these primary keys; unknown keys are passed over."""
        for start in range(0, len(keys), AT_ONCE):
            with self._told():
                self._client.delete(collection, ids=list(keys[start : start + AT_ONCE]), timeout=self._patience)

    def finish(self, collection: str, indexes: Sequence[Index], replicas: int) -> None:
        """Make the indexes over what was sent, all at a time, and make the collection ready for searching."""
        with self._told():
            self._client.flush(collection, timeout=_BUILD_PATIENCE)
            for index in indexes:
                params = self._client.prepare_index_params()
                more = {"metric_type": index.metric, "params": dict(index.params)} if index.metric else {}
                params.add_index(index.column, index_type=index.kind, index_name=index.column, **more)
                self._client.create_index(collection, params, timeout=self._patience, sync=False)
            for index in indexes:
                self._wait_for(collection, index.column)
            self._client.load_collection(collection, timeout=_BUILD_PATIENCE, replica_number=replicas)

    def _wait_for(self, collection: str, index: str) -> None:
        pause, until = 0.01, time.monotonic() + _BUILD_PATIENCE
        while time.monotonic() < until:
            told = self._client.describe_index(collection, index, timeout=self._patience) or {}
            if told.get("state") == "Finished" and not told.get("pending_index_rows"):
                return
            if told.get("state") == "Failed":
                break
            time.sleep(pause)
            pause = min(2 * pause, 5.0)
        raise StoreError(f"{self.address} could not make the index of {index!r}.", "See the log of Milvus.")

    def wake(self, collection: str) -> None:
        """Make a finished collection ready after a start of milvus-lite, which then has none loaded; a server has."""
        if self.address.local:
            with self._told():
                self._client.load_collection(collection, timeout=_BUILD_PATIENCE)

    def switch(self, collection: str) -> None:
        """Let the address's name stand for this collection from now on, in one step."""
        act = self._client.alter_alias if self.target() else self._client.create_alias
        with self._told():
            act(collection, self.address.collection, timeout=self._patience)

    def drop(self, collection: str) -> None:
        """Remove a collection that no name stands for."""
        with self._told():
            self._client.drop_collection(collection, timeout=6 * self._patience)

    @contextmanager
    def _told(self) -> Iterator[None]:
        """Tell what goes wrong within as a :class:`StoreError`."""
        import grpc
        from pymilvus.exceptions import MilvusException

        try:
            yield
        except MilvusException as error:
            raise _explain(self.address, str(error.message), error.code) from error
        except (grpc.RpcError, grpc.FutureTimeoutError) as error:
            reason = error.details() if isinstance(error, grpc.Call) else "no answer in time"
            raise _silent(self.address, str(reason)) from error
        except ValueError as error:  # what grpc says of a channel that was closed
            raise _silent(self.address, str(error)) from error


def connect(address: Address, patience: float | None = None) -> Engine:
    """Connect to Milvus.

    Args:
        address: Where it is.
        patience: Seconds until it, and later each question to it, is given up; ten when None.

    Raises:
        StoreError: pymilvus is not installed, or nobody answers there.
    """
    patience = _PATIENCE if patience is None else patience
    try:
        from pymilvus import MilvusClient
        from pymilvus.exceptions import MilvusException
    except ImportError as error:
        raise StoreError(
            f"{address} needs pymilvus, which is not installed.", "pip install 'wenju[milvus]'."
        ) from error
    for name in ("pymilvus", "pymilvus.milvus_client", "milvus_lite"):
        logging.getLogger(name).setLevel(logging.CRITICAL)  # it prints a traceback for all that we tell in one line
    if address.local:
        _check_file(Path(address.uri))
    try:
        client = MilvusClient(uri=address.uri, token=address.token, timeout=patience)
    except MilvusException as error:
        if address.local:
            raise StoreError(f"{address.uri} cannot be opened ({error.message}).", _DATABASE_IN_USE) from error
        raise _explain(address, str(error.message), error.code) from error
    return Engine(address, client, patience)


def _check_file(file: Path) -> None:
    if not file.parent.is_dir():
        raise StoreError(f"{file.parent} is no folder.", "Make it, or name another file with --store.")
    if file.exists() and not file.is_dir():
        raise StoreError(f"{file} is no database of milvus-lite 3.", "Name another file with --store.")


def _field(column: Column) -> dict[str, Any]:
    from pymilvus import DataType

    match column.kind:
        case "int":
            return {"datatype": DataType.INT64}
        case "text":
            return {"datatype": DataType.VARCHAR, "max_length": column.size}
        case "ints":
            return {"datatype": DataType.ARRAY, "element_type": DataType.INT64, "max_capacity": column.size}
        case "vector":
            return {"datatype": DataType.FLOAT_VECTOR, "dim": column.size}
        case "sparse":
            return {"datatype": DataType.SPARSE_FLOAT_VECTOR}
    raise ValueError(f"{column.name}: no such kind of column as {column.kind}")


_REFUSED_LOGIN = re.compile("auth|permission|denied|token", re.IGNORECASE)
_GONE = re.compile("connect|unavailable|retry|channel|timeout|deadline", re.IGNORECASE)


def _explain(address: Address, message: str, code: Any) -> StoreError:
    reason = message.strip().splitlines()[0][:200] if message.strip() else str(code)
    if code == 100 or "collection not found" in reason:
        return StoreError(
            f"What {address} was opened from is no longer there.", "It was built anew since; open the store again."
        )
    if code == 101 or "not loaded" in reason:
        return StoreError(f"{address} is not loaded ({reason}).", "Let Milvus load the collection, or push it again.")
    if _REFUSED_LOGIN.search(reason):
        return StoreError(f"{address} refuses us ({reason}).", "Give a user's token in WENJU_MILVUS_TOKEN.")
    if _GONE.search(reason) or not isinstance(code, int):
        return _silent(address, reason)
    return StoreError(f"{address} reports: {reason}.", "See the log of Milvus.")


def _silent(address: Address, reason: str) -> StoreError:
    return StoreError(
        f"{address} does not answer ({reason.strip().splitlines()[0][:200]}).",
        "See that Milvus runs there and try again.",
    )
