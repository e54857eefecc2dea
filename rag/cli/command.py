"""``wenju build|ask|…``: turns a command line into one call, and the result into text.

A face: it may call the writing half (``index.build``) as well as the public names of ``rag``. Text for people comes
from ``rag.cli.console``, ``--json`` gives programs the same. Exit codes: 0 done (a refusal is an answer too), 1 a clear
error on stderr or a bundle that does not hold, 2 a wrong command line or files that could not be read (the others
were), 130 interrupted.
"""

from __future__ import annotations

import argparse
import errno
import json
import os
import sys
from collections.abc import Callable, Sequence
from dataclasses import asdict
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any

from index.config import IndexConfig
from index.location import folder_of
from index.schema import Kind
from rag.cli.serve import add_serve, add_store, milvus_token
from rag.config import RagConfig
from rag.errors import WenjuError
from rag.version import program_version

if TYPE_CHECKING:
    from index.build import Failure
    from index.schema import Layout, Page
    from index.store.opened import Store
    from rag.bundle import Bundle

__all__ = ["main", "make_parser"]

_DEFAULTS = RagConfig()


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command and return its exit code."""
    given = list(sys.argv[1:] if argv is None else argv)
    try:
        code = _run(given)
        sys.stdout.flush()
    except WenjuError as error:
        print(f"wenju: {error}", file=sys.stderr)
        return 1
    except BrokenPipeError:  # the reader of our output, such as head, has seen enough
        sys.stdout = None  # else closing it fails again at exit
        return 0
    except OSError as error:
        if error.errno != errno.ENOSPC:
            raise
        sys.stdout = None
        print(f"wenju: The disk is full ({error}). Free some space, or write elsewhere.", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130
    return code


def _run(given: Sequence[str]) -> int:
    if given[:1] == ["eval"]:  # has commands and options of its own
        from rag.cli.evaluation import main as evaluate

        return evaluate(given[1:])
    args = make_parser().parse_args(given)
    return int(args.run(args) or 0)


def _build(args: argparse.Namespace) -> int:
    from index.build import build_store
    from rag.cli.built import BuildReport
    from rag.cli.console import build_progress, show_manifest

    config = _index_config(args)
    failures: list[Failure] = []
    report = BuildReport(detailed=args.report is not None)
    with build_progress(quiet=args.json) as progress:
        manifest = build_store(
            args.pages,
            folder_of(args.store),
            config,
            progress,
            on_failure=failures.append,
            encoding=args.encoding,
            date=args.date and args.date.isoformat(),
            known=_made_before(args.vectors, config),
            workers=args.workers,
            on_layout=report,
        )
    if args.json:
        _print_json(manifest.model_dump())
    else:
        show_manifest(args.store, manifest, report.rows())
    if args.report:
        report.write(args.report, manifest, failures)
    return _tell_failures(failures, manifest.pages)


def _index_config(args: argparse.Namespace) -> IndexConfig:
    return IndexConfig(model=args.model or _DEFAULTS.index.model, passage_size=args.passage_size)


def _made_before(folder: Path | None, config: IndexConfig) -> Callable[[], Any] | None:
    """The vectors that ``wenju embed`` has left in a folder."""
    if folder is None:
        return None
    from index.embedding import load_embedder
    from index.search.shards import known_shards

    known, warnings = known_shards(folder, load_embedder(config.model))
    for warning in warnings:
        _warn(warning)
    return known


def _embed(args: argparse.Namespace) -> int:
    from index.job import run_embed
    from rag.cli.console import build_progress

    config = _index_config(args)
    failures: list[Failure] = []
    with build_progress(quiet=args.json) as progress:
        report = run_embed(
            args.pages,
            args.out,
            config,
            scheduler=args.scheduler,
            workers=args.workers,
            progress=progress,
            on_failure=failures.append,
            encoding=args.encoding,
            date=args.date and args.date.isoformat(),
        )
    for warning in report.warnings:
        _warn(warning)
    made = report.passages - report.known
    told = {"passages": report.passages, "known": report.known, "made": made, "shards": sorted(report.made)}
    if args.json:
        _print_json(told)
    else:
        print(f"{made} of {report.passages} passages embedded, {report.known} were known: {args.out}")
    return _tell_failures(failures, report.passages)


def _warn(warning: str) -> None:
    print(f"wenju: {warning}", file=sys.stderr)


def _ask(args: argparse.Namespace) -> None:
    from rag.chain import AnswerChain

    config = RagConfig(
        store=args.store,
        min_confidence=args.min_confidence,
        since=args.since,
        until=args.until,
        files=tuple(args.file),
        kinds=tuple(args.kind),
        llm=args.llm,
        llm_base_url=args.llm_base_url,
        llm_timeout=args.llm_timeout,
        trace=args.trace or args.json,
    )
    if args.sign:
        from rag.signing import check_key

        check_key(args.sign)  # an answer that cannot be signed afterwards would be lost
    question = sys.stdin.read() if args.question == "-" else args.question
    store = _open(args)
    answers = AnswerChain(store, config).stream(question)
    if args.json:
        *_, answer = answers
        _print_json(answer.to_dict())
    else:
        from rag.cli.console import show_answers

        answer = show_answers(answers, with_trace=args.trace)
    _tell_undated(args, store)
    if args.bundle:
        from rag.bundle import make_bundle, sign_bundle, write_bundle

        bundle = make_bundle(answer, store)
        write_bundle(args.bundle, sign_bundle(bundle, args.sign) if args.sign else bundle)


def _verify(args: argparse.Namespace) -> int:
    from index.reading.pages import read_articles
    from rag.bundle import check_bundle, read_bundle, unchecked
    from rag.cli.console import show_verified
    from rag.signing import check_signature

    bundle = read_bundle(args.file)
    faults = check_signature(bundle.seal, bundle.signature, args.key) if args.key or bundle.signature else []
    if args.pages:
        pages = _pages_of(bundle, args.pages)
        articles = {article.article_id: article for page in pages.values() for article in read_articles(page)}
        faults += check_bundle(bundle, pages, articles)
        open_points = unchecked(bundle)
    else:
        store = _open(args)
        faults += check_bundle(bundle, store.pages, store.articles, store.manifest)
        open_points = unchecked(bundle, store.manifest)
    if args.json:
        signed_by = bundle.signature.public_key if bundle.signature else None
        told = {"checked": str(args.pages or args.store), "unchecked": open_points, "signed_by": signed_by}
        _print_json({"holds": not faults, "faults": faults, **told})
    elif not faults:
        show_verified(bundle, args.pages or args.store, open_points, key=args.key)
    for fault in faults:
        print(f"wenju: {fault}", file=sys.stderr)
    return 1 if faults else 0


def _pages_of(bundle: Bundle, path: Path) -> dict[str, Page]:
    """The pages that a bundle quotes, read again from their files; one that cannot be read is told and left out."""
    from index.reading.source import find_pages, read_file
    from index.schema import Page

    read: dict[str, Page] = {}
    for name, file in find_pages(path):
        quoted = {page: told for page, told in bundle.files.items() if page == name or page.startswith(f"{name}#")}
        named = [told.encoding for page, told in quoted.items() if page == name]
        for encoding in (None, *named) if quoted else ():
            try:
                found = [item for item in read_file(file, name, encoding=encoding) if isinstance(item, Page)]
            except WenjuError as error:
                print(f"wenju: {error}", file=sys.stderr)
                break
            read |= {page.file: page for page in found if page.file in quoted}
            if all(read[page].encoding == quoted[page].encoding for page in quoted.keys() & read.keys()):
                break  # else it was built with an encoding given by hand
    return read


def _search(args: argparse.Namespace) -> None:
    from rag.retrieval.retriever import passage_document, search

    store = _open(args)
    hits = search(store, args.query, args.k, since=args.since, until=args.until, files=args.file, kinds=args.kind)
    _tell_undated(args, store)
    if args.json:
        found = [passage_document(store, store.passages[h.passage_id], score=h.score, rank=h.rank) for h in hits]
        _print_json([{"id": d.id, "text": d.page_content, **d.metadata} for d in found])
        return
    from rag.cli.console import show_passages

    show_passages(hits, store)


def _articles(args: argparse.Namespace) -> int:
    from rag.cli.console import show_article_lines, show_article_table, show_report

    pages, layouts, code = _layouts(args)
    articles = [article for layout in layouts for article in layout.articles]
    if args.json:
        _print_json([asdict(layout) for layout in layouts] if args.report else [asdict(a) for a in articles])
    elif args.report:
        for page, layout in zip(pages, layouts, strict=True):
            show_report(page, layout)
    elif len(pages) == 1:
        show_article_lines(pages[0], articles, layouts[0].leftovers)
    else:
        show_article_table(articles)
    return code


def _doctor(args: argparse.Namespace) -> int:
    from index.doctor import examine, repair

    folder = folder_of(args.store)
    done = repair(folder) if args.repair else []
    found = examine(folder)
    if args.json:
        _print_json({"done": done, "findings": [asdict(finding) for finding in found]})
    else:
        print("\n".join([*done, *map(str, found)] or [f"{args.store} is whole."]))
    return 1 if found else 0


def _feedback(args: argparse.Namespace) -> None:
    from rag.feedback import export_feedback

    done = export_feedback(folder_of(args.store), args.out)
    print(f"{done.questions} questions in {done.path}; {done.to_correct} to correct in {done.to_correct_path}")


def _info(args: argparse.Namespace) -> None:
    from index.store.opened import read_manifest

    manifest = read_manifest(args.store) if isinstance(args.store, Path) else _open(args).manifest
    if args.json:
        _print_json(manifest.model_dump())
        return
    from rag.cli.console import show_manifest

    show_manifest(args.store, manifest)


def _push(args: argparse.Namespace) -> None:
    from index.milvus.writer import push_store
    from index.store.opened import open_store
    from rag.cli.console import build_progress, show_manifest

    store = open_store(folder_of(args.store), args.model)
    with build_progress(quiet=args.json) as progress:
        manifest = push_store(
            store, args.address, token=milvus_token(), other_model=args.other_model, progress=progress
        )
    if args.json:
        _print_json(manifest.model_dump())
    else:
        show_manifest(args.address, manifest)


def _open(args: argparse.Namespace) -> Store:
    from index.location import open_store

    return open_store(args.store, args.model, token=milvus_token())


def _layouts(args: argparse.Namespace) -> tuple[list[Page], list[Layout], int]:
    """Pages as they are read: those at the path, else those of the store."""
    from index.build import read_pages
    from index.reading.pages import read_layouts

    if not args.path:
        pages = list(_open(args).pages.values())
        return pages, read_layouts(pages), 0
    failures: list[Failure] = []
    pages = read_pages(args.path, on_failure=failures.append, encoding=args.encoding)
    return pages, read_layouts(pages), _tell_failures(failures, len(pages))


def _tell_failures(failures: Sequence[Failure], read: int) -> int:
    """Name the files that could not be read, then sum up; the exit code."""
    for failure in failures:
        print(f"wenju: {failure.file!r}: {failure.error}", file=sys.stderr)
    if failures:
        print(f"wenju: {read} pages read, {len(failures)} files could not be read.", file=sys.stderr)
    return 2 if failures else 0


def _tell_undated(args: argparse.Namespace, store: Store) -> None:
    undated = store.catalog.undated
    if undated and (args.since or args.until):
        print(f"wenju: {undated} articles of unknown date were left out.", file=sys.stderr)


def _print_json(value: Any) -> None:
    print(json.dumps(value, ensure_ascii=False, indent=2))


def make_parser() -> argparse.ArgumentParser:
    """The command line: every command sets ``run``, which takes the parsed arguments."""
    shared = argparse.ArgumentParser(add_help=False)
    add_store(shared)
    shared.add_argument("--model", help="'builtin', a sentence-transformers folder, or a name on the model hub")
    shared.add_argument("--json", action="store_true", help="print JSON for programs")
    parser = argparse.ArgumentParser(prog="wenju", description="Ask Chinese newspaper pages; every quote is checked.")
    parser.add_argument("--version", action="version", version=f"wenju {program_version()}")
    commands = parser.add_subparsers(required=True, metavar="COMMAND")

    _add_building(commands, shared)

    within = argparse.ArgumentParser(add_help=False)
    within.add_argument("--since", type=_day, metavar="YYYY-MM-DD", help="only articles of this day or later")
    within.add_argument("--until", type=_day, metavar="YYYY-MM-DD", help="only articles of this day or earlier")
    within.add_argument("--file", action="append", default=[], help="only articles of this page; may be repeated")
    within.add_argument("--kind", action="append", default=[], type=Kind, choices=list(Kind), help="only such articles")

    ask = commands.add_parser("ask", parents=[shared, within], help="answer a question with checked quotes")
    ask.add_argument("question", help="the question, or - to read it from standard input")
    ask.add_argument("--trace", action="store_true", help="show how the answer came about")
    ask.add_argument("--min-confidence", type=_share, default=_DEFAULTS.min_confidence, metavar="0..1")
    ask.add_argument("--bundle", type=Path, metavar="FILE", help="write the answer and its evidence as JSON")
    ask.add_argument("--sign", type=Path, metavar="KEY", help="sign the bundle with this Ed25519 private key (PEM)")
    ask.add_argument("--llm", metavar="PROVIDER:MODEL", help="a chat model that writes the answer from the passages")
    ask.add_argument("--llm-base-url", metavar="URL", help="an OpenAI-compatible server for it")
    ask.add_argument("--llm-timeout", type=_seconds, default=_DEFAULTS.llm_timeout, metavar="SECONDS")
    ask.set_defaults(run=_ask)

    verify = commands.add_parser("verify", parents=[shared], help="check every quote of a bundle, offline")
    verify.add_argument("file", type=Path, help="what ask --bundle wrote")
    verify.add_argument("--pages", type=Path, help="check against these page files instead of the store")
    verify.add_argument("--key", type=Path, help="the public key (PEM) that must have signed it")
    verify.set_defaults(run=_verify)

    search = commands.add_parser("search", parents=[shared, within], help="find passages")
    search.add_argument("query")
    search.add_argument("-k", type=int, default=5, help="how many (default: 5)")
    search.set_defaults(run=_search)

    articles = commands.add_parser("articles", parents=[shared], help="show pages as they were read")
    articles.add_argument("path", type=Path, nargs="?", help="a page or folder; without one, the store's articles")
    articles.add_argument("--report", action="store_true", help="show what was joined, left over, and is doubtful")
    articles.add_argument("--encoding", help="encoding of the text files (default: found for each)")
    articles.set_defaults(run=_articles)

    _add_upkeep(commands, shared)

    evaluate = commands.add_parser("eval", help="measure on questions with gold answers", add_help=False)
    evaluate.add_argument("arguments", nargs=argparse.REMAINDER)
    return parser


def _add_building(commands: Any, shared: argparse.ArgumentParser) -> None:
    """The commands that read pages and make something of them."""
    read = argparse.ArgumentParser(add_help=False)
    read.add_argument("pages", type=Path, nargs="?", default=Path("seeds"), help="folder or file (default: seeds)")
    read.add_argument("--passage-size", type=_size, default=_DEFAULTS.index.passage_size, metavar="CHARACTERS")
    read.add_argument("--date", type=_day, metavar="YYYY-MM-DD", help="when the pages were published")
    read.add_argument("--encoding", help="encoding of the text files (default: found for each)")

    build = commands.add_parser("build", parents=[shared, read], help="read pages and build the store")
    build.add_argument("--report", type=Path, metavar="FILE", help="write what was made of each file as HTML")
    build.add_argument("--vectors", type=Path, metavar="FOLDER", help="take over vectors that wenju embed made")
    build.add_argument(
        "--workers",
        type=_count,
        default=os.cpu_count() or 1,
        help="processes for a large collection (default: all)",
    )
    build.set_defaults(run=_build)

    embed = commands.add_parser("embed", parents=[shared, read], help="embed a large collection in several processes")
    embed.add_argument("--out", type=Path, required=True, metavar="FOLDER", help="where the vectors are kept")
    embed.add_argument("--scheduler", metavar="ADDRESS", help="a Dask scheduler, tcp://HOST:8786 (default: none)")
    embed.add_argument("--workers", type=_count, default=2, help="processes here, without a scheduler (default: 2)")
    embed.set_defaults(run=_embed)


def _add_upkeep(commands: Any, shared: argparse.ArgumentParser) -> None:
    """The commands that look after a store and hand it to others."""
    info = commands.add_parser("info", parents=[shared], help="tell what the store holds")
    info.set_defaults(run=_info)

    doctor = commands.add_parser("doctor", parents=[shared], help="check every byte of the store, and repair it")
    doctor.add_argument("--repair", action="store_true", help="make again what can be made from the store's pages")
    doctor.set_defaults(run=_doctor)

    push = commands.add_parser("push", parents=[shared], help="copy the store into Milvus and switch to it there")
    push.add_argument("address", help="milvus://HOST:PORT/COLLECTION, or milvus:FILE.db/COLLECTION")
    push.add_argument("--other-model", action="store_true", help="though the store there is of another model")
    push.set_defaults(run=_push)

    feedback = commands.add_parser("feedback", help="make an evaluation file of what people thought of answers")
    export = feedback.add_subparsers(required=True, metavar="export").add_parser("export", parents=[shared])
    export.add_argument("out", type=Path, help="JSON lines for wenju eval; NAME.to-correct.jsonl stands beside it")
    export.set_defaults(run=_feedback)

    add_serve(commands)


def _size(text: str) -> int:
    value = int(text)
    if not 20 <= value <= 4000:
        raise argparse.ArgumentTypeError("give 20 to 4000 characters")
    return value


def _count(text: str) -> int:
    value = int(text)
    if not 1 <= value <= 256:
        raise argparse.ArgumentTypeError("give a number from 1 to 256")
    return value


def _day(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text!r} is no day, write it as 2026-01-31") from None


def _share(text: str) -> float:
    value = float(text)
    if not 0 <= value <= 1:
        raise argparse.ArgumentTypeError("give a number from 0 to 1")
    return value


def _seconds(text: str) -> float:
    value = float(text)
    if not 0 < value <= 3600:
        raise argparse.ArgumentTypeError("give 1 to 3600 seconds")
    return value


if __name__ == "__main__":
    raise SystemExit(main())
