"""Are the nearest vectors found, exactly and in a fixed order?"""

from __future__ import annotations

from pathlib import Path

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


# Beyond the size up to which all are compared


@pytest.fixture
def many(monkeypatch):
    """2,000 vectors around 40 centres, more than are compared exactly."""
    monkeypatch.setattr("index.dense.EXACT_UP_TO", 1_000)
    rng = np.random.default_rng(7)
    vectors = np.repeat(rng.normal(size=(40, 32)), 50, axis=0) + 0.4 * rng.normal(size=(2_000, 32))
    return (vectors / np.linalg.norm(vectors, axis=1, keepdims=True)).astype(np.float32)


def recall(index, vectors, k):
    found = [{key for key, _ in index.search(vector, k)} for vector in vectors[::40]]
    exact = [set(np.argsort(-(vectors @ vector), kind="stable")[:k]) for vector in vectors[::40]]
    return np.mean([len(f & e) / k for f, e in zip(found, exact, strict=True)])


def test_a_large_index_finds_nearly_all_and_its_cosines_are_close(many):
    index = DenseIndex.over(many)
    assert not index.exact
    assert recall(index, many, 10) > 0.98
    for key, cosine in index.search(many[5], 20):
        assert cosine == pytest.approx(float(many[key] @ many[5]), abs=1e-3)
    np.testing.assert_allclose(index.vectors([3, 1999, 0]), many[[3, 1999, 0]], atol=1e-3)


def test_a_large_index_of_the_same_vectors_is_the_same_file(many, tmp_path):
    for name in ("one", "two"):
        DenseIndex.over(many).save(tmp_path / name)
    assert (tmp_path / "one").read_bytes() == (tmp_path / "two").read_bytes()


@pytest.mark.parametrize("mapped", [False, True])
def test_a_large_index_answers_alike_after_loading(many, tmp_path, mapped, monkeypatch):
    monkeypatch.setattr("index.dense._MAPPED_FROM", 0 if mapped else 10**9)
    index = DenseIndex.over(many)
    index.save(tmp_path / "index.faiss")
    loaded = DenseIndex.load(tmp_path / "index.faiss")
    assert (len(loaded), loaded.dim, loaded.exact) == (2_000, 32, False)
    for vector in many[::200]:
        assert loaded.search(vector, 30) == index.search(vector, 30)


def test_all_of_a_large_index_can_be_asked_for(many):
    """A filter takes its rows out of the full order."""
    found = DenseIndex.over(many).search(many[0], 2_000)
    assert sorted(key for key, _ in found) == list(range(2_000))
    assert found[0][0] == 0
    assert [similarity for _, similarity in found] == sorted((s for _, s in found), reverse=True)


def test_vectors_taken_from_a_large_index_make_the_same_index_again(many, tmp_path):
    """So a build that reuses them changes nothing: half precision rounds once."""
    first = DenseIndex.over(many)
    second = DenseIndex.over(first.vectors(range(2_000)))
    assert second.vectors(range(2_000)).tobytes() == first.vectors(range(2_000)).tobytes()


def test_vectors_of_a_width_that_cannot_be_coded_are_compared_exactly(many):
    assert DenseIndex.over(np.ascontiguousarray(many[:, :31])).exact


@pytest.mark.parametrize("mapped", [False, True])
@pytest.mark.parametrize("large", [False, True])
def test_what_was_loaded_can_be_changed_without_a_change_to_the_file(many, tmp_path, large, mapped, monkeypatch):
    """FAISS by itself ends the process here, for a mapped file cannot grow."""
    monkeypatch.setattr("index.dense._MAPPED_FROM", 0 if mapped else 10**9)
    monkeypatch.setattr("index.dense.EXACT_UP_TO", 1_000 if large else 10_000)
    DenseIndex.over(many).save(tmp_path / "index.faiss")
    data = (tmp_path / "index.faiss").read_bytes()
    loaded = DenseIndex.load(tmp_path / "index.faiss")
    copy = loaded.copy()
    for index in (copy, loaded):
        index.remove([0])
        index.add([9_999], many[:1])
        assert index.search(many[0], 1)[0][0] == 9_999
        assert len(index) == 2_000
    assert (tmp_path / "index.faiss").read_bytes() == data


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="no such device here")
@pytest.mark.parametrize("count", [1, 300])
def test_a_full_disk_is_told_even_when_only_the_last_bytes_do_not_fit(count):
    with pytest.raises(OSError, match="No space left on device"):
        index_of([EAST] * count).save(Path("/dev/full"))


def test_an_index_of_another_kind_is_refused(tmp_path):
    faiss = pytest.importorskip("faiss")
    faiss.write_index(faiss.IndexHNSWFlat(4, 8), str(tmp_path / "index.faiss"))
    with pytest.raises(StoreError, match="it is another kind of index"):
        DenseIndex.load(tmp_path / "index.faiss")
