"""The READMEs promise commands and code: every command line is one the shell takes, and the code runs."""

from __future__ import annotations

import os
import re
import shlex
from pathlib import Path

import pytest

from rag.cli.command import main, make_parser

_ROOT = Path(__file__).parent.parent
_READMES = ("README.md", "README.zh.md")


def _blocks(name: str, language: str) -> list[str]:
    text = (_ROOT / name).read_text(encoding="utf-8")
    blocks = re.findall(r"^```(\w*)\n(.*?)^```$", text, flags=re.MULTILINE | re.DOTALL)
    return [code for told, code in blocks if told == language]


def _commands(name: str) -> list[str]:
    lines = [line for block in _blocks(name, "") for line in block.splitlines()]
    return [command for line in lines for command in line.split(" && ") if command.startswith("wenju ")]


@pytest.mark.parametrize("name", _READMES)
def test_every_wenju_command_is_one_the_shell_takes(name: str) -> None:
    commands = _commands(name)
    assert len(commands) >= 6
    for command in commands:
        make_parser().parse_args(shlex.split(command, comments=True)[1:])


@pytest.mark.parametrize("name", _READMES)
def test_the_code_runs_over_the_seed_pages(name: str, tmp_path, monkeypatch, capsys) -> None:
    assert main(["build", str(_ROOT / "seeds"), "--store", str(tmp_path / "store")]) == 0
    capsys.readouterr()
    monkeypatch.chdir(tmp_path)
    (code,) = _blocks(name, "python")
    exec(compile(code, name, "exec"), {})
    direct, first, *_ = capsys.readouterr().out.splitlines()
    assert direct == "44个"
    assert first.startswith("1 ")


def test_both_languages_tell_the_same_commands() -> None:
    def commands(name: str) -> list[list[str]]:
        lines = [line for block in _blocks(name, "") for line in block.splitlines()]
        return [shlex.split(line, comments=True) for line in lines]

    assert commands("README.zh.md") == commands("README.md")
    assert _blocks("README.zh.md", "py") == _blocks("README.md", "py")


@pytest.mark.parametrize("name", _READMES)
def test_the_set_up_is_two_commands(name: str) -> None:
    blocks = [block.strip() for block in _blocks(name, "")]
    assert "pip install -e . && python ui.py" in blocks
    assert "pip install -e '.[test]' && pytest" in blocks


@pytest.mark.parametrize("name", _READMES)
def test_every_file_that_is_linked_is_there(name: str) -> None:
    links = re.findall(r"\]\((?!https?:)([^)#]+)\)", (_ROOT / name).read_text(encoding="utf-8"))
    assert links
    assert [link for link in links if not os.path.exists(_ROOT / link)] == []
