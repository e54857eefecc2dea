"""The paper itself: what stands where on a printed sheet, and in which order it is read."""

__all__ = ["SCANS"]

SCANS = (".jpeg", ".jpg", ".png", ".tif", ".tiff")
"""Suffixes of pictures of printed sheets."""
