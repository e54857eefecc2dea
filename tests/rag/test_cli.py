"""The shell: what it prints for people and programs, and one clear line for everything that is wrong."""

from __future__ import annotations

import io
import json
import subprocess
import sys
from pathlib import Path

import pytest

from rag.cli import main


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory, pages_folder: Path) -> str:
    path = str(tmp_path_factory.mktemp("cli") / "store")
    assert main(["build", str(pages_folder), "--store", path, "--json"]) == 0
    return path


def _json(capsys: pytest.CaptureFixture[str], *arguments: str) -> object:
    assert main([*arguments, "--json"]) == 0
    return json.loads(capsys.readouterr().out)


def test_ask_answers_with_a_checked_citation(store, capsys) -> None:
    answer = _json(capsys, "ask", "柳河镇图书馆藏书多少册？", "--store", store)
    assert "3200册" in answer["text"]
    assert answer["text"].endswith("[1]")
    assert answer["citations"][0]["file"] == "liuhe.txt"
    assert answer["abstained"] is False


def test_ask_for_people_shows_quote_file_and_lines(store, capsys) -> None:
    assert main(["ask", "柳河镇图书馆藏书多少册？", "--store", store, "--trace"]) == 0
    shown = capsys.readouterr().out
    assert "[1] 柳河镇图书馆开馆" in shown
    assert "liuhe.txt 第 " in shown
    assert "检索：柳河镇图书馆藏书多少册？" in shown


def test_a_refusal_is_an_answer_and_shows_the_nearest(store, capsys) -> None:
    answer = _json(capsys, "ask", "南极的企鹅有多少只？", "--store", store)
    assert answer["abstained"] is True
    assert answer["citations"] == []
    assert len(answer["nearest"]) <= 3


def test_a_question_can_come_from_standard_input(store, capsys, monkeypatch) -> None:
    monkeypatch.setattr(sys, "stdin", io.StringIO("柳河镇图书馆藏书多少册？\n"))
    assert "3200册" in _json(capsys, "ask", "-", "--store", store)["text"]


def test_search_gives_k_passages_best_first(store, capsys) -> None:
    hits = _json(capsys, "search", "图书馆", "-k", "2", "--store", store)
    assert [hit["rank"] for hit in hits] == [1, 2]
    assert hits[0]["score"] >= hits[1]["score"]
    assert hits[0]["file"] == "liuhe.txt"


def test_articles_of_a_file_show_every_line(pages_folder, capsys) -> None:
    assert main(["articles", str(pages_folder / "liuhe.txt")]) == 0
    shown = capsys.readouterr().out
    for line in (pages_folder / "liuhe.txt").read_text(encoding="utf-8").splitlines():
        assert line.strip()[:20] in shown


def test_articles_of_the_store_are_a_table(store, capsys) -> None:
    assert main(["articles", "--store", store]) == 0
    assert "鹿鸣大桥通车" in capsys.readouterr().out


def test_info_tells_the_counts(store, capsys) -> None:
    manifest = _json(capsys, "info", "--store", store)
    assert (manifest["pages"], manifest["settings"]["model"]) == (3, "builtin")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["ask", "谁？", "--store", "nowhere"], "There is no store in nowhere"),
        (["ask", ""], "The question is empty"),
        (["ask", "\x01\x02"], "The question is empty"),
        (["ask", "问" * 100_000], "100,000 characters"),
        (["search", "图书馆", "-k", "0"], "k is 0"),
        (["ask", "谁？", "--model", "./other"], "was built with the model 'builtin'"),
        (["build", "nowhere"], "There is no file or folder nowhere"),
        (["articles", "nowhere"], "There is no file or folder nowhere"),
    ],
)
def test_what_is_wrong_is_one_clear_line(store, capsys, arguments, message) -> None:
    given = arguments if "--store" in arguments else [*arguments, "--store", store]
    assert main(given) == 1
    captured = capsys.readouterr()
    assert message in captured.err
    assert captured.err.startswith("wenju: ")
    assert captured.err.count("\n") == 1
    assert captured.out.strip() == ""


@pytest.mark.parametrize(
    "arguments", [["ask"], ["build", "--passage-size", "3"], ["ask", "?", "--min-confidence", "2"], []]
)
def test_a_wrong_command_line_exits_with_2(arguments) -> None:
    with pytest.raises(SystemExit) as stopped:
        main(arguments)
    assert stopped.value.code == 2


def test_a_page_that_cannot_be_read_leaves_the_old_store_in_use(tmp_path, capsys) -> None:
    pages, store = tmp_path / "pages", str(tmp_path / "store")
    pages.mkdir()
    (pages / "a.txt").write_text("标题在此\n本报记者 周小雨\n藏书3200册。", encoding="utf-8")
    assert main(["build", str(pages), "--store", store, "--json"]) == 0
    (pages / "b.txt").write_bytes(b"\x89PNG\r\n\x1a\n\x00\x00")
    capsys.readouterr()
    assert main(["build", str(pages), "--store", store]) == 1
    assert "b.txt" in capsys.readouterr().err
    assert "3200册" in _json(capsys, "ask", "藏书多少册？", "--store", store)["text"]


def test_answering_in_a_shell_imports_no_torch(store) -> None:
    code = (
        "import sys; from rag.cli import main; "
        f"code = main(['ask', '柳河镇图书馆藏书多少册？', '--store', {store!r}]); "
        "heavy = {'torch', 'sentence_transformers', 'gradio', 'transformers'} & set(sys.modules); "
        "sys.exit(code or (f'imported {heavy}' if heavy else 0))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
