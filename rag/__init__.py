"""The asking half of Wenju: open a store, search it, ask it; every citation is checked.

Example::

    from rag import ask, open_store, search

    store = open_store("store")
    answer = ask(store, "谁出席了会议？")
    print(answer.text, answer.citations[0].file, answer.citations[0].first_line)

Names are loaded when first used, so that importing ``rag`` costs nothing.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from index.location import open_store
    from index.store.opened import Store
    from rag.answerers import Extract, Reader, Reading
    from rag.answerers.extractive import ExtractiveReader
    from rag.bundle import Bundle, check_bundle, make_bundle, read_bundle, sign_bundle, unchecked, write_bundle
    from rag.chain import AnswerChain, ask
    from rag.config import RagConfig
    from rag.errors import (
        AnswerError,
        BundleError,
        EvaluationError,
        ModelError,
        ReplyError,
        RetrievalError,
        SourceError,
        StoreError,
        WenjuError,
    )
    from rag.langchain.passage_store import PassageVectorStore
    from rag.live import LiveStore
    from rag.retrieval.retriever import PassageRetriever, search
    from rag.schema import Answer, Citation, Hit, Outcome, Remark, Trace, Turn, Warns

__all__ = [
    "Answer",
    "AnswerChain",
    "AnswerError",
    "Bundle",
    "BundleError",
    "Citation",
    "EvaluationError",
    "Extract",
    "ExtractiveReader",
    "Hit",
    "LiveStore",
    "ModelError",
    "Outcome",
    "PassageRetriever",
    "PassageVectorStore",
    "RagConfig",
    "Reader",
    "Reading",
    "Remark",
    "ReplyError",
    "RetrievalError",
    "SourceError",
    "Store",
    "StoreError",
    "Trace",
    "Turn",
    "Warns",
    "WenjuError",
    "ask",
    "check_bundle",
    "make_bundle",
    "open_store",
    "read_bundle",
    "search",
    "sign_bundle",
    "unchecked",
    "write_bundle",
]

_HOMES = {
    "index.location": {"open_store"},
    "index.store.opened": {"Store"},
    "rag.answerers": {"Extract", "Reader", "Reading"},
    "rag.answerers.extractive": {"ExtractiveReader"},
    "rag.bundle": {
        "Bundle",
        "check_bundle",
        "make_bundle",
        "read_bundle",
        "sign_bundle",
        "unchecked",
        "write_bundle",
    },
    "rag.chain": {"AnswerChain", "ask"},
    "rag.config": {"RagConfig"},
    "rag.live": {"LiveStore"},
    "rag.retrieval.retriever": {"PassageRetriever", "search"},
    "rag.schema": {"Answer", "Citation", "Hit", "Outcome", "Remark", "Trace", "Turn", "Warns"},
    "rag.langchain.passage_store": {"PassageVectorStore"},
}


def __getattr__(name: str) -> Any:
    if name not in __all__:
        raise AttributeError(f"module 'rag' has no attribute {name!r}")
    home = next((module for module, names in _HOMES.items() if name in names), "rag.errors")
    return getattr(import_module(home), name)


def __dir__() -> list[str]:
    return sorted(__all__)
