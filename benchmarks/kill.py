"""Does the store answer after a build was killed, at whatever moment?

Run: python -m benchmarks.kill --points 200 --pages seeds

Builds a store over the pages, then again and again over changed ones, each time in a process of its own that is killed
(SIGKILL) after a random share of the time that a whole build takes. After each, the store must open, hold exactly the
pages of one of the two builds and answer with their vectors; one build in ten is let through, so that the generations
change. At the end ``wenju doctor`` must find nothing but debris, and after its repair nothing.
"""

from __future__ import annotations

import argparse
import random
import shutil
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

from index.disk.generations import generations
from index.doctor import examine, repair
from index.errors import WenjuError
from index.store.opened import open_store

__all__ = ["kill_builds"]

_BUILD = """
import faulthandler, sys
from pathlib import Path
from index.build import build_store
from index.config import IndexConfig
import numpy, faiss, index.reading.pages  # so that the time that is cut belongs to the build
faulthandler.dump_traceback_later(120, exit=True)  # one that hangs tells where
print("ready", flush=True)
sys.stdin.readline()
build_store(Path(sys.argv[1]), Path(sys.argv[2]), IndexConfig(model=sys.argv[3]))
"""
_PAGE = "果园丰收{number}\n\n今年第{number}座果园产梨{number}吨，比去年多。村里的路也修好了。\n"
_ROOT = Path(__file__).parent.parent


def main(argv: Sequence[str] | None = None) -> int:
    """Kill, ask, count; 0 when every answer was right."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--points", type=int, default=200, help="builds that are killed (default: 200)")
    parser.add_argument("--pages", type=Path, default=Path("seeds"), help="pages to build from (default: seeds)")
    parser.add_argument("--model", default="builtin")
    parser.add_argument("--seed", type=int, default=0)
    args = parser.parse_args(argv)
    with tempfile.TemporaryDirectory() as work:
        told = kill_builds(args.pages, Path(work), args.model, args.points, args.seed)
    print("\n".join(f"{count:>5}  {what}" for what, count in sorted(told.items())))
    return 1 if told["wrong"] else 0


def kill_builds(pages: Path, work: Path, model: str, points: int, seed: int = 0) -> Counter[str]:
    """Kill builds at random moments.

    Args:
        pages: Folder of page files.
        work: Empty folder to work in.
        model: The model to build with.
        points: How many builds are killed.
        seed: Of the moments.

    Returns:
        How often the old store answered, the new one did, debris lay about, and what answered was wrong.
    """
    chance, told = random.Random(seed), Counter({"wrong": 0})
    folder, store = work / "pages", work / "store"
    shutil.copytree(pages, folder)
    whole = _build(folder, store, model, None)
    before = _held(store)
    for number in range(points):
        (folder / "changing.txt").write_text(_PAGE.format(number=number), encoding="utf-8")
        after = {**_page_texts(folder, before), "changing.txt": _PAGE.format(number=number)}
        let_through = number % 10 == 9
        whole = _build(folder, store, model, None if let_through else chance.uniform(0, 1.1) * whole) or whole
        try:
            held = _held(store)
        except WenjuError as error:
            print(f"{number}: {error}", file=sys.stderr)
            told["wrong"] += 1
            continue
        if held == after:
            told["the new store answered"] += 1
        elif held == before and not let_through:
            told["the old store answered"] += 1
        else:
            told["wrong"] += 1
        told["left something half done"] += len(list((store / "generations").iterdir())) > len(generations(store))
        before = held
    told["findings of the doctor"] = len(examine(store))
    repair(store)
    told["wrong"] += len(examine(store))
    return told


def _build(pages: Path, store: Path, model: str, after: float | None) -> float:
    """Build in a process of its own, which is killed after some seconds; how long it took, 0 when it was killed."""
    command = [sys.executable, "-c", _BUILD, str(pages.resolve()), str(store.resolve()), model]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, cwd=_ROOT) as process:
        if process.stdout is None or process.stdin is None or process.stdout.readline() != b"ready\n":
            raise RuntimeError("The builder did not start.")
        began = time.perf_counter()
        process.stdin.write(b"\n")
        process.stdin.flush()
        try:
            if process.wait(after):
                raise RuntimeError("The builder failed.")
        except subprocess.TimeoutExpired:
            process.kill()
            return 0.0
        return time.perf_counter() - began


def _held(store: Path) -> dict[str, str]:
    """The pages that a store answers from, after asking it for every one of its passages by their own vectors."""
    opened = open_store(store)
    for row, _ in enumerate(opened.passages):
        (vector,) = opened.dense.vectors([row])
        if vector.any() and opened.dense.search(vector, 1)[0][1] < 0.999:
            return {}
    opened.lexical.search("果园", 5)
    return {name: page.text for name, page in opened.pages.items()}


def _page_texts(folder: Path, before: dict[str, str]) -> dict[str, str]:
    return {name: text for name, text in before.items() if (folder / name).exists()}


if __name__ == "__main__":
    raise SystemExit(main())
