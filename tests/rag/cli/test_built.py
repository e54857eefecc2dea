"""Does a build say what became of every file?"""

from __future__ import annotations

import json
import re

import pytest

from rag.cli.command import main

PAGE = (
    "杏花镇日报\n2031年4月8日 第3版\n\n# 鹿鸣大桥通车\n\n鹿鸣大桥昨天通车。\n\n# 图书馆开馆\n\n图书馆藏书3200册，每天\n"
)
HOSTILE = "# <script>alert(1)</script>\n\n大桥<img src=x onerror=alert(2)>昨天\n"


@pytest.fixture
def pages(tmp_path):
    folder = tmp_path / "pages"
    folder.mkdir()
    (folder / "a.txt").write_text(PAGE, encoding="utf-8")
    (folder / "b&<b>.txt").write_text(HOSTILE, encoding="utf-8")
    (folder / "c.txt").write_bytes(bytes(range(256)) * 4)
    return folder


def build(tmp_path, pages, *options):
    return main(["build", str(pages), "--store", str(tmp_path / "store"), *options])


def test_a_build_ends_with_what_was_read_of_what_was_there(tmp_path, pages, capsys):
    assert build(tmp_path, pages) == 2
    shown = re.sub(r" +", " ", capsys.readouterr().out)
    # a.txt: 52 characters, 17 of them the masthead; b: 26 of a headline and 30 of a text
    assert "字数 108 字，91 字归入文章（84.3%）" in shown
    assert "版外 报头 17 字" in shown
    assert "存疑 1 处，用 --report FILE.html 逐处查看" in shown
    assert "遗漏" not in shown
    assert "未读 1 个文件：c.txt" in shown


def test_the_report_names_each_file_and_what_is_in_doubt(tmp_path, pages, capsys):
    assert build(tmp_path, pages, "--report", str(tmp_path / "report.html")) == 2
    html = (tmp_path / "report.html").read_text(encoding="utf-8")
    assert "<td>a.txt</td>" in html
    assert "存疑 1 处" in html
    assert "句子断在“…3200册，每天”，下文不在此版，未接" in html
    assert "读不了的文件（1）" in html
    assert "<td>c.txt</td>" in html
    assert "b&amp;&lt;b&gt;.txt" in html  # nothing of a page or of a name is markup
    assert "<script" not in html
    assert "<img" not in html
    assert "default-src 'none'" in html


def test_a_report_that_cannot_be_written_is_told_and_the_store_is_there(tmp_path, pages, capsys):
    assert build(tmp_path, pages, "--report", str(tmp_path / "nowhere" / "report.html")) == 1
    assert "cannot be written (No such file or directory). Name another file with --report." in capsys.readouterr().err
    assert (tmp_path / "store" / "CURRENT").is_file()


def test_json_is_for_programs_alone(tmp_path, pages, capsys):
    assert build(tmp_path, pages, "--json", "--report", str(tmp_path / "report.html")) == 2
    assert json.loads(capsys.readouterr().out)["pages"] == 2
    assert (tmp_path / "report.html").is_file()
