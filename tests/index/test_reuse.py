"""Is a vector used again only for the very text it was made from, and only when it is whole?"""

from __future__ import annotations

import hashlib

import numpy as np
import pytest

from index.dense import DenseIndex
from index.reuse import KnownVectors, load_known, write_keys

TEXTS = ["甲。", "乙。", "丙。"]


@pytest.fixture
def kept(tmp_path):
    vectors = np.eye(3, dtype=np.float32)
    write_keys(tmp_path / "keys.npy", TEXTS)
    DenseIndex.over(vectors).save(tmp_path / "index.faiss")
    return tmp_path


def load(folder, **changes):
    names = ("keys.npy", "index.faiss")
    hashes = {name: hashlib.sha256((folder / name).read_bytes()).hexdigest() for name in names}
    return load_known(folder / "keys.npy", folder / "index.faiss", hashes | changes)


def test_a_text_finds_its_vector_and_another_finds_none(kept):
    known = load(kept)
    assert known.find(["丙。", "丙", "甲。", ""]).tolist() == [2, -1, 0, -1]
    assert known.vectors([2, 0]).tolist() == [[0, 0, 1], [1, 0, 0]]
    assert len(known) == 3


def test_lone_surrogates_have_a_key_too(tmp_path):
    write_keys(tmp_path / "keys.npy", ["\ud800", "\udfff"])
    DenseIndex.over(np.eye(2, dtype=np.float32)).save(tmp_path / "index.faiss")
    assert load(tmp_path).find(["\udfff"]).tolist() == [1]


@pytest.mark.parametrize("name", ["keys.npy", "index.faiss"])
@pytest.mark.parametrize("damage", ["missing", "flipped", "hash unknown"])
def test_of_a_damaged_generation_nothing_is_used(kept, name, damage):
    hashes = {n: hashlib.sha256((kept / n).read_bytes()).hexdigest() for n in ("keys.npy", "index.faiss")}
    if damage == "missing":
        (kept / name).unlink()
    elif damage == "flipped":
        data = bytearray((kept / name).read_bytes())
        data[len(data) // 2] ^= 4
        (kept / name).write_bytes(data)
    else:
        del hashes[name]
    assert len(load_known(kept / "keys.npy", kept / "index.faiss", hashes)) == 0


def test_keys_and_vectors_of_different_counts_are_not_used(kept):
    write_keys(kept / "keys.npy", TEXTS[:2])
    assert len(load(kept)) == 0


def test_no_text_is_known_where_nothing_was_built():
    assert KnownVectors().find(TEXTS).tolist() == [-1, -1, -1]
    with pytest.raises(KeyError):
        KnownVectors().vectors([0])


def test_no_texts_make_an_empty_file(tmp_path):
    write_keys(tmp_path / "keys.npy", [])
    assert np.load(tmp_path / "keys.npy").shape == (0, 16)
