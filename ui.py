"""How does a person ask? A chat window: the conversation on the left, the pages that back it on the right.

Run ``python ui.py``. The first start builds the index of the pages, the next one reuses it. What is shown and served
stands in ``window/``; this is the command line in front of it.
"""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Sequence
from pathlib import Path

from pydantic import SecretStr

from index.build import build_store, is_current
from index.config import IndexConfig
from index.location import folder_of
from index.reading.source import find_pages
from rag.api import ApiConfig
from rag.api.settings import is_loopback
from rag.cli.console import build_progress
from rag.cli.serve import TOKEN
from rag.config import RagConfig
from rag.errors import SourceError, StoreError, WenjuError
from window.server import Serving, serve

__all__ = ["main"]

_DEFAULTS = RagConfig()
_GRACE = 3  # seconds; an open page of the window holds a connection all the time, so that a stop would wait them out


def main(argv: Sequence[str] | None = None) -> int:
    """Open the chat window and serve it until interrupted.

    Returns:
        0 when it has served, 1 when it cannot start (the reason then stands on stderr, in one line), 130 when it was
        interrupted before it served.
    """
    args = _parse(argv)
    try:
        serving = _decide(args)
        _make_ready(serving.pages, serving.config)
        serve(serving, _tell)
    except WenjuError as error:
        print(error, file=sys.stderr)  # noqa: T201
        return 1
    except KeyboardInterrupt:
        return 130
    return 0


def _decide(args: argparse.Namespace) -> Serving:
    """What the command line asks for.

    Raises:
        WenjuError: It would let strangers in.
    """
    token = args.auth or os.environ.get(TOKEN, "")
    local = is_loopback(args.host)
    if not local and not token and not args.open:
        raise WenjuError(
            f"With --host {args.host}, everyone who can reach this machine could ask and read all the pages.",
            f"Set a password with --auth, better with {TOKEN} in the environment, or say --open.",
        )
    if not local and not token:
        _tell(f"Warning: with --host {args.host} --open, everyone who can reach this machine reads all the pages.")
    config = RagConfig(
        store=args.store,
        index=IndexConfig(model=args.model),
        llm=args.llm,
        llm_base_url=args.llm_base_url,
        llm_timeout=args.llm_timeout,
    )
    secret = SecretStr(token) if token else None
    api = ApiConfig(host=args.host, token=secret, rate=args.rate, grace=_GRACE)
    locked = "read only" if args.read_only or not (local or token) else ""
    strangers = not (local or token)
    return Serving(args.pages, config, api, args.port, locked, keeps=not args.no_history, strangers=strangers)


def _make_ready(pages: Path, config: RagConfig) -> None:
    """Build the store where there is none of exactly these pages; nothing is built of an empty folder."""
    if pages.is_dir() and not _holds_pages(pages):
        _tell(f"{pages} holds no page yet: drop some into the window's library.")
        return
    try:
        if is_current(pages, folder_of(config.store), config.index):
            return
        why = f"The pages or the settings have changed since {config.store} was built."
    except StoreError as error:
        why = error.what
    _tell(f"{why} Building it from {pages}.")
    with build_progress(quiet=False) as report:
        build_store(
            pages,
            folder_of(config.store),
            config.index,
            report,
            on_failure=lambda failure: _tell(str(failure.error)),
        )


def _holds_pages(pages: Path) -> bool:
    try:
        return bool(find_pages(pages))
    except SourceError:
        return False


def _parse(argv: Sequence[str] | None) -> argparse.Namespace:
    beside = Path(__file__).parent / "seeds"
    parser = argparse.ArgumentParser(prog="ui.py", description="Open the chat window of Wenju.")
    parser.add_argument(
        "--pages", type=Path, default=beside if beside.is_dir() else Path("seeds"), help="folder of page files (seeds)"
    )
    parser.add_argument("--store", type=Path, default=_DEFAULTS.store, help="folder of the index (store)")
    parser.add_argument("--model", default=_DEFAULTS.index.model, help="embedding model (builtin)")
    parser.add_argument("--llm", metavar="PROVIDER:MODEL", help="a chat model that may write answers")
    parser.add_argument("--llm-base-url", metavar="URL", help="an OpenAI-compatible server for it")
    parser.add_argument("--llm-timeout", type=float, default=_DEFAULTS.llm_timeout, metavar="SECONDS")
    parser.add_argument("--host", default="127.0.0.1", help="address to listen on (127.0.0.1)")
    parser.add_argument("--port", type=_port, help="port to listen on (the first free one from 7860)")
    parser.add_argument(
        "--auth", metavar="PASSWORD", help=f"what a browser asks for; better {TOKEN} in the environment"
    )
    parser.add_argument("--open", action="store_true", help="let everyone in who can reach --host")
    parser.add_argument("--read-only", action="store_true", help="no adding, removing or rebuilding in the window")
    parser.add_argument("--no-history", action="store_true", help="keep no conversations on disk")
    parser.add_argument("--rate", type=int, default=600, help="requests per client and minute; 0: any number (600)")
    return parser.parse_args(argv)


def _port(text: str) -> int:
    if not text.isdecimal() or not 0 < int(text) < 65536:
        raise argparse.ArgumentTypeError(f"{text} is no port: give a number from 1 to 65535")
    return int(text)


def _tell(text: str) -> None:
    print(text, flush=True)  # noqa: T201


if __name__ == "__main__":
    raise SystemExit(main())
