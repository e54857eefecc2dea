"""What may the page's script ask for? Typed requests in, JSON out; nothing here decides anything itself."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Any
from urllib.parse import quote

from fastapi import APIRouter, FastAPI, Query, Request
from fastapi.responses import JSONResponse, Response, StreamingResponse
from fastapi.staticfiles import StaticFiles
from pydantic import BaseModel, ConfigDict, Field

from index.location import folder_of
from index.store.opened import Store
from rag.api.work_queue import WorkQueue
from rag.errors import RetrievalError, SourceError, StoreError, WenjuError
from rag.feedback import Verdict, save_feedback
from rag.live import LiveStore
from window.archive import Archive
from window.conversations import Conversations, GoneError, KeepingError
from window.examples import Starters
from window.export import bundle_file, conversation_file
from window.followups import find_followups
from window.found import Looked, find_articles
from window.library import Library, NotAllowedError
from window.recall import conversation_view, evidence_view
from window.shape import article_view
from window.sheets import Sheets, find_sheets
from window.talk import Asked, Event, Talk, problem

__all__ = ["WEB", "Backend", "Changed", "Felt", "add_routes"]

WEB = Path(__file__).parent / "web"
_ROWS = 200  # of the library's table at a time


class _FromBrowser(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Felt(_FromBrowser):
    """What a person thought of an answer."""

    answer: str = Field(max_length=40)
    verdict: Verdict | None
    word: str = Field(default="", max_length=2000)


class Stopped(_FromBrowser):
    """A question that nobody wants an answer to any more."""

    turn: str = Field(max_length=40)


class Changed(_FromBrowser):
    """What a person does with a conversation; see :meth:`window.conversations.Conversations.change`."""

    title: str | None = Field(default=None, max_length=400)
    pinned: bool | None = None
    deleted: bool | None = None


@dataclass
class Backend:
    """All that answers the page.

    Attributes:
        talk: Answers questions.
        work_queue: Where other work is done that takes a processor.
        library: Changes the collection.
        live: Holds the store.
        starters: Questions for the start page.
        sheets: Makes pictures of printed pages.
        conversations: What was asked and answered.
        archive: Tells the days.
        facts: What the window tells about its settings; nothing secret.
    """

    talk: Talk
    work_queue: WorkQueue
    library: Library
    live: LiveStore
    starters: Starters
    sheets: Sheets
    conversations: Conversations
    facts: dict[str, Any]
    archive: Archive = field(default_factory=Archive)

    def store(self) -> Store | None:
        """The store that answers now; None while the collection is empty."""
        try:
            return self.live()
        except StoreError:
            return None

    def filled(self) -> Store:
        """The store that answers now.

        Raises:
            GoneError: The collection is empty.
        """
        if store := self.store():
            return store
        raise GoneError("The collection is empty.", "Add pages in the library first.")

    def listed(self, find: str = "", start: int = 0) -> dict[str, Any]:
        """A stretch of the conversations, and how many there are.

        Raises:
            NotAllowedError: Anybody may come in here.
            KeepingError: They cannot be read.
        """
        if not self.facts["listed"]:
            raise NotAllowedError("Conversations are not listed where anybody may come in.", "Open one by its address.")
        rows, total = self.conversations.listed(find, start)
        return {"rows": rows, "total": total}

    def conversation(self, name: str) -> dict[str, Any]:
        """A conversation as the browser shows it; errors as those of :meth:`Conversations.conversation`."""
        return conversation_view(self.conversations.conversation(name), self.store(), self.talk.is_running)

    def article(self, name: str, passage: str = "") -> dict[str, Any]:
        """An article as the browser shows it, with a passage of it marked.

        Raises:
            GoneError: It is not in the collection.
        """
        store = self.filled()
        found, named = store.articles.get(name), store.passages.get(passage)
        if found is None:
            raise GoneError("This article is no longer in the collection.", "Open the library again.")
        marked = (named.start, named.end) if named and named.article_id == name else None
        return article_view(found, page=store.pages[found.file], marked=marked)

    async def found(self, looked: Looked) -> list[dict[str, Any]]:
        """The articles that have to do with a search; errors as those of :func:`window.found.find_articles`."""
        return await self.work_queue.run(lambda: find_articles(self.filled(), looked))


def add_routes(app: FastAPI, backend: Backend) -> None:
    """Give an application the routes of the window, all below ``/window``."""
    app.mount("/window/web", StaticFiles(directory=WEB), name="window-web")
    app.include_router(_answers(backend), include_in_schema=False)
    app.include_router(_conversations(backend), include_in_schema=False)
    app.include_router(_collection(backend), include_in_schema=False)

    async def tell(request: Request, error: Exception) -> JSONResponse:
        assert isinstance(error, WenjuError)  # noqa: S101  # as it is registered below
        status = {NotAllowedError: 403, GoneError: 410, KeepingError: 507}.get(type(error), 422)
        return JSONResponse({"error": problem(error)}, status_code=status)

    for kind in (NotAllowedError, GoneError, KeepingError, SourceError):
        app.add_exception_handler(kind, tell)


def _answers(backend: Backend) -> APIRouter:
    router = APIRouter(prefix="/window")

    def stream(events: AsyncIterator[Event]) -> StreamingResponse:
        async def lines() -> AsyncIterator[bytes]:
            async for event in events:
                yield json.dumps(event, ensure_ascii=False).encode() + b"\n"

        return StreamingResponse(lines(), media_type="application/x-ndjson", headers={"cache-control": "no-store"})

    @router.post("/ask")
    async def ask(asked: Asked) -> StreamingResponse:
        return stream(backend.talk.events(asked))

    @router.get("/follow")
    async def follow(turn: str) -> StreamingResponse:
        return stream(backend.talk.follow(turn))

    @router.post("/stop")
    async def stop(stopped: Stopped) -> dict[str, bool]:
        backend.talk.stop(stopped.turn)
        return {"stopped": True}

    @router.get("/followups")
    async def next_questions(answer: str) -> dict[str, list[str]]:
        return {"questions": await find_followups(backend.talk, answer)}

    @router.get("/evidence")
    def evidence(answer: str, number: int) -> dict[str, Any]:
        return evidence_view(backend.conversations.answer(answer), number, backend.filled())

    @router.post("/feedback")
    def feedback(felt: Felt) -> dict[str, bool]:
        bundle = backend.conversations.answer(felt.answer).bundle
        save_feedback(folder_of(backend.live.path), felt.answer, bundle, felt.verdict, felt.word)
        return {"kept": True}

    @router.get("/bundle")
    def bundle(answer: str) -> Response:
        kept = backend.conversations.answer(answer)
        return _download(bundle_file(kept.bundle), "application/json", "wenju-evidence.json")

    return router


def _conversations(backend: Backend) -> APIRouter:
    router = APIRouter(prefix="/window")
    conversations = backend.conversations

    @router.get("/conversations")
    def listed(find: Annotated[str, Query(max_length=400)] = "", start: int = 0) -> dict[str, Any]:
        return backend.listed(find, start)

    @router.get("/conversation")
    def conversation(name: str) -> dict[str, Any]:
        return backend.conversation(name)

    @router.patch("/conversation")
    def change(name: str, changed: Changed) -> dict[str, bool]:
        conversations.change(name, changed.title, pinned=changed.pinned, deleted=changed.deleted)
        return {"changed": True}

    @router.get("/export")
    def export(name: str) -> Response:
        packed = conversation_file(conversations.answers(name))
        return _download(packed, "application/zip", "wenju-conversation.zip")

    return router


def _collection(backend: Backend) -> APIRouter:
    router = APIRouter(prefix="/window")
    library, archive = backend.library, backend.archive

    @router.get("/state")
    def state() -> dict[str, Any]:
        store = backend.store()
        return {
            **backend.facts,
            "collection": _summary(store) if store else None,
            "examples": backend.starters.of(store) if store else [],
            "limits": library.limits(),
            "job": library.job.view(),
        }

    @router.post("/search")
    async def look(looked: Looked) -> dict[str, Any]:
        try:
            return {"articles": await backend.found(looked)}
        except RetrievalError as error:
            return {"articles": [], "error": problem(error, looked.query)}

    @router.get("/calendar")
    def calendar(paper: Annotated[str, Query(max_length=400)] = "") -> dict[str, Any]:
        return archive.calendar(backend.filled(), paper)

    @router.get("/day")
    def day(
        day: Annotated[str, Query(max_length=10)], paper: Annotated[str, Query(max_length=400)] = "", start: int = 0
    ) -> dict[str, Any]:
        return archive.day(backend.filled(), day, paper, start)

    @router.get("/article")
    def article(article: str, passage: str = "") -> dict[str, Any]:
        return backend.article(article, passage)

    @router.get("/sheet")
    async def sheet(file: Annotated[str, Query(max_length=400)], number: int) -> Response:
        page = find_sheets(backend.filled(), file)
        picture = await backend.work_queue.run(lambda: backend.sheets.picture(page, number))
        return Response(picture, media_type="image/jpeg", headers={"cache-control": "private, max-age=3600"})

    @router.get("/files")
    def files(find: str = "", start: int = 0) -> dict[str, Any]:
        rows = [row for row in library.files(backend.store()) if find.lower() in row["file"].lower()]
        return {"rows": rows[start : start + _ROWS], "total": len(rows)}

    @router.get("/file")
    def file(file: str) -> dict[str, Any]:
        return {"articles": library.articles_of(backend.filled(), file)}

    @router.post("/pages")
    async def add(request: Request, name: Annotated[str, Query(max_length=400)]) -> dict[str, Any]:
        return await library.add(name, request.stream())

    @router.delete("/pages")
    def remove(file: Annotated[str, Query(max_length=400)]) -> dict[str, bool]:
        library.remove(file)
        return {"removed": True}

    @router.post("/rebuild")
    def rebuild() -> dict[str, Any]:
        return library.rebuild().view()

    @router.get("/job")
    def job() -> dict[str, Any]:
        store = backend.store()
        return {**library.job.view(), "generation": store.manifest.generation if store else ""}

    return router


def _summary(store: Store) -> dict[str, Any]:
    manifest = store.manifest
    return {
        "pages": manifest.pages,
        "articles": manifest.articles,
        "passages": manifest.passages,
        "from": manifest.first_day or "",
        "to": manifest.last_day or "",
        "undated": manifest.undated,
        "kinds": sorted(map(str, store.catalog.kinds())),
        "model": manifest.settings.model.rpartition("/")[2],  # of a folder only its name
        "dim": manifest.dim,
        "built_at": manifest.built_at,
        "generation": manifest.generation,
        "skipped": len(manifest.skipped),
    }


def _download(data: bytes, kind: str, name: str) -> Response:
    headers = {"content-disposition": f"attachment; filename*=UTF-8''{quote(name)}", "cache-control": "no-store"}
    return Response(data, media_type=kind, headers=headers)
