"""Are vectors and words those of the texts that are searched, in the rows of their passages, whoever makes them?"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from functools import partial
from pathlib import Path

import numpy as np
import pytest

import index
import index.store.searches
from index.build import build_store
from index.config import IndexConfig
from index.disk.passages import load_passages
from index.embedding import StaticEmbedder, load_embedder
from index.errors import SourceError, StoreError
from index.search.bm25 import LexicalIndex
from index.search.bm25_build import index_texts
from index.search.vector_cache import KnownVectors, keys_of, open_known
from index.search.vectors import load_vectors
from index.store.opened import COPIES, PASSAGES, open_articles, open_store, search_text
from index.store.searches import write_lexical, write_searches

PAGES = {
    f"{number:02}.txt": f"# 大桥{number}号通车\n\n图书{number}本。" + "龙舟下水。" * number for number in range(12)
}
WRITTEN = ["keys.npy", "vectors.npy", *(f"lexical/{name}" for name in (
    "hashes.npy", "info.json", "rows.npy", "scores.npy", "starts.npy", "words.jsonl",
))]  # fmt: skip


@pytest.fixture
def folder(texts_folder):
    return texts_folder(PAGES, size=20)


@pytest.fixture
def embedder(model_folder):
    return load_embedder(str(model_folder))


def searched(folder):
    passages = load_passages(open_articles(folder), folder / PASSAGES, folder / COPIES)
    return [search_text(passage, article) for passage, article in passages.each(0, len(passages))]


def written(folder):
    return {name: (folder / name).read_bytes() for name in WRITTEN}


def test_rows_are_the_passages_in_order(folder, embedder, model_folder):
    texts = searched(folder)
    assert write_searches(folder, len(texts), embedder, str(model_folder)) == 0
    np.testing.assert_array_equal(load_vectors(folder / "vectors.npy"), embedder.encode_documents(texts))
    np.testing.assert_array_equal(np.load(folder / "keys.npy"), keys_of(texts))
    words, expected = LexicalIndex.load(folder / "lexical", len(texts)), index_texts(texts)
    for query in ("大桥", "龙舟 图书", "7号"):
        assert words.search(query, 99) == expected.search(query, 99)
    assert not (folder / "index.faiss").exists()


@pytest.mark.parametrize("block", [1, 3, 7, 8_192])
@pytest.mark.parametrize("batch", [1, 4, 256])
def test_blocks_and_batches_do_not_matter(folder, embedder, model_folder, monkeypatch, block, batch):
    count = len(searched(folder))
    write_searches(folder, count, embedder, str(model_folder))
    expected = written(folder)
    monkeypatch.setattr("index.store.searches._BLOCK", block)
    monkeypatch.setattr("index.store.searches._BATCH", batch)
    write_searches(folder, count, embedder, str(model_folder))
    assert written(folder) == expected


def test_progress_rises_to_the_end(folder, embedder, model_folder, monkeypatch):
    monkeypatch.setattr("index.store.searches._BLOCK", 5)
    monkeypatch.setattr("index.store.searches._BATCH", 2)
    told, count = [], len(searched(folder))
    write_searches(folder, count, embedder, str(model_folder), progress=lambda *step: told.append(step))
    done = [number for _, number, _ in told]
    assert done == sorted(done)
    assert set(done) == {n for n in range(count + 1) if n and (n % 5 in {0, 2, 4} or n == count)}
    assert {(step, total) for step, _, total in told} == {("embed", count)}


def test_words_alone_can_be_written(folder, embedder, model_folder):
    count = len(searched(folder))
    write_searches(folder, count, embedder, str(model_folder))
    expected = written(folder)
    for name in WRITTEN:
        (folder / name).unlink()
    write_lexical(folder, count)
    assert sorted(file.name for file in (folder / "lexical").iterdir()) == [name[8:] for name in WRITTEN[2:]]
    assert all((folder / name).read_bytes() == expected[name] for name in WRITTEN[2:])
    assert not (folder / "vectors.npy").exists()


def test_no_passages(texts_folder, embedder, model_folder):
    folder = texts_folder({})
    assert write_searches(folder, 0, embedder, str(model_folder)) == 0
    assert load_vectors(folder / "vectors.npy").shape == (0, 3)
    assert len(LexicalIndex.load(folder / "lexical", 0)) == 0


def test_known_texts_are_not_embedded_again(folder, texts_folder, embedder, model_folder, monkeypatch):
    texts = searched(folder)
    write_searches(folder, len(texts), embedder, str(model_folder))
    other = texts_folder(PAGES | {"00.txt": "# 别的事\n\n图书馆开馆。"}, size=20, name="other")
    fresh = [text for text in searched(other) if text not in texts]
    embedded, real = [], StaticEmbedder.encode_documents
    monkeypatch.setattr(StaticEmbedder, "encode_documents", lambda e, texts: embedded.extend(texts) or real(e, texts))
    known = partial(open_known, folder / "keys.npy", folder / "vectors.npy")
    count = len(searched(other))
    assert write_searches(other, count, embedder, str(model_folder), known=known) == count - len(fresh)
    assert embedded == fresh != []
    monkeypatch.undo()
    reused = written(other)
    write_searches(other, count, embedder, str(model_folder))
    assert written(other) == reused


def test_many_get_codes(folder, embedder, model_folder, monkeypatch):
    for module in ("vectors", "dense"):
        monkeypatch.setattr(f"index.search.{module}.FEW", 10)
    write_searches(folder, len(searched(folder)), embedder, str(model_folder))
    assert load_vectors(folder / "vectors.npy").dtype == np.float16
    assert (folder / "index.faiss").stat().st_size > 0


# Worker processes


@pytest.fixture
def shared_out(monkeypatch):
    """Little work is shared out, too."""
    monkeypatch.setattr("index.store.searches._WORTH_WORKERS", 1)
    monkeypatch.setattr("index.store.searches._BLOCK", 5)


def test_two_processes_write_the_same_files_as_one(folder, embedder, model_folder, shared_out):
    """Vectors, also those that are known already, and words."""
    texts, told = searched(folder), []
    first = texts[: len(texts) // 2]
    np.save(folder / "old-keys.npy", keys_of(first))
    np.save(folder / "old-vectors.npy", embedder.encode_documents(first))
    known = partial(open_known, folder / "old-keys.npy", folder / "old-vectors.npy")
    more = {"known": known, "progress": lambda *step: told.append(step)}
    count = len(texts)
    assert write_searches(folder, count, embedder, str(model_folder), **more) == len(first)
    alone = written(folder)
    told.clear()
    assert write_searches(folder, count, embedder, str(model_folder), workers=2, **more) == len(first)
    assert written(folder) == alone
    assert told == [("embed", min(done, count), count) for done in range(5, count + 5, 5)]


def test_a_worker_that_dies_leaves_nothing(tmp_path, pages_folder, model_folder, shared_out, monkeypatch):
    monkeypatch.setattr("index.build.known_vectors", lambda store, embedder: partial(int, "it dies of this"))
    config = IndexConfig(model=str(model_folder), passage_size=60)
    with pytest.raises(StoreError, match=r"was ended by the system, .* with --workers 1\."):
        build_store(pages_folder, tmp_path / "store", config, workers=2)
    assert [file.name for file in (tmp_path / "store").rglob("*") if file.is_file()] == ["LOCK"]


def test_an_error_of_a_worker_is_raised_here(folder, embedder, model_folder, shared_out):
    texts = searched(folder)
    known = partial(KnownVectors, keys_of(texts), None)  # keys without vectors
    with pytest.raises(IndexError, match="out of bounds"):
        write_searches(folder, len(texts), embedder, str(model_folder), known=known, workers=2)


def test_a_store_that_workers_built_is_the_same_store(tmp_path, pages_folder, model_folder, shared_out, answers_of):
    config = IndexConfig(model=str(model_folder), passage_size=60)
    for name, workers in (("one", 1), ("two", 2)):
        build_store(pages_folder, tmp_path / name, config, workers=workers)
    one, two = open_store(tmp_path / "one"), open_store(tmp_path / "two")
    assert one.manifest.hashes == two.manifest.hashes
    assert answers_of(one) == answers_of(two)


@pytest.fixture
def followed(shared_out, monkeypatch):
    """Blocks are worked on while pages are read; the passages that are left for afterwards, per build."""
    left = []
    shared = index.store.searches._shared_out
    monkeypatch.setattr("index.search.vectors.FEW", 0)
    monkeypatch.setattr("index.store.searches.FEW", 0)
    monkeypatch.setattr(
        "index.store.searches._shared_out", lambda pool, tasks: left.append(tasks) or shared(pool, tasks)
    )
    return left


def test_a_store_whose_blocks_were_made_while_pages_were_read_is_the_same(
    tmp_path, model_folder, followed, monkeypatch
):
    pages = tmp_path / "pages"
    pages.mkdir()
    for name, text in PAGES.items():
        (pages / name).write_text(text, encoding="utf-8")
    config = IndexConfig.model_construct(model=str(model_folder), passage_size=20, passage_overlap=0)
    one = build_store(pages, tmp_path / "one", config)
    told = []
    two = build_store(pages, tmp_path / "two", config, lambda *step: told.append(step), workers=2)
    assert one.hashes == two.hashes
    (tasks,) = followed
    assert tasks[0].first >= two.passages - 5  # all full blocks were given out before
    assert told[-1] == ("embed", two.passages, two.passages)
    open_store(tmp_path / "two")


def test_what_may_be_linked_waits_for_all_pages(tmp_path, model_folder, followed):
    pages = tmp_path / "pages"
    pages.mkdir()
    for name, text in PAGES.items():
        (pages / name).write_text(text, encoding="utf-8")
    (pages / "05.txt").write_text("第01版\n\n# 龙舟赛开幕\n\n龙舟下水，大桥两岸都是（下转第2版）\n", encoding="utf-8")
    (pages / "09.txt").write_text("第02版\n\n# 龙舟赛开幕\n\n（上接第1版）来看的人。\n", encoding="utf-8")
    config = IndexConfig.model_construct(model=str(model_folder), passage_size=20, passage_overlap=0)
    one = build_store(pages, tmp_path / "one", config)
    two = build_store(pages, tmp_path / "two", config, workers=2)
    assert one.hashes == two.hashes
    store = open_store(tmp_path / "two")
    assert [a.file for a in store.articles.values() if a.continues] == ["09.txt"]
    before = sum(a.file < "05.txt" for p in store.passages.values() for a in [store.articles[p.article_id]])
    assert followed[0][0].first == before - before % 5


@pytest.mark.parametrize("where", ["a page", "a worker"])
def test_a_build_that_fails_while_workers_are_at_work_leaves_the_old_store(
    tmp_path, model_folder, followed, monkeypatch, where
):
    pages = tmp_path / "pages"
    pages.mkdir()
    for name, text in PAGES.items():
        (pages / name).write_text(text, encoding="utf-8")
    config = IndexConfig.model_construct(model=str(model_folder), passage_size=20, passage_overlap=0)
    before = build_store(pages, tmp_path / "store", config)
    (pages / "00.txt").write_text("# 别的\n\n另一篇。", encoding="utf-8")
    if where == "a page":
        (pages / "11.txt").write_bytes(b"\xff\xff\xff")
    else:
        monkeypatch.setattr("index.build.known_vectors", lambda store, embedder: partial(int, "it dies of this"))
    with pytest.raises((SourceError, StoreError)):
        build_store(pages, tmp_path / "store", config, workers=2)
    assert open_store(tmp_path / "store").manifest == before
    assert len(list((tmp_path / "store" / "generations").iterdir())) == 1


@pytest.mark.parametrize("why", ["few passages", "one worker", "another model"])
def test_processes_are_started_only_where_they_are_worth_it(
    folder, embedder, model_folder, keyword_embedder, monkeypatch, shared_out, why
):
    monkeypatch.setattr("index.store.searches._in_processes", lambda *args: pytest.fail("a process was started"))
    if why == "few passages":
        monkeypatch.setattr("index.store.searches._WORTH_WORKERS", 20_000)
    model = keyword_embedder() if why == "another model" else embedder
    write_searches(folder, 5, model, str(model_folder), workers=1 if why == "one worker" else 2)


SLOW = """
import os, sys, time
from functools import partial
from pathlib import Path

import index.build, index.store.searches
from index.build import build_store
from index.config import IndexConfig
from index.search.vector_cache import KnownVectors


class Slow(KnownVectors):
    def find(self, texts):
        Path(sys.argv[1], f"{os.getpid()}.pid").touch()
        time.sleep(120)


def known():
    return Slow()


if __name__ == "__main__":
    folder, pages, model = map(Path, sys.argv[1:])
    index.store.searches._WORTH_WORKERS = index.store.searches._BLOCK = 1
    index.build.known_vectors = lambda store, embedder: known
    build_store(pages, folder / "store", IndexConfig(model=str(model), passage_size=60), workers=2)
"""


def _runs(process: int) -> bool:
    try:
        return Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def _wait(found, seconds=60.0):
    end = time.monotonic() + seconds
    while not (what := found()):
        assert time.monotonic() < end, "it did not come"
        time.sleep(0.05)
    return what


@pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="processes are looked up there")
def test_workers_end_when_their_builder_is_killed(tmp_path, pages_folder, model_folder):
    (tmp_path / "slow.py").write_text(SLOW, encoding="utf-8")
    environment = {**os.environ, "PYTHONPATH": str(Path(index.__file__).parent.parent)}
    command = [sys.executable, str(tmp_path / "slow.py"), str(tmp_path), str(pages_folder), str(model_folder)]
    with subprocess.Popen(command, env=environment) as builder:
        try:
            workers = _wait(lambda: (w := [int(f.stem) for f in tmp_path.glob("*.pid")]) and len(w) == 2 and w)
            assert all(map(_runs, workers))
        finally:
            builder.send_signal(signal.SIGKILL)
            builder.wait()
    _wait(lambda: not any(map(_runs, workers)), seconds=20)
    with pytest.raises(StoreError, match="There is no store"):
        open_store(tmp_path / "store")
    config = IndexConfig(model=str(model_folder), passage_size=60)
    assert build_store(pages_folder, tmp_path / "store", config).passages == 7  # its lock is free
