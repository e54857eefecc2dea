"""Are the nearest vectors found, exactly and in a fixed order?"""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from index.disk.arrays import write_rows
from index.errors import StoreError
from index.search.dense import CodedIndex, DenseIndex, open_dense, write_codes
from index.search.vectors import new_vectors

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


def copy_of(index):
    """As PassageVectorStore takes over the vectors of a store."""
    copy = DenseIndex(index.dim)
    copy.add(range(len(index)), index.vectors(range(len(index))))
    return copy


def test_a_copy_is_independent():
    index = index_of([EAST, NORTH])
    copy = copy_of(index)
    copy.remove([0])
    copy.add([5], np.asarray([BETWEEN], np.float32))
    assert [key for key, _ in index.search(np.asarray(EAST, np.float32), 3)] == [0, 1]
    assert [key for key, _ in copy.search(np.asarray(EAST, np.float32), 3)] == [5, 1]


def mask(size, *keys):
    allowed = np.zeros(size, bool)
    allowed[list(keys)] = True
    return allowed


def test_only_keys_that_are_allowed_come_back():
    index = index_of([EAST, NORTH, BETWEEN, EAST])
    east = np.asarray(EAST, np.float32)
    assert index.search(east, 9, mask(4, 1, 2)) == [(2, pytest.approx(0.6)), (1, 0.0)]
    assert index.search(east, 1, mask(4, 1, 2)) == [(2, pytest.approx(0.6))]
    assert index.search(east, 9, mask(4)) == []
    assert index.search(east, 9, mask(4, 0, 1, 2, 3)) == index.search(east, 9)


@pytest.mark.parametrize("count", [1, 7, 8, 9, 64, 65])
def test_the_last_keys_of_a_mask_count_too(count):
    """FAISS takes eight keys in one byte."""
    index = index_of([EAST] * count)
    for key in range(count):
        assert [found for found, _ in index.search(np.asarray(EAST, np.float32), 9, mask(count, key))] == [key]


@given(st.integers(0, 2**32 - 1), st.integers(1, 130), st.floats(0, 1))
def test_equal_similarities_among_the_allowed_are_ordered_by_key(seed, k, share):
    allowed = np.random.default_rng(seed).random(150) < share
    found = index_of([EAST, NORTH] * 75).search(np.asarray(EAST, np.float32), k, allowed)
    east, north = (np.flatnonzero(allowed & (np.arange(150) % 2 == odd)).tolist() for odd in (0, 1))
    assert [similarity for _, similarity in found] == [*[1.0] * len(east), *[0.0] * len(north)][:k]
    assert found == sorted(found, key=lambda pair: (-pair[1], pair[0]))
    assert {key for key, _ in found} <= {*east, *north}


# The index of a store


def write(folder, vectors):
    new_vectors(folder / "vectors.npy", *vectors.shape)
    write_rows(folder / "vectors.npy", 0, vectors)
    write_codes(folder / "vectors.npy", folder / "index.faiss")


def load(folder):
    return open_dense(folder / "vectors.npy", folder / "index.faiss")


def test_few_vectors_have_no_codes_and_are_searched_exactly(tmp_path):
    write(tmp_path, np.asarray([EAST, NORTH, BETWEEN], np.float32))
    assert [file.name for file in tmp_path.iterdir()] == ["vectors.npy"]
    index = load(tmp_path)
    assert isinstance(index, DenseIndex)
    assert (len(index), index.dim) == (3, 2)
    assert index.search(np.asarray(EAST, np.float32), 3) == [(0, 1.0), (2, pytest.approx(0.6)), (1, 0.0)]
    assert index.vectors([2]).tolist() == np.asarray([BETWEEN], np.float32).tolist()


def test_a_store_without_a_vector(tmp_path):
    write(tmp_path, np.zeros((0, 3), np.float32))
    assert (len(load(tmp_path)), load(tmp_path).dim) == (0, 3)
    assert load(tmp_path).search(np.zeros(3, np.float32), 5) == []


@pytest.fixture
def few(monkeypatch):
    """From how many vectors on an index is coded."""

    def become(count):
        for module in ("vectors", "dense"):
            monkeypatch.setattr(f"index.search.{module}.FEW", count)

    return become


@pytest.fixture(scope="module")
def many():
    """2,000 vectors around 40 centres."""
    rng = np.random.default_rng(7)
    vectors = np.repeat(rng.normal(size=(40, 32)), 50, axis=0) + 0.4 * rng.normal(size=(2_000, 32))
    return (vectors / np.linalg.norm(vectors, axis=1, keepdims=True)).astype(np.float32)


@pytest.fixture(scope="module")
def coded_files(many, tmp_path_factory):
    """Files of an index of these, which are more than are compared exactly; not to be changed."""
    folder = tmp_path_factory.mktemp("coded")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("index.search.vectors.FEW", 1_000)
        patch.setattr("index.search.dense.FEW", 1_000)
        write(folder, many)
    return folder


@pytest.fixture
def coded(coded_files, tmp_path, few):
    few(1_000)
    shutil.copytree(coded_files, tmp_path, dirs_exist_ok=True)
    index = load(tmp_path)
    assert isinstance(index, CodedIndex)
    return index


def nearest(vectors, vector, k, allowed=None):
    cosines = vectors @ vector
    if allowed is not None:
        cosines[~allowed] = -2
    return np.argsort(-cosines, kind="stable")[:k].tolist()


def recall(index, vectors, k, allowed=None):
    shares = []
    for vector in vectors[::40]:
        found = [row for row, _ in index.search(vector, k, allowed)]
        assert len(found) == len(set(found)) == k
        assert allowed is None or allowed[found].all()
        shares.append(len({*found} & {*nearest(vectors, vector, k, allowed)}) / k)
    return np.mean(shares)


def test_a_large_index_finds_nearly_all_and_its_cosines_are_close(coded, many):
    assert (len(coded), coded.dim) == (2_000, 32)
    assert recall(coded, many, 10) > 0.98
    for row, cosine in coded.search(many[5], 20):
        assert cosine == pytest.approx(float(many[row] @ many[5]), abs=1e-3)
    np.testing.assert_allclose(coded.vectors([3, 1999, 0]), many[[3, 1999, 0]], atol=1e-3)


def test_a_large_index_of_the_same_vectors_is_the_same_file(many, coded_files, tmp_path, few):
    few(1_000)
    write(tmp_path, many)
    for file in ("index.faiss", "vectors.npy"):
        assert (tmp_path / file).read_bytes() == (coded_files / file).read_bytes()


def test_a_large_index_answers_alike_whether_its_codes_are_mapped_or_read(coded, many, tmp_path, monkeypatch):
    monkeypatch.setattr("index.search.dense._MAPPED_FROM", 0)
    mapped = load(tmp_path)
    for vector in many[::200]:
        assert mapped.search(vector, 30) == coded.search(vector, 30)


def test_all_of_a_large_index_can_be_asked_for(coded):
    found = coded.search(coded.vectors([0])[0], 2_000)
    assert sorted(row for row, _ in found) == list(range(2_000))
    assert found[0][0] == 0
    assert [similarity for _, similarity in found] == sorted((s for _, s in found), reverse=True)
    assert len(coded.search(coded.vectors([0])[0], 9_999)) == 2_000


def test_equal_similarities_of_a_large_index_are_ordered_by_row(tmp_path, few):
    few(50)
    write(tmp_path, np.eye(4, dtype=np.float32)[np.arange(100) % 4])
    found = load(tmp_path).search(np.eye(4, dtype=np.float32)[1], 40)
    assert [row for row, _ in found[:25]] == list(range(1, 100, 4))
    assert [similarity for _, similarity in found[:25]] == [1.0] * 25


def test_a_cosine_of_half_precision_is_never_beyond_one(coded, many):
    for row in range(0, 2_000, 50):
        vector = coded.vectors([row])[0]
        assert all(-1.0 <= similarity <= 1.0 for _, similarity in coded.search(1.001 * vector, 10))


def test_vectors_of_a_width_that_is_not_a_multiple_of_four_are_coded_too(many, tmp_path, few):
    few(1_000)
    cut = np.ascontiguousarray(many[:, :31])
    cut /= np.linalg.norm(cut, axis=1, keepdims=True)
    write(tmp_path, cut)
    assert isinstance(load(tmp_path), CodedIndex)
    assert recall(load(tmp_path), cut, 10) > 0.98


def test_a_copy_of_a_large_index_is_exact_and_can_change(coded, many, tmp_path):
    """FAISS by itself ends the process here, for a mapped file cannot grow."""
    files = {file: file.read_bytes() for file in tmp_path.iterdir()}
    copy = copy_of(coded)
    copy.remove([0])
    copy.add([9_999], many[:1])
    assert copy.search(many[0], 1)[0][0] == 9_999
    assert (len(copy), len(coded)) == (2_000, 2_000)
    assert coded.search(many[0], 1)[0][0] == 0
    assert {file: file.read_bytes() for file in tmp_path.iterdir()} == files


def test_a_file_of_few_vectors_is_not_changed_by_what_is_added_to_its_index(tmp_path):
    write(tmp_path, np.asarray([EAST, NORTH], np.float32))
    data = (tmp_path / "vectors.npy").read_bytes()
    index = load(tmp_path)
    index.remove([0])
    index.add([7], np.asarray([BETWEEN], np.float32))
    assert [key for key, _ in index.search(np.asarray(EAST, np.float32), 3)] == [7, 1]
    assert (tmp_path / "vectors.npy").read_bytes() == data


# Rows of a large index that may come back


class Counting:
    """Codes that count how deep they are searched."""

    def __init__(self, codes):
        self._codes, self.depths = codes, []

    def search(self, vectors, depth):
        self.depths.append(depth)
        return self._codes.search(vectors, depth)


@pytest.fixture
def depths(coded):
    coded._codes = Counting(coded._codes)
    return coded._codes.depths


def test_where_few_rows_are_allowed_all_of_them_are_compared(coded, many, depths):
    rng, kept = np.random.default_rng(3), coded.vectors(range(2_000))
    for share in (0.0, 0.001, 0.1, 0.45):  # at most 1,000 rows
        allowed = rng.random(2_000) < share
        for vector in many[::200]:
            found = [row for row, _ in coded.search(vector, 10, allowed)]
            assert found == nearest(kept, vector, min(10, int(allowed.sum())), allowed)
    assert depths == []


def test_where_many_rows_are_allowed_nearly_all_of_the_nearest_are_found(coded, many, depths):
    allowed = np.random.default_rng(3).random(2_000) < 0.8
    assert recall(coded, many, 10, allowed) > 0.98
    assert depths


def test_the_search_goes_deeper_until_enough_are_allowed(coded, many, depths):
    """All that is near to the question is forbidden: the first look finds too few, the last one all."""
    allowed = np.ones(2_000, bool)
    allowed[nearest(many, many[0], 800)] = False
    found = coded.search(many[0], 10, allowed)
    assert len(found) == 10
    assert all(allowed[row] for row, _ in found)
    # 1,200 are allowed, so 10 hits of 10 candidates each are looked for among 100 * 2,000 / 1,200 = 166, then doubly.
    assert depths == [166, 332, 664, 1_328]


@given(st.integers(0, 2**32 - 1), st.integers(1, 60), st.floats(0, 1))
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_as_many_hits_as_there_are_rows(coded, many, seed, k, share):
    rng = np.random.default_rng(seed)
    allowed = rng.random(2_000) < share
    found = coded.search(many[rng.integers(2_000)], k, allowed)
    assert len(found) == min(k, int(allowed.sum()))
    assert all(allowed[row] for row, _ in found)
    assert found == sorted(found, key=lambda pair: (-pair[1], pair[0]))


# Damage


@pytest.mark.parametrize("damage", ["missing", "empty", "truncated", "zeros", "other"])
def test_damaged_codes_are_refused(coded, tmp_path, damage):
    file = tmp_path / "index.faiss"
    data = file.read_bytes()
    file.unlink()
    if damage != "missing":
        cuts = {"empty": b"", "truncated": data[:-7], "zeros": bytes(len(data)), "other": b"no index" * 20}
        file.write_bytes(cuts[damage])
    with pytest.raises(StoreError, match=r"index\.faiss cannot be read \(.+\)\. Run .*`wenju build` again\."):
        load(tmp_path)


@pytest.mark.parametrize("damage", ["missing", "empty", "truncated", "zeros", "other"])
@pytest.mark.parametrize("count", [10, 2_000])
def test_damaged_vectors_are_refused(coded, many, tmp_path, count, damage):
    if count == 10:
        write(tmp_path, many[:count])
    file = tmp_path / "vectors.npy"
    data = file.read_bytes()
    file.unlink()
    if damage != "missing":
        cuts = {"empty": b"", "truncated": data[:-7], "zeros": bytes(len(data)), "other": b"no table" * 20}
        file.write_bytes(cuts[damage])
    with pytest.raises(StoreError, match=r"vectors\.npy is missing or damaged \(.+\)\. Run .*`wenju build` again\."):
        load(tmp_path)


@pytest.mark.parametrize("other", [(1_999, 32), (2_000, 28)])
def test_codes_of_other_vectors_are_refused(coded, many, tmp_path, other):
    (tmp_path / "other").mkdir()
    write(tmp_path / "other", np.ascontiguousarray(many[: other[0], : other[1]]))
    (tmp_path / "other" / "index.faiss").replace(tmp_path / "index.faiss")
    with pytest.raises(StoreError, match=r"index\.faiss is damaged: it does not fit vectors\.npy"):
        load(tmp_path)


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="no such device here")
@pytest.mark.parametrize("count", [300, 2_000])
def test_a_full_disk_is_told_even_when_only_the_last_bytes_do_not_fit(many, few, tmp_path, count):
    few(200)
    new_vectors(tmp_path / "vectors.npy", count, 32)
    write_rows(tmp_path / "vectors.npy", 0, many[:count])
    with pytest.raises(OSError, match="No space left on device"):
        write_codes(tmp_path / "vectors.npy", Path("/dev/full"))
