"""What can be asked of a collection? One set of calls for the HTTP routes, for chat and for agents alike.

Each call takes the store of its moment and keeps it to its end, whatever is built meanwhile. Calls that search or
answer go through the :class:`rag.api.work_queue.WorkQueue`; the others only look something up.
"""

from __future__ import annotations

import logging
from collections.abc import AsyncGenerator, Callable, Sequence
from pathlib import PurePath
from typing import Any

from index.schema import Article
from index.store.opened import Store
from rag.api.models import ArticleHead, ArticleOut, ArticlesOut, InfoOut, LineOut, PassageOut, SearchOut
from rag.api.problems import NotHereError
from rag.api.settings import ApiConfig
from rag.api.work_queue import WorkQueue
from rag.chain import AnswerChain
from rag.config import RagConfig, Within
from rag.query.question import LONGEST_QUERY
from rag.retrieval.retriever import passage_document, search
from rag.schema import Answer, Turn
from rag.version import program_version

__all__ = ["Service"]

_ALL = Within()
_log = logging.getLogger("wenju.api")


class Service:
    """Answers, searches and reads.

    Args:
        stores: Returns the store to answer from, such as a :class:`rag.live.LiveStore`.
        config: The settings of answering.
        api: The settings of serving.
        work_queue: Who does the work.
    """

    def __init__(self, stores: Callable[[], Store], config: RagConfig, api: ApiConfig, work_queue: WorkQueue) -> None:
        self.stores, self.config, self.api, self.work_queue = stores, config, api, work_queue
        self._chain: AnswerChain | None = None

    async def ask(self, question: str, history: Sequence[Turn] = (), within: Within = _ALL) -> Answer:
        """The answer, from some articles or from all.

        Raises:
            BusyError: Too many questions are waiting.
            WenjuError: As for :func:`rag.chain.ask`, and there is no store.
        """
        self._note("ask", question)
        asked = {"question": question, "history": list(history)}
        return await self.work_queue.run(lambda: self._chain_for(within).invoke(asked))

    def stream(self, question: str, history: Sequence[Turn] = ()) -> AsyncGenerator[Answer, None]:
        """The answer as it grows; each begins with the one before. Errors as for :meth:`ask`."""
        self._note("chat", question)
        asked = {"question": question, "history": list(history)}
        return self.work_queue.stream(lambda: self._chain_for(_ALL).stream(asked))

    async def search(self, query: str, k: int, within: Within = _ALL) -> SearchOut:
        """The passages that fit best. Errors as for :func:`rag.retrieval.retriever.search`, and BusyError."""
        self._note("search", query)
        return await self.work_queue.run(lambda: self._search(query, k, within))

    def article(self, article_id: str) -> ArticleOut:
        """One article.

        Raises:
            NotHereError: There is none with this id.
        """
        store = self.stores()
        article = store.articles.get(article_id)
        if article is None:
            raise NotHereError("The collection has no such article.", "Take the `article_id` of a citation or passage.")
        page = store.pages[article.file].text
        return ArticleOut(
            **_head(article).model_dump(),
            kicker=list(article.kicker),
            subhead=list(article.subhead),
            byline=article.byline,
            date_source=str(article.date_source),
            text=article.text,
            lines=[
                LineOut(
                    number=line.number,
                    role=str(line.role),
                    text=page[line.span.start : line.span.end],
                    joined=line.joined,
                )
                for line in article.lines
            ],
            continues=article.continues.article_id if article.continues else None,
            continued_by=article.continued_by.article_id if article.continued_by else None,
        )

    def articles(self, offset: int, limit: int, file: str | None = None) -> ArticlesOut:
        """A stretch of the list of articles, of one file or of all."""
        store = self.stores()
        heads = [_head(store.articles[name]) for name in store.catalog.article_ids(file, offset, limit)]
        return ArticlesOut(total=store.catalog.count(file), offset=offset, articles=heads)

    def info(self) -> InfoOut:
        """What the collection holds. Where its files and its model lie is nobody's business."""
        manifest = self.stores().manifest
        return InfoOut(
            version=program_version(),
            pages=manifest.pages,
            articles=manifest.articles,
            passages=manifest.passages,
            unreadable=len(manifest.skipped),
            embedding=PurePath(manifest.settings.model).name,
            writer=self.config.llm,
            built_at=manifest.built_at,
            generation=manifest.generation,
            fingerprint=manifest.fingerprint,
            limits={
                "question_characters": LONGEST_QUERY,
                "body_bytes": self.api.largest_body,
                "requests_per_minute": self.api.rate or None,
                "questions_waiting": self.api.waiting,
            },
        )

    def _note(self, call: str, question: str) -> None:
        if self.api.log_questions:
            _log.info("%s: %r", call, question)

    def _search(self, query: str, k: int, within: Within) -> SearchOut:
        store = self.stores()
        passages = []
        for hit in search(store, query, k, legs=self.config.legs, **_bounds(within)):
            document = passage_document(store, store.passages[hit.passage_id], score=hit.score, rank=hit.rank)
            passages.append(PassageOut(passage_id=hit.passage_id, text=document.page_content, **document.metadata))
        return SearchOut(query=query, passages=passages)

    def _chain_for(self, within: Within) -> AnswerChain:
        store = self.stores()
        if bounds := {name: value for name, value in _bounds(within).items() if value}:
            return AnswerChain(store, self.config.model_copy(update=bounds))
        chain = self._chain
        if chain is None or chain.store is not store:
            chain = self._chain = AnswerChain(store, self.config)
        return chain


def _bounds(within: Within) -> dict[str, Any]:
    """What is said of the articles, without what else a question may say."""
    return {name: getattr(within, name) for name in Within.model_fields}


def _head(article: Article) -> ArticleHead:
    numbers = [line.number for line in article.lines]
    return ArticleHead(
        article_id=article.article_id,
        file=article.file,
        headline=article.title,
        kind=str(article.kind),
        date=article.date,
        first_line=min(numbers),
        last_line=max(numbers),
    )
