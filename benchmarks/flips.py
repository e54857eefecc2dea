"""Is damage to a store told as damage, before it is opened and while it is?

Run: python -m benchmarks.flips --points 500 --pages seeds

Builds a store over the pages, then again and again flips one bit of one of its files: half of the time before the store
is opened, half while it is open. Each time the store is asked the same questions. What is right is the same answer as
before, a ``StoreError``, or an ``AnswerError`` of a citation that holds no more; wrong is all else. Then ``wenju
doctor`` must find something. ``--large`` leaves out the hashes at opening and maps all files, as where they are
large, so that the other checks are seen.
"""

from __future__ import annotations

import argparse
import random
import sys
import tempfile
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import index.disk.arrays
import index.store.opened
from index.build import build_store
from index.config import IndexConfig
from index.disk.generations import current
from index.doctor import examine
from index.embedding import load_embedder
from index.errors import StoreError
from index.store.opened import open_generation
from rag.chain import ask
from rag.errors import AnswerError
from rag.schema import Answer, Trace

__all__ = ["flip_bits"]


def main(argv: Sequence[str] | None = None) -> int:
    """Flip, ask, count; 0 when nothing was wrong."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--points", type=int, default=500, help="bits that are flipped (default: 500)")
    parser.add_argument("--pages", type=Path, default=Path("seeds"), help="pages to build from (default: seeds)")
    parser.add_argument("--model", default="builtin")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--large", action="store_true", help="as if all files were too large for hashes at opening")
    parser.add_argument("--ask", nargs="+", default=["谁出席了会议？", "今年产量是多少？", "什么时候开始？"])
    args = parser.parse_args(argv)
    if args.large:
        index.store.opened.HASHED, index.disk.arrays.MAPPED_FROM = 0, 1
    with tempfile.TemporaryDirectory() as work:
        told = flip_bits(args.pages, Path(work) / "store", args.model, args.points, args.ask, args.seed)
    print("\n".join(f"{count:>5}  {what}" for what, count in sorted(told.items())))
    return 1 if any(what.startswith("wrong") for what in told) else 0


def flip_bits(
    pages: Path, path: Path, model: str, points: int, questions: Sequence[str], seed: int = 0
) -> Counter[str]:
    """Flip bits at random places, one at a time; files are drawn evenly, whatever their size.

    Args:
        pages: Folder of page files.
        path: Where to build the store.
        model: The model to build with.
        points: How many bits are flipped.
        questions: What is asked after each.
        seed: Of the places.

    Returns:
        How often which thing happened; what is wrong begins with "wrong".
    """
    chance, told = random.Random(seed), Counter[str]()
    build_store(pages, path, IndexConfig(model=model))
    folder, embedder = current(path), load_embedder(model)
    files = sorted(file for file in folder.rglob("*") if file.is_file())

    def opened() -> index.store.opened.Store:
        return open_generation(path, folder, embedder)

    def answers(store: index.store.opened.Store) -> list[Answer]:
        return [replace(ask(store, question), trace=Trace()) for question in questions]

    right = answers(opened())
    for number in range(points):
        file, before = chance.choice(files), number % 2 == 0
        place, bit = chance.randrange(file.stat().st_size), 1 << chance.randrange(8)
        store = None if before else opened()
        _flip(file, place, bit)
        when, where = "before opening" if before else "while open", file.relative_to(folder).as_posix()
        try:
            same = answers(store or opened()) == right
            told[f"{when}: the same answer" if same else f"wrong, {when}: another answer"] += 1
            what = "" if same else "another answer"
        except (StoreError, AnswerError) as error:
            told[f"{when}: {type(error).__name__}"] += 1
            what = ""
        except Exception as error:  # which there must be none of
            told[f"wrong, {when}: {type(error).__name__}"] += 1
            what = repr(error)
        if what:
            print(f"{number}: {where} at {place} bit {bit}, {when}: {what[:200]}", file=sys.stderr)
        told["named by the doctor" if examine(path) else "wrong: the doctor finds nothing"] += 1
        _flip(file, place, bit)
    return told


def _flip(file: Path, place: int, bit: int) -> None:
    with file.open("rb+") as stream:
        stream.seek(place)
        (byte,) = stream.read(1)
        stream.seek(place)
        stream.write(bytes([byte ^ bit]))


if __name__ == "__main__":
    raise SystemExit(main())
