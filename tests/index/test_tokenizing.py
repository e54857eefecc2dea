"""Does the faster way find the tokens that the library finds?"""

from __future__ import annotations

import json
from collections import Counter
from functools import cache
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tokenizers import Tokenizer

from index.config import BUILTIN_MODEL
from index.tokenizing import StaticTokenizer

_FILE = BUILTIN_MODEL / "tokenizer.json"
_PAGES = "鹿鸣大桥全长860米，總投資1.2億元。“通车了！”周小雨说：AI 2025，"
_PAGES += "ｗｉ-ｆｉ、豐台區㎡é①\u00a0\t\u3000×℃🙂☎\u0301가々〇𠀀\n[UNK][PAD]"


@cache
def _reference() -> Tokenizer:
    return Tokenizer.from_file(str(_FILE))


@cache
def _ours() -> StaticTokenizer:
    return StaticTokenizer(_FILE)


def _of_library(texts: list[str]) -> list[list[int]]:
    return [encoding.ids for encoding in _reference().encode_batch(texts, add_special_tokens=False)]


def _found(tokenizer: StaticTokenizer, texts: list[str]) -> list[list[int]]:
    found = tokenizer.tokens(texts)
    return [ids.tolist() for ids in np.split(found.ids, np.cumsum(found.lengths)[:-1])]


_PIECES = [piece for piece, _ in json.loads(_FILE.read_text(encoding="utf-8"))["model"]["vocab"]]
_TEXTS = st.lists(st.one_of(st.sampled_from(_PAGES), st.sampled_from(_PIECES)), max_size=25).map("".join)


@settings(max_examples=150, deadline=None)
@given(st.lists(_TEXTS, min_size=9, max_size=12))
def test_many_texts_have_the_tokens_of_the_library(texts: list[str]) -> None:
    # Of two cuts that are equally good, either may be taken: 哈 哈哈 or 哈哈 哈.
    assert list(map(Counter, _found(_ours(), texts))) == list(map(Counter, _of_library(texts)))


def test_news_has_them_in_their_order(seeds_folder: Path) -> None:
    lines = [line for file in seeds_folder.glob("*.txt") for line in file.read_text(encoding="utf-8").splitlines()]
    assert len(lines) > 100
    assert _found(_ours(), lines) == _of_library(lines)


@pytest.mark.parametrize("count", [0, 1, 8, 9])
def test_any_number_of_texts(count: int) -> None:
    texts = ["大桥通车", "", " ，。 ", "zzz zzzzzz", "豐台區"][:count] + ["大桥"] * max(0, count - 5)
    found = _ours().tokens(texts)
    assert found.lengths.tolist() == [len(ids) for ids in _of_library(texts)]
    assert found.ids.tolist() == [number for ids in _of_library(texts) for number in ids]


def test_a_tokenizer_of_another_kind_is_the_library_alone(tmp_path) -> None:
    told = json.loads(_FILE.read_text(encoding="utf-8"))
    told["pre_tokenizer"] = {"type": "WhitespaceSplit"}
    file = tmp_path / "tokenizer.json"
    file.write_text(json.dumps(told), encoding="utf-8")
    texts = ["大桥\t通车"] * 20
    library = Tokenizer.from_file(str(file))
    assert _found(StaticTokenizer(file), texts) == [
        encoding.ids for encoding in library.encode_batch(texts, add_special_tokens=False)
    ]
