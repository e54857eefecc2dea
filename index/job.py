"""How do many processes or machines embed one collection? The one door to Dask.

Pages are read, linked and cut by the planner alone, since links and copies may lead from any page to any other; beside
a transformer's work that is cheap. It writes the texts whose vectors the folder does not hold yet into a file, and each
worker makes shards of stretches of it, with the embedder that a build would use. What travels over the network is
names and counts: all machines see the folder.

A shard is found by its texts (``index.search.shards``), so a job that was killed, and one over more pages, embed what
is left.
"""

from __future__ import annotations

import asyncio
import gc
import json
import logging
import os
import shutil
import threading
import uuid
from array import array
from collections.abc import Iterable, Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from tempfile import TemporaryDirectory
from textwrap import shorten
from time import monotonic, perf_counter
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from index.config import IndexConfig
from index.disk.generations import building
from index.embedding import Embedder, load_embedder
from index.errors import ModelError, StoreError, WenjuError
from index.search.shards import Shard, Survey, debris, is_made, read_shard, shard_name, survey, write_shard
from index.search.vector_cache import KEY_BYTES, Known, keys_of

if TYPE_CHECKING:
    from distributed import Client, Future, LocalCluster

    from index.build import OnFailure, Progress
    from index.schema import Page

__all__ = ["SHARD", "JobError", "JobReport", "run_embed"]

SHARD = 10_240
"""Passages per shard, unless told otherwise: a hundred for a million, and minutes of work for a transformer."""

_BATCH = 256  # passages at a time, as in a build: a transformer pads those of a call alike, and rounds accordingly
_TURNS = 4  # stretches per worker, so that the last one does not keep all others waiting for long
_PATIENCE = 8.0  # seconds for a scheduler to answer
_PATIENCE_WITH_WORKERS = 30.0  # seconds without any worker
_LOOK = 1.0  # seconds between two looks whether a worker is left
_THREADS = ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS", "RAYON_NUM_THREADS")
_TEXTS = "texts-"
_AGAIN = "Run the same command again: finished shards are kept."
_ONE_AT_A_TIME = threading.Lock()


class JobError(WenjuError):
    """Vectors cannot be made by workers."""


@dataclass(frozen=True, slots=True)
class JobReport:
    """What a job did.

    Attributes:
        folder: Where the shards are.
        passages: How many the collection has.
        known: How many of them had a vector there before.
        made: The shards of this job by name, in the order of their passages.
        warnings: A line for each shard that was found damaged; it was removed, and what it held made again.
    """

    folder: Path
    passages: int
    known: int
    made: dict[str, Shard]
    warnings: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class _Stretch:
    """What a worker is told: make a shard of the texts in a file."""

    folder: Path
    name: str
    texts: Path
    begin: int  # in bytes
    end: int
    model: str  # where the worker finds it
    fingerprint: str
    config: IndexConfig


@dataclass(frozen=True, slots=True)
class _Texts:
    """The texts to embed, in a file: (n, ``KEY_BYTES``) keys, and where each begins and the last one ends."""

    file: Path
    passages: int  # of the collection, also those whose texts are known
    keys: NDArray[np.uint8]
    places: array[int]


def run_embed(  # noqa: PLR0913  # it reads as a build does, and is told where to work besides
    pages: Path,
    out: Path,
    config: IndexConfig,
    *,
    scheduler: str | None = None,
    workers: int = 2,
    shard: int = SHARD,
    progress: Progress | None = None,
    on_failure: OnFailure | None = None,
    encoding: str | None = None,
    date: str | None = None,
) -> JobReport:
    """Make the vectors of a collection, in as many processes or machines as there are.

    Interrupted or killed, it leaves the finished shards. A worker that dies is replaced, and its stretch made again.

    Args:
        pages: A folder of page files, or one file.
        out: The folder of the shards; made when missing. With a scheduler elsewhere, all machines see it under this
            path, and the model's folder, if it is one, too.
        config: The settings of the build that shall use the vectors.
        scheduler: The address of a Dask scheduler, such as ``tcp://10.0.0.5:8786``; when None, ``workers`` processes
            are started here. A script that does so needs ``if __name__ == "__main__"``, as with any such processes.
        workers: How many, 1 or more.
        shard: Most passages of a shard, 1 or more.
        progress: Told about pages read and passages embedded, or None.
        on_failure: As for :func:`index.build.build_store`.
        encoding: As for :func:`index.build.build_store`.
        date: As for :func:`index.build.build_store`.

    Raises:
        SourceError: As for :func:`index.build.build_store`.
        ModelError: The model cannot be loaded, here or by a worker, or a worker has another one.
        StoreError: The folder cannot be written, holds vectors of another model, or another job is writing it.
        JobError: Dask is not installed, no scheduler answers, no worker joins it, or workers fail.
    """
    from index.build import each_page

    out = out.resolve()  # a worker may have another working folder
    with ExitStack() as held:
        held.enter_context(_alone(out))
        held.enter_context(_quiet())
        client = held.enter_context(_client_of(scheduler)) if scheduler else None  # told before a long reading
        model, found = _look(out, config)
        folder = held.enter_context(_scratch(out))
        read = each_page(pages, progress, on_failure=on_failure, encoding=encoding)
        texts = _write_texts(folder, read, config, date, found.open())
        missing = len(texts.keys)
        known = texts.passages - missing
        if progress:
            progress("embed", known, texts.passages)
        if not missing:
            return JobReport(out, texts.passages, known, {}, found.warnings)
        client = client or held.enter_context(_client_here(workers))
        stretches = _cut(texts, _size(missing, shard, max(1, len(client.nthreads()))), out, config, model)
        made: dict[str, Shard] = {}
        for name, fresh in _run(client, stretches):
            made[name] = fresh
            if progress:
                progress("embed", known + sum(each.passages for each in made.values()), texts.passages)
        in_order = {stretch.name: made[stretch.name] for stretch in stretches}
        return JobReport(out, texts.passages, known, in_order, found.warnings)


@contextmanager
def _alone(out: Path) -> Iterator[None]:
    """Hold a folder's lock, and clear away what dead jobs left."""
    with ExitStack() as held:
        try:
            held.enter_context(building(out))
        except StoreError as error:
            raise StoreError(
                error.what, "Wait for the other, free some space, or give another folder with --out."
            ) from error
        for each in [*debris(out), *out.glob(f"{_TEXTS}*")]:
            shutil.rmtree(each, ignore_errors=True)
        yield


@contextmanager
def _quiet() -> Iterator[None]:
    """Keep Dask from printing a traceback of what is told in one line."""
    logger = logging.getLogger("distributed")
    before = logger.level
    logger.setLevel(logging.CRITICAL)
    try:
        yield
    finally:
        logger.setLevel(before)


def _look(out: Path, config: IndexConfig) -> tuple[str, Survey]:
    """The model's fingerprint, and what the folder holds; damaged shards are removed."""
    embedder = load_embedder(config.model)  # let go again on return: the workers need the memory
    found = survey(out, embedder)
    if found.foreign:
        raise StoreError(
            f"{out} holds vectors that this job cannot add to: {found.warnings[0]}",
            "Give another folder with --out.",
        )
    for path in found.broken:
        shutil.rmtree(path, ignore_errors=True)
    return embedder.fingerprint, found


@contextmanager
def _scratch(out: Path) -> Iterator[Path]:
    """A folder for the job's texts, which goes with the job."""
    folder = out / f"{_TEXTS}{uuid.uuid4().hex[:8]}"
    try:
        folder.mkdir()
    except OSError as error:
        raise _cannot_write(out, error) from error
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _write_texts(folder: Path, pages: Iterable[Page], config: IndexConfig, date: str | None, known: Known) -> _Texts:
    """Write the texts that a build over these pages would embed and that are not known, in its order."""
    from index.disk.passages import load_passages
    from index.store.opened import COPIES, PASSAGES, open_articles, search_text
    from index.store.texts import write_texts

    file, keys, places = folder / "missing.jsonl", [np.zeros((0, KEY_BYTES), np.uint8)], array("q", [0])
    try:
        written = write_texts(folder, pages, config, date)
        passages = load_passages(open_articles(folder), folder / PASSAGES, folder / COPIES)
        with file.open("wb") as stream:
            for first in range(0, len(passages), _BATCH):
                each = passages.each(first, min(first + _BATCH, len(passages)))
                texts = [search_text(passage, article) for passage, article in each]
                new = np.flatnonzero(known.find(texts) < 0)
                keys.append(keys_of(texts)[new])
                for place in new:
                    stream.write(json.dumps(texts[place]).encode("ascii") + b"\n")  # lone surrogates, too
                    places.append(stream.tell())
    except OSError as error:
        raise _cannot_write(folder.parent, error) from error
    return _Texts(file, written.passages, np.concatenate(keys), places)


def _size(missing: int, most: int, workers: int) -> int:
    """How many texts make a stretch: whole batches, and several stretches for every worker."""
    batches = -(-missing // (workers * _TURNS * _BATCH))
    return min(most, batches * _BATCH)


def _cut(texts: _Texts, size: int, out: Path, config: IndexConfig, fingerprint: str) -> list[_Stretch]:
    """Stretches of texts; one that says the very same as another is left out."""
    local = Path(config.model)
    model = str(local.resolve()) if local.is_dir() else config.model
    found: dict[str, _Stretch] = {}
    for first in range(0, len(texts.keys), size):
        last = min(first + size, len(texts.keys))
        name = shard_name(texts.keys[first:last], fingerprint)
        found[name] = _Stretch(
            out, name, texts.file, texts.places[first], texts.places[last], model, fingerprint, config
        )
    return list(found.values())


@contextmanager
def _client_of(scheduler: str) -> Iterator[Client]:
    """A connection to a scheduler that has a worker."""
    client_class, _ = _dask()
    reason = ""
    try:
        client = client_class(scheduler, timeout=_PATIENCE, set_as_default=False)
    except (OSError, ValueError) as error:  # a time-out is an OSError, an address that is none a ValueError
        reason = _reason(error)
    if reason:
        gc.collect()  # the half-made client, which would end itself, and wait for itself, while another one starts
        raise JobError(
            f"No Dask scheduler answers at {scheduler!r} ({reason}).",
            "Start one with `dask scheduler`, or leave out --scheduler to work on this machine.",
        )
    with client:
        try:
            client.wait_for_workers(1, timeout=_PATIENCE_WITH_WORKERS)
        except TimeoutError as error:
            raise JobError(
                f"No worker has joined the scheduler at {scheduler!r}.",
                f"Start some with `dask worker {scheduler} --nthreads 1`.",
            ) from error
        yield client


@contextmanager
def _client_here(workers: int) -> Iterator[Client]:
    """A connection to worker processes of our own, which share the cores of this machine."""
    client_class, cluster_class = _dask()  # first: it tells how to get Dask
    import dask
    from dask.system import CPU_COUNT

    threads = str(max(1, CPU_COUNT // workers))
    settings = {f"distributed.nanny.pre-spawn-environ.{name}": threads for name in _THREADS}
    scratch = TemporaryDirectory(prefix="wenju-", ignore_cleanup_errors=True)
    try:
        with dask.config.set({"temporary-directory": scratch.name} | settings):
            cluster = cluster_class(
                n_workers=workers,
                threads_per_worker=1,
                processes=True,
                host="127.0.0.1",
                dashboard_address="127.0.0.1:0",
                worker_dashboard_address="127.0.0.1:0",
                silence_logs=logging.CRITICAL,
            )
    except (OSError, RuntimeError) as error:
        raise JobError(
            f"Worker processes cannot be started ({_reason(error)}).",
            'Start fewer with --workers; in a script, call this below `if __name__ == "__main__":`.',
        ) from error
    with scratch, cluster, client_class(cluster, set_as_default=False) as client:
        try:
            yield client
        finally:
            with suppress(TimeoutError):  # else closing waits for the stretches under way
                cluster.sync(_stop, cluster, callback_timeout=_PATIENCE)


async def _stop(cluster: LocalCluster) -> None:
    await asyncio.gather(*(worker.close(timeout=1) for worker in cluster.workers.values()))


def _dask() -> tuple[type[Client], type[LocalCluster]]:
    try:
        from distributed import Client, LocalCluster
    except ImportError as error:
        raise JobError("This needs Dask, which is not installed.", "Run `pip install 'wenju[dask]'`.") from error
    return Client, LocalCluster


def _run(client: Client, stretches: Sequence[_Stretch]) -> Iterator[tuple[str, Shard]]:
    """Let workers embed stretches: names and shards, as they are finished."""
    from distributed import KilledWorker

    name_of = {f"{stretch.texts.parent.name}-{stretch.name}": stretch.name for stretch in stretches}
    futures = client.map(_embed, stretches, key=list(name_of), pure=False)  # no other job has these keys
    try:
        for future in _finished(client, futures):
            yield name_of[future.key], future.result()
    except WenjuError:
        raise
    except KilledWorker as error:
        raise JobError(
            "One stretch of passages was given to several workers, and each of them died.",
            f"Perhaps memory was short: start fewer with --workers, or on a machine with more. {_AGAIN}",
        ) from error
    except Exception as error:  # what a worker's libraries raise, and Dask's own when the scheduler is gone
        raise JobError(
            f"The workers cannot go on ({type(error).__name__}: {_reason(error)}).",
            f"The scheduler and all workers need this very Wenju; their logs tell more. {_AGAIN}",
        ) from error
    finally:
        client.cancel(futures)


def _finished(client: Client, futures: Sequence[Future]) -> Iterator[Future]:
    """Futures as they are finished. Dask itself would wait for workers for ever."""
    from distributed import wait

    left, seen = set(futures), monotonic()
    while left:
        try:
            with client.as_current():
                done = wait(left, timeout=_LOOK, return_when="FIRST_COMPLETED").done
        except TimeoutError:
            done = set()
        yield from done
        left -= done
        if done or client.nthreads():
            seen = monotonic()
        elif monotonic() - seen > _PATIENCE_WITH_WORKERS:
            raise JobError("All workers have left.", f"Their logs tell why; each needs this very Wenju. {_AGAIN}")


def _embed(stretch: _Stretch) -> Shard:
    """Make one shard; a worker does this, one at a time even if it has several threads."""
    from distributed import get_worker

    worker = get_worker().address
    with _ONE_AT_A_TIME:
        if is_made(stretch.folder, stretch.name):  # the one who had it before died after its last act
            return read_shard(stretch.folder / stretch.name)
        texts = _read_texts(stretch, worker)
        embedder = _embedder(stretch.model, stretch.fingerprint, worker)
        start = perf_counter()
        parts = [embedder.encode_documents(texts[at : at + _BATCH]) for at in range(0, len(texts), _BATCH)]
        shard = Shard(
            settings=stretch.config,
            model_fingerprint=stretch.fingerprint,
            dim=embedder.dim,
            passages=len(texts),
            worker=worker,
            pid=os.getpid(),
            seconds=perf_counter() - start,
        )
        try:
            return write_shard(stretch.folder, stretch.name, texts, np.concatenate(parts), shard)
        except OSError as error:
            raise _cannot_write(stretch.folder, error) from error


def _read_texts(stretch: _Stretch, worker: str) -> list[str]:
    try:
        with stretch.texts.open("rb") as stream:
            stream.seek(stretch.begin)
            return [json.loads(line) for line in stream.read(stretch.end - stretch.begin).splitlines()]
    except FileNotFoundError as error:
        raise JobError(
            f"The worker {worker} does not see {stretch.texts}.", "Give with --out a folder that all machines share."
        ) from error


@lru_cache(maxsize=1)  # a worker lives for many stretches
def _embedder(model: str, fingerprint: str, worker: str) -> Embedder:
    try:
        embedder = load_embedder(model)
    except ModelError as error:
        raise ModelError(f"The worker {worker} has no model: {error.what}", error.fix) from error
    if embedder.fingerprint != fingerprint:
        raise ModelError(
            f"The worker {worker} has another model under the name {model!r}.",
            "Install the same Wenju and the same model files everywhere.",
        )
    return embedder


def _cannot_write(out: Path, error: OSError) -> StoreError:
    return StoreError(f"{out} cannot be written ({_reason(error)}).", f"Free some space. {_AGAIN}")


def _reason(error: Exception) -> str:
    told = error.strerror if isinstance(error, OSError) else None
    return told or shorten(str(error), 200) or type(error).__name__
