"""``wenju build|ask|search|articles|info``: turns a command line into one call, and the result into text.

A face: it may call the writing half (``index.build``) as well as the public names of ``rag``. Text for people comes
from ``rag.console``, ``--json`` gives programs the same. Exit codes: 0 done (a refusal is an answer too), 1 a clear
error on stderr, 2 a wrong command line, 130 interrupted.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

from index.config import IndexConfig
from rag.config import RagConfig
from rag.errors import NewsQAError

if TYPE_CHECKING:
    from index.schema import Article, Page
    from index.store import Store

__all__ = ["main", "make_parser"]

_DEFAULTS = RagConfig()


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command and return its exit code."""
    args = make_parser().parse_args(argv)
    try:
        args.run(args)
        sys.stdout.flush()
    except NewsQAError as error:
        print(f"wenju: {error}", file=sys.stderr)
        return 1
    except BrokenPipeError:  # the reader of our output, such as head, has seen enough
        sys.stdout = None  # else closing it fails again at exit
        return 0
    except KeyboardInterrupt:
        return 130
    return 0


def _build(args: argparse.Namespace) -> None:
    from index.build import build_store
    from rag.console import build_progress, show_manifest

    config = IndexConfig(model=args.model or _DEFAULTS.index.model, passage_size=args.passage_size)
    with build_progress(quiet=args.json) as progress:
        manifest = build_store(args.pages, args.store, config, progress)
    if args.json:
        _print_json(manifest.model_dump())
    else:
        show_manifest(args.store, manifest)


def _ask(args: argparse.Namespace) -> None:
    from rag.chain import ask

    config = RagConfig(store=args.store, min_confidence=args.min_confidence)
    question = sys.stdin.read() if args.question == "-" else args.question
    answer = ask(_open(args), question, config=config)
    if args.json:
        _print_json(answer.to_dict())
        return
    from rag.console import show_answer

    show_answer(answer, with_trace=args.trace)


def _search(args: argparse.Namespace) -> None:
    from rag.retriever import passage_document, search

    store = _open(args)
    hits = search(store, args.query, args.k)
    if args.json:
        found = [passage_document(store, store.passages[h.passage_id], score=h.score, rank=h.rank) for h in hits]
        _print_json([{"id": d.id, "text": d.page_content, **d.metadata} for d in found])
        return
    from rag.console import show_passages

    show_passages(hits, store)


def _articles(args: argparse.Namespace) -> None:
    pages, articles = _read(args.path) if args.path else _stored(args)
    if args.json:
        _print_json([asdict(article) for article in articles])
        return
    from rag.console import show_article_lines, show_article_table

    if len(pages) == 1:
        show_article_lines(next(iter(pages.values())), articles)
    else:
        show_article_table(articles)


def _info(args: argparse.Namespace) -> None:
    from index.store import read_manifest

    manifest = read_manifest(args.store)
    if args.json:
        _print_json(manifest.model_dump())
        return
    from rag.console import show_manifest

    show_manifest(args.store, manifest)


def _open(args: argparse.Namespace) -> Store:
    from index.store import open_store

    return open_store(args.store, args.model)


def _read(path: Path) -> tuple[dict[str, Page], list[Article]]:
    from index.build import read_pages
    from index.pages import read_articles

    pages = {page.file: page for page in read_pages(path)}
    return pages, [article for page in pages.values() for article in read_articles(page)]


def _stored(args: argparse.Namespace) -> tuple[dict[str, Page], list[Article]]:
    store = _open(args)
    return dict(store.pages), list(store.articles.values())


def _print_json(value: Any) -> None:
    print(json.dumps(value, ensure_ascii=False, indent=2))


def make_parser() -> argparse.ArgumentParser:
    """The command line: every command sets ``run``, which takes the parsed arguments."""
    shared = argparse.ArgumentParser(add_help=False)
    shared.add_argument("--store", type=Path, default=_DEFAULTS.store, help="folder of the store (default: store)")
    shared.add_argument("--model", help="'builtin', a sentence-transformers folder, or a name on the model hub")
    shared.add_argument("--json", action="store_true", help="print JSON for programs")
    parser = argparse.ArgumentParser(prog="wenju", description="Ask Chinese newspaper pages; every quote is checked.")
    commands = parser.add_subparsers(required=True, metavar="build|ask|search|articles|info")

    build = commands.add_parser("build", parents=[shared], help="read pages and build the store")
    build.add_argument("pages", type=Path, nargs="?", default=Path("seeds"), help="folder or file (default: seeds)")
    build.add_argument("--passage-size", type=_size, default=_DEFAULTS.index.passage_size, metavar="CHARACTERS")
    build.set_defaults(run=_build)

    ask = commands.add_parser("ask", parents=[shared], help="answer a question with checked quotes")
    ask.add_argument("question", help="the question, or - to read it from standard input")
    ask.add_argument("--trace", action="store_true", help="show how the answer came about")
    ask.add_argument("--min-confidence", type=_share, default=_DEFAULTS.min_confidence, metavar="0..1")
    ask.set_defaults(run=_ask)

    search = commands.add_parser("search", parents=[shared], help="find passages")
    search.add_argument("query")
    search.add_argument("-k", type=int, default=5, help="how many (default: 5)")
    search.set_defaults(run=_search)

    articles = commands.add_parser("articles", parents=[shared], help="show pages as they were read")
    articles.add_argument("path", type=Path, nargs="?", help="a page or folder; without one, the store's articles")
    articles.set_defaults(run=_articles)

    info = commands.add_parser("info", parents=[shared], help="tell what the store holds")
    info.set_defaults(run=_info)
    return parser


def _size(text: str) -> int:
    value = int(text)
    if not 20 <= value <= 4000:
        raise argparse.ArgumentTypeError("give 20 to 4000 characters")
    return value


def _share(text: str) -> float:
    value = float(text)
    if not 0 <= value <= 1:
        raise argparse.ArgumentTypeError("give a number from 0 to 1")
    return value


if __name__ == "__main__":
    raise SystemExit(main())
