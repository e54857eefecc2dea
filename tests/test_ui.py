"""Tests of the start of the chat window: plain errors, safe defaults, and a store that is reused."""

from __future__ import annotations

import re
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

import ui
import window.server
from index.build import build_store
from rag.errors import WenjuError
from window.server import Serving

_PAGE = "# 云溪镇建成新桥\n\n本报记者 林一\n\n云溪镇的新桥昨天通车。新桥长120米，造价300万元。\n"


@pytest.fixture
def pages(tmp_path: Path) -> Path:
    folder = tmp_path / "pages"
    folder.mkdir()
    (folder / "a.txt").write_text(_PAGE, encoding="utf-8")
    return folder


@pytest.fixture
def command(pages: Path, tmp_path: Path) -> list[str]:
    return ["--pages", str(pages), "--store", str(tmp_path / "store")]


@pytest.fixture
def started(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[Serving]]:
    """What ``main`` would have served, without listening."""
    served: list[Serving] = []
    monkeypatch.setattr(ui, "serve", lambda serving, tell: served.append(serving))
    monkeypatch.delenv("WENJU_TOKEN", raising=False)
    return served


def test_a_missing_folder_is_one_line_and_exit_code_1(tmp_path, capsys, started):
    assert ui.main(["--pages", str(tmp_path / "none"), "--store", str(tmp_path / "store")]) == 1
    told = capsys.readouterr()
    assert len(told.err.splitlines()) == 1
    assert "none" in told.err
    assert started == []


def test_an_empty_folder_opens_a_window_that_can_be_filled(tmp_path, capsys, started):
    (tmp_path / "pages").mkdir()
    assert ui.main(["--pages", str(tmp_path / "pages"), "--store", str(tmp_path / "store")]) == 0
    assert "no page yet" in capsys.readouterr().out
    assert started[0].locked == ""


def test_it_listens_on_loopback_and_a_free_port_unless_told_otherwise(command, started):
    assert ui.main(command) == 0
    assert ui.main([*command, "--host", "::1", "--port", "8123"]) == 0
    assert [(serving.api.host, serving.port) for serving in started] == [("127.0.0.1", None), ("::1", 8123)]
    assert started[0].api.token is None


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.0.2.7", "example.org"])
def test_a_public_address_needs_a_password_or_a_word(command, started, capsys, monkeypatch, host):
    assert ui.main([*command, "--host", host]) == 1
    assert "--auth" in capsys.readouterr().err
    assert started == []
    assert ui.main([*command, "--host", host, "--open"]) == 0
    assert "Warning" in capsys.readouterr().out
    assert ui.main([*command, "--host", host, "--auth", "geheim"]) == 0
    monkeypatch.setenv("WENJU_TOKEN", "geheim")
    assert ui.main([*command, "--host", host]) == 0
    assert [serving.locked for serving in started] == ["read only", "", ""]  # strangers may not change the collection
    assert started[-1].api.token is not None
    assert "geheim" not in repr(started[-1])


def test_the_second_start_reuses_the_store_and_a_changed_page_rebuilds_it(
    command, pages, capsys, monkeypatch, started
) -> None:
    built: list[Path] = []

    def building(folder: Path, *rest: object, **more: object) -> None:
        built.append(folder)
        build_store(folder, *rest, **more)

    monkeypatch.setattr(ui, "build_store", building)
    assert ui.main(command) == 0
    assert "There is no store" in capsys.readouterr().out
    assert ui.main(command) == 0
    assert len(built) == 1
    assert "Building" not in capsys.readouterr().out
    (pages / "a.txt").write_text(_PAGE + "\n路面已经铺好。\n", encoding="utf-8")
    assert ui.main(command) == 0
    assert len(built) == 2
    assert "have changed" in capsys.readouterr().out


def test_a_page_that_cannot_be_read_is_told_and_the_others_are_served(command, pages, capsys, started):
    (pages / "b.txt").write_bytes(b"\x89PNG\r\n\x1a\n")
    assert ui.main(command) == 0
    assert "b.txt" in capsys.readouterr().out
    assert len(started) == 1


@pytest.mark.parametrize("port", ["0", "65536", "-1", "many"])
def test_a_number_that_is_no_port_is_a_wrong_command_line(port, capsys):
    with pytest.raises(SystemExit, match="2"):
        ui.main([f"--port={port}"])
    assert "is no port" in capsys.readouterr().err


def test_a_taken_port_is_a_clear_error():
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(WenjuError, match=re.escape(f"127.0.0.1:{port} cannot be listened on")):
            window.server._listener("127.0.0.1", port)
