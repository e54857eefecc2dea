"""Which tools do agents get? ``ask``, ``search`` and ``read_article``, by the Model Context Protocol.

Served over streamable HTTP, without sessions: each request stands for itself, so a restart or a second process loses
nothing. The protocol's own package is an optional extra, ``pip install 'wenju[mcp]'``.
"""

from __future__ import annotations

import json
import logging
import traceback
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from functools import partial
from importlib.util import find_spec
from typing import Any

import anyio.to_thread
from pydantic import BaseModel, ValidationError
from starlette.types import ASGIApp, Receive, Scope, Send

from rag.api.models import AnswerOut, ArticleOut, AskIn, ReadIn, SearchIn, SearchOut
from rag.api.problems import faults, problem_of, respond
from rag.api.service import Service
from rag.errors import WenjuError
from rag.version import program_version

__all__ = ["AgentDoor"]

_log = logging.getLogger("wenju.api")
_PATH = "/mcp"
_INSTRUCTIONS = (
    "A collection of Chinese newspaper pages. `ask` answers with verbatim quotes; each [n] is checked against its page "
    "by code, so repeat the quotes unchanged and keep the numbers. When `abstained` is true, the collection does not "
    "answer: say so, and do not answer from `nearest`. `search` finds passages, `read_article` gives a whole article."
)


@dataclass(frozen=True)
class _Tool:
    """A tool: what it is called with, what it gives, and who does it."""

    title: str
    description: str
    takes: type[BaseModel]
    gives: type[BaseModel]
    do: Callable[[Any], Awaitable[BaseModel]]


class AgentDoor:
    """The ASGI application at ``/mcp``; within :meth:`open` it answers.

    Args:
        service: Who answers.
    """

    def __init__(self, service: Service) -> None:
        self._service = service
        self._app: ASGIApp | None = None

    @asynccontextmanager
    async def open(self) -> AsyncIterator[None]:
        """Answer until left; without the optional package, say what to install."""
        if find_spec("mcp") is None:
            yield
            return
        app, running = _make_app(self._service)
        async with running:
            self._app = app
            try:
                yield
            finally:
                self._app = None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if self._app is not None:
            await self._app(scope, receive, send)
            return
        what, fix = "This server has no tools for agents.", "Its keeper can add them: pip install 'wenju[mcp]'."
        await respond(501, what, fix, path=scope["path"])(scope, receive, send)


def _tools(service: Service) -> dict[str, _Tool]:
    async def ask(asked: AskIn) -> AnswerOut:
        return AnswerOut.model_validate(await service.ask(asked.question, asked.turns(), asked))

    async def search(asked: SearchIn) -> SearchOut:
        return await service.search(asked.query, asked.k, asked)

    async def read_article(asked: ReadIn) -> ArticleOut:
        return await anyio.to_thread.run_sync(partial(service.article, asked.article_id))

    return {
        "ask": _Tool(
            "Answer a question from the newspaper",
            "Answer a question with verbatim quotes of the newspaper pages, each with file, headline and lines.",
            AskIn,
            AnswerOut,
            ask,
        ),
        "search": _Tool(
            "Search the newspaper",
            "Find the passages of the newspaper pages that fit a question or some words best.",
            SearchIn,
            SearchOut,
            search,
        ),
        "read_article": _Tool(
            "Read an article", "Read a whole article, named by the `article_id` of a citation or passage.",
            ReadIn, ArticleOut, read_article,
        ),
    }  # fmt: skip


def _make_app(service: Service) -> tuple[ASGIApp, Any]:
    """The protocol's application, and the context in which it runs.

    Its low-level server: the high-level one sets up logging for the whole process when it is made.
    """
    from mcp.server.lowlevel import Server
    from mcp.server.transport_security import TransportSecuritySettings
    from mcp.types import CallToolResult, ListToolsResult, TextContent, Tool, ToolAnnotations

    tools = _tools(service)
    listed = [
        Tool(
            name=name,
            title=tool.title,
            description=tool.description,
            input_schema=tool.takes.model_json_schema(),
            output_schema=tool.gives.model_json_schema(),
            annotations=ToolAnnotations(read_only_hint=True, idempotent_hint=True, open_world_hint=False),
        )
        for name, tool in tools.items()
    ]

    async def list_tools(context: Any, params: Any) -> ListToolsResult:
        return ListToolsResult(tools=listed)

    async def call_tool(context: Any, params: Any) -> CallToolResult:
        told, wrong = await _call(tools, params.name, params.arguments or {})
        text = told if isinstance(told, str) else json.dumps(told, ensure_ascii=False)
        content = None if isinstance(told, str) else told
        return CallToolResult(content=[TextContent(type="text", text=text)], structured_content=content, is_error=wrong)

    server: Server[Any] = Server(
        "wenju",
        version=program_version(),
        title="文据 Wenju",
        instructions=_INSTRUCTIONS,
        on_list_tools=list_tools,
        on_call_tool=call_tool,
    )
    app = server.streamable_http_app(
        streamable_http_path=_PATH,
        json_response=True,
        stateless_http=True,
        max_request_body_size=service.api.largest_body,
        transport_security=TransportSecuritySettings(enable_dns_rebinding_protection=False),  # the shield has done it
    )
    return app, server.session_manager.run()


async def _call(tools: dict[str, _Tool], name: str, arguments: Any) -> tuple[dict[str, Any] | str, bool]:
    """What a tool gives, and False; or in words what is wrong, and True: an agent reads it and tries again."""
    tool = tools.get(name)
    if tool is None:
        return f"There is no such tool. There are: {', '.join(tools)}.", True
    try:
        given = await tool.do(tool.takes.model_validate(arguments))
    except ValidationError as error:
        return "; ".join(f"{fault.where}: {fault.what}" for fault in faults(error.errors())), True
    except WenjuError as error:
        _, what, fix = problem_of(error)
        return f"{what} {fix}", True
    except Exception as error:  # the package would log its message, which may repeat the question
        where = "".join(traceback.format_tb(error.__traceback__)[-4:])
        _log.error("%s in the tool %s\n%s", type(error).__name__, name, where)
        return "The server made a mistake. Tell its keeper; the log has it.", True
    return given.model_dump(mode="json"), False
