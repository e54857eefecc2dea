"""Which failures can answering raise? The answering half of one small tree.

::

    WenjuError               what happened, then what to do
    ├── SourceError           a page file or folder cannot be read            index.errors
    ├── ModelError            an embedding or chat model cannot be loaded     index.errors
    │   └── ReplyError        a chat model gave no usable reply
    ├── StoreError            a store is missing, damaged, or does not match  index.errors
    ├── RetrievalError        a question cannot be searched
    ├── AnswerError           an answer does not hold against its evidence
    ├── BundleError           a file of evidence cannot be written or read
    ├── JobError              vectors cannot be made by workers               index.job
    ├── BusyError             too many questions are waiting                  rag.api.work_queue
    │   └── StoppingError     the server is being stopped                     rag.api.work_queue
    ├── LeftError             who asked has left                              rag.api.work_queue
    ├── NotHereError          no article has this id                          rag.api.problems
    └── EvaluationError       questions or metrics cannot be evaluated
"""

from __future__ import annotations

from index.errors import ModelError, SourceError, StoreError, WenjuError

__all__ = [
    "AnswerError",
    "BundleError",
    "EvaluationError",
    "ModelError",
    "ReplyError",
    "RetrievalError",
    "SourceError",
    "StoreError",
    "WenjuError",
]


class ReplyError(ModelError):
    """A chat model gave no usable reply.

    Args:
        what: One sentence that states the problem.
        fix: What to do next.
        trouble: The problem in one word, for code; one of :class:`rag.llm.Trouble`.
    """

    def __init__(self, what: str, fix: str, trouble: str = "other") -> None:
        super().__init__(what, fix)
        self.args = (what, fix, trouble)  # all of them, so the error survives pickling
        self.trouble = trouble


class RetrievalError(WenjuError):
    """A question cannot be searched: it is empty or too long."""


class AnswerError(WenjuError):
    """An answer does not hold against its evidence, for example a quote that does not stand in the page."""


class BundleError(WenjuError):
    """A bundle of evidence cannot be written, or a file is none."""


class EvaluationError(WenjuError):
    """A file of questions cannot be used, or a metric was asked for something impossible."""
