"""The commands. Run: python -m training all --data FOLDER --work FOLDER --out FOLDER"""

from __future__ import annotations

import argparse
import json
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

from training.card import model_card
from training.evaluation import DevSet, Row, as_table, bm25_run, dense_run, load_sets, score
from training.export import export, load_folder, neighbours
from training.flags import add_flags, read_flags
from training.picture import picture
from training.prepare import make_tokenizer, prepare
from training.report import report
from training.settings import DataPaths, Settings
from training.sizes import size_table, variants
from training.speed import measure_speed
from training.trainer import train
from training.work import product

__all__ = ["main"]

_SHOWN = (
    ("cmrc", "held out", "mrr@10"),
    ("drcd", "held out", "mrr@10"),
    ("seeds", "paraphrase", "recall@5"),
    ("news", "paraphrase", "recall@10"),
    ("news", "english", "recall@10"),
    ("news", "written, paraphrase", "recall@10"),
    ("news", "written, english", "recall@10"),
)


def main(argv: Sequence[str] | None = None) -> None:
    """Run one command."""
    args = _parser().parse_args(argv)
    if args.threads:
        _limit_threads(args.threads)
    args.run(args)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m training", description="Train the built-in embedding model.")
    commands = parser.add_subparsers(required=True)
    for name, run, help_text in (
        ("tokenizer", _tokenizer, "choose the vocabulary"),
        ("prepare", _prepare, "tokenise the data and ask the teacher"),
        ("train", _train, "train the table"),
        ("export", _export, "write the model folder from the trained table"),
        ("evaluate", _evaluate, "score a model folder on the development sets"),
        ("all", _all, "everything, from the data to the model folder"),
    ):
        command = commands.add_parser(name, help=help_text)
        command.set_defaults(run=run)
        _add_arguments(command)
    near = commands.add_parser("neighbours", help="print the nearest words of some words")
    near.set_defaults(run=_neighbours)
    near.add_argument("--out", type=Path, required=True, help="model folder")
    near.add_argument("--threads", type=int, default=0)
    near.add_argument("--picture", type=Path, help="SVG file to draw them in")
    near.add_argument("words", nargs="+")
    speed = commands.add_parser("speed", help="measure how fast a model folder loads and encodes")
    speed.set_defaults(run=_speed)
    _add_arguments(speed)
    sizes = commands.add_parser("sizes", help="score smaller forms of a model folder")
    sizes.set_defaults(run=_sizes)
    _add_arguments(sizes)
    sizes.add_argument("--dims", type=int, nargs="*", default=[384, 256, 128])
    sizes.add_argument("--words", type=int, nargs="*", default=[40_000, 20_000])
    return parser


def _add_arguments(command: argparse.ArgumentParser) -> None:
    command.add_argument("--data", type=Path, required=True, help="folder of the public data files")
    command.add_argument("--work", type=Path, required=True, help="folder for what is made on the way")
    command.add_argument("--out", type=Path, required=True, help="model folder")
    command.add_argument("--seeds", type=Path, help="folder of newspaper pages, for evaluation")
    command.add_argument("--seed-questions", type=Path, help="questions over those pages, for evaluation")
    command.add_argument("--semantic-questions", type=Path, help="questions over the news, for evaluation")
    command.add_argument("--written-questions", type=Path, help="questions written over the news; ours when left out")
    command.add_argument("--threads", type=int, default=0, help="CPU threads; all when 0")
    add_flags(command, Settings)


def _settings(args: argparse.Namespace) -> Settings:
    return read_flags(args, Settings)


def _data(args: argparse.Namespace) -> DataPaths:
    paths = DataPaths.from_folder(args.data)
    return replace(paths, written=args.written_questions) if args.written_questions else paths


def _product(args: argparse.Namespace, name: str) -> Path:
    return product(name, args.work, _data(args), _settings(args))


def _tokenizer(args: argparse.Namespace) -> None:
    tokenizer = make_tokenizer(_data(args), args.work, _settings(args))
    report(f"tokenizer: {tokenizer.get_vocab_size()} words in {_product(args, 'tokenizer.json')}")


def _prepare(args: argparse.Namespace) -> None:
    material = prepare(_data(args), args.work, _settings(args))
    report(f"prepare: {len(material.news)} sentences of {len(material.articles) - 1} articles")


def _train(args: argparse.Namespace) -> None:
    data, settings = _data(args), _settings(args)
    material = prepare(data, args.work, settings)
    tokenizer = make_tokenizer(data, args.work, settings)
    table = train(material, settings, tokenizer.get_vocab_size(), _product(args, "checkpoint.pt"))
    np.save(_product(args, "table.npy"), table.numpy())


def _export(args: argparse.Namespace) -> None:
    settings = _settings(args)
    tokenizer = make_tokenizer(_data(args), args.work, settings)
    scores, speed = _product(args, "scores.md"), _product(args, "speed.md")
    figures = "\n\n".join(file.read_text(encoding="utf-8").strip() for file in (scores, speed) if file.exists())
    size = export(np.load(_product(args, "table.npy")), tokenizer, args.out, model_card(settings, figures))
    report(f"export: {size} bytes in {args.out}")


def _evaluate(args: argparse.Namespace) -> None:
    tokenizer, table = load_folder(args.out)
    sets = load_sets(_data(args), args.seeds, args.seed_questions, args.semantic_questions)
    dense = [row for test in sets for row in score(test, dense_run(test, tokenizer, table))]
    systems = {"BM25": _bm25_scores(sets), "this model": dense}
    as_json = json.dumps(systems, indent=1, ensure_ascii=False)
    _product(args, "scores.json").write_text(as_json, encoding="utf-8")
    _product(args, "scores.md").write_text(as_table(systems) + "\n", encoding="utf-8")
    report("evaluate:\n" + as_table(systems))


def _bm25_scores(sets: Sequence[DevSet]) -> list[Row]:
    rows: list[Row] = []
    for test in sets:
        report(f"evaluate: BM25 over {test.name}")
        rows += score(test, bm25_run(test))
    return rows


def _speed(args: argparse.Namespace) -> None:
    line = measure_speed(args.out, _data(args).news)
    _product(args, "speed.md").write_text(line + "\n", encoding="utf-8")
    report(f"speed: {line}")


def _neighbours(args: argparse.Namespace) -> None:
    found = neighbours(args.out, args.words)
    if args.picture:
        args.picture.write_text(picture(found), encoding="utf-8")
    for word, near in found.items():
        report(f"{word}: " + " ".join(f"{name} {cosine:.2f}" for name, cosine in near))


def _sizes(args: argparse.Namespace) -> None:
    tokenizer, table = load_folder(args.out)
    sets = load_sets(_data(args), args.seeds, args.seed_questions, args.semantic_questions)
    texts = max(sets, key=lambda test: len(test.texts)).texts
    found = size_table(sets, variants(tokenizer, table, texts, args.dims, args.words), _SHOWN)
    _product(args, "sizes.md").write_text(found + "\n", encoding="utf-8")
    report("sizes:\n" + found)


def _all(args: argparse.Namespace) -> None:
    for command in (_train, _export, _evaluate, _speed, _export):  # the second export has the figures on its card
        command(args)


def _limit_threads(count: int) -> None:
    import torch

    torch.set_num_threads(count)


if __name__ == "__main__":
    main()
