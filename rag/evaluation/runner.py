"""How are all questions asked? One after the other or by several workers; every row is written as soon as it is known,
so that a run that was killed goes on where it stopped.
"""

from __future__ import annotations

import re
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import replace
from multiprocessing import get_context
from pathlib import Path

from index.store.opened import Store, open_store
from rag.chain import AnswerChain
from rag.citations import check, check_copy
from rag.config import RagConfig
from rag.errors import AnswerError, EvaluationError, WenjuError
from rag.evaluation.matching import GoldIndex, supports
from rag.evaluation.questions import EvalQuestion
from rag.evaluation.rows import Row
from rag.llm import StreamingModel
from rag.retrieval.retriever import search
from rag.schema import Answer, Citation, Place, Warns

__all__ = ["Examiner", "ask_all", "check_gold"]

_RUN_DEPTH = 100  # passages of each ranking that are kept
_MOST_LISTED = 5
_MARKER = re.compile(r"\[\d+\]")
_CHUNK = 8  # questions handed to a worker at once


def check_gold(store: Store, questions: Sequence[EvalQuestion]) -> None:
    """See that all gold is in the collection, before anything is asked.

    Raises:
        EvaluationError: Some is not; the first few are listed.
    """
    gold = GoldIndex(store)
    faults = [f"{question.id}: {fault}" for question in questions for fault in gold.missing(question)]
    if faults:
        listed = "; ".join(faults[:_MOST_LISTED])
        more = f"; and {len(faults) - _MOST_LISTED} more" if len(faults) > _MOST_LISTED else ""
        raise EvaluationError(
            f"Gold is not in the collection: {listed}{more}.",
            "Correct the questions, or evaluate on the collection they were written for.",
        )


class Examiner:
    """Asks one question and sets what came back against its gold.

    Args:
        store: The collection.
        config: How to ask.
        llm: A chat model that writes the answers; the one that ``config`` names when None.
    """

    def __init__(self, store: Store, config: RagConfig, llm: StreamingModel | None = None) -> None:
        self._store, self._config = store, config
        self._chain = AnswerChain(store, config, llm=llm)
        self._gold = GoldIndex(store)

    def ask(self, question: EvalQuestion) -> Row:
        """Ask; an error of ours becomes part of the row."""
        start = time.perf_counter()
        try:
            answer = self._chain.invoke({"question": question.question, "history": list(question.history)})
        except WenjuError as error:
            return self._row(question, None, start, str(error))
        return self._row(question, answer, start, "")

    def _row(self, question: EvalQuestion, answer: Answer | None, start: float, error: str) -> Row:
        total = round((time.perf_counter() - start) * 1000, 3)
        row = Row(
            id=question.id,
            type=question.type,
            question=question.question,
            answers=question.answers,
            match=question.match,
            answerable=question.answerable,
            relevant=tuple(sorted(self._gold.relevant(question))),
            evidence=len(question.evidence) or len(question.documents),
            timings={"total": total},
            error=error,
        )
        if answer is None:
            return row
        held = [self._supports(question, citation) for citation in answer.citations]
        return replace(
            row,
            ranked=self._ranking(question, answer),
            answer=_words(answer),
            direct=answer.direct,
            citations=answer.citations,
            verbatim=sum(_stands(self._store, citation) for citation in answer.citations),
            supporting=sum(map(bool, held)),
            supported=len(set().union(*held)),
            abstained=answer.abstained,
            confidence=answer.confidence,
            timings={**answer.trace.timings, "total": total},
            query=answer.trace.query,
            reason=answer.trace.reason,
        )

    def _ranking(self, question: EvalQuestion, answer: Answer) -> dict[str, float]:
        """Unit -> score, each unit at the rank of its first passage; deeper than the reader reads."""
        ranking: dict[str, float] = {}
        for hit in search(self._store, answer.trace.query, _RUN_DEPTH, legs=self._config.legs):
            ranking.setdefault(self._gold.unit(question, hit.passage_id), hit.score)
        return ranking

    def _supports(self, question: EvalQuestion, citation: Citation) -> set[int]:
        """Numbers of the gold evidence that a citation is about."""
        places: list[Citation | Place] = [citation, *citation.also]
        pages = self._store.pages
        if question.evidence:
            gold = enumerate(question.evidence)
            return {n for n, quote in gold if any(supports(place, quote, pages[place.file]) for place in places)}
        names = {name for place in places for name in (place.file, Path(place.file).stem)}
        return {n for n, document in enumerate(question.documents) if document in names}


def ask_all(
    path: Path,
    questions: Sequence[EvalQuestion],
    config: RagConfig,
    workers: int = 1,
    llm: StreamingModel | None = None,
) -> Iterator[Row]:
    """Ask questions of the store at a path.

    Args:
        path: The store's folder.
        questions: What to ask.
        config: How to ask.
        workers: Processes, each with its own view of the store; 1 asks in this one.
        llm: A chat model object to write the answers, with one worker only; ``config.llm`` names one for any number.

    Yields:
        A row per question, in the order of the questions.
    """
    if workers <= 1:
        examiner = Examiner(open_store(path), config, llm)
        yield from map(examiner.ask, questions)
        return
    with ProcessPoolExecutor(
        workers,
        mp_context=get_context("spawn"),  # a forked child would inherit the threads of FAISS and torch half-dead
        initializer=_start_worker,
        initargs=(path, config),
    ) as pool:
        yield from pool.map(_ask_in_worker, questions, chunksize=_CHUNK)


_worker: dict[str, Examiner] = {}  # what a worker process keeps between questions


def _start_worker(path: Path, config: RagConfig) -> None:
    _worker["examiner"] = Examiner(open_store(path), config)


def _ask_in_worker(question: EvalQuestion) -> Row:
    return _worker["examiner"].ask(question)


def _words(answer: Answer) -> str:
    """What was answered without ``[n]``: the direct answer and the quotes, or what a language model wrote.

    Of a refusal, what it says that the pages have instead; empty when it says nothing.
    """
    if answer.abstained:
        return "\n".join(remark.text for remark in answer.remarks if remark.warns is Warns.MISMATCH)
    if answer.generated:
        return _MARKER.sub("", answer.text)
    return "\n".join([*([answer.direct] if answer.direct else []), *(c.quote for c in answer.citations)])


def _stands(store: Store, citation: Citation) -> bool:
    try:
        check(citation, store.pages[citation.file])
        for place in citation.also:
            check_copy(citation, place, store.pages[place.file])
    except AnswerError:
        return False
    return True
