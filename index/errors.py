"""Which failures does the indexing half raise, and what should the user do about each?

The full tree, with the answering half, is drawn in ``rag/errors.py``.
"""

from __future__ import annotations

__all__ = ["ModelError", "SourceError", "StoreError", "WenjuError"]


class WenjuError(Exception):
    """Base of every error we raise on purpose: what happened, then what to do.

    Args:
        what: One sentence that states the problem, with the names and numbers involved.
        fix: One sentence that tells the reader what to do next.
    """

    def __init__(self, what: str, fix: str) -> None:
        super().__init__(what, fix)  # both stay in args, so the error survives pickling
        self.what, self.fix = what, fix

    def __str__(self) -> str:
        return f"{self.what} {self.fix}"


class SourceError(WenjuError):
    """A page file or a folder of pages cannot be read."""


class ModelError(WenjuError):
    """An embedding model cannot be found or loaded."""


class StoreError(WenjuError):
    """A store is missing, damaged, or was built with other settings."""
