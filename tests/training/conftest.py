"""A made-up data folder, and a teacher that knows nothing but the letters of a text."""

from __future__ import annotations

import gzip
import json
import lzma
import random
from pathlib import Path

import numpy as np
import pytest

from training.settings import DataPaths, Settings

WORDS = {
    "医院": ("醫院", "yi1 yuan4", "hospital"),
    "医生": ("醫生", "yi1 sheng1", "doctor"),
    "大夫": ("大夫", "dai4 fu5", "doctor"),
    "学校": ("學校", "xue2 xiao4", "school"),
    "老师": ("老師", "lao3 shi1", "teacher"),
    "地铁": ("地鐵", "di4 tie3", "subway/metro"),
    "列车": ("列車", "lie4 che1", "train"),
    "开通": ("開通", "kai1 tong1", "to open up (for traffic); to launch"),
    "宣布": ("宣布", "xuan1 bu4", "to announce/to declare/CL:個|个[ge4]"),
    "北京": ("北京", "Bei3 jing1", "Beijing, capital of China"),
    "丰台": ("豐台", "Feng1 tai2", "see 豐台區|丰台区[Feng1 tai2 Qu1]"),
}
TOPICS = (("医院", "医生", "大夫"), ("学校", "老师", "北京"), ("地铁", "列车", "丰台"))


@pytest.fixture(scope="session")
def data(tmp_path_factory: pytest.TempPathFactory) -> DataPaths:
    folder = tmp_path_factory.mktemp("data")
    draw = random.Random(0)
    with lzma.open(folder / "news.jsonl.xz", "wt", encoding="utf-8") as stream:
        for number in range(60):
            topic = TOPICS[number % 3]
            text = "".join(
                f"{draw.choice(topic)}{draw.choice(('宣布', '开通'))}{draw.choice(topic)}{number}号在2023年。"
                for _ in range(6)
            )
            stream.write(json.dumps({"id": f"n{number}", "date": None, "text": text}, ensure_ascii=False) + "\n")
    with gzip.open(folder / "cedict.txt.gz", "wt", encoding="utf-8") as stream:
        stream.write("# made up\n")
        for word, (traditional, pinyin, glosses) in WORDS.items():
            stream.write(f"{traditional} {word} [{pinyin}] /{glosses}/\n")
        stream.write("豐 丰 [feng1] /abundant/\n臺 台 [tai2] /platform/\n")
    pairs = [("The doctor is in the hospital.", "医生在医院。"), ("The train opens.", "列車開通。")] * 4
    (folder / "tatoeba_en_zh.tsv").write_text("".join(f"{a}\t{b}\n" for a, b in pairs), encoding="utf-8")
    for name in ("cmrc2018_trial", "drcd_dev"):
        articles = [
            {"title": f"题{n}", "paragraphs": [{"context": f"{TOPICS[n % 3][0]}在{n}号。", "qas": [_question(n)]}]}
            for n in range(20)
        ]
        (folder / f"{name}.json").write_text(json.dumps({"data": articles}, ensure_ascii=False), encoding="utf-8")
    lines = [{"question": f"{n}号开通了吗", "answers": ["是"], "documents": [f"n{n}"]} for n in range(60)]
    (folder / "news_questions.jsonl").write_text(
        "".join(json.dumps(line, ensure_ascii=False) + "\n" for line in lines), encoding="utf-8"
    )
    _write_questions(folder / "questions.jsonl", folder / "news.jsonl.xz")
    return DataPaths.from_folder(folder, folder / "questions.jsonl")


@pytest.fixture
def settings() -> Settings:
    return Settings(
        vocabulary=3_000,
        candidates=3_000,
        dim=16,
        steps=12,
        rough_sentences=20,
        news_batch=24,
        dictionary_batch=8,
        sentence_batch=6,
        rough_batch=8,
        question_batch=8,
        written_batch=6,
        written_negatives=5,
    )


@pytest.fixture(autouse=True)
def letters_teacher(monkeypatch: pytest.MonkeyPatch) -> None:
    def vectors(texts, cache, model=None, progress=None):
        rows = np.zeros((len(texts), 384), np.float32)
        for row, text in zip(rows, texts, strict=True):
            for letter in text.lower():
                row[ord(letter) % 384] += 1
        return (rows / np.maximum(np.linalg.norm(rows, axis=1, keepdims=True), 1e-9)).astype(np.float16)

    monkeypatch.setattr("training.prepare.teacher_vectors", vectors)
    monkeypatch.setattr("training.prepare.teacher_words", lambda count: ["hospital", "school"][:count])


def _write_questions(file: Path, news: Path) -> None:
    """One question per article, its answer in the article's third sentence; every third one is not for training."""
    lines = []
    with lzma.open(news, "rt", encoding="utf-8") as stream:
        for number, article in enumerate(map(json.loads, stream)):
            quote = article["text"].split("。")[2] + "。"
            line = {"id": f"w{number}", "type": "paraphrase", "question": f"第{number}号是哪个？", "answers": ["号"]}
            use = "fit" if number % 3 == 0 else "train"
            lines.append(line | {"documents": [article["id"]], "quotes": [quote], "use": use})
    lines.append(lines[0] | {"id": "none", "type": "unanswerable", "answers": [], "quotes": []})
    file.write_text("".join(json.dumps(line, ensure_ascii=False) + "\n" for line in lines), encoding="utf-8")


def _question(number: int) -> dict[str, object]:
    return {"id": str(number), "question": f"{number}号在哪里？", "answers": [{"text": "号", "answer_start": 0}]}


@pytest.fixture
def work(tmp_path: Path) -> Path:
    return tmp_path / "work"
