"""LangChain's stock recipe on the same questions: the baseline to beat.

Run: pip install -e '.[bench]' && python -m benchmarks.stock_recipe QUESTIONS seeds

RecursiveCharacterTextSplitter with its defaults, LangChain's FAISS store, and the same embedding model. It has no
reader without a language model, so its answer is the first chunk as it stands; it never refuses.
"""

from __future__ import annotations

import argparse
import time
import warnings
from collections.abc import Sequence
from pathlib import Path

from langchain_core.documents import Document
from langchain_text_splitters import RecursiveCharacterTextSplitter

from index.build import read_pages
from index.embedding import load_embedder
from index.schema import Page
from rag.evaluation.__main__ import format_table
from rag.evaluation.matching import evidence_spans
from rag.evaluation.questions import EvalQuestion, load_questions
from rag.evaluation.report import Outcome, summarise

_DEPTH = 10


def main(argv: Sequence[str] | None = None) -> None:
    """Build, ask, print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("questions", type=Path)
    parser.add_argument("pages", type=Path)
    parser.add_argument("--model", default="builtin")
    parser.add_argument("--chunk-size", type=int, default=4000, help="default: LangChain's, 4000 characters")
    parser.add_argument("--chunk-overlap", type=int, default=200, help="default: LangChain's, 200 characters")
    args = parser.parse_args(argv)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the package announces its own retirement
        from langchain_community.vectorstores import FAISS
    pages = {page.file: page for page in read_pages(args.pages)}
    splitter = RecursiveCharacterTextSplitter(
        chunk_size=args.chunk_size, chunk_overlap=args.chunk_overlap, add_start_index=True
    )
    whole = [Document(page.text, metadata={"file": page.file}) for page in pages.values()]
    chunks = splitter.split_documents(whole)
    store = FAISS.from_documents(chunks, load_embedder(args.model))
    outcomes = [_ask(question, store, chunks, pages) for question in load_questions(args.questions)]
    print(f"{len(chunks)} chunks of at most {args.chunk_size} characters")
    print(format_table(summarise(outcomes)))


def _ask(question: EvalQuestion, store: object, chunks: Sequence[Document], pages: dict[str, Page]) -> Outcome:
    start = time.perf_counter()
    found = store.similarity_search(question.question, k=_DEPTH)  # type: ignore[attr-defined]
    spent = (time.perf_counter() - start) * 1000
    first = found[0]
    begin = first.metadata["start_index"]
    verbatim = pages[first.metadata["file"]].text[begin : begin + len(first.page_content)] == first.page_content
    return Outcome(
        question=question,
        scores={_name(chunk): -float(rank) for rank, chunk in enumerate(found)},
        relevant=frozenset(_holder(evidence.file, evidence.quote, chunks, pages) for evidence in question.evidence),
        text=first.page_content,
        abstained=False,
        confidence=1.0,
        citations=1,
        verbatim=int(verbatim),
        milliseconds=spent,
    )


def _holder(file: str, quote: str, chunks: Sequence[Document], pages: dict[str, Page]) -> str:
    """The chunk that holds most of a quote."""
    places = evidence_spans(pages[file], quote)

    def held(chunk: Document) -> int:
        begin = chunk.metadata["start_index"]
        end = begin + len(chunk.page_content)
        return sum(max(0, min(end, place.end) - max(begin, place.start)) for place in places)

    of_page = [chunk for chunk in chunks if chunk.metadata["file"] == file]
    return _name(max(of_page, key=lambda chunk: (held(chunk), _name(chunk))))


def _name(chunk: Document) -> str:
    return f"{chunk.metadata['file']}:{chunk.metadata['start_index']:06}"


if __name__ == "__main__":
    main()
