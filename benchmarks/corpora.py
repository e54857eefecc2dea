"""Which public question sets can our commands use? SQuAD-shaped files and news articles, as pages and questions."""

from __future__ import annotations

import argparse
import json
import lzma
import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any
from zlib import crc32

from index.build import build_store
from index.config import IndexConfig
from index.store.opened import Store, open_store
from training.sources import is_held_out

__all__ = [
    "FOLDS",
    "Corpus",
    "GoldQuestion",
    "fold_of",
    "load_all",
    "load_news",
    "load_squad",
    "make_parser",
    "open_corpus",
    "split_corpus",
]

FOLDS = 5


@dataclass(frozen=True, slots=True)
class GoldQuestion:
    """A question with its gold.

    Attributes:
        text: The question.
        answers: Its answers, any of which will do; none when the collection does not answer it.
        files: The pages that hold them.
        held_out: Whether the built-in model never saw it. The model is trained on some of these questions; what is
            fitted on top of its cosines must not be.
        quotes: The sentences that answer, where they are known.
        type: How it asks, where it is known.
    """

    text: str
    answers: tuple[str, ...]
    files: frozenset[str]
    held_out: bool = True
    quotes: tuple[str, ...] = ()
    type: str = ""


@dataclass(frozen=True, slots=True)
class Corpus:
    """Page file -> text, and questions over them; ``name`` is what reports call it."""

    name: str
    pages: dict[str, str]
    questions: tuple[GoldQuestion, ...]
    folder: str = ""

    @property
    def place(self) -> str:
        """Folder of its store; corpora of one name differ in it."""
        return self.folder or self.name


def load_squad(path: Path, limit: int, seed: int = 0) -> Corpus:
    """A SQuAD-shaped file (CMRC 2018, DRCD): a page per paragraph, and up to ``limit`` unseen questions."""
    pages: dict[str, str] = {}
    questions: list[GoldQuestion] = []
    for number, article in enumerate(json.loads(path.read_text(encoding="utf-8"))["data"]):
        held_out = is_held_out(f"{path.stem}/{article.get('title', '')}/{number}")
        for paragraph in article["paragraphs"]:
            file = f"{len(pages):05}.txt"
            pages[file] = paragraph["context"]
            for item in paragraph["qas"]:
                answers = tuple(dict.fromkeys(answer["text"] for answer in item["answers"]))
                questions.append(GoldQuestion(item["question"], answers, frozenset({file}), held_out))
    return Corpus(path.stem, pages, _draw(questions, limit, seed))


def load_news(articles: Path, questions: Path, distractors: int, seed: int = 0) -> Corpus:
    """News articles as pages: those that the questions need, and ``distractors`` more drawn at random."""
    gold = [json.loads(line) for line in questions.read_text(encoding="utf-8").splitlines()]
    needed = {document for item in gold for document in item["documents"]}
    texts: dict[str, str] = {}
    with lzma.open(articles, "rt", encoding="utf-8") as stream:
        for line in stream:
            item = json.loads(line)
            texts[item["id"]] = item["text"]
    others = sorted(texts.keys() - needed)
    drawn = random.Random(seed).sample(others, min(distractors, len(others)))
    pages = {f"{name}.txt": texts[name] for name in [*sorted(needed), *drawn] if texts[name].strip()}
    return Corpus(questions.stem, pages, tuple(map(_news_question, gold)))


def split_corpus(corpus: Corpus, articles: int) -> list[Corpus]:
    """Half of a corpus as it is, and half cut into collections as small as a few newspaper pages.

    Whoever asks five pages has fewer passages that look alike than whoever asks an archive, and what is learned must
    know both. Each question is in one half; those with documents in several collections stay in the large one.

    Args:
        corpus: A corpus with one page per article.
        articles: About how many of a small collection.
    """
    needed = sorted({file for question in corpus.questions for file in question.files})
    small = [file for file in needed if crc32(f"half/{file}".encode()) % 2]
    groups = [frozenset(small[start : start + articles]) for start in range(0, len(small), articles)]
    parts = [
        Corpus(
            f"{corpus.name}, small",
            {file: corpus.pages[file] for file in sorted(group)},
            tuple(q for q in corpus.questions if q.files and q.files <= group),
            f"{corpus.name}-{number}",
        )
        for number, group in enumerate(groups)
    ]
    taken = {question for part in parts for question in part.questions}
    return [replace(corpus, questions=tuple(q for q in corpus.questions if q not in taken)), *parts]


def _news_question(item: Mapping[str, Any]) -> GoldQuestion:
    quotes = item["quotes"] if "quotes" in item else [item["quote"]] if item.get("quote") else []
    files = frozenset(f"{name}.txt" for name in item["documents"])
    unseen = _is_unseen(item)
    return GoldQuestion(item["question"], tuple(item["answers"]), files, unseen, tuple(quotes), item.get("type", ""))


def _is_unseen(item: Mapping[str, Any]) -> bool:
    if "use" in item:  # written for us, each with a word on what it is for
        return bool(item["use"] == "fit")
    # Of the others, no model was trained on the semantic questions, which have types, whatever their documents.
    return "type" in item or all(map(is_held_out, item["documents"]))


def fold_of(question: GoldQuestion) -> int:
    """Which of ``FOLDS`` folds a question belongs to; all questions about one page are in one."""
    return crc32("".join(sorted(question.files) or [question.text]).encode()) % FOLDS


def open_corpus(corpus: Corpus, folder: Path) -> Store:
    """Write the pages below ``folder``, build a store there, and open it."""
    pages = folder / corpus.place / "pages"
    pages.mkdir(parents=True, exist_ok=True)
    for file, text in corpus.pages.items():
        (pages / file).write_text(text, encoding="utf-8")
    build_store(pages, folder / corpus.place / "store", IndexConfig())
    return open_store(folder / corpus.place / "store")


def make_parser(description: str | None, out: str | None = None) -> argparse.ArgumentParser:
    """The arguments that every command on these sets takes; ``out`` describes what is to be written, if anything is."""
    parser = argparse.ArgumentParser(description=description, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--squad", type=Path, nargs="+", required=True, help="SQuAD-shaped files")
    parser.add_argument("--news", type=Path, nargs="+", required=True, metavar="FILE", help="articles, then questions")
    parser.add_argument("--work", type=Path, required=True, help="folder for the stores that are built")
    parser.add_argument("--limit", type=int, default=1500, help="questions per SQuAD-shaped file (default: 1500)")
    parser.add_argument("--distractors", type=int, default=8000, help="further news articles (default: 8000)")
    if out:
        parser.add_argument("--out", type=Path, required=True, help=out)
    return parser


def load_all(args: argparse.Namespace) -> list[Corpus]:
    """The sets that :func:`make_parser` was given."""
    squad = [load_squad(path, args.limit) for path in args.squad]
    return squad + [load_news(args.news[0], questions, args.distractors) for questions in args.news[1:]]


def _draw(questions: Sequence[GoldQuestion], limit: int, seed: int) -> tuple[GoldQuestion, ...]:
    unseen = [question for question in questions if question.held_out]
    drawn = random.Random(seed).sample(unseen, min(limit, len(unseen)))
    return tuple(drawn)
