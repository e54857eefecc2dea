"""Is each item found by its key and by its row, whatever the key holds, and is a damaged file told?"""

from __future__ import annotations

import json
from dataclasses import dataclass

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import TypeAdapter

import index.disk.records
from index.disk.records import Items, ItemWriter, index_file, read_lines
from index.errors import StoreError


@dataclass(frozen=True)
class Thing:
    name: str
    number: int = 0
    note: str = ""


THINGS = TypeAdapter(Thing)
# Each but the last three lines looks like the end of a key somewhere, or like the beginning of one.
KEYS = [
    "a",
    'say "a", then b',
    "a,b",
    '","',
    '":"',
    '"',
    '\\"',
    "\\",
    "a\\",
    "\\u0041",
    "柳河日报/头版.txt#12",
    "🛶𠮷",
    "line\nbreak\ttab",
    "\x00\x1f",
    "",
    "x" * 3_000,
    "河" * 1_000,
    '"' * 1_500,
]


def write(file, things):
    writer = ItemWriter(file, THINGS, lambda thing: thing.name)
    rows = [writer.add(thing) for thing in things]
    assert rows == list(range(len(things)))
    writer.close()
    return load(file)


def load(file):
    return Items(file, THINGS)


def test_items_are_found_by_key_and_by_row_in_their_order(tmp_path):
    things = [Thing("b", 1), Thing("a", 2), Thing("c", 3)]
    items = write(tmp_path / "things.jsonl", things)
    assert list(items) == ["b", "a", "c"]
    assert list(items.values()) == things
    assert list(items.items()) == [("b", things[0]), ("a", things[1]), ("c", things[2])]
    assert (len(items), items["a"], items.row("a"), items.at(2), items.key_at(2)) == (3, things[1], 1, things[2], "c")
    assert items.at(np.int64(0)) == things[0]
    assert list(items.each([2, 0])) == [things[2], things[0]]
    assert dict(items) == {thing.name: thing for thing in things}


def test_the_files_are_lines_of_json_and_a_table(tmp_path):
    write(tmp_path / "things.jsonl", [Thing("b", 1), Thing("河", 2)])
    lines = (tmp_path / "things.jsonl").read_text(encoding="utf-8").splitlines()
    assert [json.loads(line)["name"] for line in lines] == ["b", "河"]
    starts, _, order = np.load(tmp_path / "things.index.npy")
    assert index_file(tmp_path / "things.jsonl") == tmp_path / "things.index.npy"
    # {"name":"b","number":1,"note":""} has 33 characters, and a line break.
    assert starts.tolist() == [0, 34]
    assert sorted(order.tolist()) == [0, 1]


def test_any_string_can_be_a_key(tmp_path):
    things = [Thing(key, number, note='","name":"') for number, key in enumerate(KEYS)]
    items = write(tmp_path / "things.jsonl", things)
    assert list(items) == KEYS
    assert [items.key_at(row) for row in range(len(KEYS))] == KEYS
    for number, key in enumerate(KEYS):
        assert (items.row(key), items[key], key in items) == (number, things[number], True)


@given(st.lists(st.text(st.characters(exclude_categories=["Cs"]), max_size=12), unique=True, max_size=12), st.text())
def test_what_was_written_is_what_is_read(tmp_path_factory, keys, other):
    things = [Thing(key, number, note=key[::-1]) for number, key in enumerate(keys)]
    items = write(tmp_path_factory.mktemp("items") / "things.jsonl", things)
    assert [*items] == keys
    assert [*items.values()] == things
    assert all(items[thing.name] == thing for thing in things)
    assert (other in items) == (other in keys)


@pytest.mark.parametrize("key", ["d", "", "A", "a ", '","', "\ud800"])
def test_a_key_that_is_not_there(tmp_path, key):
    items = write(tmp_path / "things.jsonl", [Thing("b"), Thing("a"), Thing("c")])
    assert key not in items
    assert items.get(key) is None
    for look in (items.row, items.__getitem__):
        with pytest.raises(KeyError) as told:
            look(key)
        assert told.value.args == (key,)


def test_what_is_no_string_is_no_key(tmp_path):
    items = write(tmp_path / "things.jsonl", [Thing("1")])
    assert 1 not in items
    assert None not in items


@pytest.mark.parametrize("row", [-1, 3, 10**12])
def test_a_row_that_is_not_there(tmp_path, row):
    items = write(tmp_path / "things.jsonl", [Thing("b"), Thing("a"), Thing("c")])
    for look in (items.at, items.key_at):
        with pytest.raises(IndexError):
            look(row)


def test_a_key_whose_hash_another_key_has_is_not_taken_for_it(tmp_path, monkeypatch):
    items = write(tmp_path / "things.jsonl", [Thing("a")])
    known = index.disk.records._hash("a")
    monkeypatch.setattr("index.disk.records._hash", lambda key: known)
    assert "a" in items
    assert "b" not in items


def test_no_items_make_an_empty_file(tmp_path):
    items = write(tmp_path / "things.jsonl", [])
    assert (tmp_path / "things.jsonl").read_bytes() == b""
    assert (len(items), list(items), list(items.values()), "a" in items) == (0, [], [], False)
    assert list(read_lines(tmp_path / "things.jsonl", THINGS)) == []


@pytest.mark.parametrize("names", ["aa", "abcb", "abca"])
def test_two_equal_keys_are_told(tmp_path, names):
    twice = max(names, key=names.count)
    with pytest.raises(StoreError, match=rf"Two items of things\.jsonl are named '{twice}'\. Rename one"):
        write(tmp_path / "things.jsonl", [Thing(name) for name in names])
    assert not (tmp_path / "things.index.npy").exists()


def test_what_was_written_can_be_read_back_before_the_end(tmp_path):
    writer = ItemWriter(tmp_path / "things.jsonl", THINGS, lambda thing: thing.name)
    things = [Thing("河" * length, length) for length in range(1, 40)]
    for row, thing in enumerate(things):
        assert writer.add(thing) == row
        assert writer.at(row) == thing
        assert writer.at(row // 2) == things[row // 2]
    assert len(writer) == 39
    writer.close()
    assert list(load(tmp_path / "things.jsonl").values()) == things


def test_what_was_abandoned_has_no_index_and_a_closed_one_keeps_it(tmp_path):
    writer = ItemWriter(tmp_path / "things.jsonl", THINGS, lambda thing: thing.name)
    writer.add(Thing("a"))
    writer.abandon()
    with pytest.raises(StoreError, match=r"things\.index\.npy is missing or damaged"):
        load(tmp_path / "things.jsonl")
    writer = ItemWriter(tmp_path / "things.jsonl", THINGS, lambda thing: thing.name)
    writer.close()
    writer.abandon()
    assert len(load(tmp_path / "things.jsonl")) == 0


def test_values_are_decoded_one_by_one_and_not_kept(tmp_path, monkeypatch):
    items = write(tmp_path / "things.jsonl", [Thing("a"), Thing("b"), Thing("c")])
    decoded = []
    real = Items._decode
    monkeypatch.setattr(Items, "_decode", lambda self, row: decoded.append(row) or real(self, row))
    values = iter(items.values())
    assert decoded == []
    assert next(values) == Thing("a")
    assert decoded == [0]
    assert next(iter(items.values())) == Thing("a")
    assert decoded == [0, 0]
    assert list(items) == ["a", "b", "c"]
    assert decoded == [0, 0]  # a key is read without its item


def test_what_was_asked_for_is_kept(tmp_path):
    items = write(tmp_path / "things.jsonl", [Thing("a"), Thing("b")])
    assert items["b"] is items["b"] is items.at(1)


def test_a_damaged_line_is_told_when_it_is_read_and_the_others_are_read(tmp_path):
    file = tmp_path / "things.jsonl"
    write(file, [Thing("a", 1), Thing("b", 2), Thing("c", 3)])
    file.write_bytes(file.read_bytes().replace(b'"number":2', b'"number":}'))
    items = load(file)
    assert (items["a"].number, items["c"].number, items.key_at(1)) == (1, 3, "b")
    for read in (lambda: items["b"], lambda: items.at(1), lambda: list(items.values())):
        with pytest.raises(
            StoreError, match=r"things\.jsonl is missing or damaged \(line 2: .*`wenju doctor --repair`"
        ):
            read()
    with pytest.raises(StoreError, match=r"things\.jsonl is missing or damaged"):
        list(read_lines(file, THINGS))


@pytest.mark.parametrize("damage", [bytes, lambda size: b"\n" * size, lambda size: b"\xff" * size])
def test_bytes_that_are_no_items_are_told_by_whatever_reads_them(tmp_path, damage):
    file = tmp_path / "things.jsonl"
    write(file, [Thing("a", 1), Thing("b", 2)])
    file.write_bytes(damage(file.stat().st_size))
    items = load(file)
    for read in (
        lambda: items.at(1),
        lambda: items.key_at(0),
        lambda: items["b"],
        lambda: "b" in items,
        lambda: list(items),
        lambda: list(items.values()),
        lambda: list(read_lines(file, THINGS)),
    ):
        with pytest.raises(StoreError, match=r"things\.jsonl is missing or damaged \(.*`wenju doctor --repair`"):
            read()


@pytest.mark.parametrize("name", ["things.jsonl", "things.index.npy"])
@pytest.mark.parametrize("damage", ["missing", "empty"])
def test_a_lost_file_is_told(tmp_path, name, damage):
    write(tmp_path / "things.jsonl", [Thing("a", 1), Thing("b", 2)])
    (tmp_path / name).unlink() if damage == "missing" else (tmp_path / name).write_bytes(b"")
    with pytest.raises(StoreError, match=r"things\.(jsonl|index\.npy) is missing or damaged"):
        load(tmp_path / "things.jsonl")


@pytest.mark.parametrize(
    ("row", "numbers"),
    [
        (0, [1, 34, 68]),  # the first line does not begin where the file does
        (0, [0, 34, 34]),  # a line of no length
        (0, [0, 68, 34]),
        (0, [0, 34, 102]),  # the last begins where the file ends
        (0, [0, -1, 68]),
        (2, [0, 1, 3]),
        (2, [0, 1, 1]),
        (2, [-1, 0, 1]),
    ],
)
def test_an_index_that_does_not_fit_its_file_is_refused(tmp_path, row, numbers):
    write(tmp_path / "things.jsonl", [Thing("a"), Thing("b"), Thing("c")])
    table = np.load(tmp_path / "things.index.npy")
    assert (table[0].tolist(), (tmp_path / "things.jsonl").stat().st_size) == ([0, 34, 68], 102)
    table[row] = numbers
    np.save(tmp_path / "things.index.npy", table)
    with pytest.raises(StoreError, match=r"things\.index\.npy is missing or damaged \(it does not fit its file\)"):
        load(tmp_path / "things.jsonl")


def test_an_index_of_another_file_is_refused(tmp_path):
    write(tmp_path / "things.jsonl", [Thing("a"), Thing("b")])
    write(tmp_path / "none.jsonl", [])
    (tmp_path / "none.index.npy").replace(tmp_path / "things.index.npy")
    with pytest.raises(StoreError, match="it does not fit its file"):
        load(tmp_path / "things.jsonl")
