"""How fast does a model folder load and encode, without torch?"""

from __future__ import annotations

import os
import time
from pathlib import Path

from index.embedding import load_embedder
from training.sources import read_news

__all__ = ["measure_speed"]

_PASSAGES, _LENGTH, _REPEATS = 6_000, 300, 3


def measure_speed(model: Path, news: Path) -> str:
    """One line: load time, and passages a second by the clock and by processor time, best of three."""
    began = time.perf_counter()
    embedder = load_embedder(str(model))
    loading = time.perf_counter() - began
    pieces = (
        text[i : i + _LENGTH] for text in read_news(news).values() for i in range(0, len(text) - _LENGTH, _LENGTH)
    )
    passages = [piece for _, piece in zip(range(_PASSAGES), pieces, strict=False)]
    wall, processor = [], []
    for _ in range(_REPEATS):
        wall_began, processor_began = time.perf_counter(), time.process_time()
        embedder.encode_documents(passages)
        wall.append(time.perf_counter() - wall_began)
        processor.append(time.process_time() - processor_began)
    pace, per_core = len(passages) / min(wall), len(passages) / min(processor)
    return (
        f"Loads in {loading:.2f} s; encodes {pace:,.0f} passages of {_LENGTH} characters a second,"
        f" {per_core:,.0f} a second of processor time (load {os.getloadavg()[0]:.1f} on {os.cpu_count()} processors)."
    )
