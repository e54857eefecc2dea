"""Readers: query and passages in, the stretches of text that answer out."""

from rag.answerers.base import Extract, Reader, Reading

__all__ = ["Extract", "Reader", "Reading"]
