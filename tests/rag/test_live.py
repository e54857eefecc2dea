"""Is the newest complete store given out, without a pause, whatever a build does meanwhile?"""

from __future__ import annotations

import shutil
import threading
import time

import pytest

from index.build import build_store
from index.config import IndexConfig
from index.location import open_store
from rag.errors import StoreError
from rag.live import LiveStore
from rag.retrieval.retriever import search


@pytest.fixture
def build(tmp_path, model_folder):
    """Builds a store over one page, into the same folder each time."""
    pages = tmp_path / "pages"
    pages.mkdir()

    def make(text: str) -> None:
        (pages / "a.txt").write_text(text, encoding="utf-8")
        build_store(pages, tmp_path / "store", IndexConfig(model=str(model_folder)))

    return make


def until(found, seconds=10.0):
    end = time.monotonic() + seconds
    while not found():
        assert time.monotonic() < end, "it did not come"
        time.sleep(0.01)


def test_the_first_call_opens_and_the_next_gives_the_same(build, tmp_path):
    build("图书馆开馆\n图书馆今天开馆。\n")
    live = LiveStore(tmp_path / "store", every=0)
    assert live.opened is None
    assert live() is live() is live.opened


def test_a_new_generation_is_taken_up_while_the_old_goes_on(build, tmp_path):
    build("图书馆开馆\n图书馆今天开馆。\n")
    opened = []
    live = LiveStore(tmp_path / "store", every=0, on_change=opened.append)
    old = live()
    build("大桥通车\n大桥今天通车，全长八百米。\n")
    until(lambda: live() is not old)
    assert [store.manifest.generation for store in opened] == [
        old.manifest.generation,
        live().manifest.generation,
    ]
    assert "大桥" in next(iter(live().passages.values())).text
    assert search(old, "图书馆", k=1)  # who was given the old one can still use it


def test_refresh_waits_for_the_new_one(build, tmp_path):
    build("图书馆开馆\n图书馆今天开馆。\n")
    live = LiveStore(tmp_path / "store", every=3600)
    old = live()
    build("大桥通车\n大桥今天通车。\n")
    assert live() is old  # not looked again yet
    assert live.refresh() is not old
    assert live() is live.refresh()


def test_an_empty_folder_says_what_to_do_until_a_build_comes(build, tmp_path):
    live = LiveStore(tmp_path / "store", every=0)
    with pytest.raises(StoreError, match="Run `wenju build"):
        live()
    assert isinstance(live.trouble, StoreError)
    build("大桥通车\n大桥今天通车。\n")
    assert live().articles
    assert live.trouble is None


@pytest.mark.parametrize("damage", ["gone", "names nothing", "half"])
def test_a_damaged_store_does_not_end_the_one_in_use(build, tmp_path, damage):
    build("图书馆开馆\n图书馆今天开馆。\n")
    live = LiveStore(tmp_path / "store", every=0)
    old = live()
    current = tmp_path / "store" / "CURRENT"
    if damage == "gone":
        shutil.rmtree(tmp_path / "store")
    elif damage == "names nothing":
        current.write_text("nothing\n", encoding="utf-8")
    else:
        build("大桥通车\n大桥今天通车。\n")
        name = current.read_text(encoding="utf-8").strip()
        (tmp_path / "store" / "generations" / name / "pages.jsonl").write_text("{", encoding="utf-8")
    live()
    until(lambda: live.trouble is not None)
    assert live() is old
    if damage == "half":
        build("果园丰收\n果园今天丰收，产量五吨。\n")
        until(lambda: live() is not old and live.trouble is None)


def test_a_file_replaced_by_its_like_opens_nothing_anew(build, tmp_path):
    build("图书馆开馆\n图书馆今天开馆。\n")
    live = LiveStore(tmp_path / "store", every=0)
    old = live()
    current = tmp_path / "store" / "CURRENT"
    fresh = tmp_path / "store" / "fresh"
    fresh.write_text(current.read_text(encoding="utf-8"), encoding="utf-8")
    fresh.replace(current)
    assert live.refresh() is old


def test_another_model_than_asked_for_is_an_error(build, tmp_path):
    build("图书馆开馆\n图书馆今天开馆。\n")
    with pytest.raises(StoreError, match="was built with the model"):
        LiveStore(tmp_path / "store", "builtin")()


def test_many_threads_open_it_once(build, tmp_path, monkeypatch):
    build("图书馆开馆\n图书馆今天开馆。\n")
    count = []

    def counting(*args, **more):
        count.append(1)
        return open_store(*args, **more)

    monkeypatch.setattr("rag.live.open_store", counting)
    live = LiveStore(tmp_path / "store", every=0)
    got = []
    threads = [threading.Thread(target=lambda: got.append(live())) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(count) == 1
    assert len({id(store) for store in got}) == 1
