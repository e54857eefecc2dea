"""What must a store be able to do, wherever it keeps its passages? The two legs of a search, and what they find.

:mod:`index.store.opened` keeps all in files of one machine, :mod:`index.milvus.reader` in a Milvus cluster. A passage
has a row number in both.
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Mapping, Sequence
from typing import Any, Protocol, runtime_checkable

from index.embedding import Vectors
from index.schema import Filter, Kind, Passage

__all__ = ["Catalog", "DenseLeg", "LexicalLeg", "Passages"]


@runtime_checkable  # as are the others: pydantic asks it of what stands in a model
class DenseLeg(Protocol):
    """Search by meaning."""

    def __len__(self) -> int:
        """How many passages."""

    def search(self, vector: Vectors, k: int, allowed: Any = None) -> list[tuple[int, float]]:
        """The nearest of the rows that are allowed: pairs of row and cosine, highest first, equal ones by row.

        Args:
            vector: (dim,) float32 of length 1.
            k: How many, 1 or more.
            allowed: What the store's catalog selected; every row when None.
        """

    def vectors(self, rows: Sequence[int]) -> Vectors:
        """The vectors of some rows: (len(rows), dim) float32."""


@runtime_checkable
class LexicalLeg(Protocol):
    """Search by words."""

    def __len__(self) -> int:
        """How many passages."""

    def search(self, query: str, k: int, allowed: Any = None) -> list[tuple[int, float]]:
        """The best of the rows that are allowed: pairs of row and BM25 score above 0, highest first, equal by row."""

    def scores(self, query: str, rows: Sequence[int]) -> list[float]:
        """BM25 scores, 0.0 or more, of some rows."""

    def idf(self, word: str) -> float:
        """How telling a folded word is; see :meth:`index.search.bm25.LexicalIndex.idf`."""


class Passages(Mapping[str, Passage]):
    """Passages by id, in row order."""

    @abstractmethod
    def at(self, rows: Sequence[int]) -> list[Passage]:
        """The passages of some rows, in their order."""

    @abstractmethod
    def id_at(self, row: int) -> str:
        """The passage_id of a row."""

    @abstractmethod
    def row(self, passage_id: str) -> int:
        """The row of a passage.

        Raises:
            KeyError: There is no such passage.
        """


@runtime_checkable
class Catalog(Protocol):
    """What is known of the articles without reading them."""

    @property
    def undated(self) -> int:
        """How many articles are of unknown date."""

    def kinds(self) -> list[Kind]:
        """The kinds of article that there are."""

    def days(self) -> list[str]:
        """The ISO days of publication that there are, in order."""

    def select(self, wanted: Filter) -> Any:
        """What the legs take as ``allowed``; None where every row is."""

    def count(self, file: str | None = None) -> int:
        """How many articles a page has; without one, how many there are."""

    def article_ids(self, file: str | None = None, offset: int = 0, limit: int | None = None) -> list[str]:
        """A stretch of the articles of a page, or of all, in order."""

    def pages(self, offset: int = 0, limit: int | None = None) -> list[dict[str, Any]]:
        """A stretch of the pages: of each its file, how many articles, passages and broken sentences, its days."""
