"""What do all tests share? Small pages of invented towns, stores over them, and two doubles with no mind of their own.

``KeywordEmbedder`` has one dimension per keyword, so that nearness can be counted by hand; ``ScriptedReader`` says
what it was told to say. Both are handed out as classes, since test modules cannot import one another.
"""

from __future__ import annotations

import os

os.environ["HF_HUB_OFFLINE"] = "1"  # before any library reads it: a test that wants the network shall fail at once
os.environ["TOKENIZERS_PARALLELISM"] = "false"

import hashlib
import json
import re
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, settings
from safetensors.numpy import save_file
from tokenizers import Regex, Tokenizer
from tokenizers.models import WordLevel
from tokenizers.pre_tokenizers import Split

import index.build
import index.store.opened
from index.build import build_store
from index.config import IndexConfig
from index.embedding import Embedder, Vectors
from index.store.opened import Store, open_store
from rag.answerers import Extract, Reading
from rag.citations import cite
from rag.query.question import Question
from rag.schema import Answer, Hit

settings.register_profile(
    "house", deadline=None, max_examples=100, suppress_health_check=[HealthCheck.too_slow], derandomize=True
)
settings.load_profile("house")

_DATA = Path(__file__).parent / "data"
_KEYWORDS = ("图书馆", "大桥", "龙舟", "果园", "操场")

MakeStore = Callable[..., Store]


class _KeywordEmbedder(Embedder):
    """Counts keywords: the vector of a text has one dimension per keyword, brought to length 1."""

    def __init__(self, keywords: Sequence[str] = _KEYWORDS) -> None:
        self.keywords = tuple(keywords)
        self.name, self.dim = "keywords", len(self.keywords)
        self.fingerprint = hashlib.sha256("\0".join(self.keywords).encode()).hexdigest()[:16]

    def encode_documents(self, texts: Sequence[str]) -> Vectors:
        counts = [[text.count(keyword) for keyword in self.keywords] for text in texts]
        vectors = np.asarray(counts, np.float32).reshape(len(texts), self.dim)
        lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
        return vectors / np.maximum(lengths, np.float32(1e-12))

    def encode_query(self, text: str) -> Vectors:
        return self.encode_documents([text])[0]


class _ScriptedReader:
    """Hands out its readings one after the other and remembers what it was asked."""

    def __init__(self, *readings: Reading) -> None:
        self.readings = deque(readings)
        self.asked: list[tuple[Question, tuple[Hit, ...]]] = []

    def read(self, question: Question, hits: Sequence[Hit], store: Store) -> Reading:
        self.asked.append((question, tuple(hits)))
        return self.readings.popleft()


@pytest.fixture(scope="session")
def keyword_embedder() -> type[_KeywordEmbedder]:
    """The class; make one with the keywords to count."""
    return _KeywordEmbedder


@pytest.fixture(scope="session")
def scripted_reader() -> type[_ScriptedReader]:
    """The class; make one with the readings it shall hand out."""
    return _ScriptedReader


@pytest.fixture(scope="session")
def data_folder() -> Path:
    return _DATA


@pytest.fixture(scope="session")
def pages_folder() -> Path:
    """Three readable pages: UTF-8, GB18030, UTF-16 with a byte-order mark and CR LF."""
    return _DATA / "pages"


@pytest.fixture(scope="session")
def seeds_folder() -> Path:
    return Path(__file__).parent.parent / "seeds"


@pytest.fixture(scope="session")
def make_store(tmp_path_factory: pytest.TempPathFactory) -> MakeStore:
    """Builds a store over given pages with a ``KeywordEmbedder`` and opens it, along the same way as the house does."""

    def make(pages: Mapping[str, str] | Path, keywords: Sequence[str] = _KEYWORDS, size: int = 60) -> Store:
        work = tmp_path_factory.mktemp("made")
        folder = pages if isinstance(pages, Path) else work / "pages"
        if not isinstance(pages, Path):
            folder.mkdir()
            for name, text in pages.items():
                (folder / name).write_text(text, encoding="utf-8", newline="")
        with pytest.MonkeyPatch.context() as patch:
            for module in (index.build, index.store.opened):
                patch.setattr(module, "load_embedder", lambda model: _KeywordEmbedder(keywords))
            build_store(folder, work / "store", IndexConfig(passage_size=size))
            return open_store(work / "store")

    return make


@pytest.fixture(scope="session")
def tiny_store(make_store: MakeStore, pages_folder: Path) -> Store:
    """A store over ``pages_folder``; its files are read-only, and nothing in the house changes an open store.

    Its seven passages, in row order, and the keyword each is near to::

        0  liuhe.txt#2:0       图书馆  柳河镇图书馆开馆 … 藏书3200册。
        1  liuhe.txt#2:52      图书馆  “书是居民一本一本选的。”馆长陆远航说。 … 周一闭馆。
        2  liuhe.txt#10:0      大桥    鹿鸣大桥通车 … 只要两分钟。
        3  qingtan.txt#1:0     龙舟    ■端午特刊 … 夺冠。
        4  qingtan.txt#1:53    龙舟    队长沈大川说 … （青滩镇文化站）
        5  qingtan.txt#13:0    果园    白石村果园丰收 … 5吨。
        6  shanqian.txt#1:0    操场    山前小学新操场启用 … ”
    """
    store = make_store(pages_folder)
    for file in store.path.rglob("*"):
        if file.is_file():
            file.chmod(0o444)
    return store


@pytest.fixture(scope="session")
def write_model() -> Callable[..., Path]:
    """Writes the folder of a static model by hand: one token per character, and a vector per token."""

    def write(folder: Path, vectors: Mapping[str, Sequence[float]], prompts: Mapping[str, str] | None = None) -> Path:
        folder.mkdir(parents=True, exist_ok=True)
        width = len(next(iter(vectors.values())))
        vocabulary = {"[UNK]": 0} | {char: number for number, char in enumerate(vectors, start=1)}
        tokenizer = Tokenizer(WordLevel(vocabulary, unk_token="[UNK]"))
        tokenizer.pre_tokenizer = Split(Regex(r"[\s\S]"), "isolated")
        tokenizer.save(str(folder / "tokenizer.json"))
        weights = np.asarray([[0.0] * width, *vectors.values()], np.float32)
        save_file({"embedding.weight": weights}, str(folder / "model.safetensors"))
        kind = "sentence_transformers.sentence_transformer.modules.static_embedding.StaticEmbedding"
        modules = [{"idx": 0, "name": "0", "path": "", "type": kind}]
        (folder / "modules.json").write_text(json.dumps(modules), encoding="utf-8")
        config = {"prompts": dict(prompts or {}), "default_prompt_name": None, "similarity_fn_name": "cosine"}
        (folder / "config_sentence_transformers.json").write_text(json.dumps(config), encoding="utf-8")
        return folder

    return write


@pytest.fixture(scope="session")
def model_folder(write_model: Callable[..., Path], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A static model with six tokens in three dimensions; enough to build and open stores the real way in no time."""
    vectors = {"图": (1, 0, 0), "书": (1, 0, 0), "大": (0, 1, 0), "桥": (0, 1, 0), "龙": (0, 0, 1), "舟": (0, 0, 1)}
    return write_model(tmp_path_factory.mktemp("model") / "table", vectors)


@pytest.fixture(scope="session")
def make_answer() -> Callable[..., Answer]:
    """An answer that quotes given stretches of a page's first article; ``nth`` chooses among equal stretches."""

    def make(
        store: Store, file: str, *quotes: str, abstained: bool = False, nth: int = 0, bold: str = "", **more: object
    ) -> Answer:
        article = next(article for article in store.articles.values() if article.file == file)
        passage_id = next(p.passage_id for p in store.passages.values() if p.article_id == article.article_id)
        places = [[m.start() for m in re.finditer(re.escape(quote), article.text)][nth] for quote in quotes]
        citations = []
        for number, (place, quote) in enumerate(zip(places, quotes, strict=True), start=1):
            short = article.text.index(bold, place) if bold else 0
            marks = ((short, short + len(bold)),) if bold else ()
            citations.append(cite(store, Extract(passage_id, place, place + len(quote), marks), number))
        if abstained:
            return Answer("问？", "没有答案。", (), 0.1, abstained=True, nearest=tuple(citations), **more)
        text = "\n".join(f"{c.quote}[{c.number}]" for c in citations)
        return Answer("问？", text, tuple(citations), 0.9, abstained=False, **more)

    return make


PrintedText = tuple[float, float, float, str]
"""Of a line on a sheet: left side and baseline in points from the lower left corner, size in points, characters."""

_PRINTED_FONT = (
    b"<< /Type /Font /Subtype /Type0 /BaseFont /STSong-Light /Encoding /UniGB-UCS2-H /DescendantFonts ["
    b"<< /Type /Font /Subtype /CIDFontType0 /BaseFont /STSong-Light /DW 1000 /CIDSystemInfo"
    b" << /Registry (Adobe) /Ordering (GB1) /Supplement 4 >> >>] >>"
)


def _pdf(*sheets: Sequence[PrintedText], width: float = 600, height: float = 800) -> bytes:
    """A PDF file; every sheet is given by its lines. The font is one that each reader of PDF knows by name."""
    objects = [b"<< /Type /Catalog /Pages 2 0 R >>", b"", _PRINTED_FONT]
    kids = []
    for sheet in sheets:
        drawn = b"".join(
            b"BT /F1 %g Tf 1 0 0 1 %g %g Tm <%s> Tj ET\n" % (size, x, y, text.encode("utf-16-be").hex().encode())
            for x, y, size, text in sheet
        )
        objects.append(b"<< /Length %d >>\nstream\n%s\nendstream" % (len(drawn), drawn))
        objects.append(
            b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 %g %g] /Contents %d 0 R /Resources"
            b" << /Font << /F1 3 0 R >> >> >>" % (width, height, len(objects))
        )
        kids.append(b"%d 0 R" % len(objects))
    objects[1] = b"<< /Type /Pages /Kids [%s] /Count %d >>" % (b" ".join(kids), len(kids))
    data, places = b"%PDF-1.5\n", []
    for number, body in enumerate(objects, start=1):
        places.append(len(data))
        data += b"%d 0 obj\n%s\nendobj\n" % (number, body)
    table = b"".join(b"%010d 00000 n \n" % place for place in places)
    return data + (
        b"xref\n0 %d\n0000000000 65535 f \n%strailer << /Size %d /Root 1 0 R >>\nstartxref\n%d\n%%%%EOF"
        % (len(objects) + 1, table, len(objects) + 1, len(data))
    )


@pytest.fixture(scope="session")
def make_pdf() -> Callable[..., bytes]:
    """See :func:`_pdf`."""
    return _pdf
