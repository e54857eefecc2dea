"""Do numbers come out of a file as they went in, whole or in pieces, and is another file told?"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import index.disk.arrays
from index.disk.arrays import GrowingTable, damaged, load_table, new_table, save_table, set_length, write_rows
from index.errors import StoreError

TABLE = np.arange(12, dtype=np.int32).reshape(3, 4)


@pytest.fixture
def saved(tmp_path):
    save_table(tmp_path / "table.npy", TABLE)
    return tmp_path / "table.npy"


@pytest.mark.parametrize(("bound", "mapped"), [(0, True), (176, True), (177, False)])  # 128 bytes of head, 12 numbers
def test_what_was_saved_is_mapped_where_it_is_large_and_else_read(saved, bound, mapped, monkeypatch):
    monkeypatch.setattr(index.disk.arrays, "MAPPED_FROM", bound)
    table = load_table(saved, np.int32, shape=(3, 4))
    assert table.tolist() == TABLE.tolist()
    assert (isinstance(table.base, np.memmap) or isinstance(table, np.memmap)) == mapped
    assert not table.flags.writeable
    np.testing.assert_array_equal(np.load(saved), TABLE)  # a file that others can read


def test_a_table_whose_rows_do_not_lie_together_is_saved_by_rows(tmp_path):
    save_table(tmp_path / "table.npy", TABLE.T)
    assert load_table(tmp_path / "table.npy", np.int32, shape=(4, 3)).tolist() == TABLE.T.tolist()


@pytest.mark.parametrize("shape", [(3, 4), (3, None), (None, 4), (None, None)])
def test_a_length_may_be_any(saved, shape):
    assert load_table(saved, np.uint8, np.int32, shape=shape).shape == (3, 4)


@pytest.mark.parametrize("shape", [(4, 4), (3, 3), (None, 3), (12,), (None,), (3, 4, 1)])
def test_another_shape_is_refused(saved, shape):
    with pytest.raises(StoreError, match=r"table\.npy is missing or damaged \(it holds int32 of shape \(3, 4\)\)"):
        load_table(saved, np.int32, shape=shape)


@pytest.mark.parametrize("kinds", [(np.int64,), (np.uint32, np.float32), (">i4",)])
def test_another_kind_of_number_is_refused(saved, kinds):
    with pytest.raises(StoreError, match="it holds int32"):
        load_table(saved, *kinds, shape=(3, 4))


@pytest.mark.parametrize("damage", ["missing", "empty", "head only", "cut off", "zeros", "text", "pickle"])
def test_a_damaged_file_is_refused(saved, damage):
    data = saved.read_bytes()
    if damage == "missing":
        saved.unlink()
    elif damage == "pickle":
        np.save(saved, np.array([{"a": 1}], object), allow_pickle=True)
    else:
        cuts = {
            "empty": b"",
            "head only": data[:20],
            "cut off": data[:-1],
            "zeros": bytes(len(data)),
            "text": b"x" * 99,
        }
        saved.write_bytes(cuts[damage])
    with pytest.raises(StoreError, match=r"table\.npy is missing or damaged \(.+\)\. Run .*`wenju build` again\."):
        load_table(saved, np.int32, shape=(None, None))


def test_a_head_that_is_no_python_is_damage(saved):
    data = saved.read_bytes()
    saved.write_bytes(data.replace(b"{", b"(", 1))  # the tokenizer's own error, which is no ValueError
    with pytest.raises(StoreError, match=r"table\.npy is missing or damaged"):
        load_table(saved, np.int32, shape=(None, None))


def test_a_damage_is_told_with_its_file():
    told = str(damaged(Path("a/b.npy"), "why"))
    assert told == "a/b.npy is missing or damaged (why). Run `wenju doctor --repair`, or `wenju build` again."


def test_a_new_table_is_all_zero(tmp_path):
    new_table(tmp_path / "table.npy", (5, 2), np.float16)
    assert load_table(tmp_path / "table.npy", np.float16, shape=(5, 2)).tolist() == [[0, 0]] * 5


@pytest.mark.parametrize("shape", [(0,), (0, 16), (3, 0)])
def test_a_table_without_numbers(tmp_path, shape):
    new_table(tmp_path / "new.npy", shape, np.uint8)
    write_rows(tmp_path / "new.npy", 0, np.zeros(shape, np.uint8))
    save_table(tmp_path / "saved.npy", np.zeros(shape, np.uint8))
    for name in ("new.npy", "saved.npy"):
        assert load_table(tmp_path / name, np.uint8, shape=tuple(shape)).shape == shape


def test_rows_are_written_in_any_order_and_by_several_at_once(tmp_path):
    file, rows = tmp_path / "table.npy", np.arange(4_000, dtype=np.float32).reshape(1_000, 4)
    new_table(file, rows.shape, np.float32)
    with ThreadPoolExecutor(2) as pool:  # each opens the file for itself, as a process does
        list(pool.map(lambda first: write_rows(file, first, rows[first : first + 50]), reversed(range(0, 1_000, 50))))
    assert load_table(file, np.float32, shape=(1_000, 4)).tolist() == rows.tolist()
    save_table(tmp_path / "whole.npy", rows)
    assert np.load(file).tobytes() == np.load(tmp_path / "whole.npy").tobytes()


def test_rows_are_written_in_the_kind_of_the_table_and_touch_no_others(tmp_path):
    file = tmp_path / "table.npy"
    new_table(file, (4, 2), np.float16)
    size = file.stat().st_size
    write_rows(file, 2, np.array([[1.5, 2.5]], np.float32))
    write_rows(file, 0, np.array([[3, 4]], np.int64))
    assert load_table(file, np.float16, shape=(4, 2)).tolist() == [[3, 4], [0, 0], [1.5, 2.5], [0, 0]]
    assert file.stat().st_size == size


@given(st.lists(st.lists(st.integers(-(2**31), 2**31 - 1), max_size=20), max_size=8))
def test_a_table_grows_by_any_pieces(tmp_path_factory, pieces):
    file = tmp_path_factory.mktemp("growing") / "table.npy"
    with GrowingTable(file, np.int32) as table:
        for piece in pieces:
            table.append(np.array(piece, np.int64))
    expected = [number for piece in pieces for number in piece]
    assert load_table(file, np.int32, shape=(None,)).tolist() == expected


def test_a_table_that_grew_is_the_file_of_one_that_was_saved(tmp_path):
    numbers = np.arange(1_234_567, dtype=np.int32)  # a length with more digits than that of no numbers
    with GrowingTable(tmp_path / "grown.npy", np.int32) as table:
        for start in range(0, len(numbers), 400_000):
            table.append(numbers[start : start + 400_000])
    save_table(tmp_path / "saved.npy", numbers)
    assert (tmp_path / "grown.npy").read_bytes() == (tmp_path / "saved.npy").read_bytes()


def test_a_table_that_stopped_growing_is_closed_and_holds_what_came(tmp_path):
    def stop():
        with GrowingTable(tmp_path / "table.npy", np.int32) as table:
            table.append(np.array([1, 2]))
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        stop()
    assert load_table(tmp_path / "table.npy", np.int32, shape=(None,)).tolist() == [1, 2]


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="no such device here")
def test_a_full_disk_is_told():
    with pytest.raises(OSError, match="No space left on device"):
        save_table(Path("/dev/full"), TABLE)


@pytest.mark.parametrize("count", [0, 2, 7])
def test_a_table_gets_another_length(tmp_path, count):
    file = tmp_path / "table.npy"
    new_table(file, (0, 2), np.float16)
    rows = np.arange(8).reshape(4, 2)
    write_rows(file, 0, rows)  # beyond its length, as yet
    set_length(file, count)
    expected = np.concatenate([rows, np.zeros((3, 2), int)])[:count]
    table = load_table(file, np.float16, shape=(count, 2))
    np.testing.assert_array_equal(table, expected)
    assert np.load(file).shape == (count, 2)
