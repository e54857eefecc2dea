"""How do the blocks of a document become the lines of a page? One collector for all formats that have blocks."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

__all__ = ["Gathered", "Row"]

_MARKS = "# |"
_SPACE = re.compile(r"[ \t\r\n\f]+")


@dataclass
class Row:
    """One line: its text, what it is where it belongs to no article, and whether a blank line stands above it."""

    text: str
    why: str = ""
    gap: bool = True


@dataclass
class Gathered:
    """Collects text line by line; a line without a visible character is none."""

    rows: list[Row] = field(default_factory=list)
    _parts: list[str] = field(default_factory=list)
    _why: str = ""
    _gap: bool = True

    def put(self, text: str) -> None:
        """Add text to the line under way; a line feed in it ends the line."""
        first, *others = text.split("\n")
        self._parts.append(first)
        for part in others:
            self.end(gap=False)
            self._parts.append(part)

    def end(self, *, gap: bool = True) -> None:
        """End the line under way.

        Args:
            gap: Whether a blank line stands below it; two ends without text between them make one, too.
        """
        text = "".join(self._parts).strip(" \t\r")
        shown = bool(text.strip().strip(_MARKS))
        if shown:
            self.rows.append(Row(text, self._why, self._gap))
        self._gap = gap or not shown
        self._parts = []

    def line(self, text: str, *, gap: bool = True) -> None:
        """Add a line of its own."""
        self.end(gap=gap)
        self.put(text)
        self.end(gap=gap)

    @contextmanager
    def apart(self, why: str) -> Iterator[None]:
        """What is put inside belongs to no article."""
        before = self._why
        self.end()
        self._why = why
        try:
            yield
        finally:
            self.end()
            self._why = before

    def set_apart(self, why: str) -> None:
        """The same for what is put from now on; empty for the articles' text."""
        if why != self._why:
            self.end()
            self._why = why

    def page(self) -> tuple[str, tuple[tuple[int, str], ...]]:
        """The text of the page, and the numbers of the lines that belong to no article, each with what it is."""
        parts: list[str] = []
        aside: list[tuple[int, str]] = []
        number = 0
        for row in self.rows:
            number += 1
            if parts:
                parts.append("\n\n" if row.gap else "\n")
                number += row.gap
            parts.append(row.text)
            if row.why:
                aside.append((number, row.why))
        return "".join([*parts, "\n"]) if parts else "", tuple(aside)
