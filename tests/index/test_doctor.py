"""Is every damage to a store found and named, and is what can be made again made again, and no more?"""

from __future__ import annotations

import hashlib
import json
import shutil
from dataclasses import replace

import numpy as np
import pytest

import index.doctor
import index.store.texts
from index.build import build_store
from index.config import IndexConfig
from index.disk.generations import building, current, generations
from index.doctor import examine, repair
from index.embedding import StaticEmbedder
from index.errors import ModelError, StoreError
from index.store.opened import open_store, read_manifest, seal

CODES = "index.faiss"


@pytest.fixture(scope="module", autouse=True)
def _few_are_many():
    """So that there are codes, too."""
    with pytest.MonkeyPatch.context() as patch:
        for module in ("vectors", "dense"):
            patch.setattr(f"index.search.{module}.FEW", 5)
        yield


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


@pytest.fixture
def everything(answers_of):
    return lambda path: answers_of(open_store(path))


def files_of(path):
    return {name: (current(path) / name).read_bytes() for name in read_manifest(path).files}


@pytest.fixture
def embedded(monkeypatch):
    """The texts that are embedded from now on."""
    texts, real = [], StaticEmbedder.encode_documents
    monkeypatch.setattr(StaticEmbedder, "encode_documents", lambda e, new: texts.extend(new) or real(e, new))
    return texts


def test_a_sound_store(store):
    assert examine(store) == []
    before = current(store)
    assert repair(store) == []
    assert current(store) == before


EXPECTED = {"missing": "is missing", "truncated": "bytes instead of", "flipped": "other bytes than were written"}


@pytest.mark.parametrize("damage", EXPECTED)
def test_a_damaged_file_is_named_and_made_again(store, built, file_name, damage, everything):
    check_repair(store, built, file_name, damage, everything)


@pytest.mark.parametrize("damage", EXPECTED)
def test_damaged_codes_are_named_and_made_again(store, built, damage, everything):
    check_repair(store, built, CODES, damage, everything)


def check_repair(store, built, name, damage, everything):
    harm(current(store) / name, damage)
    (finding,) = examine(store)
    assert f"{name} " in finding.what
    assert EXPECTED[damage] in finding.what
    assert (finding.file, finding.repairable) == (name, name != "pages.jsonl")
    before = files_of(built)
    if name == "pages.jsonl":
        with pytest.raises(StoreError, match=r"pages\.jsonl .* Run `wenju build` on the page files again\."):
            repair(store)
        return
    (done,) = repair(store)
    assert f"Made {name} again" in done
    assert examine(store) == []
    assert everything(store) == everything(built)
    assert files_of(store) == before
    assert read_manifest(store).date == "2026-03-01"


def test_what_is_made_again_is_what_depends_on_the_damaged_file(store, file_name, embedded, monkeypatch):
    """Vectors cost most: they are made again only where they or their keys are lost, else taken over."""
    check_stages(store, file_name, embedded, monkeypatch)


def test_for_damaged_codes_the_codes_are_made_again(store, embedded, monkeypatch):
    check_stages(store, CODES, embedded, monkeypatch)


def check_stages(store, name, embedded, monkeypatch):
    if name == "pages.jsonl":
        return
    made = []
    for stage in ("write_texts", "write_searches", "write_lexical", "write_codes"):
        real = getattr(index.doctor, stage)
        monkeypatch.setattr(index.doctor, stage, lambda *a, _s=stage, _r=real, **k: made.append(_s) or _r(*a, **k))
    harm(current(store) / name, "flipped")
    (done,) = repair(store)
    texts = {"articles.index.npy", "articles.jsonl", "articles.npy", "copies.npy", "pages.index.npy", "passages.npy"}
    if name in texts:
        expected = ["write_texts"]
    elif name in {"keys.npy", "vectors.npy"}:
        expected = ["write_searches"]
    else:
        expected = ["write_codes" if name == CODES else "write_lexical"]
    assert made == expected
    assert len(embedded) == (7 if expected == ["write_searches"] else 0)
    assert f"({len(embedded)} of 7 vectors)" in done
    assert read_manifest(store).reused == 7 - len(embedded)


def test_several_damaged_files_are_made_again_at_once(store, built, embedded, everything):
    for name in ("articles.jsonl", "passages.npy", "lexical/rows.npy", CODES):
        harm(current(store) / name, "flipped")
    assert len(examine(store)) == 4
    (done,) = repair(store)
    assert "Made articles.jsonl, index.faiss, lexical/rows.npy, passages.npy again" in done
    assert embedded == []
    assert everything(store) == everything(built)


def test_texts_that_a_later_version_reads_otherwise_keep_the_vectors_of_equal_passages(store, embedded, monkeypatch):
    """Then vectors and words are made for the passages as they are cut now."""
    real = index.store.texts.read_layout

    def read(page, date):
        layout = real(page, date)
        return replace(layout, articles=layout.articles[:1]) if page.file == "liuhe.txt" else layout

    monkeypatch.setattr("index.store.texts.read_layout", read)
    harm(current(store) / "articles.jsonl", "flipped")
    (done,) = repair(store)
    assert embedded == []
    assert "(0 of 6 vectors)" in done
    opened = open_store(store)
    assert list(opened.articles) == ["liuhe.txt#2", "qingtan.txt#1", "qingtan.txt#13", "shanqian.txt#1"]
    assert len(opened.dense) == len(opened.lexical) == len(opened.passages) == 6
    found = opened.dense.search(opened.embedder.encode_query("龙舟"), 9)
    assert [opened.passages.id_at(row) for row, value in found if value > 0.5] == [
        "qingtan.txt#1:0",
        "qingtan.txt#1:53",
    ]
    assert examine(store) == []


@pytest.mark.parametrize("why", [OSError(28, "No space left on device"), KeyboardInterrupt()])
def test_a_repair_that_fails_leaves_the_store_as_it_was(store, monkeypatch, why):
    harm(current(store) / "lexical/rows.npy", "flipped")
    before = everything_in(store)

    def fail(*args):
        raise why

    with monkeypatch.context() as patch:
        patch.setattr("index.doctor.write_lexical", fail)
        with pytest.raises((StoreError, KeyboardInterrupt), match=r"written|^$"):
            repair(store)
    assert everything_in(store) == before
    repair(store)
    assert examine(store) == []


def everything_in(path):
    return {file.relative_to(path).as_posix(): file.read_bytes() for file in path.rglob("*") if file.is_file()}


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
def test_a_lost_current_is_found_again(store, built, content, everything):
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


def test_a_half_copied_generation(store, built, everything):
    shutil.rmtree(current(store) / "lexical")
    (current(store) / "passages.npy").unlink()
    assert len(examine(store)) == 7  # six files of words, and the passages
    repair(store)
    assert everything(store) == everything(built)


def test_a_store_from_when_fewer_vectors_were_many_is_repaired_too(store, monkeypatch, everything):
    """Its vectors and codes are taken over; they are few now, and are all compared."""
    for module in ("vectors", "dense"):
        monkeypatch.setattr(f"index.search.{module}.FEW", 25_000)
    before = everything(store)
    (current(store) / "lexical" / "old.npy").write_bytes(b"x")
    (finding,) = examine(store)
    assert "lexical/old.npy does not belong there" in finding.what
    repair(store)
    assert examine(store) == []
    assert everything(store) == before


# Stores of an older format


def make_old(store, **changes):
    """What format 2 had of what is read from it: a manifest with other fields, and pages as they still are."""
    folder = current(store)
    manifest = json.loads((folder / "manifest.json").read_text(encoding="utf-8"))
    pages = (folder / "pages.jsonl").read_bytes()
    shutil.rmtree(folder)
    folder.mkdir()
    (folder / "lexical").mkdir()
    files = {"pages.jsonl": pages, "articles.jsonl": b"{}\n", "passages.jsonl": b"{}\n", "index.faiss": b"x"}
    files |= {"keys.npy": b"x", "lexical/vocab.index.json": b"{}"}
    for name, data in files.items():
        (folder / name).write_bytes(data)
    old = {
        "format": 2,
        "settings": manifest["settings"],
        "fingerprint": manifest["fingerprint"],
        "model_fingerprint": manifest["model_fingerprint"],
        "dim": 3, "pages": 3, "articles": 5, "passages": 7,
        "files": {name: len(data) for name, data in files.items()},
        "sources": {"liuhe.txt": "0" * 64},
        "skipped": {"bad.txt": "bad.txt is empty."},
        "libraries": {"bm25s": "0.3.16"},
        "built_at": "2026-01-01T00:00:00+00:00",
        "generation": folder.name,
        "hashes": {name: hashlib.sha256(data).hexdigest() for name, data in files.items()},
        "date": "2026-03-01",
        "first_day": "2026-03-01", "last_day": "2026-03-01", "undated": 0, "reused": 0,
    }  # fmt: skip
    old |= changes
    old["seal"] = seal(old)
    (folder / "manifest.json").write_text(json.dumps(old, indent=2), encoding="utf-8")
    return folder


def test_a_store_of_the_format_before_is_told_and_taken_over(store, built, everything):
    make_old(store)
    with pytest.raises(StoreError, match=r"is of format 2, this version reads format 3\. Run `wenju doctor --repair`"):
        open_store(store)
    (finding,) = examine(store)
    assert "is of format 2" in finding.what
    assert "`wenju doctor --repair`, which builds it again from its own pages" in finding.fix
    assert finding.repairable
    (done,) = repair(store)
    assert done.startswith("Built the store again in format 3, from its own pages; in use is ")
    assert examine(store) == []
    assert everything(store) == everything(built)
    assert files_of(store) == files_of(built)
    manifest = read_manifest(store)
    assert (manifest.settings, manifest.date) == (read_manifest(built).settings, "2026-03-01")
    assert manifest.skipped == {"bad.txt": "bad.txt is empty."}
    assert manifest.sources == read_manifest(built).sources


def test_it_is_taken_over_with_its_own_settings(store):
    settings = read_manifest(store).settings
    make_old(store, settings=settings.model_copy(update={"passage_size": 30}).model_dump(), date=None)
    repair(store)
    manifest = read_manifest(store)
    assert (manifest.settings.passage_size, manifest.date, manifest.undated) == (30, None, 5)
    assert manifest.passages > 7


@pytest.mark.parametrize("where", ["write_texts", "write_searches", "write_generation"])
@pytest.mark.parametrize("why", [OSError(28, "No space left on device"), KeyboardInterrupt()])
def test_where_it_cannot_be_taken_over_the_old_one_is_untouched(store, built, monkeypatch, where, why, everything):
    make_old(store)
    before = everything_in(store)

    def fail(*args, **kwargs):
        raise why

    with monkeypatch.context() as patch:
        patch.setattr(index.doctor, where, fail)
        with pytest.raises((StoreError, OSError, KeyboardInterrupt)):
            repair(store)
    assert everything_in(store) == before
    repair(store)
    assert everything(store) == everything(built)


def test_a_missing_model_leaves_the_old_one_untouched(store):
    settings = read_manifest(store).settings
    make_old(store, settings=settings.model_copy(update={"model": "./nowhere"}).model_dump())
    before = everything_in(store)
    with pytest.raises(ModelError, match="There is no model folder"):
        repair(store)
    assert everything_in(store) == before


@pytest.mark.parametrize("damage", ["missing", "truncated", "flipped"])
def test_an_old_store_whose_pages_are_damaged_is_not_repairable(store, damage):
    folder = make_old(store)
    harm(folder / "pages.jsonl", damage)
    before = everything_in(store)
    (finding,) = examine(store)
    assert (finding.repairable, "is of format 2" in finding.what) == (False, True)
    with pytest.raises(StoreError, match=r"is of format 2.* Run `wenju build` on the page files again\."):
        repair(store)
    assert everything_in(store) == before


@pytest.mark.parametrize("changes", [{"hashes": {}}, {"settings": {"size": 3}}, {"skipped": None}, {"date": 3}])
def test_an_old_manifest_that_lacks_what_is_needed_is_not_repairable(store, changes):
    make_old(store, **changes)
    (finding,) = examine(store)
    assert not finding.repairable
    with pytest.raises(StoreError, match="is of format 2"):
        repair(store)


def test_other_damage_to_an_old_store_does_not_matter(store, built, everything):
    folder = make_old(store)
    for name in ("articles.jsonl", "index.faiss", "lexical/vocab.index.json"):
        (folder / name).unlink()
    repair(store)
    assert everything(store) == everything(built)


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
