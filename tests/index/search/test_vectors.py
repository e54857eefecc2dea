"""Are few vectors kept as they are, and many in half precision?"""

from __future__ import annotations

import numpy as np
import pytest

from index.disk.arrays import load_table, save_table, write_rows
from index.errors import StoreError
from index.search.vectors import FEW, load_vectors, new_vectors


def test_the_threshold():
    assert FEW == 25_000


@pytest.mark.parametrize(("count", "kind"), [(0, np.float32), (5, np.float32), (6, np.float16)])
def test_few_are_kept_in_single_precision_and_many_in_half(tmp_path, monkeypatch, count, kind):
    monkeypatch.setattr("index.search.vectors.FEW", 5)
    new_vectors(tmp_path / "vectors.npy", count, 3)
    table = load_vectors(tmp_path / "vectors.npy")
    assert (table.shape, table.dtype) == ((count, 3), kind)
    assert not table.any()


@pytest.mark.parametrize(("few", "off"), [(0, 5e-4), (9, 0.0)])
def test_what_is_written_is_read_as_precisely_as_it_is_kept(tmp_path, monkeypatch, few, off):
    monkeypatch.setattr("index.search.vectors.FEW", few)
    vectors = np.random.default_rng(1).normal(size=(4, 3)).astype(np.float32)
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    new_vectors(tmp_path / "vectors.npy", 4, 3)
    write_rows(tmp_path / "vectors.npy", 2, vectors[2:])
    write_rows(tmp_path / "vectors.npy", 0, vectors[:2])
    np.testing.assert_allclose(load_vectors(tmp_path / "vectors.npy"), vectors, atol=off, rtol=0)


def test_half_precision_rounds_once(tmp_path, monkeypatch):
    """A vector that is used again in the next build, and in the one after, is still the same."""
    monkeypatch.setattr("index.search.vectors.FEW", 0)
    vectors = np.random.default_rng(1).normal(size=(4, 3)).astype(np.float32)
    files = [tmp_path / f"{number}.npy" for number in range(3)]
    for file in files:
        new_vectors(file, 4, 3)
        write_rows(file, 0, vectors)
        vectors = np.asarray(load_vectors(file), np.float32)
    assert len({file.read_bytes() for file in files}) == 1


@pytest.mark.parametrize("table", [np.zeros(3, np.float32), np.zeros((2, 2), np.float64), np.zeros((2, 2), np.int32)])
def test_a_table_of_something_else_is_refused(tmp_path, table):
    save_table(tmp_path / "vectors.npy", table)
    assert load_table(tmp_path / "vectors.npy", table.dtype, shape=table.shape).shape == table.shape
    with pytest.raises(StoreError, match=rf"vectors\.npy is missing or damaged \(it holds {table.dtype}"):
        load_vectors(tmp_path / "vectors.npy")
