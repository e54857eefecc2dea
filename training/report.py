"""Where does a run tell how far it is? On standard error, one line with the time spent so far."""

from __future__ import annotations

import sys
import time

__all__ = ["report"]

_BEGAN = time.monotonic()


def report(line: str) -> None:
    """Say how far the run is."""
    sys.stderr.write(f"[{time.monotonic() - _BEGAN:7.1f}s] {line}\n")
    sys.stderr.flush()
