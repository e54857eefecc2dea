"""The commands. Run: python -m training.reader base --data FOLDER --work FOLDER, then those that ``--help`` names."""

from __future__ import annotations

import argparse
import json
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import islice
from pathlib import Path
from typing import Any
from zlib import crc32

import numpy as np
import torch
from numpy.typing import NDArray

from rag.retrieval.crossencoder import BUILTIN_READER, load_tokenizer
from training.flags import add_flags, read_flags
from training.reader.base import base_weights, count_pieces, keep_pieces, make_tokenizer
from training.reader.calibrate import ask_held, fit_confidence, small_stores
from training.reader.examples import make_groups
from training.reader.export import export_reader
from training.reader.fit import ReaderSettings, net_reader, new_net, train_reader
from training.reader.groups import Group, read_groups, write_groups
from training.reader.packed import find_packed, read_packed
from training.reader.questions import Asked, read_squad_questions, read_written_questions, squad_pages
from training.reader.rows import encode_groups, load_rows, save_rows
from training.reader.score import score_reader, scores_table
from training.reader.stores import open_documents
from training.report import report
from training.settings import DataPaths
from training.sources import read_cedict, read_news, read_pairs

__all__ = ["main"]

_WRITTEN, _HEADLINES = ("questions.jsonl", "reading.jsonl"), "headlines.json"
_COUNTED, _COMMON = 20_000, 300  # articles whose characters are counted, and how often a common one stands there


def main(argv: Sequence[str] | None = None) -> None:
    """Run one command."""
    args = _parser().parse_args(argv)
    args.run(args)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m training.reader", description="Train the reading model.")
    commands = parser.add_subparsers(required=True)
    for name, run, help_text in (
        ("base", _base, "prune the base model"),
        ("examples", _examples, "label passages for each question"),
        ("train", _train, "train the network, from the base or from a larger trained one"),
        ("score", _score, "read the held-out groups"),
        ("export", _export, "write the model folder that ships"),
        ("calibrate", _calibrate, "ask held-out questions and fit the confidence of the folder that ships"),
    ):
        command = commands.add_parser(name, help=help_text)
        command.set_defaults(run=run)
        command.add_argument("--data", type=Path, help="folder of the public data files")
        command.add_argument("--work", type=Path, required=True, help="folder for what is made on the way")
        command.add_argument("--device", default="cpu", choices=("cpu", "cuda"))
        command.add_argument("--minutes", type=float, default=0.0, help="stop training after so long; no limit when 0")
        command.add_argument("--name", default="reader", help="of the trained weights in the work folder")
        command.add_argument("--rows", default="rows", help="name of the encoded examples in the work folder")
        command.add_argument("--start", help="name of trained weights to go on from; the base's when left out")
        command.add_argument("--teacher", help="name of trained weights to learn from")
        command.add_argument("--teacher-layers", type=int, default=12)
        command.add_argument("--only", nargs="*", help="kinds of question to learn from; all when left out")
        command.add_argument("--count", type=int, default=600, help="questions to ask for the calibration")
        command.add_argument("--every", type=int, default=1, help="score one group of so many")
        command.add_argument("--without", nargs="*", default=[], help="kinds of question to leave out")
        add_flags(command, ReaderSettings)
    return parser


def _settings(args: argparse.Namespace) -> ReaderSettings:
    return read_flags(args, ReaderSettings)


def _base(args: argparse.Namespace) -> None:
    packed = read_packed(find_packed())
    whole = make_tokenizer(packed, list(range(len(packed.pieces))))
    counts = count_pieces(whole, _texts(DataPaths.from_folder(args.data)))
    kept = keep_pieces(packed, counts, args.vocabulary)
    args.work.mkdir(parents=True, exist_ok=True)
    make_tokenizer(packed, kept).save(str(args.work / "tokenizer.json"), pretty=False)
    weights: dict[str, Any] = dict(base_weights(packed, kept))
    np.savez(args.work / "base.npz", **weights)
    cut = sum(counts.values()) - sum(counts[piece] for piece in kept)
    share = 1 - cut / sum(counts.values())
    report(f"base: {len(kept)} of {len(packed.pieces)} pieces, which are {share:.4f} of the text")


def _texts(data: DataPaths) -> Iterator[str]:
    """What the kept pieces are counted on: news, encyclopedia, questions, and English ten times, being scarce."""
    yield from read_news(data.news).values()
    for path in (data.cmrc, data.drcd):
        yield from squad_pages(path).values()
    english = [pair[0] for pair in read_pairs(data.tatoeba)]
    questions = [asked.text for asked in _written()]
    yield from 10 * (english + questions)


def _written() -> list[Asked]:
    folder = Path(__file__).parent.parent
    return [asked for name in _WRITTEN for asked in read_written_questions(folder / name)]


def _headlines() -> dict[str, str]:
    """Document -> the headline that was written for it."""
    told: dict[str, str] = json.loads((Path(__file__).parent.parent / _HEADLINES).read_text(encoding="utf-8"))
    return told


def _homophones(data: DataPaths, news: Mapping[str, str]) -> dict[str, str]:
    """Common character -> others that are read alike, tones aside."""
    counts = Counter(char for text in islice(news.values(), _COUNTED) for char in text)
    groups: dict[str, set[str]] = defaultdict(set)
    for entry in read_cedict(data.cedict):
        if len(entry.word) == 1 and counts[entry.word] >= _COMMON:
            groups[entry.syllables[0]].add(entry.word)
    return {char: "".join(sorted(group - {char})) for group in groups.values() for char in group if len(group) > 1}


def _examples(args: argparse.Namespace) -> None:
    data = DataPaths.from_folder(args.data)
    texts = read_news(data.news)
    news = open_documents(args.work / "news", texts)
    squad = open_documents(args.work / "squad", squad_pages(data.cmrc) | squad_pages(data.drcd))
    asked = [question for path in (data.cmrc, data.drcd) for question in read_squad_questions(path)]
    alike = _homophones(data, texts)
    made = [
        *make_groups(news, _written(), _headlines(), alike, args.seed),
        *make_groups(squad, asked, {}, alike, args.seed),
    ]
    for name, held in (("train", False), ("held", True)):
        count = write_groups(args.work / f"{name}.jsonl", (group for group in made if group.held is held))
        report(f"examples: {count} groups in {name}.jsonl")


def _train(args: argparse.Namespace) -> None:
    settings = _settings(args)
    rows = args.work / f"{args.rows}.npz"
    if not rows.exists():
        groups = [group for group in read_groups(args.work / "train.jsonl") if _is_wanted(group, args)]
        save_rows(rows, encode_groups(load_tokenizer(args.work), groups, settings.longest))
    data = load_rows(rows)
    teacher = None
    weights = dict(np.load(args.work / "base.npz"))
    if args.teacher:
        weights = _trained(args.work, args.teacher)
        teacher = new_net(weights, replace(settings, layers=args.teacher_layers)).to(args.device).eval()
    if args.start:
        weights = _trained(args.work, args.start)
    net = new_net(weights, settings)
    ends = frozenset(filter(None, map(load_tokenizer(args.work).token_to_id, "。！？!?；;")))
    report(f"reader: {len(data)} groups, {sum(map(len, data))} passages, {settings}")
    checkpoint = args.work / f"{args.name}.checkpoint.pt"
    net = train_reader(net, data, settings, checkpoint, args.device, teacher, args.minutes, ends)
    kept = {name: value.cpu().numpy().astype(np.float16) for name, value in net.state_dict().items()}
    np.savez(args.work / f"{args.name}.npz", **{n: v for n, v in kept.items() if n != "words.weight"})


def _trained(work: Path, name: str) -> dict[str, NDArray[np.float32]]:
    """Trained weights; the word table is the base's, for it is not trained."""
    words = np.load(work / "base.npz")["words.weight"]
    stored = {part: value.astype(np.float32) for part, value in np.load(work / f"{name}.npz").items()}
    return stored | {"words.weight": words}


def _score(args: argparse.Namespace) -> None:
    net = new_net(_trained(args.work, args.name), _settings(args)).to(args.device).eval()
    groups = read_groups(args.work / "held.jsonl")
    read = net_reader(net, load_tokenizer(args.work), args.device)
    report(f"score of {args.name}:\n" + scores_table(score_reader(read, groups[:: args.every])))


def _export(args: argparse.Namespace) -> None:
    net = new_net(_trained(args.work, args.name), _settings(args)).eval()
    told = BUILTIN_READER / "settings.json"
    known = json.loads(told.read_text(encoding="utf-8")) if told.exists() else {}
    kept = {"calibration": known.get("calibration", {"constant": 0.0, "holds": 1.0})}
    size = export_reader(net, args.work / "tokenizer.json", BUILTIN_READER, kept)
    report(f"export: {size} bytes in {BUILTIN_READER}")


def _calibrate(args: argparse.Namespace) -> None:
    data = DataPaths.from_folder(args.data)
    held = [asked for asked in _written() if asked.held]
    documents = sorted({asked.document for asked in held}, key=lambda name: crc32(name.encode()))
    news = read_news(data.news)
    outcomes = []
    for store, inside in small_stores(args.work / "small", news, _headlines(), documents):
        mine = [asked for asked in held if asked.document in inside]
        outcomes += ask_held(store, mine, args.count * len(inside) // len(documents), args.seed)
    outcomes += ask_held(open_documents(args.work / "news", news), held, args.count // 2, args.seed)
    weights, figures = fit_confidence(outcomes)
    file = BUILTIN_READER / "settings.json"
    settings = json.loads(file.read_text(encoding="utf-8")) | {"calibration": weights}
    file.write_text(json.dumps(settings, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    report(f"calibrate: {len(outcomes)} questions, {figures}, {weights}")


def _is_wanted(group: Group, args: argparse.Namespace) -> bool:
    kind = group.kind.partition(", following")[0]
    return kind not in args.without and (not args.only or kind in args.only)


if __name__ == "__main__":
    torch.set_float32_matmul_precision("high")
    main()
