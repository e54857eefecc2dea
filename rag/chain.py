"""How does a question become an answer? The LangChain chain: understand, retrieve, read, cite.

The one place where the stations meet. ``AnswerChain`` is a Runnable, so ``invoke``, ``stream``, ``batch``, their
async twins, callbacks and composition with ``|`` come from LangChain.
"""

from __future__ import annotations

import time
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

from langchain_core.callbacks import CallbackManagerForChainRun
from langchain_core.retrievers import BaseRetriever
from langchain_core.runnables import Runnable, RunnableConfig, patch_config
from langchain_core.runnables.config import run_in_executor

from index.store import Store
from rag.answerers.base import Extract, Reader, Reading
from rag.answerers.extractive import ExtractiveReader
from rag.citations import cite
from rag.config import RagConfig
from rag.question import Question, check_query, understand
from rag.retriever import PassageRetriever
from rag.schema import Answer, Citation, Hit, Trace, Turn

__all__ = ["AnswerChain", "ask"]

_ABSTAINS = {
    "zh": ("所查的文章里没有找到这个问题的答案。", "下面是最接近的段落，但它们不是答案。"),
    "en": ("The collection does not answer this question.", " The nearest passages are shown; they are not an answer."),
}


class AnswerChain(Runnable[str | Mapping[str, Any], Answer]):
    """Answers questions from one store.

    The input is the question, or a mapping with ``question`` and an optional ``history``: a list of
    :class:`rag.schema.Turn` or of mappings with ``question`` and ``answer``, oldest first. ``stream`` yields the
    answer so far, one quote longer each time; the last one is what ``invoke`` returns.

    Args:
        store: An open store.
        config: The settings; the defaults when None.
        reader: Who reads the passages; the extractive reader when None.
        retriever: Any LangChain retriever whose documents carry a passage's id, ``score`` and ``rank``, as those of
            :class:`rag.retriever.PassageRetriever`, which is the one when None.
    """

    def __init__(
        self,
        store: Store,
        config: RagConfig | None = None,
        *,
        reader: Reader | None = None,
        retriever: BaseRetriever | None = None,
    ) -> None:
        self.store = store
        self.config = config or RagConfig()
        self.reader: Reader = reader or ExtractiveReader(self.config.min_confidence)
        settings = self.config
        self.retriever = retriever or PassageRetriever(
            store=store,
            k=settings.passages_read,
            legs=settings.legs,
            since=settings.since,
            until=settings.until,
        )

    def invoke(self, input: str | Mapping[str, Any], config: RunnableConfig | None = None, **kwargs: Any) -> Answer:
        """Answer one question.

        Raises:
            RetrievalError: The question is empty or too long.
            AnswerError: A citation does not hold.
        """
        return self._call_with_config(self._answer, input, config, run_type="chain")

    def stream(
        self,
        input: str | Mapping[str, Any],
        config: RunnableConfig | None = None,
        **kwargs: Any,
    ) -> Iterator[Answer]:
        """The answer as it grows. Errors as for :meth:`invoke`."""
        yield from self._transform_stream_with_config(iter([input]), self._stream_inputs, config, run_type="chain")

    async def astream(
        self,
        input: str | Mapping[str, Any],
        config: RunnableConfig | None = None,
        **kwargs: Any,
    ) -> AsyncIterator[Answer]:
        """The answer as it grows, without blocking the event loop."""
        answers = self.stream(input, config)
        end = object()
        while (answer := await run_in_executor(config, next, answers, end)) is not end:
            yield answer  # type: ignore[misc]  # the sentinel is gone, mypy does not narrow object

    def _stream_inputs(
        self,
        inputs: Iterator[str | Mapping[str, Any]],
        run_manager: CallbackManagerForChainRun,
        config: RunnableConfig,
    ) -> Iterator[Answer]:
        for item in inputs:
            yield from self._grow(item, run_manager, config)

    def _answer(
        self, item: str | Mapping[str, Any], run_manager: CallbackManagerForChainRun, config: RunnableConfig
    ) -> Answer:
        *_, last = self._grow(item, run_manager, config)
        return last

    def _grow(
        self, item: str | Mapping[str, Any], run_manager: CallbackManagerForChainRun, config: RunnableConfig
    ) -> Iterator[Answer]:
        text, history = _read_input(item)
        asked = check_query(text)
        clock = _Clock()
        with clock.stage("understand"):
            question = understand(asked, history)
        with clock.stage("retrieve"):
            documents = self.retriever.invoke(
                question.query, patch_config(config, callbacks=run_manager.get_child("retrieve"))
            )
            hits = [Hit(str(d.id), d.metadata["score"], d.metadata["rank"]) for d in documents]
        with clock.stage("read"):
            reading = self.reader.read(question, hits, self.store)
        yield from self._write(asked, question, hits, reading, clock)

    def _write(
        self, asked: str, question: Question, hits: Sequence[Hit], reading: Reading, clock: _Clock
    ) -> Iterator[Answer]:
        def answer(text: str, citations: Sequence[Citation], nearest: Sequence[Citation] = ()) -> Answer:
            trace = Trace(question.query, tuple(hits), dict(clock.milliseconds), reading.reason)
            return Answer(
                question=asked,
                text=text,
                citations=tuple(citations),
                confidence=reading.confidence,
                abstained=not reading.extracts,
                nearest=tuple(nearest),
                trace=trace,
                partly=reading.partly,
                remarks=reading.remarks,
            )

        if not reading.extracts:
            shown = hits[: self.config.nearest_shown]
            with clock.stage("cite"):
                nearest = [self._nearest(hit, number) for number, hit in enumerate(shown, start=1)]
            refusal, pointer = _ABSTAINS[_language(asked)]
            yield answer(refusal + pointer if nearest else refusal, (), nearest)
            return
        citations: list[Citation] = []
        for number, extract in enumerate(reading.extracts, start=1):
            with clock.stage("cite"):
                citations.append(cite(self.store, extract, number))
            yield answer("\n".join(f"{c.quote}[{c.number}]" for c in citations), citations)

    def _nearest(self, hit: Hit, number: int) -> Citation:
        passage = self.store.passages[hit.passage_id]
        return cite(self.store, Extract(passage.passage_id, passage.start, passage.end), number)


def ask(store: Store, question: str, history: Sequence[Turn] = (), config: RagConfig | None = None) -> Answer:
    """Answer one question from a store, without a language model.

    Example:
        ``print(ask(open_store("store"), "谁出席了会议？").text)``

    Raises:
        RetrievalError: The question is empty or too long.
        AnswerError: A citation does not hold.
    """
    return AnswerChain(store, config).invoke({"question": question, "history": list(history)})


class _Clock:
    """Milliseconds per stage."""

    def __init__(self) -> None:
        self.milliseconds: dict[str, float] = {}

    @contextmanager
    def stage(self, name: str) -> Iterator[None]:
        start = time.perf_counter()
        try:
            yield
        finally:
            spent = (time.perf_counter() - start) * 1000
            self.milliseconds[name] = round(self.milliseconds.get(name, 0.0) + spent, 3)


def _read_input(item: str | Mapping[str, Any]) -> tuple[str, list[Turn]]:
    if isinstance(item, str):
        return item, []
    turns = item.get("history") or []
    return str(item["question"]), [turn if isinstance(turn, Turn) else Turn(**turn) for turn in turns]


def _language(text: str) -> str:
    return "zh" if any("\u3400" <= char <= "\u9fff" for char in text) else "en"
