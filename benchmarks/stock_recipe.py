"""LangChain's stock recipe on the same questions: the baseline to beat, as a run folder like `wenju eval` makes.

Run: pip install -e '.[bench]' && python -m benchmarks.stock_recipe QUESTIONS --collection seeds --out runs/stock

RecursiveCharacterTextSplitter, LangChain's FAISS store, and the same embedding model. It has no reader without a
language model, so its answer is the first chunk as it stands; it never refuses.
"""

from __future__ import annotations

import argparse
import time
import warnings
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from langchain_core.documents import Document
from langchain_text_splitters import RecursiveCharacterTextSplitter

from index.embedding import load_embedder
from index.schema import Page, Span
from rag.cli.evaluation import finish_run, provenance, show_summary
from rag.evaluation.collections import collection_pages
from rag.evaluation.matching import evidence_spans, supports
from rag.evaluation.questions import EvalQuestion, load_questions
from rag.evaluation.rows import Row
from rag.evaluation.run_folder import RunFolder
from rag.schema import Citation

_DEPTH = 100


def main(argv: Sequence[str] | None = None) -> None:
    """Build, ask, write the run folder, print the table."""
    args = _parse(argv)
    found = load_questions(args.questions)
    pages = {page.file: page for page in collection_pages(args.collection or found.texts)}
    start = time.perf_counter()
    chunks, store = _build(pages, args)
    print(f"{len(chunks)} chunks of at most {args.chunk_size} characters in {time.perf_counter() - start:.1f} s")
    folder = RunFolder(args.out)
    settings = {
        "questions": {"file": args.questions.name, "count": len(found.questions)},
        "collection": {"pages": len(pages), "passages": len(chunks), "model": args.model},
        "config": {"recipe": "stock", "chunk_size": args.chunk_size, "chunk_overlap": args.chunk_overlap},
        "provenance": provenance(),
    }
    folder.begin(settings, found.questions)
    rows = [_ask(question, store, chunks, pages) for question in found.questions]
    for row in rows:
        folder.append(row)
    show_summary(finish_run(folder, rows))


def _build(pages: Mapping[str, Page], args: argparse.Namespace) -> tuple[list[Document], Any]:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the package announces its own retirement
        from langchain_community.vectorstores import FAISS
    splitter = RecursiveCharacterTextSplitter(
        chunk_size=args.chunk_size, chunk_overlap=args.chunk_overlap, add_start_index=True
    )
    whole = [Document(page.text, metadata={"file": page.file}) for page in pages.values()]
    chunks = splitter.split_documents(whole)
    return chunks, FAISS.from_documents(chunks, load_embedder(args.model))


def _ask(question: EvalQuestion, store: Any, chunks: Sequence[Document], pages: Mapping[str, Page]) -> Row:
    start = time.perf_counter()
    found: list[Document] = store.similarity_search(question.question, k=_DEPTH)
    total = (time.perf_counter() - start) * 1000
    ranked: dict[str, float] = {}
    for rank, chunk in enumerate(found, start=1):
        ranked.setdefault(_unit(question, chunk), 1 / rank)
    first = _citation(found[0])
    page = pages[first.file]
    quotes = {n for n, evidence in enumerate(question.evidence) if supports(first, evidence, page)}
    documents = {n for n, name in enumerate(question.documents) if name in (first.file, Path(first.file).stem)}
    stands = page.text[first.spans[0].start : first.spans[0].end] == first.quote
    return Row(
        id=question.id,
        type=question.type,
        question=question.question,
        answers=question.answers,
        match=question.match,
        answerable=question.answerable,
        relevant=tuple(sorted(_relevant(question, chunks, pages))),
        ranked=ranked,
        answer=first.quote,
        citations=(first,),
        verbatim=int(stands),
        supporting=int(bool(quotes or documents)),
        supported=len(quotes or documents),
        evidence=len(question.evidence) or len(question.documents),
        confidence=1.0,
        timings={"total": round(total, 3)},
        query=question.question,
    )


def _citation(chunk: Document) -> Citation:
    begin, text = chunk.metadata["start_index"], chunk.page_content
    span = Span(begin, begin + len(text))
    return Citation(1, chunk.metadata["file"], "", chunk.metadata["file"], _name(chunk), 1, 1, (span,), text)


def _relevant(question: EvalQuestion, chunks: Sequence[Document], pages: Mapping[str, Page]) -> set[str]:
    if question.evidence:
        return {_holder(evidence.file, evidence.quote, chunks, pages) for evidence in question.evidence}
    files = {name: file for file in pages for name in (file, Path(file).stem)}
    return {files[document] for document in question.documents}


def _unit(question: EvalQuestion, chunk: Document) -> str:
    return _name(chunk) if question.evidence else str(chunk.metadata["file"])


def _holder(file: str, quote: str, chunks: Sequence[Document], pages: Mapping[str, Page]) -> str:
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


def _parse(argv: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("questions", type=Path)
    parser.add_argument("--collection", type=Path, help="pages or a corpus (default: the questions' own)")
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--model", default="builtin")
    parser.add_argument("--chunk-size", type=int, default=4000, help="default: LangChain's, 4000 characters")
    parser.add_argument("--chunk-overlap", type=int, default=200, help="default: LangChain's, 200 characters")
    return parser.parse_args(argv)


if __name__ == "__main__":
    main()
