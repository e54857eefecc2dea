"""Which failures can answering raise? The answering half of one small tree.

::

    NewsQAError               what happened, then what to do
    ├── SourceError           a page file or folder cannot be read            index.errors
    ├── ModelError            an embedding model cannot be loaded             index.errors
    ├── StoreError            a store is missing, damaged, or does not match  index.errors
    ├── RetrievalError        a question cannot be searched
    ├── AnswerError           an answer does not hold against its evidence
    └── EvaluationError       questions or metrics cannot be evaluated
"""

from __future__ import annotations

from index.errors import ModelError, NewsQAError, SourceError, StoreError

__all__ = [
    "AnswerError",
    "EvaluationError",
    "ModelError",
    "NewsQAError",
    "RetrievalError",
    "SourceError",
    "StoreError",
]


class RetrievalError(NewsQAError):
    """A question cannot be searched: it is empty or too long."""


class AnswerError(NewsQAError):
    """An answer does not hold against its evidence, for example a quote that does not stand in the page."""


class EvaluationError(NewsQAError):
    """A file of questions cannot be used, or a metric was asked for something impossible."""
