"""What stands in the public data files? Readers that yield plain records, folded where only matching counts."""

from __future__ import annotations

import gzip
import json
import lzma
import re
from dataclasses import dataclass
from pathlib import Path
from zlib import crc32

from training.folding import fold

__all__ = ["Entry", "Question", "is_held_out", "read_cedict", "read_news", "read_news_questions", "read_pairs"]
__all__ += ["WrittenQuestion", "read_squad", "read_written"]

_ENTRY = re.compile(r"^(\S+) (\S+) \[([^\]]*)\] /(.*)/\s*$")
_HELD_OUT_SHARE = 0.4


@dataclass(frozen=True, slots=True)
class Entry:
    """One line of CC-CEDICT: the folded head word, its syllables without tones, its glosses as printed."""

    word: str
    syllables: tuple[str, ...]
    glosses: tuple[str, ...]
    is_name: bool


@dataclass(frozen=True, slots=True)
class Question:
    """A question, the documents that answer it, and whether it is kept from training."""

    text: str
    documents: tuple[str, ...]
    held_out: bool


@dataclass(frozen=True, slots=True)
class WrittenQuestion:
    """A question written for this model over one news article, with the sentences that answer it.

    Attributes:
        text: The question.
        kind: Its type: paraphrase, english, description, list and so on.
        document: The article.
        quotes: Pieces of the article that answer, as printed; none where the article does not tell.
        use: ``train`` for this model; ``fit`` for what is fitted on top of it, and for its development figures.
    """

    text: str
    kind: str
    document: str
    quotes: tuple[str, ...]
    use: str


def read_news(path: Path) -> dict[str, str]:
    """Article id -> text, as printed, articles without text left out."""
    with lzma.open(path, "rt", encoding="utf-8") as stream:
        items = (json.loads(line) for line in stream)
        return {item["id"]: item["text"] for item in items if item["text"].strip()}


def read_cedict(path: Path) -> list[Entry]:
    """Every entry of the dictionary, in its order."""
    with gzip.open(path, "rt", encoding="utf-8") as stream:
        matches = [match for line in stream if (match := _ENTRY.match(line))]
    return [_entry(*match.groups()[1:]) for match in matches]


def read_pairs(path: Path) -> list[tuple[str, str]]:
    """English and Chinese sides of a tab-separated file of sentence pairs."""
    rows = (line.rstrip("\n").split("\t") for line in path.read_text(encoding="utf-8").splitlines())
    return [(row[0], row[1]) for row in rows if len(row) >= 2]


def read_squad(path: Path) -> tuple[dict[str, str], list[Question]]:
    """Paragraphs by id, and questions, of a SQuAD-shaped file; all paragraphs of an article are on one side."""
    paragraphs: dict[str, str] = {}
    questions: list[Question] = []
    for number, article in enumerate(json.loads(path.read_text(encoding="utf-8"))["data"]):
        held_out = is_held_out(f"{path.stem}/{article.get('title', '')}/{number}")
        for paragraph in article["paragraphs"]:
            key = f"{path.stem}-{len(paragraphs):05}"
            paragraphs[key] = paragraph["context"]
            questions += [Question(item["question"], (key,), held_out) for item in paragraph["qas"]]
    return paragraphs, questions


def read_news_questions(path: Path) -> list[Question]:
    """Questions over news articles; those with documents on both sides of the split are left out."""
    questions: list[Question] = []
    for line in path.read_text(encoding="utf-8").splitlines():
        item = json.loads(line)
        sides = {is_held_out(document) for document in item["documents"]}
        if len(sides) == 1:
            questions.append(Question(item["question"], tuple(item["documents"]), sides.pop()))
    return questions


def read_written(path: Path) -> list[WrittenQuestion]:
    """The written questions that an article answers; none where there is no such file."""
    if not path.exists():
        return []
    items = (json.loads(line) for line in path.read_text(encoding="utf-8").splitlines())
    return [
        WrittenQuestion(item["question"], item["type"], item["documents"][0], tuple(item["quotes"]), item["use"])
        for item in items
        if item["documents"] and item["quotes"]
    ]


def is_held_out(key: str) -> bool:
    """Whether a document's questions are kept from training: decided by its name, so always the same."""
    return crc32(key.encode()) % 1000 < 1000 * _HELD_OUT_SHARE


def _entry(simplified: str, pinyin: str, glosses: str) -> Entry:
    syllables = tuple(re.sub(r"[^a-zü]", "", s.lower().replace("u:", "ü")).replace("ü", "v") for s in pinyin.split())
    return Entry(
        fold(simplified).strip(),
        tuple(s for s in syllables if s),
        tuple(gloss for gloss in glosses.split("/") if gloss),
        pinyin[:1].isupper(),
    )
