"""Does one builder write at a time, and is what a dead one left cleared away, and nothing else?"""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import threading
from pathlib import Path

import pytest

import index.disk.generations
from index.build import build_store
from index.config import IndexConfig
from index.disk.generations import building, cannot_write, clear, current, debris, generations, settle, switch
from index.errors import StoreError
from index.store.opened import open_store

HOLD = """
import sys
from pathlib import Path
from index.disk.generations import building
with building(Path(sys.argv[1])):
    print("held", flush=True)
    sys.stdin.read()
"""


@pytest.fixture
def store(tmp_path, pages_folder, model_folder):
    build_store(pages_folder, tmp_path / "store", IndexConfig(model=str(model_folder), passage_size=60))
    return tmp_path / "store"


@pytest.fixture
def holder(store):
    """Another process that holds the lock until its input ends."""
    root = Path(index.__file__).parent.parent
    environment = {**os.environ, "PYTHONPATH": str(root)}
    with subprocess.Popen(
        [sys.executable, "-c", HOLD, str(store)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=environment
    ) as process:
        assert process.stdout.readline() == b"held\n"
        yield process
        process.kill()


def build(store, pages_folder, model_folder, size=30):
    return build_store(pages_folder, store, IndexConfig(model=str(model_folder), passage_size=size))


def test_a_second_builder_is_told_and_the_store_still_answers(store, holder, pages_folder, model_folder, monkeypatch):
    monkeypatch.setattr(index.disk.generations, "_PATIENCE", 0.1)
    with pytest.raises(StoreError, match=r"Another process is building .*store\. Wait until it is done"):
        build(store, pages_folder, model_folder)
    assert len(open_store(store).passages) == 7
    assert len(list((store / "generations").iterdir())) == 1


def test_a_second_builder_waits_a_while(store, holder, pages_folder, model_folder):
    threading.Timer(0.3, holder.stdin.close).start()
    assert build(store, pages_folder, model_folder).settings.passage_size == 30


def test_the_lock_of_a_killed_builder_is_free(store, holder, pages_folder, model_folder, monkeypatch):
    monkeypatch.setattr(index.disk.generations, "_PATIENCE", 5)
    holder.send_signal(signal.SIGKILL)
    holder.wait()
    assert build(store, pages_folder, model_folder).settings.passage_size == 30


def test_two_threads_build_one_after_the_other(store, pages_folder, model_folder):
    made = []
    threads = [
        threading.Thread(target=lambda size=size: made.append(build(store, pages_folder, model_folder, size)))
        for size in (30, 40, 50)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert {manifest.settings.passage_size for manifest in made} == {30, 40, 50}
    assert open_store(store).manifest == made[-1]
    assert {folder.name for folder in generations(store)} == {made[-1].generation, made[-2].generation}


def test_a_thread_may_hold_it_twice(tmp_path):
    with building(tmp_path / "store"), building(tmp_path / "store"):
        assert debris(tmp_path / "store") == []


def test_what_a_dead_builder_left_is_cleared_by_the_next(store, pages_folder, model_folder):
    in_use = current(store)
    half, whole = store / "generations" / "20000101T000000-half", store / "generations" / "99990101T000000-whole"
    shutil.copytree(in_use, half)
    (half / "manifest.json").unlink()
    shutil.copytree(in_use, whole)  # finished but never put to use: killed just before
    (store / "CURRENT.20000101").write_text("x")
    assert debris(store) == [store / "CURRENT.20000101", half, whole]
    build(store, pages_folder, model_folder)
    assert debris(store) == []
    assert {folder.name for folder in (store / "generations").iterdir()} == {in_use.name, current(store).name}


def test_the_generation_before_is_no_debris(store, pages_folder, model_folder):
    before = current(store)
    build(store, pages_folder, model_folder)
    assert clear(store) == []
    assert before.is_dir()


def test_where_nothing_is_in_use_no_generation_is_cleared(store):
    (store / "CURRENT").unlink()
    assert clear(store) == []
    assert len(generations(store)) == 1


def test_switch_and_settle_bring_files_and_names_to_the_disk(store, monkeypatch):
    synced = []
    monkeypatch.setattr(os, "fsync", lambda handle: synced.append(os.readlink(f"/proc/self/fd/{handle}")))
    name = current(store).name
    settle(store / "generations" / name)
    switch(store, name)
    folder = store / "generations" / name
    files = {str(file) for file in folder.rglob("*")} | {str(folder)}
    assert files <= set(synced)
    assert synced[-3:] == [str(store / "generations"), str(store / f"CURRENT.{name}"), str(store)]


if not Path("/proc/self/fd").is_dir():
    test_switch_and_settle_bring_files_and_names_to_the_disk = pytest.mark.skip("needs /proc")(
        test_switch_and_settle_bring_files_and_names_to_the_disk
    )


def test_the_folder_of_a_store_is_made_with_those_above_it(tmp_path):
    with building(tmp_path / "of" / "the paper" / "store"):
        assert (tmp_path / "of" / "the paper" / "store").is_dir()


def test_a_store_where_a_file_stands_cannot_be_written(tmp_path):
    (tmp_path / "file").write_text("x")
    with pytest.raises(StoreError, match=r"file.* cannot be written \(.+\)\. Free some space or give another folder"):
        building(tmp_path / "file" / "store").__enter__()


@pytest.mark.parametrize(
    ("error", "told"),
    [(OSError(28, "No space left on device"), "No space left on device"), (OSError("quota"), "quota")],
)
def test_why_it_cannot_be_written_is_told(tmp_path, error, told):
    assert f"cannot be written ({told})" in str(cannot_write(tmp_path, error))


@pytest.mark.parametrize("name", ["", "20000101T000000", "..", "../generations", "."])
def test_a_generation_that_is_not_there_or_lies_elsewhere_is_told(store, name):
    (store / "CURRENT").write_text(name)
    with pytest.raises(StoreError, match="which is not there"):
        current(store)


def test_a_switch_that_fails_leaves_the_one_before_and_no_file_behind(store, monkeypatch):
    def full(*_):
        raise OSError(28, "No space left on device")

    before = current(store)
    monkeypatch.setattr(index.disk.generations.os, "replace", full)
    with pytest.raises(OSError, match="No space left"):
        switch(store, "20990101T000000")
    assert current(store) == before
    assert sorted(each.name for each in store.glob("CURRENT*")) == ["CURRENT"]


@pytest.mark.skipif(not Path("/dev/fd").is_dir(), reason="needs a system that lists open files")
def test_settling_leaves_no_file_open(store):
    before = len(os.listdir("/dev/fd"))
    for _ in range(3):
        settle(store)
    assert len(os.listdir("/dev/fd")) == before
