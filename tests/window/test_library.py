"""Tests of the library: names never become paths, failures keep nothing, and nothing is ever overwritten or lost."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

import window.library
from index.errors import SourceError
from index.reading.formats import SUFFIXES
from window.library import Library, NotAllowedError, safe_name

_NEW = "# 白塔镇建图书馆\n\n本报记者 王五\n\n白塔镇图书馆藏书9000册，下月开馆。\n".encode()


async def _chunks(data: bytes) -> AsyncIterator[bytes]:
    for start in range(0, len(data), 7):
        yield data[start : start + 7]


def _seen(folder: Path) -> list[str]:
    return sorted(file.name for file in folder.iterdir() if not file.name.startswith("."))


def _wait(library: Library) -> None:
    deadline = time.monotonic() + 30
    while library.job.state == "running" and time.monotonic() < deadline:
        time.sleep(0.05)


@given(st.text(max_size=40), st.sampled_from(SUFFIXES))
def test_a_name_of_a_browser_becomes_one_plain_file_name(wish, suffix):
    try:
        name = safe_name(wish + suffix)
    except SourceError:
        return
    assert Path(name).name == name
    assert name not in {".", ".."}
    assert not name.startswith((".", " "))
    assert name.isprintable()
    assert name.endswith(suffix)
    assert len(name.encode()) < 200


@pytest.mark.parametrize("wish", ["../../etc/passwd.txt", "C:\\x\\passwd.txt", "/etc/passwd.txt", "..\\passwd.txt"])
def test_folders_in_a_name_are_dropped(wish):
    assert safe_name(wish) == "passwd.txt"


@pytest.mark.parametrize("wish", ["", ".txt", "a.exe", "a", "a.txt/", "..", "a.txt\0.exe"])
def test_what_is_no_page_by_its_name_is_refused(wish):
    with pytest.raises(SourceError, match="are read"):
        safe_name(wish)


async def test_a_file_moves_in_once_it_is_read_and_never_over_another(backend, pages):
    library = backend.library
    assert (await library.add("x/a.txt", _chunks(_NEW)))["file"] == "a (2).txt"
    assert (await library.add("白塔.txt", _chunks(_NEW)))["pages"] == 1
    assert _seen(pages) == ["a (2).txt", "a.txt", "b.txt", "白塔.txt"]
    assert "新桥" in (pages / "a.txt").read_text(encoding="utf-8")
    assert not list((pages / ".wenju-incoming").iterdir())


@pytest.mark.parametrize(
    ("name", "data"), [("leer.txt", b" \n"), ("bild.txt", b"\x89PNG\r\n\x1a\n"), ("x.docx", b"no")]
)
async def test_what_cannot_be_read_tells_why_without_a_path_and_leaves_nothing(backend, pages, name, data):
    with pytest.raises(SourceError) as failed:
        await backend.library.add(name, _chunks(data))
    assert name in str(failed.value)
    assert str(pages) not in str(failed.value)
    assert _seen(pages) == ["a.txt", "b.txt"]
    assert not list((pages / ".wenju-incoming").iterdir())


async def test_too_large_a_file_is_stopped_on_its_way(backend, pages, monkeypatch):
    monkeypatch.setattr(window.library, "MOST_BYTES", 50)
    with pytest.raises(SourceError, match="more than"):
        await backend.library.add("gross.txt", _chunks(_NEW))
    assert _seen(pages) == ["a.txt", "b.txt"]


def test_a_removed_file_is_kept_out_of_sight(backend, pages):
    backend.library.remove("a.txt")
    assert _seen(pages) == ["b.txt"]
    assert [file.name for file in (pages / ".wenju-removed").rglob("*.txt")] == ["a.txt"]


@pytest.mark.parametrize("name", ["../store/CURRENT", "/etc/passwd", ".wenju-removed/x/a.txt", "none.txt", ""])
def test_only_pages_of_the_collection_can_be_removed(backend, name):
    with pytest.raises(SourceError, match="no page"):
        backend.library.remove(name)


async def test_a_rebuild_takes_new_pages_up_while_the_old_store_answers(backend):
    library, before = backend.library, backend.filled()
    await library.add("白塔.txt", _chunks(_NEW))
    states = {row["file"]: row["state"] for row in library.files(before)}
    assert states == {"a.txt": "read", "b.txt": "read", "白塔.txt": "new"}
    library.rebuild()
    assert backend.filled() is before  # never a pause
    _wait(library)
    assert library.job.state == "done", library.job
    now = backend.filled()
    assert now.manifest.generation != before.manifest.generation
    rows = {row["file"]: row for row in library.files(now)}
    assert rows["白塔.txt"]["articles"] == 1
    assert rows["白塔.txt"]["passages"] >= 1
    assert rows["a.txt"]["removable"]


def test_a_failed_rebuild_tells_why_and_the_old_store_stays(backend, pages):
    before = backend.filled()
    for file in pages.glob("*.txt"):
        file.unlink()
    backend.library.rebuild()
    _wait(backend.library)
    assert backend.library.job.state == "failed"
    assert str(pages) not in backend.library.job.problem
    assert backend.filled() is before


async def test_a_locked_library_changes_nothing(backend, pages):
    locked = Library(pages, backend.live.path, backend.library.config, backend.live.refresh, "read only")
    with pytest.raises(NotAllowedError):
        await locked.add("x.txt", _chunks(_NEW))
    for change in (lambda: locked.remove("a.txt"), locked.rebuild):
        with pytest.raises(NotAllowedError):
            change()
    assert _seen(pages) == ["a.txt", "b.txt"]
    assert not any(row["removable"] for row in locked.files(backend.filled()))
