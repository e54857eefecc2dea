"""How fast are pages read? Megabytes of UTF-8 text per second of CPU, for decoding, reading and chunking.

Run: python -m benchmarks.reading news.jsonl.xz [--limit N] [--profile]

The file holds one JSON object a line with ``text``. Unpacking and parsing it are not counted. Texts are held in blocks
of ``_BLOCK``, so the memory that is used does not grow with the file; the peak is printed.
"""

from __future__ import annotations

import argparse
import cProfile
import gc
import json
import lzma
import pstats
import resource
import time
from collections.abc import Iterator, Sequence
from itertools import islice
from pathlib import Path

from index.chunking import chunk
from index.config import IndexConfig
from index.reading.encodings import decode
from index.reading.pages import read_layout
from index.schema import Page

_BLOCK = 2_000
_STEPS = ("decode", "read", "chunk")


def main(argv: Sequence[str] | None = None) -> None:
    """Read everything once and print the rates."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("articles", type=Path, help="JSON lines, packed with xz or not")
    parser.add_argument("--limit", type=int, help="read so many articles only")
    parser.add_argument("--profile", action="store_true", help="print where the time went")
    args = parser.parse_args(argv)
    profile = cProfile.Profile()
    seconds, count, size, passages = dict.fromkeys(_STEPS, 0.0), 0, 0, 0
    texts = islice(_texts(args.articles), args.limit)
    while block := list(islice(texts, _BLOCK)):
        if args.profile:
            profile.enable()
        passages += _read(block, seconds)
        profile.disable()
        count, size = count + len(block), size + sum(map(len, block))
        gc.collect()
    total = sum(seconds.values())
    for step, spent in [*seconds.items(), ("all", total)]:
        print(f"{step:>8} {spent:8.2f} s CPU {size / 1e6 / spent:8.2f} MB/s")
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(f"{count:,} articles, {size / 1e6:.1f} MB, {passages:,} passages, peak memory {peak:.0f} MiB")
    if args.profile:
        pstats.Stats(profile).sort_stats("tottime").print_stats(25)


def _texts(path: Path) -> Iterator[bytes]:
    with lzma.open(path) if path.suffix == ".xz" else path.open("rb") as stream:
        for line in stream:
            if (text := json.loads(line)["text"]).strip():
                yield text.encode()


def _read(block: Sequence[bytes], seconds: dict[str, float]) -> int:
    start = time.process_time()
    pages = [Page(f"{n}.txt", decode(data, "").text, "utf-8", "") for n, data in enumerate(block)]
    decoded = time.process_time()
    articles = [article for page in pages for article in read_layout(page).articles]
    read = time.process_time()
    size = IndexConfig().passage_size
    passages = sum(len(chunk(article, size)) for article in articles)
    for step, spent in zip(_STEPS, (decoded - start, read - decoded, time.process_time() - read), strict=True):
        seconds[step] += spent
    return passages


if __name__ == "__main__":
    main()
