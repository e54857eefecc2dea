"""What is served on the one port? The API for other programs, and the window beside it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from fastapi import FastAPI

from index.location import folder_of
from rag.api import ApiConfig, create_api
from rag.api.server import address_of, listen, serve_app
from rag.config import RagConfig
from rag.errors import WenjuError
from rag.live import LiveStore
from rag.query.question import LONGEST_QUERY
from window.conversations import FILE, Conversations
from window.endpoints import endpoints
from window.examples import Starters
from window.library import Library
from window.page import POLICY, make_page, mount_page
from window.routes import Backend, add_routes
from window.sheets import Sheets
from window.talk import Talk

__all__ = ["Serving", "make_app", "serve"]

_FIRST_PORT, _PORTS = 7860, 100


@dataclass(frozen=True)
class Serving:
    """What was decided at the start.

    Attributes:
        pages: The folder of pages.
        config: The settings of asking; ``config.store`` is the store's folder.
        api: The settings of serving.
        port: The port, or None for the first free one.
        locked: Why the collection may not be changed from the window; empty when it may.
        keeps: Whether conversations are kept on disk; otherwise they live as long as the process.
        strangers: Whether anybody may come in: then a conversation is found by its address only, and none is listed.
    """

    pages: Path
    config: RagConfig
    api: ApiConfig
    port: int | None = None
    locked: str = ""
    keeps: bool = True
    strangers: bool = False


def make_app(serving: Serving) -> FastAPI:
    """The whole application: the API's routes, the window's, and the page at the root."""
    config = serving.config
    starters = Starters()
    live = LiveStore(config.store, config.index.model, on_change=starters.prepare)
    app = create_api(live, config, serving.api, window_policy=POLICY)
    conversations = Conversations(folder_of(config.store) / FILE if serving.keeps else None)
    talk = Talk(live, app.state.work_queue, config, serving.api.threads, conversations)
    library = Library(serving.pages, folder_of(config.store), config.index, live.refresh, serving.locked)
    sheets, facts = Sheets(serving.pages), _facts(config) | {"listed": not serving.strangers}
    backend = Backend(talk, app.state.work_queue, library, live, starters, sheets, conversations, facts)
    add_routes(app, backend)

    mount_page(app, make_page(endpoints(backend)))
    return app


def serve(serving: Serving, tell: Callable[[str], None]) -> None:
    """Serve until interrupted.

    Args:
        serving: What, and where.
        tell: Called with the line that names the address.

    Raises:
        WenjuError: The address cannot be listened on.
    """
    with _listener(serving.api.host, serving.port) as listener:
        app = make_app(serving)
        tell(f"文据 Wenju: {address_of(serving.api.host, listener)}  (Ctrl+C stops it)")
        serve_app(app, listener, serving.api)


def _facts(config: RagConfig) -> dict[str, Any]:
    """What the browser is told about the settings: names and bounds, no key and no address."""
    return {
        "longest": LONGEST_QUERY,
        "settings": {
            "passages": config.passages_read,
            "min_confidence": config.min_confidence,
            "generated": bool(config.llm),
            "llm": config.llm or "",
        },
    }


def _listener(host: str, port: int | None) -> Any:
    """A socket on the port, or on the first free one."""
    for number in [port] if port else range(_FIRST_PORT, _FIRST_PORT + _PORTS):
        try:
            return listen(host, number)
        except WenjuError:
            continue
    where = f"{host}:{port}" if port else f"{host}, ports {_FIRST_PORT} to {_FIRST_PORT + _PORTS - 1},"
    raise WenjuError(f"{where} cannot be listened on.", "Name a free one with --host and --port.")
