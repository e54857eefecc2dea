"""The shell: what it prints for people and programs, and one clear line for everything that is wrong."""

from __future__ import annotations

import errno
import io
import json
import re
import subprocess
import sys
from pathlib import Path

import pytest

from rag.cli.command import main


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


def test_a_page_that_cannot_be_read_is_named_and_the_others_become_the_store(tmp_path, capsys) -> None:
    pages, store = tmp_path / "pages", str(tmp_path / "store")
    pages.mkdir()
    (pages / "a.txt").write_text("标题在此\n本报记者 周小雨\n藏书3200册。", encoding="utf-8")
    (pages / "b.txt").write_bytes(b"\x89PNG\r\n\x1a\n\x00\x00")
    assert main(["build", str(pages), "--store", store]) == 2
    told = capsys.readouterr().err
    assert "wenju: 'b.txt': " in told
    assert "is a PNG picture" in told
    assert told.endswith("wenju: 1 pages read, 1 files could not be read.\n")
    assert "3200册" in _json(capsys, "ask", "藏书多少册？", "--store", store)["text"]
    assert list(_json(capsys, "info", "--store", store)["skipped"]) == ["b.txt"]


def test_when_no_page_can_be_read_the_old_store_stays_in_use(tmp_path, capsys) -> None:
    pages, store = tmp_path / "pages", str(tmp_path / "store")
    pages.mkdir()
    (pages / "a.txt").write_text("标题在此\n本报记者 周小雨\n藏书3200册。", encoding="utf-8")
    assert main(["build", str(pages), "--store", store, "--json"]) == 0
    (pages / "a.txt").write_bytes(b"")
    capsys.readouterr()
    assert main(["build", str(pages), "--store", store]) == 1
    assert "a.txt is empty" in capsys.readouterr().err
    assert "3200册" in _json(capsys, "ask", "藏书多少册？", "--store", store)["text"]


def test_the_report_shows_joins_leftovers_and_doubts(tmp_path, capsys) -> None:
    page = tmp_path / "page.txt"
    page.write_text(
        "青滩日报 2031年4月8日 星期二\n\n老桥通车\n\n大桥全长860米，双向四\n\n车道。\n\n桥是怎样修的\n\n"
        "桥墩是在冬天浇筑的，工人们，",
        encoding="utf-8",
    )
    assert main(["articles", str(page), "--report"]) == 0
    shown = capsys.readouterr().out
    assert "不属于任何一篇（报头）" in shown
    assert "第 7 行  与第 5 行的断句接上：…860米，双向四｜车道。…" in shown
    assert "存疑  第 9 行  当作小标题" in shown
    assert "存疑  第 11 行  句子断在" in shown
    assert "2031-04-08（报头：2031年4月8日）" in shown
    assert "5 行归入 1 篇，1 行不属于任何一篇" in shown
    layouts = _json(capsys, "articles", str(page), "--report")
    assert [note["number"] for note in layouts[0]["notes"]] == [7, 9, 11]
    assert layouts[0]["leftovers"][0]["why"] == "报头"


def test_articles_of_a_folder_with_a_bad_file(data_folder, pages_folder, tmp_path, capsys) -> None:
    import shutil

    shutil.copytree(pages_folder, tmp_path / "pages")
    shutil.copy(data_folder / "bad" / "damaged.txt", tmp_path / "pages")
    assert main(["articles", str(tmp_path / "pages")]) == 2
    captured = capsys.readouterr()
    assert "鹿鸣大桥通车" in captured.out
    assert "damaged.txt is UTF-8 but for the bytes FF at byte 9" in captured.err


@pytest.fixture(scope="module")
def dated(tmp_path_factory: pytest.TempPathFactory) -> str:
    work = tmp_path_factory.mktemp("dated")
    (work / "pages").mkdir()
    for name, text in {
        "2031-04-08.txt": "图书馆春天开馆\n本报讯（记者 叶知夏）图书馆春天开馆，藏书3200册。",
        "2032-04-08.txt": "图书馆秋天扩建\n本报讯（记者 叶知夏）图书馆秋天扩建，藏书4100册。",
        "other.txt": "图书馆冬天搬家\n本报讯（记者 叶知夏）图书馆冬天搬家，藏书5300册。",
    }.items():
        (work / "pages" / name).write_text(text, encoding="utf-8")
    assert main(["build", str(work / "pages"), "--store", str(work / "store"), "--json"]) == 0
    return str(work / "store")


def test_search_and_ask_between_two_days(dated, capsys) -> None:
    capsys.readouterr()
    hits = _json(capsys, "search", "图书馆藏书", "--since", "2032-01-01", "--store", dated)
    assert [(hit["file"], hit["date"], hit["date_source"]) for hit in hits] == [
        ("2032-04-08.txt", "2032-04-08", "file name")
    ]
    assert main(["ask", "图书馆藏书多少册？", "--until", "2031-12-31", "--store", dated, "--json"]) == 0
    captured = capsys.readouterr()
    assert "3200册" in json.loads(captured.out)["text"]
    assert captured.err == "wenju: 1 articles of unknown date were left out.\n"


def test_days_that_are_none(dated, capsys) -> None:
    assert main(["search", "图书馆", "--since", "2032-01-02", "--until", "2032-01-01", "--store", dated]) == 1
    assert "2032-01-02 is after 2032-01-01. Give the earlier day as --since." in capsys.readouterr().err
    with pytest.raises(SystemExit) as stopped:
        main(["search", "图书馆", "--since", "yesterday", "--store", dated])
    assert stopped.value.code == 2
    assert "'yesterday' is no day" in capsys.readouterr().err


def test_a_date_and_an_encoding_given_to_the_build(tmp_path, capsys) -> None:
    (tmp_path / "page.txt").write_bytes("老橋通車\n大橋全長860米。".encode("big5"))
    store = str(tmp_path / "store")
    given = ["--date", "2031-04-08", "--encoding", "big5", "--json"]
    assert main(["build", str(tmp_path / "page.txt"), "--store", store, *given]) == 0
    capsys.readouterr()
    (hit,) = _json(capsys, "search", "大橋", "--since", "2031-04-08", "--store", store)
    assert (hit["date"], hit["date_source"]) == ("2031-04-08", "given")


def test_a_language_model_is_named_on_the_command_line(store, capsys, monkeypatch) -> None:
    from langchain_core.language_models import FakeListChatModel

    asked = []

    def load(name, base_url, timeout):
        asked.append((name, base_url, timeout))
        return FakeListChatModel(responses=["柳河镇图书馆藏书3200册。[1]图书馆藏书9999册。[1]"])

    monkeypatch.setattr("rag.chain.load_chat_model", load)
    llm = ["--llm", "openai:m", "--llm-base-url", "http://127.0.0.1:1/v1", "--llm-timeout", "7"]
    assert main(["ask", "柳河镇图书馆藏书多少册？", "--store", store, *llm]) == 0
    shown = capsys.readouterr().out
    assert shown.startswith("柳河镇图书馆藏书3200册。[1]")
    assert "注意：模型写的一句话在引文里站不住，已删去（引文里没有“9999册”）。" in shown
    assert "由语言模型写成" in shown
    assert asked == [("openai:m", "http://127.0.0.1:1/v1", 7.0)]


def test_a_language_model_without_a_provider_is_one_clear_line(store, capsys) -> None:
    assert main(["ask", "藏书多少册？", "--store", store, "--llm", "m"]) == 1
    assert "names no provider" in capsys.readouterr().err


def test_answering_in_a_shell_imports_no_torch(store) -> None:
    code = (
        "import sys; from rag.cli.command import main; "
        f"code = main(['ask', '柳河镇图书馆藏书多少册？', '--store', {store!r}]); "
        "heavy = {'torch', 'sentence_transformers', 'gradio', 'transformers'}; "
        "heavy = (heavy | {'openai', 'langchain', 'langchain_openai'}) & set(sys.modules); "
        "sys.exit(code or (f'imported {heavy}' if heavy else 0))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


# Large collections


def test_vectors_made_ahead_are_taken_over(store, pages_folder, tmp_path, capsys) -> None:
    told = _json(capsys, "embed", str(pages_folder), "--out", str(tmp_path / "vectors"), "--workers", "1")
    assert (told["passages"], told["known"], told["made"]) == (5, 0, 5)
    built = _json(
        capsys, "build", str(pages_folder), "--vectors", str(tmp_path / "vectors"), "--store", str(tmp_path / "store")
    )
    assert built["reused"] == 5
    assert built["hashes"]["vectors.npy"] == _json(capsys, "info", "--store", store)["hashes"]["vectors.npy"]


def test_a_folder_without_vectors_is_told(pages_folder, tmp_path, capsys) -> None:
    arguments = ["build", str(pages_folder), "--vectors", str(tmp_path / "none"), "--store", str(tmp_path / "store")]
    assert main(arguments) == 1
    assert "There are no vectors in" in capsys.readouterr().err
    assert not (tmp_path / "store").exists()


def test_a_page_and_a_kind_are_searched_alone(store, capsys) -> None:
    hits = _json(capsys, "search", "图书馆 大桥 龙舟", "-k", "9", "--file", "qingtan.txt", "--store", store)
    assert {hit["file"] for hit in hits} == {"qingtan.txt"}
    kind = hits[0]["kind"]
    found = _json(capsys, "search", "图书馆 大桥 龙舟", "--kind", kind, "--store", store)
    assert {hit["kind"] for hit in found} == {kind}
    assert _json(capsys, "search", "图书馆 大桥 龙舟", "--kind", "opinion", "--store", store) == []
    assert main(["search", "大桥", "--file", "nowhere.txt", "--store", store]) == 1
    assert capsys.readouterr().err.startswith("wenju: The store has no page 'nowhere.txt'.")


def test_a_store_is_pushed_into_milvus_and_asked_there(store, tmp_path, capsys, monkeypatch) -> None:
    pytest.importorskip("milvus_lite")
    monkeypatch.chdir(tmp_path)
    address = "milvus:lite.db/news"
    pushed = _json(capsys, "push", address, "--store", store)
    assert pushed["passages"] == 5
    here = _json(capsys, "ask", "柳河镇图书馆藏书多少册？", "--store", store)
    there = _json(capsys, "ask", "柳河镇图书馆藏书多少册？", "--store", address)
    assert (there["text"], there["citations"]) == (here["text"], here["citations"])
    assert _json(capsys, "info", "--store", address)["generation"] == pushed["generation"]
    assert main(["info", "--store", address]) == 0
    assert "在 Milvus 中" in capsys.readouterr().out


@pytest.mark.parametrize("command", [["doctor"], ["build", "seeds"], ["feedback", "export", "out.jsonl"]])
def test_what_needs_a_folder_says_so(command, capsys) -> None:
    assert main([*command, "--store", "milvus://127.0.0.1:1/news"]) == 1
    assert "lies in Milvus, and this needs the folder" in capsys.readouterr().err


class Full(io.StringIO):
    """A file on a full disk; when that shows is up to its buffer."""

    def __init__(self, *, buffered: bool) -> None:
        super().__init__()
        self._buffered = buffered

    def write(self, text: str) -> int:
        if self._buffered:
            return len(text)
        raise OSError(errno.ENOSPC, "No space left on device")

    def flush(self) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")


@pytest.mark.parametrize("buffered", [False, True])
@pytest.mark.parametrize("options", [[], ["--json"]])
def test_a_full_disk_under_the_output_is_told_in_a_line(store, capsys, monkeypatch, options, buffered) -> None:
    monkeypatch.setattr(sys, "stdout", Full(buffered=buffered))
    assert main(["ask", "柳河镇图书馆藏书多少册？", "--store", store, *options]) == 1
    told = capsys.readouterr().err
    assert told == (
        "wenju: The disk is full ([Errno 28] No space left on device). Free some space, or write elsewhere.\n"
    )


def test_the_version_is_told(capsys) -> None:
    with pytest.raises(SystemExit) as ended:
        main(["--version"])
    assert ended.value.code == 0
    assert re.fullmatch(r"wenju \d+\.\d+\S*\n", capsys.readouterr().out)


def test_a_key_that_cannot_sign_is_told_before_the_answer(store, capsys, tmp_path) -> None:
    bundle, key = tmp_path / "answer.json", tmp_path / "key.pem"
    key.write_text("no key")
    given = ["ask", "柳河镇图书馆藏书多少册？", "--store", store, "--bundle", str(bundle), "--sign", str(key)]
    assert main(given) == 1
    told = capsys.readouterr()
    assert told.out == ""
    assert "key.pem is no key that can be used" in told.err
