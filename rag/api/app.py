"""What is served on the one port? The typed API, OpenAI's, the agents' tools, and whatever is mounted beside them.

To put the window on the same port, mount it on the application before serving it::

    app = create_api(LiveStore(config.store), config, api)
    app = gr.mount_gradio_app(app, blocks, path="/")  # after ours: its path "/" takes what no route of ours took

Its requests then pass the same :class:`rag.api.security.SecurityMiddleware`: token (a browser asks for it as a
password), host and origin checks, headers with ``WINDOW_POLICY``, rate limit, access log. The store is
``app.state.stores()``, called once per question, and questions of the window that go through ``app.state.work_queue``
share its bound with all the others.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from typing import Any

import anyio.to_thread
from fastapi import FastAPI
from starlette.responses import HTMLResponse
from starlette.routing import Route

from index.store.opened import Store
from rag.api.chat import make_chat
from rag.api.page import guide_page
from rag.api.problems import PROBLEM_SCHEMAS, add_handlers
from rag.api.routes import make_routes
from rag.api.security import WINDOW_POLICY, SecurityMiddleware
from rag.api.service import Service
from rag.api.settings import ApiConfig
from rag.api.tools import AgentDoor
from rag.api.work_queue import WorkQueue
from rag.config import RagConfig
from rag.errors import WenjuError
from rag.version import program_version

__all__ = ["create_api"]

_ABOUT = """\
Ask Chinese newspaper pages; every citation is checked against its page before it is sent.

Errors are `application/problem+json` with `what` happened and what to do (`fix`). Where a token is asked for, send
`Authorization: Bearer TOKEN`. Agents find the tools `ask`, `search` and `read_article` at `/mcp` (MCP, streamable
HTTP); programs that speak OpenAI's API set their base URL to `/v1`.
"""


class _Api(FastAPI):
    """An application whose document describes its errors too."""

    def openapi(self) -> dict[str, Any]:
        told = super().openapi()
        told["components"]["schemas"] |= PROBLEM_SCHEMAS
        return told


def create_api(
    store: Store | Callable[[], Store],
    config: RagConfig | None = None,
    api: ApiConfig | None = None,
    *,
    window_policy: str = WINDOW_POLICY,
) -> FastAPI:
    """The application over a store.

    Args:
        store: An open store, or a function that returns the one to answer from: a :class:`rag.live.LiveStore`.
        config: The settings of answering; the defaults when None.
        api: The settings of serving; the defaults when None.
        window_policy: Content-Security-Policy of what is mounted beside the API.

    Returns:
        The application; ``state`` has ``stores``, ``service`` and ``work_queue``.
    """
    config, api = config or RagConfig(), api or ApiConfig()
    stores = (lambda: store) if isinstance(store, Store) else store
    work_queue = WorkQueue(api.threads, api.waiting)
    service = Service(stores, config, api, work_queue)
    agents = AgentDoor(service)

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        with suppress(WenjuError):  # /readyz tells; a build may come
            await anyio.to_thread.run_sync(stores)  # so that the first question need not wait
        async with agents.open():
            yield
        work_queue.close()

    app = _Api(
        title="文据 Wenju",
        description=_ABOUT,
        version=program_version(),
        docs_url=None,  # its page loads scripts from another host
        redoc_url=None,
        lifespan=lifespan,
    )
    app.state.stores, app.state.service, app.state.work_queue = stores, service, work_queue
    add_handlers(app)
    app.include_router(make_routes(service))
    app.include_router(make_chat(service))
    app.router.routes.append(Route("/mcp", agents, include_in_schema=False))

    @app.get("/docs", include_in_schema=False)
    async def docs() -> HTMLResponse:
        return HTMLResponse(guide_page(app.openapi()))

    app.add_middleware(SecurityMiddleware, config=api, window_policy=window_policy)
    return app
