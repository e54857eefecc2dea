"""Is a vector used again only for the very text it was made from, and only when it is whole?"""

from __future__ import annotations

import hashlib
import pickle
from functools import partial

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from index.disk.arrays import save_table
from index.search.vector_cache import KEY_BYTES, KnownVectors, key_of, keys_of, open_known, verify_known

TEXTS = ["甲。", "乙。", "丙。"]
NAMES = ("keys.npy", "vectors.npy")


def write(folder, texts, vectors):
    save_table(folder / "keys.npy", keys_of(texts))
    save_table(folder / "vectors.npy", np.asarray(vectors))
    return folder


def load(folder):
    return open_known(folder / "keys.npy", folder / "vectors.npy")


def hashes_of(folder):
    return {name: hashlib.sha256((folder / name).read_bytes()).hexdigest() for name in NAMES}


def is_whole(folder, hashes):
    return verify_known(folder / "keys.npy", folder / "vectors.npy", hashes)


@pytest.fixture
def kept(tmp_path):
    return write(tmp_path, TEXTS, np.eye(3, dtype=np.float32))


def test_a_text_finds_its_vector_and_another_finds_none(kept):
    known = load(kept)
    assert known.find(["丙。", "丙", "甲。", ""]).tolist() == [2, -1, 0, -1]
    assert known.vectors(np.array([2, 0])).tolist() == [[0, 0, 1], [1, 0, 0]]
    assert len(known) == 3


def test_a_text_is_known_by_a_hash():
    assert KEY_BYTES == 16
    assert key_of("甲。") == hashlib.blake2b("甲。".encode(), digest_size=16).digest()
    assert keys_of(["甲。", "乙。"]).tobytes() == key_of("甲。") + key_of("乙。")
    assert keys_of([]).shape == (0, 16)


def test_vectors_of_half_precision_are_handed_out_in_single(tmp_path):
    vectors = np.asarray([[0.1, 0.2], [0.3, 0.4]], np.float16)
    found = load(write(tmp_path, TEXTS[:2], vectors)).vectors(np.array([1]))
    assert found.dtype == np.float32
    assert found.tolist() == [[float(np.float16(0.3)), float(np.float16(0.4))]]


@given(st.lists(st.text(st.characters(), max_size=6), max_size=30), st.lists(st.text(max_size=6), max_size=30))
def test_texts_are_found_in_whatever_order_they_were_written(texts, others):
    """Lone surrogates have a key too; of a text that was written twice, either row will do."""
    known = KnownVectors(keys_of(texts), np.arange(len(texts), dtype=np.float32)[:, None])
    assert [texts[row] for row in known.find(texts)] == texts
    for text, row in zip(others, known.find(others), strict=True):
        assert (texts[row] == text) if row >= 0 else (text not in texts)


def test_keys_that_begin_alike_are_told_apart(monkeypatch):
    """They are looked up by their first half."""
    monkeypatch.setattr("index.search.vector_cache.key_of", lambda text: bytes(8) + text.encode().ljust(8))
    known = KnownVectors(keys_of(["a", "b"]), np.eye(2, dtype=np.float32))
    assert known.find(["c"]).tolist() == [-1]
    for text in ("a", "b"):  # one of the two is found at the place where both would stand, and no other is taken for it
        assert known.find([text]).tolist() in ([["a", "b"].index(text)], [-1])


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("damage", ["none", "missing", "flipped", "hash unknown"])
def test_a_damaged_generation_is_not_used(kept, name, damage):
    hashes = hashes_of(kept)
    if damage == "missing":
        (kept / name).unlink()
    elif damage == "flipped":
        data = bytearray((kept / name).read_bytes())
        data[-1] ^= 4
        (kept / name).write_bytes(data)
    elif damage == "hash unknown":
        del hashes[name]
    assert is_whole(kept, hashes) == (damage == "none")


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("damage", ["missing", "cut off", "zeros"])
def test_of_files_that_cannot_be_opened_nothing_is_used(kept, name, damage):
    data = (kept / name).read_bytes()
    (kept / name).unlink()
    if damage != "missing":
        (kept / name).write_bytes(data[:-1] if damage == "cut off" else bytes(len(data)))
    assert len(load(kept)) == 0
    assert load(kept).find(TEXTS).tolist() == [-1, -1, -1]


def test_keys_and_vectors_of_different_counts_are_not_used(kept):
    save_table(kept / "keys.npy", keys_of(TEXTS[:2]))
    assert len(load(kept)) == 0


def test_no_text_is_known_where_nothing_was_built():
    assert KnownVectors().find(TEXTS).tolist() == [-1, -1, -1]
    assert KnownVectors().find([]).tolist() == []
    assert len(KnownVectors()) == 0


def test_how_to_open_them_can_be_told_to_another_process(kept):
    known = pickle.loads(pickle.dumps(partial(open_known, kept / "keys.npy", kept / "vectors.npy")))
    assert known().find(TEXTS).tolist() == [0, 1, 2]
    assert len(pickle.loads(pickle.dumps(KnownVectors))()) == 0
