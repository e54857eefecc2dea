"""What do more processes bring, and what do they cost? Answers per second and memory of `wenju serve --workers N`.

Run: python -m benchmarks.readers store questions.jsonl --workers 1 2 4 --people 8

Serves the store anew for each number of workers and lets people ask, each one question after another over a connection
of their own. Needs Linux, whose ``smaps_rollup`` tells what processes share: a page that four of them hold counts a
quarter in each one's Pss, so the sum is what all of them really take.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from itertools import cycle, islice
from pathlib import Path

import httpx
import numpy as np

_WENJU = "import sys; from rag.cli.command import main; sys.exit(main())"
_PATIENCE = 300  # seconds for a start, and for an answer
_WARM_UP = 5  # questions per worker
_COLUMNS = ("workers", "answers/s", "p50 s", "p95 s", "errors", "Pss in all", "of a worker: Rss", "private", "dirty")


def main(argv: Sequence[str] | None = None) -> None:
    """Serve, ask, print one row per number of workers."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("store", type=Path, help="folder of the store")
    parser.add_argument("questions", type=Path, help="questions, .jsonl")
    parser.add_argument("--workers", type=int, nargs="+", default=[1, 2, 4], help="how many processes (1 2 4)")
    parser.add_argument("--people", type=int, default=8, help="how many ask at once (default: 8)")
    parser.add_argument("--count", type=int, default=400, help="how many questions are asked (default: 400)")
    args = parser.parse_args(argv)
    lines = args.questions.read_text(encoding="utf-8").splitlines()
    texts = [json.loads(line)["question"] for line in lines]
    print("  ".join(_COLUMNS) + "   (MiB)")
    for count in args.workers:
        with _serving(args.store, count) as (address, pid):
            asyncio.run(_ask(address, args.people, list(islice(cycle(texts), _WARM_UP * count))))
            begun = time.perf_counter()
            waits, errors = asyncio.run(_ask(address, args.people, list(islice(cycle(texts), args.count))))
            rate = len(waits) / (time.perf_counter() - begun)
            told = (count, f"{rate:.1f}", *(f"{wait:.2f}" for wait in np.percentile(waits, [50, 95])), errors)
            cells = [*map(str, told), *(f"{size:.0f}" for size in _memory(pid))]
        print("  ".join(cell.rjust(len(column)) for cell, column in zip(cells, _COLUMNS, strict=True)), flush=True)


@contextmanager
def _serving(store: Path, workers: int) -> Iterator[tuple[str, int]]:
    """A running service: its address and its process, or that of the workers' keeper."""
    command = [sys.executable, "-c", _WENJU, "serve", "--store", str(store), "--port", "0", "--rate", "0"]
    with tempfile.TemporaryFile("w+", encoding="utf-8") as log:
        process = subprocess.Popen(
            [*command, "--workers", str(workers)], stdout=subprocess.PIPE, stderr=log, text=True, encoding="utf-8"
        )
        try:
            assert process.stdout
            address = process.stdout.readline().split()[2].removesuffix("/docs")
            _wait_for(address, log.fileno(), workers)
            yield address, process.pid
        finally:
            process.send_signal(signal.SIGTERM)
            process.wait()


def _wait_for(address: str, log: int, workers: int) -> None:
    """Wait until every worker is at work; a lone one tells by answering, several by the log."""
    for _ in range(_PATIENCE * 10):
        told = Path(f"/proc/self/fd/{log}").read_text(encoding="utf-8")
        if workers == 1 or told.count("is at work") >= workers:
            break
        time.sleep(0.1)
    httpx.get(f"{address}/readyz", timeout=_PATIENCE, trust_env=False).raise_for_status()


async def _ask(address: str, people: int, texts: Sequence[str]) -> tuple[list[float], int]:
    """Seconds that each answer took, and how many were none."""
    waits: list[float] = []
    errors = 0
    left = iter(texts)

    async def person() -> None:
        nonlocal errors
        async with httpx.AsyncClient(base_url=address, timeout=_PATIENCE, trust_env=False) as client:
            for text in left:
                begun = time.perf_counter()
                reply = await client.post("/ask", json={"question": text})
                waits.append(time.perf_counter() - begun)
                errors += reply.status_code != httpx.codes.OK

    await asyncio.gather(*(person() for _ in range(people)))
    return waits, errors


def _memory(pid: int) -> list[float]:
    """MiB: Pss of the process and all its children; of a worker, in the mean: Rss, private, private and written to."""
    children = [int(stat.parent.name) for stat in Path("/proc").glob("[0-9]*/stat") if _parent(stat) == pid]
    workers = [child for child in children if "spawn_main" in Path(f"/proc/{child}/cmdline").read_text()] or [pid]
    sizes = [_sizes(worker) for worker in workers]
    means = {name: float(np.mean([size[name] for size in sizes])) for name in sizes[0]}
    private = means["Private_Clean"] + means["Private_Dirty"]
    return [sum(_sizes(one)["Pss"] for one in {pid, *children}), means["Rss"], private, means["Private_Dirty"]]


def _parent(stat: Path) -> int:
    """The parent of a process; 0 for one that is gone meanwhile."""
    try:
        return int(stat.read_text(encoding="utf-8", errors="replace").rpartition(")")[2].split()[1])
    except OSError:
        return 0


def _sizes(pid: int) -> dict[str, float]:
    lines = Path(f"/proc/{pid}/smaps_rollup").read_text(encoding="utf-8").splitlines()[1:]
    return {line.split(":")[0]: int(line.split()[1]) / 1024 for line in lines}


if __name__ == "__main__":
    main()
