"""What did a build make of each file? A few lines in the terminal, and ``--report`` as one HTML file."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from importlib.resources import files
from pathlib import Path

from index.build import Failure
from index.reading.account import Account, account_of
from index.schema import Layout, Page
from index.store.opened import Manifest
from rag.errors import WenjuError

__all__ = ["BuildReport"]

_MOST_KINDS = 6  # of lines left over, that are named in the terminal
_MOST_DOUBTS = 200  # of one page, in the HTML file


class BuildReport:
    """Counts what is read, page by page; it is called as :data:`index.build.OnLayout`.

    Args:
        detailed: Whether to keep each page that a person may want to look at, for :meth:`write`.
    """

    def __init__(self, *, detailed: bool = False) -> None:
        self._detailed = detailed
        self._characters = self._read = self._lost = self._doubts = 0
        self._left_over: Counter[str] = Counter()
        self._pages: list[Account] = []

    def __call__(self, page: Page, layout: Layout) -> None:
        """Count a page."""
        account = account_of(page, layout)
        self._characters += account.characters
        self._read += account.read
        self._lost += account.lost
        self._doubts += len(account.doubts)
        self._left_over.update(dict(account.left_over))
        if self._detailed:
            self._pages.append(account)

    def rows(self) -> list[tuple[str, str]]:
        """What was read of what was there, what was left out, and what is in doubt: label and words."""
        share = self._read / self._characters if self._characters else 1.0
        told = [("字数", f"{self._characters:,} 字，{self._read:,} 字归入文章（{share:.1%}）")]
        if self._left_over:
            kinds = self._left_over.most_common(_MOST_KINDS)
            more = "……" if len(self._left_over) > len(kinds) else ""
            told.append(("版外", "，".join(f"{why} {count:,} 字" for why, count in kinds) + more))
        if self._lost:
            told.append(("遗漏", f"{self._lost:,} 字既不在文章里，也不在版外；请把版面发给我们"))
        if self._doubts:
            told.append(("存疑", f"{self._doubts:,} 处，用 --report FILE.html 逐处查看"))
        return told

    def write(self, path: Path, manifest: Manifest, failures: Sequence[Failure]) -> None:
        """Write the report: the sums, the files that could not be read, then page by page what to look at.

        Raises:
            WenjuError: The file cannot be written.
        """
        from jinja2 import Environment, StrictUndefined

        environment = Environment(autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True)
        template = environment.from_string(files("rag.cli").joinpath("built.html.j2").read_text(encoding="utf-8"))
        html = template.render(
            manifest=manifest, rows=self.rows(), failures=failures, pages=self._pages, most_doubts=_MOST_DOUBTS
        )
        try:
            path.write_text(html, encoding="utf-8", errors="backslashreplace")
        except OSError as error:
            raise WenjuError(
                f"{path} cannot be written ({error.strerror or error}).", "Name another file with --report."
            ) from None
