"""Are the nearest vectors found, exactly and in a fixed order?"""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from index.dense import DenseIndex
from index.errors import StoreError

EAST, NORTH, BETWEEN = (1.0, 0.0), (0.0, 1.0), (0.6, 0.8)


def index_of(vectors, keys=None):
    index = DenseIndex(len(vectors[0]))
    index.add(keys or range(len(vectors)), np.asarray(vectors, np.float32))
    return index


def test_nearest_first_with_the_cosine():
    index = index_of([EAST, NORTH, BETWEEN], keys=[7, 8, 9])
    # East with itself 1; with (0.6, 0.8) 0.6; with north 0.
    assert index.search(np.asarray(EAST, np.float32), 3) == [(7, 1.0), (9, pytest.approx(0.6)), (8, 0.0)]
    assert index.search(np.asarray(EAST, np.float32), 1) == [(7, 1.0)]
    assert (len(index), index.dim) == (3, 2)


def test_equal_similarities_are_ordered_by_key():
    index = index_of([EAST] * 300)
    for k in (1, 3, 99, 100, 120, 299):  # FAISS collects the best of 100 and more in another way than of fewer
        assert [key for key, _ in index.search(np.asarray(EAST, np.float32), k)] == list(range(k))


def test_k_beyond_the_size_gives_everything_and_an_empty_index_nothing():
    assert len(index_of([EAST, NORTH]).search(np.asarray(EAST, np.float32), 50)) == 2
    assert DenseIndex(2).search(np.asarray(EAST, np.float32), 5) == []


@given(st.integers(0, 2**32 - 1))
def test_a_cosine_is_never_beyond_one(seed):
    """Rounding makes some unit vectors' product with themselves 1.0000001."""
    vectors = np.random.default_rng(seed).normal(size=(8, 48)).astype(np.float32)
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    index = index_of(np.concatenate([vectors, -vectors]))
    for row, vector in enumerate(vectors):
        found = index.search(vector, 16)
        assert all(-1.0 <= similarity <= 1.0 for _, similarity in found)
        assert (found[0][0], found[-1][0]) == (row, row + 8)


@given(st.integers(0, 2**32 - 1))
def test_search_is_exact(seed):
    rng = np.random.default_rng(seed)
    vectors = rng.normal(size=(40, 6)).astype(np.float32)
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    found = index_of(vectors).search(vectors[0], 10)
    expected = vectors @ vectors[0]
    np.testing.assert_allclose([s for _, s in found], np.sort(expected)[::-1][:10], atol=1e-6)
    np.testing.assert_allclose([s for _, s in found], expected[[key for key, _ in found]], atol=1e-6)


def test_removed_keys_are_gone_and_unknown_ones_are_passed_over():
    index = index_of([EAST, NORTH, BETWEEN])
    index.remove([0, 99])
    assert [key for key, _ in index.search(np.asarray(EAST, np.float32), 3)] == [2, 1]


def test_a_copy_is_independent():
    index = index_of([EAST, NORTH])
    copy = index.copy()
    copy.remove([0])
    copy.add([5], np.asarray([BETWEEN], np.float32))
    assert [key for key, _ in index.search(np.asarray(EAST, np.float32), 3)] == [0, 1]
    assert [key for key, _ in copy.search(np.asarray(EAST, np.float32), 3)] == [5, 1]


def test_what_was_saved_answers_alike(tmp_path):
    index = index_of([EAST, NORTH, BETWEEN], keys=[3, 1, 2])
    index.save(tmp_path / "index.faiss")
    loaded = DenseIndex.load(tmp_path / "index.faiss")
    assert (len(loaded), loaded.dim) == (3, 2)
    assert loaded.search(np.asarray(BETWEEN, np.float32), 3) == index.search(np.asarray(BETWEEN, np.float32), 3)


@pytest.mark.parametrize("damage", ["missing", "empty", "truncated", "other"])
def test_a_damaged_file_is_refused(tmp_path, damage):
    file = tmp_path / "index.faiss"
    index_of([EAST, NORTH]).save(file)
    data = file.read_bytes()
    if damage == "missing":
        file.unlink()
    else:
        file.write_bytes({"empty": b"", "truncated": data[:-7], "other": b"no index" * 20}[damage])
    with pytest.raises(StoreError, match=r"index\.faiss cannot be read \(.+\)\. Run `wenju build` again\."):
        DenseIndex.load(file)
