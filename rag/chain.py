"""How does a question become an answer? The LangChain chain: understand, retrieve, read, write, cite.

The one place where the stations meet. ``AnswerChain`` is a Runnable, so ``invoke``, ``stream``, ``batch``, their
async twins, callbacks and composition with ``|`` come from LangChain.
"""

from __future__ import annotations

import time
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

from langchain_core.callbacks import CallbackManagerForChainRun
from langchain_core.retrievers import BaseRetriever
from langchain_core.runnables import Runnable, RunnableConfig, patch_config
from langchain_core.runnables.config import run_in_executor

from index.store.opened import Store
from index.text import is_chinese
from rag.answerers.base import Extract, Reader, Reading
from rag.answerers.broad.answering import survey
from rag.answerers.broad.survey import Desk, Survey
from rag.answerers.extractive import ExtractiveReader
from rag.answerers.generated import Draft, Sentence, Writer
from rag.answerers.parts import read_question
from rag.answerers.talk import answer_talk
from rag.citations import cite
from rag.config import RagConfig
from rag.errors import RetrievalError
from rag.llm import StreamingModel, load_chat_model
from rag.query.conversation import complete, turns_of
from rag.query.kind import Wanted, read_kind
from rag.query.question import Question, check_query, understand
from rag.retrieval.ranking import explain
from rag.retrieval.retriever import PassageRetriever
from rag.schema import REFUSALS, Answer, Citation, Entry, Hit, QuestionKind, Trace, Turn, Warns

__all__ = ["AnswerChain", "ask"]

_INPUT = "Give the question as a text, or as {'question': …, 'history': [{'question': …, 'answer': …}]}."
_LONGEST_SHOWN = 80  # characters of what cannot be read
_NEAR = 0.02  # score of a passage below which it has nothing to do with the question and is not shown
_REPEATS = 0.7  # share of the quotes from which a direct answer before them would only repeat them


class AnswerChain(Runnable[str | Mapping[str, Any], Answer]):
    """Answers questions from one store.

    The input is the question, or a mapping with ``question`` and an optional ``history``: a list of
    :class:`rag.schema.Turn`, of mappings with ``question`` and ``answer``, or of OpenAI's messages (``role`` and
    ``content``), oldest first. ``stream`` yields the
    answer so far, one quote or sentence longer each time; the last one is what ``invoke`` returns. What was yielded is
    never taken back: the text of each begins with that of the one before.

    Args:
        store: An open store.
        config: The settings; the defaults when None.
        reader: Who reads the passages; the extractive reader when None.
        retriever: Any LangChain retriever whose documents carry a passage's id, ``score`` and ``rank``, as those of
            :class:`rag.retrieval.retriever.PassageRetriever`, which is the one when None.
        llm: A chat model that writes the answer from the passages; the one that ``config`` names when None. What the
            reader quotes stands in where it fails.

    Raises:
        ModelError: The chat model that ``config`` names cannot be used.
    """

    def __init__(
        self,
        store: Store,
        config: RagConfig | None = None,
        *,
        reader: Reader | None = None,
        retriever: BaseRetriever | None = None,
        llm: StreamingModel | None = None,
    ) -> None:
        self.store = store
        self.config = config or RagConfig()
        self.reader: Reader = reader or ExtractiveReader(self.config.min_confidence)
        settings = self.config
        if llm is None and settings.llm:
            llm = load_chat_model(settings.llm, settings.llm_base_url, settings.llm_timeout)
        self.writer = Writer(llm, settings.llm_timeout) if llm is not None else None
        self.retriever = retriever or PassageRetriever(
            store=store,
            k=settings.passages_read,
            legs=settings.legs,
            since=settings.since,
            until=settings.until,
            files=settings.files,
            kinds=settings.kinds,
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
            completed = complete(asked, history)
            question = understand(completed.text, asked)
            wanted = read_kind(completed.text)
        if completed.talk:
            yield answer_talk(completed.talk, asked, completed.text)
            return

        if wanted.kind is not QuestionKind.FACT:
            desk = Desk(self.store, self.reader, self.config)
            with clock.stage("read"):
                found = survey(question, wanted, desk)
            if found is not None:
                yield from self._surveyed(found, question, wanted, desk, clock, config)
                return

        def find(part: Question) -> list[Hit]:
            with clock.stage("retrieve"):
                documents = self.retriever.invoke(
                    part.query, patch_config(config, callbacks=run_manager.get_child("retrieve"))
                )
                return [Hit(str(d.id), d.metadata["score"], d.metadata["rank"]) for d in documents]

        with clock.stage("read"):
            hits, reading = read_question(question, find, self.reader, self.store)
        features = explain(self.store, question.query, hits) if self.config.trace else {}
        children = patch_config(config, callbacks=run_manager.get_child("write"))
        drafts = self._drafts(question, hits, reading, children)
        while True:
            with clock.stage("write" if self.writer else "read"):
                draft = next(drafts, None)
            if draft is None:
                return
            trace = Trace(question.query, tuple(hits), reason=draft.reason, features=features)
            yield self._answer_of(draft, asked, trace, clock)

    def _surveyed(
        self, found: Survey, question: Question, wanted: Wanted, desk: Desk, clock: _Clock, config: RunnableConfig
    ) -> Iterator[Answer]:
        """The answer of a survey; a chat model may word it, from the passages that it quotes."""
        hits = _ranked(desk.hits)
        query = " ".join(found.searched) or question.query
        trace = Trace(query, tuple(hits), reason=found.reason, kind=found.kind, taken=wanted.words)
        if self.writer and found.parts:
            quoted = dict.fromkeys(part.extract.passage_id for part in found.parts)
            evidence = [Hit(name, 1.0, rank) for rank, name in enumerate(quoted, start=1)]
            for draft in self.writer.write(question, evidence, found.reading, self.store, config):
                answer = self._answer_of(draft, question.asked, replace(trace, reason=draft.reason), clock)
                yield replace(answer, kind=found.kind, count=found.count)
            return
        with clock.stage("cite"):
            citations = [cite(self.store, part.extract, number) for number, part in enumerate(found.parts, start=1)]
        lines = [found.direct] if found.direct else []
        for part, citation in zip(found.parts, citations, strict=True):
            lines += [part.head] if part.head else []
            lines.append(f"{citation.quote}[{citation.number}]")
        yield Answer(
            question=question.asked,
            text="\n".join(lines),
            citations=tuple(citations),
            confidence=found.confidence,
            abstained=not citations,
            trace=replace(trace, timings=dict(clock.milliseconds)),
            partly=found.partly,
            remarks=found.remarks,
            direct=found.direct if citations else "",
            kind=found.kind,
            entries=tuple(
                Entry(
                    c.article_id, c.file, c.headline, self.store.articles[c.article_id].date, c.number, p.item, p.when
                )
                for p, c in zip(found.parts, citations, strict=True)
                if p.listed
            ),
            count=found.count,
            comparison=found.comparison,
        )

    def _drafts(
        self, question: Question, hits: Sequence[Hit], reading: Reading, config: RunnableConfig
    ) -> Iterator[Draft]:
        if self.writer:
            yield from self.writer.write(question, hits, reading, self.store, config)
            return
        quotes = [self._quote(extract, number) for number, extract in enumerate(reading.extracts, start=1)]
        for count in range(1, len(quotes) + 1) if quotes else [0]:
            yield Draft(
                tuple(quotes[:count]),
                reading.confidence,
                reading.reason,
                reading.partly,
                tuple(reading.remarks),
                reading.direct,
                reading.instead,
            )

    def _quote(self, extract: Extract, number: int) -> Sentence:
        return Sentence(cite(self.store, extract, number).quote, (extract,), quoted=True)

    def _answer_of(self, draft: Draft, asked: str, trace: Trace, clock: _Clock) -> Answer:
        with clock.stage("cite"):
            if draft.sentences:
                text, citations = self._cited(draft.sentences)
                nearest: list[Citation] = []
                if _tells_more(draft.direct, citations):
                    text = f"{draft.direct}\n{text}"
            else:
                text, nearest = self._refusal(draft, trace.hits, chinese=is_chinese(asked))
                citations = []
        return Answer(
            question=asked,
            text=text,
            citations=tuple(citations),
            confidence=draft.confidence,
            abstained=not draft.sentences,
            nearest=tuple(nearest),
            trace=replace(trace, timings=dict(clock.milliseconds)),
            partly=draft.partly,
            remarks=draft.remarks,
            generated=any(not sentence.quoted for sentence in draft.sentences),
            direct=draft.direct if draft.sentences else "",
        )

    def _refusal(self, draft: Draft, hits: Sequence[Hit], *, chinese: bool) -> tuple[str, list[Citation]]:
        """The words of a refusal, and what to show beside it: what contradicts the question, else likely passages."""
        words = REFUSALS["zh" if chinese else "en"]
        if draft.instead:
            told = " ".join(remark.text for remark in draft.remarks if remark.warns is Warns.MISMATCH)
            shown = [cite(self.store, extract, number) for number, extract in enumerate(draft.instead, start=1)]
            return f"{words['refusal']}{words['gap']}{told}", shown
        near = [hit for hit in hits[: self.config.nearest_shown] if hit.score >= _NEAR]
        shown = [self._nearest(hit, number) for number, hit in enumerate(near, start=1)]
        return (f"{words['refusal']}{words['gap']}{words['near']}" if shown else words["refusal"]), shown

    def _cited(self, sentences: Sequence[Sentence]) -> tuple[str, list[Citation]]:
        """The sentences with their numbers, and a checked citation for each number; a place has one number."""
        numbers: dict[tuple[str, int, int], int] = {}
        citations: list[Citation] = []
        lines: list[str] = []
        for sentence in sentences:
            marks, known = "", len(citations)
            for extract in sentence.extracts:
                passage = self.store.passages.get(extract.passage_id)
                place = (passage.article_id if passage else extract.passage_id, extract.start, extract.end)
                if place not in numbers:
                    numbers[place] = len(numbers) + 1
                    citations.append(cite(self.store, extract, numbers[place]))
                marks += f"[{numbers[place]}]"
            if len(citations) > known or not sentence.quoted:  # else it stands above already
                lines.append(sentence.text + marks)
        return "\n".join(lines), citations

    def _nearest(self, hit: Hit, number: int) -> Citation:
        passage = self.store.passages[hit.passage_id]
        return cite(self.store, Extract(passage.passage_id, passage.start, passage.end), number)


def ask(store: Store, question: str, history: Sequence[Turn] = (), config: RagConfig | None = None) -> Answer:
    """Answer one question from a store; without a language model unless ``config`` names one.

    Example:
        ``print(ask(open_store("store"), "谁出席了会议？").text)``

    Raises:
        RetrievalError: The question is empty or too long.
        AnswerError: A citation does not hold.
    """
    return AnswerChain(store, config).invoke({"question": question, "history": list(history)})


def _ranked(hits: Sequence[Hit]) -> list[Hit]:
    """The passages of several searches, each once, as they came, ranked anew."""
    best = {hit.passage_id: hit for hit in reversed(hits)}
    return [Hit(name, best[name].score, rank) for rank, name in enumerate(dict.fromkeys(h.passage_id for h in hits), 1)]


def _tells_more(direct: str, citations: Sequence[Citation]) -> bool:
    """Whether a direct answer is worth a line of its own above the quotes."""
    return bool(direct) and len(direct) < _REPEATS * sum(len(citation.quote) for citation in citations)


class _Clock:
    """Milliseconds per stage; those of a stage within another count for the inner one only."""

    def __init__(self) -> None:
        self.milliseconds: dict[str, float] = {}
        self._within = [0.0]  # of each open stage, what stages inside it took

    @contextmanager
    def stage(self, name: str) -> Iterator[None]:
        start = time.perf_counter()
        self._within.append(0.0)
        try:
            yield
        finally:
            spent = (time.perf_counter() - start) * 1000
            own = spent - self._within.pop()
            self._within[-1] += spent
            self.milliseconds[name] = round(self.milliseconds.get(name, 0.0) + own, 3)


def _read_input(item: str | Mapping[str, Any]) -> tuple[str, list[Turn]]:
    """The question and the turns before it.

    Raises:
        RetrievalError: It is neither a text nor a mapping with a question, or the history is no list of turns.
    """
    if isinstance(item, str):
        return item, []
    told = item if isinstance(item, Mapping) else {}
    question, history = told.get("question"), told.get("history") or []
    if not isinstance(question, str) or set(told) - {"question", "history"}:
        raise RetrievalError(f"The chain cannot read {_shown(item)}.", _INPUT)
    if isinstance(history, str) or not isinstance(history, Sequence):
        raise RetrievalError(f"The history {_shown(history)} is no list of turns.", _INPUT)
    try:
        return question, turns_of(history)
    except (KeyError, TypeError, AttributeError):
        raise RetrievalError(f"The history {_shown(history)} holds something else than turns.", _INPUT) from None


def _shown(item: object) -> str:
    text = repr(item)
    return text if len(text) <= _LONGEST_SHOWN else f"{text[:_LONGEST_SHOWN]}…"
