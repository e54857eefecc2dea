"""Do page files become a store, step by step, and is a bad page named before anything is written?"""

from __future__ import annotations

import shutil

import pytest

from index.build import build_from_pages, build_store, each_page, is_built_from, is_current, known_vectors, read_pages
from index.config import IndexConfig
from index.embedding import StaticEmbedder, load_embedder
from index.errors import ModelError, SourceError, StoreError
from index.store.opened import open_store, read_manifest
from index.store.texts import Sources


@pytest.fixture
def pages(pages_folder, tmp_path):
    """A copy of the test pages that a test may change."""
    return shutil.copytree(pages_folder, tmp_path / "pages")


@pytest.fixture
def config(model_folder):
    return IndexConfig(model=str(model_folder), passage_size=60)


def test_every_step_reports_its_progress(pages, tmp_path, config):
    told = []
    build_store(pages, tmp_path / "store", config, lambda *step: told.append(step))
    # Three pages, then seven passages in one batch; that all is done may be told twice.
    assert list(dict.fromkeys(told)) == [("read", 1, 3), ("read", 2, 3), ("read", 3, 3), ("embed", 7, 7)]


def test_passages_are_embedded_batch_by_batch(pages, tmp_path, config, monkeypatch):
    monkeypatch.setattr("index.store.searches._BATCH", 3)
    told = []
    build_store(pages, tmp_path / "small", config, lambda *step: told.append(step))
    steps = list(dict.fromkeys(step for step in told if step[0] == "embed"))
    assert steps == [("embed", 3, 7), ("embed", 6, 7), ("embed", 7, 7)]
    monkeypatch.undo()
    build_store(pages, tmp_path / "large", config)
    small, large = open_store(tmp_path / "small"), open_store(tmp_path / "large")
    for question in ("图书馆", "大桥", "龙舟"):
        vector = small.embedder.encode_query(question)
        assert small.dense.search(vector, 7) == large.dense.search(vector, 7)


def test_a_store_of_a_single_page(pages, tmp_path, config):
    manifest = build_store(pages / "liuhe.txt", tmp_path / "store", config)
    assert (manifest.pages, manifest.articles, manifest.passages) == (1, 2, 3)
    assert manifest.sources == str(Sources(read_pages(pages / "liuhe.txt")))
    assert list(open_store(tmp_path / "store").pages) == ["liuhe.txt"]


def test_an_unreadable_page_is_named_and_the_old_store_stays(pages, tmp_path, config, data_folder):
    built = build_store(pages, tmp_path / "store", config)
    shutil.copy(data_folder / "bad" / "damaged.txt", pages)
    with pytest.raises(SourceError, match=r"is UTF-8 but for the bytes FF at byte 9, in line 1\. Mend them"):
        build_store(pages, tmp_path / "store", config)
    assert read_manifest(tmp_path / "store") == built
    assert [folder.name for folder in (tmp_path / "store" / "generations").iterdir()] == [built.generation]
    assert len(open_store(tmp_path / "store").passages) == 7


def test_all_unreadable_pages_are_named(pages, data_folder):
    for name in ("damaged.txt", "picture.txt", "empty.txt"):
        shutil.copy(data_folder / "bad" / name, pages)
    with pytest.raises(SourceError, match=r"damaged\.txt is UTF-8 but .* The same goes for: empty\.txt, picture\.txt"):
        read_pages(pages)


def test_pages_are_read_in_order_of_their_names(pages):
    assert [page.file for page in read_pages(pages)] == ["liuhe.txt", "qingtan.txt", "shanqian.txt"]


def test_a_missing_model_is_told_before_pages_are_read(tmp_path):
    with pytest.raises(ModelError, match="There is no model folder"):
        build_store(tmp_path / "no pages", tmp_path / "store", IndexConfig(model="./nowhere"))
    assert not (tmp_path / "store").exists()


def test_no_pages(tmp_path, config):
    with pytest.raises(SourceError, match="There is no file or folder"):
        build_store(tmp_path / "no pages", tmp_path / "store", config)
    assert not (tmp_path / "store").exists()


def test_a_store_is_current_until_a_page_or_a_setting_changes(pages, tmp_path, config):
    store = tmp_path / "store"
    build_store(pages, store, config)
    assert is_current(pages, store, config)
    assert not is_current(pages, store, IndexConfig(model=config.model, passage_size=61))
    text = (pages / "liuhe.txt").read_bytes()
    (pages / "liuhe.txt").write_bytes(text + b"\n")
    assert not is_current(pages, store, config)
    (pages / "liuhe.txt").write_bytes(text)
    assert is_current(pages, store, config)
    (pages / "liuhe.txt").rename(pages / "liuhe2.txt")
    assert not is_current(pages, store, config)


def test_pages_that_are_read_already_make_the_same_store(pages, tmp_path, config):
    read = read_pages(pages)
    build_store(pages, tmp_path / "files", config)
    build_from_pages(iter(read), tmp_path / "read", config)
    assert files_of(tmp_path / "read") == files_of(tmp_path / "files")
    assert is_built_from(read, tmp_path / "files", config)
    assert is_built_from(iter(read), tmp_path / "read", config)
    assert not is_built_from(read[:2], tmp_path / "read", config)
    assert not is_built_from(read[::-1], tmp_path / "read", config)


def test_pages_are_read_one_by_one(pages, monkeypatch):
    """A page is read when the one before has been taken; a path that holds none is told at once."""
    told, read = [], each_page(pages, lambda *step: told.append(step))
    assert told == []
    assert next(read).file == "liuhe.txt"
    assert next(read).file == "qingtan.txt"
    assert told == [("read", 1, 3)]
    assert [page.file for page in read] == ["shanqian.txt"]
    with pytest.raises(SourceError, match="There is no file or folder"):
        each_page(pages / "nowhere")


def test_a_store_that_is_not_there_is_not_simply_out_of_date(pages, tmp_path, config):
    with pytest.raises(StoreError, match="There is no store"):
        is_current(pages, tmp_path / "store", config)


def test_the_same_pages_give_the_same_store(pages, tmp_path, config):
    """Two builds differ in their name and time only."""
    first = build_store(pages, tmp_path / "one", config)
    second = build_store(pages, tmp_path / "two", config)
    assert files_of(tmp_path / "one") == files_of(tmp_path / "two")
    changing = {"generation": "", "built_at": "", "seconds": 0.0, "seal": ""}
    assert first.model_copy(update=changing) == second.model_copy(update=changing)


def test_with_somebody_to_tell_the_others_are_read(pages, tmp_path, config, data_folder):
    for name in ("damaged.txt", "picture.txt", "empty.txt"):
        shutil.copy(data_folder / "bad" / name, pages)
    told = []
    manifest = build_store(pages, tmp_path / "store", config, on_failure=told.append)
    assert [failure.file for failure in told] == ["damaged.txt", "empty.txt", "picture.txt"]
    assert manifest.pages == 3
    assert list(manifest.skipped) == ["damaged.txt", "empty.txt", "picture.txt"]
    assert "is UTF-8 but for the bytes FF at byte 9" in manifest.skipped["damaged.txt"]
    assert is_current(pages, tmp_path / "store", config)


def test_when_none_can_be_read_there_is_no_store_even_with_somebody_to_tell(tmp_path, config, data_folder):
    with pytest.raises(SourceError, match=r"blank\.txt is empty\. .* The same goes for: damaged\.txt"):
        build_store(data_folder / "bad", tmp_path / "store", config, on_failure=lambda failure: None)
    assert [file.name for file in (tmp_path / "store").rglob("*") if file.is_file()] == ["LOCK"]
    with pytest.raises(StoreError, match="There is no store"):
        open_store(tmp_path / "store")


def test_bad_files_of_every_sort_are_told_and_the_good_one_is_read(tmp_path, monkeypatch):
    pages = tmp_path / "pages"
    pages.mkdir()
    (tmp_path / "outside.txt").write_text("外面的字。", encoding="utf-8")
    (pages / "good.txt").write_text("大桥通车。", encoding="utf-8")
    (pages / "inside.txt").symlink_to(pages / "good.txt")
    (pages / "outside.txt").symlink_to(tmp_path / "outside.txt")
    (pages / "broken.txt").symlink_to(tmp_path / "nowhere.txt")
    (pages / "zero.txt").write_bytes(b"")
    (pages / "nul.txt").write_bytes("大桥\0通车。".encode())
    (pages / "surrogate.txt").write_bytes(b"\xed\xa0\x80\xed\xa0\x80")
    (pages / "two\nlines.txt").write_text("大桥通车。", encoding="utf-8")
    (pages / "long.txt").write_text("桥" * 2_000_001, encoding="utf-8")
    with (pages / "large.txt").open("wb") as stream:
        stream.truncate(200_000_000)
    told = {}
    read = read_pages(pages, on_failure=lambda failure: told.update({failure.file: failure.error.what}))
    assert [page.file for page in read] == ["good.txt", "inside.txt"]
    expected = {
        "outside.txt": "is a link that leads out of",
        "broken.txt": "",
        "zero.txt": "is empty",
        "nul.txt": "is no text file: 1 of 6 characters",
        "surrogate.txt": "is UTF-8 but for the bytes ED",
        "two\nlines.txt": "The name 'two\\nlines.txt' holds a character that cannot be shown",
        "long.txt": "has a line of more than 2,000,000 characters",
        "large.txt": "has 200 MB, at most 67 MB are read of one page",
    }
    assert told.keys() == expected.keys()
    for name, reason in expected.items():
        assert reason in told[name]
    assert "\n" not in told["two\nlines.txt"]


def test_a_file_that_is_removed_while_the_folder_is_read(pages, monkeypatch):
    import index.build

    found = index.build.find_pages(pages)
    monkeypatch.setattr(index.build, "find_pages", lambda path: found)
    (pages / "liuhe.txt").unlink()
    told = []
    assert [page.file for page in read_pages(pages, on_failure=told.append)] == ["qingtan.txt", "shanqian.txt"]
    assert "liuhe.txt cannot be read (No such file" in str(told[0].error)


# Built again


def counted(monkeypatch):
    """The texts that are embedded from now on."""
    embedded = []
    real = StaticEmbedder.encode_documents

    def counting(embedder, texts):
        embedded.extend(texts)
        return real(embedder, texts)

    monkeypatch.setattr(StaticEmbedder, "encode_documents", counting)
    return embedded


def files_of(store):
    folder = store / "generations" / read_manifest(store).generation
    return {name: (folder / name).read_bytes() for name in read_manifest(store).files}


def test_unchanged_pages_are_not_embedded_again(pages, tmp_path, config, monkeypatch):
    first = build_store(pages, tmp_path / "store", config)
    before = files_of(tmp_path / "store")
    embedded, told = counted(monkeypatch), []
    again = build_store(pages, tmp_path / "store", config, lambda *step: told.append(step))
    assert embedded == []
    assert told[-1] == ("embed", 7, 7)
    assert (first.reused, again.reused) == (0, 7)
    assert files_of(tmp_path / "store") == before


def test_of_a_changed_page_only_the_new_passages_are_embedded(pages, tmp_path, config, monkeypatch):
    store = tmp_path / "store"
    build_store(pages, store, config)
    page = pages / "liuhe.txt"
    page.write_text(page.read_text(encoding="utf-8").replace("3200", "3300"), encoding="utf-8")
    embedded = counted(monkeypatch)
    manifest = build_store(pages, store, config)
    # "藏书3200册" stands in the first of the seven passages, and no headline holds it.
    assert len(embedded) == 1
    assert "3300" in embedded[0]
    assert manifest.reused == 6
    monkeypatch.undo()
    build_store(pages, tmp_path / "fresh", config)
    assert files_of(store) == files_of(tmp_path / "fresh")


def test_a_changed_headline_changes_every_passage_below_it(pages, tmp_path, config, monkeypatch):
    build_store(pages, tmp_path / "store", config)
    page = pages / "liuhe.txt"
    page.write_text(page.read_text(encoding="utf-8").replace("柳河镇图书馆开馆", "柳河镇图书馆开门"), encoding="utf-8")
    embedded = counted(monkeypatch)
    build_store(pages, tmp_path / "store", config)
    assert len(embedded) == 2


def test_a_removed_page_goes_and_a_new_one_comes(pages, tmp_path, config, monkeypatch):
    store = tmp_path / "store"
    build_store(pages, store, config)
    (pages / "qingtan.txt").unlink()
    (pages / "new.txt").write_text("大桥通车\n\n大桥昨日通车，全长九百米。\n", encoding="utf-8")
    embedded = counted(monkeypatch)
    manifest = build_store(pages, store, config)
    assert manifest.sources == str(Sources(read_pages(pages)))
    assert list(open_store(store).pages) == ["liuhe.txt", "new.txt", "shanqian.txt"]
    assert len(embedded) == 1
    monkeypatch.undo()
    build_store(pages, tmp_path / "fresh", config)
    assert files_of(store) == files_of(tmp_path / "fresh")


def test_with_another_passage_size_only_equal_texts_keep_their_vectors(pages, tmp_path, config):
    store, other = tmp_path / "store", IndexConfig(model=config.model, passage_size=30)
    build_store(pages, store, config)
    manifest = build_store(pages, store, other)
    assert 0 < manifest.reused < manifest.passages
    build_store(pages, tmp_path / "fresh", other)
    assert files_of(store) == files_of(tmp_path / "fresh")


def test_another_model_reuses_nothing(pages, tmp_path, config, write_model):
    build_store(pages, tmp_path / "store", config)
    other = write_model(tmp_path / "other", {"桥": (1, 0, 0), "舟": (0, 1, 0)})
    assert build_store(pages, tmp_path / "store", IndexConfig(model=str(other), passage_size=60)).reused == 0


@pytest.mark.parametrize("name", ["vectors.npy", "keys.npy"])
def test_a_damaged_vector_does_not_live_on(pages, tmp_path, config, name):
    store = tmp_path / "store"
    build_store(pages, store, config)
    sound = files_of(store)
    file = store / "generations" / read_manifest(store).generation / name
    data = bytearray(file.read_bytes())
    data[-1] ^= 1
    file.write_bytes(data)
    assert build_store(pages, store, config).reused == 0
    assert files_of(store) == sound


def test_vectors_are_known_where_model_and_files_are_those_of_the_build(pages, tmp_path, config, write_model):
    store, embedder = tmp_path / "store", load_embedder(config.model)
    assert len(known_vectors(store, embedder)()) == 0  # nothing was built
    build_store(pages, store, config)
    assert len(known_vectors(store, embedder)()) == 7
    other = load_embedder(str(write_model(tmp_path / "other", {"桥": (1, 0, 0), "舟": (0, 1, 0)})))
    assert len(known_vectors(store, other)()) == 0
    manifest = store / "generations" / read_manifest(store).generation / "manifest.json"
    manifest.write_text(manifest.read_text(encoding="utf-8").replace('"dim": 3', '"dim": 4'), encoding="utf-8")
    assert len(known_vectors(store, embedder)()) == 0


def test_many_vectors_are_reused_bit_by_bit(pages, tmp_path, config, monkeypatch):
    """In half precision they are rounded once only, so a build that reuses them is the same store."""
    for module in ("vectors", "dense"):
        monkeypatch.setattr(f"index.search.{module}.FEW", 3)
    store = tmp_path / "store"
    build_store(pages, store, config)
    before = files_of(store)
    assert "index.faiss" in before
    assert build_store(pages, store, config).reused == 7
    assert files_of(store) == before
