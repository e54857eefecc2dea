"""What happens when many people ask at once? Throughput, times and memory of a running server on this machine.

Run: wenju serve --store store --rate 0 --port 8080 &
     python -m benchmarks.load http://127.0.0.1:8080 --people 50 --questions 2000

Each of the people asks one question after another. Prints a line per 500 answers: answers per second, median and 95th
percentile of the waiting time, errors, and the server's memory where ``--pid`` names its process (Linux).
"""

from __future__ import annotations

import argparse
import asyncio
import time
from collections.abc import Sequence
from pathlib import Path

import httpx
import numpy as np

_QUESTIONS = ("谁出席了会议？", "活动在哪里举办？", "今年计划开展多少个项目？", "为什么要建这座公园？", "门票多少钱？")
_EVERY = 500
_PATIENCE = 120  # seconds


def main(argv: Sequence[str] | None = None) -> None:
    """Ask and report."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("url", help="address of the server")
    parser.add_argument("--people", type=int, default=50, help="how many ask at once (default: 50)")
    parser.add_argument("--questions", type=int, default=2000, help="how many are asked in all (default: 2000)")
    parser.add_argument("--pid", type=int, help="process of the server, to tell its memory")
    args = parser.parse_args(argv)
    asyncio.run(_ask_all(args.url, args.people, args.questions, args.pid))


async def _ask_all(url: str, people: int, count: int, pid: int | None) -> None:
    limits = httpx.Limits(max_connections=people)
    async with httpx.AsyncClient(base_url=url, timeout=_PATIENCE, limits=limits, trust_env=False) as client:
        for first in range(0, count, _EVERY):
            numbers = iter(range(first, min(count, first + _EVERY)))
            waits: list[float] = []
            errors: list[str] = []

            async def person(numbers=numbers, waits=waits, errors=errors) -> None:  # type: ignore[no-untyped-def]
                for number in numbers:
                    begun = time.perf_counter()
                    reply = await client.post("/ask", json={"question": _QUESTIONS[number % len(_QUESTIONS)]})
                    waits.append(time.perf_counter() - begun)
                    if reply.status_code != httpx.codes.OK:
                        errors.append(str(reply.status_code))

            begun = time.perf_counter()
            await asyncio.gather(*(person() for _ in range(people)))
            spent = time.perf_counter() - begun
            middle, slow = np.percentile(waits, [50, 95])
            told = f"{len(waits) / spent:.1f} answers/s, p50 {middle:.2f} s, p95 {slow:.2f} s, {len(errors)} errors"
            print(f"{first + len(waits):>6}: {told}{_memory(pid)}", flush=True)


def _memory(pid: int | None) -> str:
    if pid is None:
        return ""
    lines = Path(f"/proc/{pid}/status").read_text(encoding="utf-8").splitlines()
    resident = next(line for line in lines if line.startswith("VmRSS"))
    return f", {int(resident.split()[1]) / 1024:.0f} MiB"


if __name__ == "__main__":
    main()
