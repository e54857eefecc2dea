"""Does a store answer after its builder was killed, and after its disk ran full, at whatever moment?

``benchmarks/kill.py`` is the same with 200 points and real pages.
"""

from __future__ import annotations

import errno
import io
import os
import shutil
import sys

import pytest

from benchmarks.kill import kill_builds
from index.build import build_store
from index.config import IndexConfig
from index.doctor import examine
from index.errors import StoreError
from index.store.opened import open_store


def test_the_store_answers_after_each_killed_build(tmp_path, pages_folder, model_folder):
    told = kill_builds(pages_folder, tmp_path, str(model_folder), points=5, seed=1)
    assert told["wrong"] == 0
    assert told["the old store answered"] + told["the new store answered"] == 5


class FullDisk:
    """Counts the calls that bring something to the disk and refuses one of them, and all later ones."""

    def __init__(self, monkeypatch, room):
        self.left = room
        for module, name in ((io.BufferedWriter, None), (os, "fsync"), (os, "replace"), (os, "mkdir")):
            if name:
                monkeypatch.setattr(module, name, self._guarded(getattr(module, name)))
        self._open = io.open
        monkeypatch.setattr(io, "open", self._opened)

    def _spend(self):
        self.left -= 1
        if self.left < 0:
            raise OSError(errno.ENOSPC, "No space left on device")

    def _guarded(self, real):
        def guarded(*args, **kwargs):
            self._spend()
            return real(*args, **kwargs)

        return guarded

    def _opened(self, file, mode="r", *args, **kwargs):
        if set(mode) & set("wax+"):
            self._spend()
        return self._open(file, mode, *args, **kwargs)


def test_a_disk_that_runs_full_at_any_step_leaves_the_old_store(tmp_path, pages_folder, model_folder, monkeypatch):
    store = tmp_path / "store"
    config = IndexConfig(model=str(model_folder), passage_size=60)
    before = build_store(pages_folder, store, config)
    pages = shutil.copytree(pages_folder, tmp_path / "pages")
    (pages / "new.txt").write_text("大桥通车\n\n大桥昨日通车，全长九百米。\n", encoding="utf-8")
    failed = 0
    for room in range(100):
        with monkeypatch.context() as patch:
            FullDisk(patch, room)
            try:
                after = build_store(pages, store, config)
                break
            except StoreError as error:
                failed += 1
                assert "cannot be written (No space left on device)" in str(error)  # noqa: PT017
        opened = open_store(store)
        if opened.manifest.generation != before.generation:  # full when all but the name of the switch was on the disk
            assert "new.txt" in opened.pages
        assert examine(store) == []
    assert failed > 20
    assert open_store(store).manifest == after
    assert "new.txt" in open_store(store).pages


@pytest.mark.skipif(sys.platform == "win32", reason="no such limit there")
def test_a_disk_that_is_full_in_the_middle_of_a_file_leaves_the_old_store(
    tmp_path, pages_folder, model_folder, monkeypatch
):
    """No file may become longer than so many bytes; what does not fit is refused by the system itself."""
    import resource

    for module in ("vectors", "dense"):
        monkeypatch.setattr(f"index.search.{module}.FEW", 5)
    store, config = tmp_path / "store", IndexConfig(model=str(model_folder), passage_size=30)
    before = build_store(pages_folder, store, IndexConfig(model=str(model_folder), passage_size=60))
    files = {file: file.read_bytes() for file in store.rglob("*") if file.is_file()}
    longest = max(len(data) for data in files.values())
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    for room in sorted({0, 1, 50, 127, 128, 129, *range(130, longest, 90), longest - 1}):
        resource.setrlimit(resource.RLIMIT_FSIZE, (room, limits[1]))
        try:
            with pytest.raises(StoreError, match=r"cannot be written \(File too large\)"):
                build_store(pages_folder, store, config)
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, limits)
        assert {file: file.read_bytes() for file in store.rglob("*") if file.is_file()} == files
    assert open_store(store).manifest == before
    assert examine(store) == []
