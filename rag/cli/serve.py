"""``wenju serve``: which address, which store, who may ask? Then it serves until it is interrupted."""

from __future__ import annotations

import argparse
import logging
import os
import signal
import socket
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from index.location import parse_place
from rag.api.settings import ApiConfig
from rag.config import RagConfig
from rag.errors import WenjuError

if TYPE_CHECKING:
    from fastapi import FastAPI


__all__ = [
    "TOKEN",
    "add_serve",
    "add_store",
    "calm_threads",
    "milvus_token",
    "run",
    "serve",
]

TOKEN, _MILVUS_TOKEN = "WENJU_TOKEN", "WENJU_MILVUS_TOKEN"  # the names of environment variables
_DEFAULTS = RagConfig()
_SERVED = ApiConfig()

Mount = Callable[["FastAPI", RagConfig, ApiConfig], "FastAPI"]
"""Puts a window on the application and returns it."""


def add_serve(commands: Any) -> argparse.ArgumentParser:
    """Add the command to the subparsers of a command line; it sets ``run``."""
    parser: argparse.ArgumentParser = commands.add_parser("serve", help="answer programs over HTTP")
    add_store(parser)
    parser.add_argument("--model", help="the embedding model that the store must be built with")
    parser.add_argument("--host", default=_SERVED.host, help="address to listen on (default: %(default)s)")
    parser.add_argument(
        "--port", type=int, default=_SERVED.port, help="port to listen on (default: %(default)s; 0: a free one)"
    )
    parser.add_argument("--token", help=f"what clients must send; better put it into the environment as {TOKEN}")
    parser.add_argument(
        "--open", action="store_true", help="let everyone ask who can reach the machine, without a token"
    )
    parser.add_argument(
        "--name", action="append", default=[], help="a name under which a server on 127.0.0.1 may be called besides"
    )
    parser.add_argument("--public-url", metavar="URL", help="what links to articles begin with, behind a proxy")
    parser.add_argument("--trusted-proxy", metavar="ADDRESS", help="a proxy whose X-Forwarded-For is believed")
    parser.add_argument(
        "--workers",
        type=int,
        default=_SERVED.workers,
        help="processes that answer on the port (default: %(default)s)",
    )
    parser.add_argument(
        "--rate",
        type=int,
        default=_SERVED.rate,
        help="requests per client and minute; each worker has its part (%(default)s)",
    )
    parser.add_argument(
        "--threads", type=int, default=_SERVED.threads, help="questions at a time, per worker (%(default)s)"
    )
    parser.add_argument(
        "--waiting", type=int, default=_SERVED.waiting, help="questions that may wait, per worker (%(default)s)"
    )
    parser.add_argument("--min-confidence", type=float, default=_DEFAULTS.min_confidence, metavar="0..1")
    parser.add_argument("--llm", metavar="PROVIDER:MODEL", help="a chat model that writes the answer")
    parser.add_argument("--llm-base-url", metavar="URL", help="an OpenAI-compatible server for it")
    parser.add_argument("--llm-timeout", type=float, default=_DEFAULTS.llm_timeout, metavar="SECONDS")
    parser.add_argument("--log-questions", action="store_true", help="write the text of questions into the log")
    parser.set_defaults(run=run)
    return parser


def add_store(parser: argparse.ArgumentParser) -> None:
    """Add the option that names the store."""
    told = "folder of the store (default: store), or its address in Milvus: milvus://HOST:PORT/COLLECTION"
    parser.add_argument("--store", type=parse_place, default=_DEFAULTS.store, help=told)


def milvus_token() -> str:
    """The login to Milvus, for an address that has none."""
    return os.environ.get(_MILVUS_TOKEN, "")


def run(args: argparse.Namespace, mount: Mount | None = None) -> int:
    """Serve as a parsed command line says.

    Args:
        args: What :func:`add_serve` reads.
        mount: Puts a window on the application; without one, only the API is served.

    Returns:
        0 when it was stopped.

    Raises:
        WenjuError: The settings or the address cannot be used, or everyone could ask without a token.
    """
    from pydantic import SecretStr, ValidationError

    token = args.token or os.environ.get(TOKEN)
    try:
        config = RagConfig(
            store=args.store,
            min_confidence=args.min_confidence,
            llm=args.llm,
            llm_base_url=args.llm_base_url,
            llm_timeout=args.llm_timeout,
        )
        api = ApiConfig(
            host=args.host,
            port=args.port,
            token=SecretStr(token) if token else None,
            names=tuple(args.name),
            public_url=args.public_url,
            workers=args.workers,
            rate=args.rate,
            threads=args.threads,
            waiting=args.waiting,
            proxy=args.trusted_proxy,
            log_questions=args.log_questions,
        )
    except ValidationError as error:
        wrong = error.errors(include_input=False)[0]
        option = "--" + str(wrong["loc"][0]).replace("_", "-")
        raise WenjuError(f"{option} cannot be used: {wrong['msg']}.", "See `wenju serve --help`.") from None
    _check_reach(api, everyone=args.open)
    return serve(config, api, model=args.model, mount=mount)


def serve(config: RagConfig, api: ApiConfig, *, model: str | None = None, mount: Mount | None = None) -> int:
    """Serve until interrupted; a store that is built meanwhile is taken up.

    Raises:
        WenjuError: The address cannot be listened on; a window cannot be shared among workers; no worker can begin.
    """
    from rag.api.server import address_of, listen, serve_app

    calm_threads()
    if api.workers > 1:
        if mount:
            raise WenjuError("A window keeps its conversations in one process.", "Leave out --workers.")
        return _serve_by_many(config, api, model)
    _set_up_logs()
    app = _make_app(config, api, model)
    if mount:
        app = mount(app, config, api)
    with listen(api.host, api.port) as listener:
        _tell(address_of(api.host, listener, "/docs"))
        with _sigterm_ends():
            serve_app(app, listener, api)
    return 0


@contextmanager
def _sigterm_ends() -> Iterator[None]:
    """Let SIGTERM, which uvicorn raises again when all is answered, end the command as done."""
    if threading.current_thread() is not threading.main_thread():  # which alone gets signals
        yield
        return
    before = signal.signal(signal.SIGTERM, lambda number, frame: sys.exit(0))
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


def _serve_by_many(config: RagConfig, api: ApiConfig, model: str | None) -> int:
    """The same by several processes on one socket; the libraries and the store are theirs, this one stays small."""
    from rag.api.server import address_of, listen
    from rag.api.workers import keep

    _set_up_logs()
    with listen(api.host, api.port) as listener:
        _tell(address_of(api.host, listener, "/docs"))
        keep(_serve_as_worker, (config, api.share(), model, listener), api.workers, listener.close)
    return 0


def _serve_as_worker(
    config: RagConfig,
    api: ApiConfig,
    model: str | None,
    listener: socket.socket,
    begun: Callable[[], None],
) -> None:
    """What each of several processes does."""
    from rag.api.server import BACKLOG, serve_app
    from rag.api.workers import FairListener

    _set_up_logs("%(asctime)s %(process)d %(name)s %(message)s")
    app = _make_app(config, api, model)

    async def look() -> None:
        """Called when it answers, and each second from then on."""
        begun()
        if app.state.stores.opened:
            app.state.stores()  # takes up a new store also where nobody asks, so that no worker answers from an old one

    fair = FairListener(listener, BACKLOG)
    serve_app(app, fair, api, backlog=1, callback_notify=look, timeout_notify=1)  # it accepts one at a time


def _make_app(config: RagConfig, api: ApiConfig, model: str | None) -> FastAPI:
    from rag.api.app import create_api
    from rag.live import LiveStore

    return create_api(LiveStore(config.store, model, token=milvus_token()), config, api)


def calm_threads() -> None:
    """Let numpy's libraries use one thread for each question; call it before numpy is imported.

    Several questions are answered at the same time already. More threads for each only wait for one another: on two
    cores, questions took twice the processor time with them.
    """
    for name in ("OMP_NUM_SERVED.threads", "OPENBLAS_NUM_SERVED.threads"):
        os.environ.setdefault(name, "1")


def _check_reach(api: ApiConfig, *, everyone: bool) -> None:
    from rag.api.settings import is_loopback

    if not is_loopback(api.host) and api.token is None and not everyone:
        raise WenjuError(
            f"With --host {api.host}, everyone who can reach this machine could read all the pages.",
            f"Put a token into the environment as {TOKEN}, or say --open if that is meant.",
        )


def _tell(address: str) -> None:
    print(f"文据 Wenju: {address}  (Ctrl+C stops it)", flush=True)


def _set_up_logs(form: str = "%(asctime)s %(name)s %(message)s") -> None:
    """Our log and the server's warnings, on stderr."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(logging.Formatter(form))
    for name, level in {"wenju": logging.INFO, "uvicorn": logging.WARNING, "mcp": logging.ERROR}.items():
        logger = logging.getLogger(name)
        logger.setLevel(level)
        logger.propagate = False
        logger.handlers = [handler]
