"""Which addresses does the typed API have? Ask, search, read, and how the server is."""

from __future__ import annotations

from datetime import date
from typing import Annotated

from fastapi import APIRouter, Query, Request
from starlette.responses import HTMLResponse, JSONResponse, Response

from index.schema import Kind
from rag.api.models import AnswerOut, ArticleOut, ArticlesOut, AskIn, Health, InfoOut, SearchIn, SearchOut
from rag.api.page import article_page
from rag.api.problems import DOCUMENTED, respond
from rag.api.service import Service
from rag.api.work_queue import unless_gone
from rag.config import Within
from rag.errors import WenjuError
from rag.query.question import LONGEST_QUERY

__all__ = ["make_routes"]


def make_routes(service: Service) -> APIRouter:
    """The routes over one service."""
    routes = APIRouter(responses=DOCUMENTED)

    @routes.post("/ask", tags=["questions"], summary="Answer a question with checked quotes")
    async def ask(asked: AskIn, request: Request) -> AnswerOut:
        """Every citation was checked against its page before it is sent.

        When the collection does not answer, `abstained` is true, and `nearest` has the nearest passages: that is an
        answer too, with status 200.
        """
        answer = await unless_gone(request.receive, service.ask(asked.question, asked.turns(), asked))
        return AnswerOut.model_validate(answer)

    @routes.post("/search", tags=["questions"], summary="Find passages")
    async def search(asked: SearchIn) -> SearchOut:
        """Passages instead of answers; none when nothing in the collection has to do with the query."""
        return await service.search(asked.query, asked.k, asked)

    @routes.get("/search", tags=["questions"], summary="Find passages, by address alone")
    async def search_by_address(
        q: Annotated[str, Query(min_length=1, max_length=LONGEST_QUERY, description="What to look for.")],
        k: Annotated[int, Query(ge=1, le=100, description="How many passages.")] = 5,
        since: Annotated[date | None, Query(description="Only articles of this day or later.")] = None,
        until: Annotated[date | None, Query(description="Only articles of this day or earlier.")] = None,
        file: Annotated[list[str] | None, Query(max_length=1000, description="Only articles of these pages.")] = None,
        kind: Annotated[list[Kind] | None, Query(max_length=20, description="Only articles of these kinds.")] = None,
    ) -> SearchOut:
        """As `POST /search`; but addresses are kept in many logs, so prefer that for what is nobody's business."""
        within = Within(since=since, until=until, files=tuple(file or ()), kinds=tuple(kind or ()))
        return await service.search(q, k, within)

    @routes.get("/articles", tags=["collection"], summary="List the articles")
    def articles(
        offset: Annotated[int, Query(ge=0, le=10**9, description="How many to pass over.")] = 0,
        limit: Annotated[int, Query(ge=1, le=500, description="How many at most.")] = 50,
        file: Annotated[str | None, Query(max_length=1000, description="Only those of this file.")] = None,
    ) -> ArticlesOut:
        return service.articles(offset, limit, file)

    @routes.get(
        "/article",
        tags=["collection"],
        summary="Read an article",
        response_model=ArticleOut,
        responses={404: {"description": "There is no such article."}, 200: {"content": {"text/html": {}}}},
    )
    def article(
        request: Request,
        id: Annotated[  # noqa: A002  # as it stands in the address
            str,
            Query(min_length=1, max_length=1000, description="Its `article_id`, percent-encoded: # is %23."),
        ],
        lines: Annotated[
            str | None, Query(pattern=r"^\d{1,7}(-\d{1,7})?$", description="Lines to mark, such as 12-14.")
        ] = None,
    ) -> Response:
        """The id goes into the query, since it holds / and #, which a path would not survive.

        A browser, which asks for `text/html`, gets a page to read; programs get JSON.
        """
        found = service.article(id)
        if "text/html" in request.headers.get("accept", ""):
            return HTMLResponse(article_page(found, lines))
        return JSONResponse(found.model_dump())

    @routes.get("/info", tags=["collection"], summary="What the collection holds")
    def info() -> InfoOut:
        return service.info()

    @routes.get("/healthz", tags=["server"], summary="Does the server live?")
    async def health() -> Health:
        return Health(status="ok")

    @routes.get("/readyz", tags=["server"], summary="Can it answer?", response_model=Health)
    def ready() -> Response:
        """503 until a collection is open; then 200, also while a newer one is being opened."""
        try:
            service.stores()
        except WenjuError:
            return respond(
                503, "There is no collection to answer from.", "Run `wenju build`, or wait until it is done."
            )
        return JSONResponse(Health(status="ready").model_dump())

    return routes
