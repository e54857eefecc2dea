"""Is a vector taken from a shard only for the very text it was made from, and only when the shard is whole?"""

from __future__ import annotations

import errno
import json
import pickle
from functools import partial

import numpy as np
import pytest

import index.search.shards
from index.config import IndexConfig
from index.embedding import load_embedder
from index.errors import StoreError
from index.search.shards import (
    Shard,
    debris,
    either,
    is_made,
    known_shards,
    read_shard,
    shard_name,
    survey,
    write_shard,
)
from index.search.vector_cache import KnownVectors, keys_of

TEXTS = ["图书", "大桥", "龙舟", "图大", "书桥"]


@pytest.fixture
def embedder(model_folder):
    return load_embedder(str(model_folder))


@pytest.fixture
def write(tmp_path, embedder):
    def write(texts):
        name = shard_name(keys_of(texts), embedder.fingerprint)
        facts = {"worker": "tcp://127.0.0.1:1", "pid": 1, "seconds": 0.5}
        shard = Shard(
            settings=IndexConfig(model=embedder.name),
            model_fingerprint=embedder.fingerprint,
            dim=embedder.dim,
            passages=len(texts),
            **facts,
        )
        write_shard(tmp_path, name, texts, embedder.encode_documents(texts), shard)
        return tmp_path / name

    return write


def open_shards(folder, embedder):
    known, warnings = known_shards(folder, embedder)
    return pickle.loads(pickle.dumps(known))(), warnings  # as a process of a build does it


def flip(file):
    data = bytearray(file.read_bytes())
    data[-5] ^= 4
    file.write_bytes(data)


def test_texts_find_their_vectors_in_whatever_shard(tmp_path, embedder, write):
    write(TEXTS[:2])
    write(TEXTS[2:])
    found, warnings = open_shards(tmp_path, embedder)
    rows = found.find([*reversed(TEXTS), "没有"])
    assert (len(found), warnings, rows[-1]) == (5, (), -1)
    assert rows.dtype == np.int64
    vectors = found.vectors(rows[:-1])
    assert vectors.dtype == np.float32
    assert vectors.tobytes() == embedder.encode_documents(TEXTS[::-1]).tobytes()
    assert found.vectors(np.zeros(0, np.int64)).shape == (0, embedder.dim)
    assert found.find([]).shape == (0,)


def test_a_text_in_two_shards_is_found_once(tmp_path, embedder, write):
    write(TEXTS[:2])
    write(TEXTS[1:])
    found, _ = open_shards(tmp_path, embedder)
    assert found.vectors(found.find(TEXTS)).tobytes() == embedder.encode_documents(TEXTS).tobytes()


def test_of_two_places_the_first_is_asked_first(tmp_path, embedder, write):
    write(TEXTS[:4])
    shards, _ = known_shards(tmp_path, embedder)
    marked = np.full((2, embedder.dim), 9, np.float32)
    known = pickle.loads(pickle.dumps(either(partial(KnownVectors, keys_of(TEXTS[1:3]), marked), shards)))()
    rows = known.find(["", *TEXTS])
    assert len(known) == 6
    assert (rows >= 0).tolist() == [False, True, True, True, True, False]
    plain = embedder.encode_documents(TEXTS)
    assert known.vectors(rows[1:5]).tolist() == [*plain[:1].tolist(), *marked.tolist(), *plain[3:4].tolist()]
    assert known.vectors(rows[[1]]).tolist() == plain[:1].tolist()
    assert known.vectors(rows[[2]]).tolist() == marked[:1].tolist()
    empty = either(KnownVectors, shards)()
    assert empty.vectors(empty.find(TEXTS[:4])).tolist() == plain[:4].tolist()


@pytest.mark.parametrize("name", ["keys.npy", "vectors.npy", "manifest.json"])
@pytest.mark.parametrize("damage", ["missing", "flipped", "truncated"])
def test_a_damaged_shard_is_left_out_and_told(tmp_path, embedder, write, name, damage):
    write(TEXTS[:2])
    file = write(TEXTS[2:]) / name
    if damage == "missing":
        file.unlink()
    elif damage == "flipped":
        flip(file)
    else:
        file.write_bytes(file.read_bytes()[:-7])
    found, (warning,) = open_shards(tmp_path, embedder)
    assert (found.find(TEXTS) >= 0).tolist() == [True, True, False, False, False]
    assert warning.startswith(f"{file.parent} is left out: it is damaged (")
    assert survey(tmp_path, embedder).broken == (file.parent,)


def change(path, **changes):
    told = json.loads((path / "manifest.json").read_text(encoding="utf-8"))
    (path / "manifest.json").write_text(json.dumps(told | changes), encoding="utf-8")


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"model_fingerprint": "0" * 16}, "it was made with the model"),
        ({"dim": 7}, "it was made with the model"),
        ({"format": 2}, "it is of format 2, this version reads format 1"),
        ({"passages": 7}, "it is damaged .its files are not of the size that it tells."),
        ({"hashes": {}}, "it is damaged .its files are not as they were written."),
        ({"pid": "x"}, "it is damaged"),
    ],
)
def test_a_shard_that_does_not_fit_is_left_out_and_told(tmp_path, embedder, write, changes, reason):
    write(TEXTS[:2])
    path = write(TEXTS[2:])
    change(path, **changes)
    found, warnings = open_shards(tmp_path, embedder)
    assert len(found) == 2
    with pytest.raises(AssertionError, match=reason):
        raise AssertionError(*warnings)


def test_vectors_of_another_model_alone_are_an_error(tmp_path, embedder, write):
    change(write(TEXTS), model_fingerprint="0" * 16)
    with pytest.raises(StoreError, match=r"cannot be used: .* made with the model .* Give the --model that made them"):
        open_shards(tmp_path, embedder)


@pytest.mark.parametrize("folder", ["missing", "empty"])
def test_a_folder_without_vectors_is_an_error(tmp_path, embedder, folder):
    (tmp_path / "empty").mkdir()
    with pytest.raises(StoreError, match=rf"There are no vectors in .*{folder}\. Run `wenju embed"):
        open_shards(tmp_path / folder, embedder)
    assert len(survey(tmp_path / folder, embedder).open()) == 0


def test_a_folder_of_damage_is_an_error(tmp_path, embedder, write):
    flip(write(TEXTS) / "keys.npy")
    with pytest.raises(StoreError, match=r"No shard in .* is whole"):
        open_shards(tmp_path, embedder)


def test_what_was_not_finished_is_not_looked_at(tmp_path, embedder, write):
    write(TEXTS[:2])
    write(TEXTS[2:]).rename(tmp_path / ".shard-abc.1")
    assert len(open_shards(tmp_path, embedder)[0]) == 2
    assert debris(tmp_path) == [tmp_path / ".shard-abc.1"]


def test_the_second_to_finish_the_same_shard_leaves_the_first_alone(tmp_path, write):
    path = write(TEXTS)
    first = (path / "manifest.json").stat().st_ino
    assert write(TEXTS) == path
    assert (path / "manifest.json").stat().st_ino == first
    assert list(tmp_path.iterdir()) == [path]
    assert is_made(tmp_path, path.name)
    assert read_shard(path).passages == 5


def test_one_who_is_second_by_a_hair_leaves_the_first_alone_too(tmp_path, write, monkeypatch):
    path = write(TEXTS)
    answers = iter([False, True])
    monkeypatch.setattr(index.search.shards, "is_made", lambda folder, name: next(answers))
    assert write(TEXTS) == path
    assert list(tmp_path.iterdir()) == [path]


def test_a_full_disk_leaves_nothing_behind(tmp_path, write, monkeypatch):
    def full(folder):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(index.search.shards, "settle", full)
    with pytest.raises(OSError, match="No space left"):
        write(TEXTS)
    assert not list(tmp_path.iterdir())


def test_the_name_tells_texts_order_and_model():
    variants = [(TEXTS, "a"), (TEXTS, "b"), (TEXTS[::-1], "a"), (TEXTS[:-1], "a")]
    names = {shard_name(keys_of(texts), model) for texts, model in variants}
    assert len(names) == 4
    assert shard_name(keys_of(list(TEXTS)), "a") in names
