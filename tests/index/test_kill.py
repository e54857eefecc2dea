"""Does a store answer after its builder was killed, and after its disk ran full, at whatever moment?

``benchmarks/kill.py`` is the same with 200 points and real pages.
"""

from __future__ import annotations

import errno
import io
import os
import shutil

from benchmarks.kill import kill_builds
from index.build import build_store
from index.config import IndexConfig
from index.doctor import examine
from index.errors import StoreError
from index.store import open_store


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
