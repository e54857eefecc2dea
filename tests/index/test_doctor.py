"""Is every damage to a store found and named, and is what can be made again made again, and no more?"""

from __future__ import annotations

import json
import shutil

import numpy as np
import pytest

from index.build import build_store
from index.config import IndexConfig
from index.doctor import examine, repair
from index.embedding import StaticEmbedder
from index.errors import StoreError
from index.generations import building, current, generations
from index.store import open_store, read_manifest

FILES = [
    "articles.jsonl",
    "index.faiss",
    "keys.npy",
    "lexical/data.csc.index.npy",
    "lexical/indices.csc.index.npy",
    "lexical/indptr.csc.index.npy",
    "lexical/params.index.json",
    "lexical/vocab.index.json",
    "pages.jsonl",
    "passages.jsonl",
]


@pytest.fixture(scope="module")
def built(tmp_path_factory, pages_folder, model_folder):
    path = tmp_path_factory.mktemp("doctor") / "store"
    build_store(pages_folder, path, IndexConfig(model=str(model_folder), passage_size=60), date="2026-03-01")
    return path


@pytest.fixture
def store(built, tmp_path):
    return shutil.copytree(built, tmp_path / "store")


def harm(file, damage):
    data = bytearray(file.read_bytes())
    if damage == "missing":
        file.unlink()
    elif damage == "truncated":
        file.write_bytes(data[: len(data) // 2])
    else:
        data[len(data) // 2] ^= 8
        file.write_bytes(data)


def everything(path):
    store = open_store(path)
    questions = ("图书馆有多少书？", "大桥多长？", "龙舟赛谁赢了？")
    found = [(store.dense.search(store.embedder.encode_query(q), 9), store.lexical.search(q, 9)) for q in questions]
    return store.pages, store.articles, store.passages, found


def test_a_sound_store(store):
    assert examine(store) == []
    before = current(store)
    assert repair(store) == []
    assert current(store) == before


@pytest.mark.parametrize("name", FILES)
@pytest.mark.parametrize("damage", ["missing", "truncated", "flipped"])
def test_a_damaged_file_is_named_and_made_again(store, built, name, damage):
    harm(current(store) / name, damage)
    (finding,) = examine(store)
    assert name in finding.what
    expected = {"missing": "is missing", "truncated": "bytes instead of", "flipped": "other bytes than were written"}
    assert expected[damage] in finding.what
    assert finding.repairable == (name != "pages.jsonl")
    if name == "pages.jsonl":
        with pytest.raises(StoreError, match=r"pages\.jsonl .* Run `wenju build` on the page files again\."):
            repair(store)
        return
    (done,) = repair(store)
    assert f"Made {name} again" in done
    assert examine(store) == []
    assert everything(store) == everything(built)
    assert read_manifest(store).date == "2026-03-01"


@pytest.mark.parametrize(
    ("name", "embedded"),
    [
        ("passages.jsonl", 0),
        ("lexical/vocab.index.json", 0),
        ("articles.jsonl", 0),
        ("index.faiss", 7),
        ("keys.npy", 7),
    ],
)
def test_vectors_that_are_whole_are_not_made_again(store, name, embedded, monkeypatch):
    harm(current(store) / name, "flipped")
    count, real = [], StaticEmbedder.encode_documents
    monkeypatch.setattr(StaticEmbedder, "encode_documents", lambda e, texts: count.extend(texts) or real(e, texts))
    repair(store)
    assert len(count) == embedded


def test_every_flipped_byte_of_the_manifest_is_found(store):
    file = current(store) / "manifest.json"
    data = file.read_bytes()
    for place in np.random.default_rng(3).choice(len(data), 60, replace=False):
        if chr(data[place]).isspace():
            continue
        changed = bytearray(data)
        changed[place] ^= 1
        file.write_bytes(changed)
        assert [finding.repairable for finding in examine(store)] == [False], place
    file.write_bytes(data)
    assert examine(store) == []


def test_a_file_that_does_not_belong_there(store):
    (current(store) / "notes.txt").write_text("x", encoding="utf-8")
    (finding,) = examine(store)
    assert "notes.txt does not belong there" in finding.what
    repair(store)
    assert examine(store) == []


def test_damaged_pages_are_answered_by_the_generation_before(store, pages_folder, model_folder):
    before = current(store)
    build_store(pages_folder, store, IndexConfig(model=str(model_folder), passage_size=30))
    harm(current(store) / "pages.jsonl", "flipped")
    assert any(before.name in finding.what for finding in examine(store))
    (done,) = repair(store)
    assert f"Put {before.name} to use" in done
    assert done.endswith("Run `wenju build` on the page files again.")
    assert current(store) == before
    assert open_store(store).manifest.settings.passage_size == 60


@pytest.mark.parametrize("content", [None, b"", b"nowhere\n", b"\xff"])
def test_a_lost_current_is_found_again(store, built, content):
    (store / "CURRENT").unlink() if content is None else (store / "CURRENT").write_bytes(content)
    (finding,) = examine(store)
    assert "CURRENT" in finding.what or "no store" in finding.what
    repair(store)
    assert examine(store) == []
    assert everything(store) == everything(built)


def test_a_newer_format_is_left_as_it_is(store):
    file = current(store) / "manifest.json"
    text = json.dumps(json.loads(file.read_text(encoding="utf-8")) | {"format": 99})
    file.write_text(text, encoding="utf-8")
    (finding,) = examine(store)
    assert "is of format 99" in finding.what
    assert "Update Wenju" in finding.fix
    with pytest.raises(StoreError, match="is of format 99"):
        repair(store)
    assert file.read_text(encoding="utf-8") == text


def test_debris_is_named_and_removed(store):
    half = store / "generations" / "20260101T000000-half"
    shutil.copytree(current(store), half)
    (half / "manifest.json").unlink()
    (finding,) = examine(store)
    assert "was left by a builder that died" in finding.what
    (done,) = repair(store)
    assert done.startswith("Removed")
    assert not half.exists()
    assert examine(store) == []


def test_a_half_copied_generation(store, built):
    shutil.rmtree(current(store) / "lexical")
    (current(store) / "passages.jsonl").unlink()
    assert len(examine(store)) == 6
    repair(store)
    assert everything(store) == everything(built)


def test_a_store_from_before_hashes_is_told_and_gets_them(store):
    file = current(store) / "manifest.json"
    manifest = json.loads(file.read_text(encoding="utf-8"))
    file.write_text(json.dumps(manifest | {"hashes": {}, "seal": ""}), encoding="utf-8")
    (finding,) = examine(store)
    assert "before hashes were kept" in finding.what
    repair(store)
    assert sorted(read_manifest(store).hashes) == FILES


def test_a_model_whose_files_changed(tmp_path, pages_folder, write_model):
    model = write_model(tmp_path / "model", {"桥": (1, 0), "舟": (0, 1)})
    build_store(pages_folder, tmp_path / "store", IndexConfig(model=str(model)))
    write_model(model, {"桥": (0, 1), "舟": (1, 0)})
    (finding,) = examine(tmp_path / "store")
    assert "have changed since the build" in finding.what
    repair(tmp_path / "store")
    assert open_store(tmp_path / "store").manifest.dim == 2


def test_no_store_there(tmp_path):
    for check in (examine, repair):
        with pytest.raises(StoreError, match="There is no store in"):
            check(tmp_path / "nowhere")
    assert not (tmp_path / "nowhere").exists()


def test_a_builder_at_work_is_not_taken_for_a_dead_one(store):
    import threading

    half = store / "generations" / "20260101T000000-half"
    half.mkdir()
    held, done = threading.Event(), threading.Event()

    def work():
        with building(store):
            held.set()
            done.wait(20)

    thread = threading.Thread(target=work)
    thread.start()
    held.wait(20)
    assert examine(store) == []
    done.set()
    thread.join()
    assert len(examine(store)) == 1
    assert len(generations(store)) == 1
