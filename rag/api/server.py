"""How does an application get onto a port? One way for every server of ours: the API's, its workers', the window's."""

from __future__ import annotations

import asyncio
import select
import socket
import time
from collections.abc import Sequence
from functools import partial
from typing import TYPE_CHECKING, Any

from rag.api.settings import ApiConfig
from rag.errors import WenjuError

if TYPE_CHECKING:
    import uvicorn
    from fastapi import FastAPI

__all__ = ["BACKLOG", "address_of", "listen", "make_server", "serve_app"]

BACKLOG = 512
"""Connections that wait to be accepted."""

_GOODBYE = 0.5  # seconds in which a server that stops still reads what clients have sent before they knew
_LOOK = 0.02
_TO_TELL = 2.0  # seconds before the end of the time for questions at work, at which those that wait are turned away


def listen(host: str, port: int) -> socket.socket:
    """A socket that listens; what it accepts sends small answers at once.

    Raises:
        WenjuError: The address is taken or not ours.
    """
    host = host.strip("[]")
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    # asyncio sets TCP_NODELAY where the protocol is named; ``socket.create_server`` leaves it at 0, and each answer on
    # a connection that was kept then waits 40 ms for the client's delayed acknowledgement.
    made = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    try:
        if hasattr(socket, "SO_EXCLUSIVEADDRUSE"):
            made.setsockopt(socket.SOL_SOCKET, socket.SO_EXCLUSIVEADDRUSE, 1)
        else:
            made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if family == socket.AF_INET6:
            made.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
        made.bind((host, port))
        made.listen(BACKLOG)
    except (OSError, OverflowError) as error:
        made.close()
        raise WenjuError(f"{host}:{port} cannot be listened on.", "Name a free one with --host and --port.") from error
    return made


def address_of(host: str, listener: socket.socket, path: str = "/") -> str:
    """What to type into a browser."""
    name = f"[{host.strip('[]')}]" if ":" in host else host
    return f"http://{name}:{listener.getsockname()[1]}{path}"


def serve_app(app: FastAPI, listener: socket.socket, api: ApiConfig, **more: Any) -> None:
    """Serve an application on a socket until interrupted.

    Args:
        app: What :func:`rag.api.create_api` made, with or without a window.
        listener: What :func:`listen` made.
        api: The settings of serving.
        more: Further settings of uvicorn.
    """
    make_server(app, api, **more).run(sockets=[listener])


def make_server(app: FastAPI, api: ApiConfig, **more: Any) -> uvicorn.Server:
    """The server of an application, which does not run yet; arguments as for :func:`serve_app`."""
    import uvicorn

    from rag.api.connections import BoundedProtocol, Bounds

    class Server(uvicorn.Server):
        """A server that ends without resetting a connection."""

        async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
            bounds.closing = True
            work_queue = getattr(app.state, "work_queue", None)
            if work_queue:  # whose turn comes too late is told so, while there is time for the answer
                asyncio.get_running_loop().call_later(max(0.0, api.grace - _TO_TELL), work_queue.turn_away)
            for connection in self.server_state.connections:
                connection.say_goodbye()  # type: ignore[union-attr]  # each is one of ours
            await _accept_waiting(sockets or [])
            for server in self.servers:
                server.close()
            until = time.monotonic() + _GOODBYE
            while self.server_state.connections and time.monotonic() < until:
                await asyncio.sleep(_LOOK)
            await super().shutdown(sockets)

    bounds = Bounds(api.connections, api.connections_per_client, api.proxy)
    settings = uvicorn.Config(
        app,
        http=partial(BoundedProtocol, bounds),  # type: ignore[arg-type]  # called like the class
        ws="none",  # nothing here speaks it
        log_config=None,
        access_log=False,  # it would keep the questions that stand in an address; ours does not
        server_header=False,
        proxy_headers=bool(api.proxy),
        forwarded_allow_ips=api.proxy,
        timeout_graceful_shutdown=api.grace,
        **more,
    )
    return Server(settings)


async def _accept_waiting(listeners: Sequence[socket.socket]) -> None:
    """Let the event loop accept who has connected already: closing the last socket would reset those connections."""
    until = time.monotonic() + _GOODBYE
    while select.select(listeners, [], [], 0)[0] and time.monotonic() < until:
        await asyncio.sleep(0)
