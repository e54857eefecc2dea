"""Tests of the chat window that need no browser: what is shown is inert, quotes are marked, starts are plain."""

from __future__ import annotations

import html
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

import ui
from index.build import build_store
from index.config import IndexConfig
from index.store import Store, open_store
from rag.answerers import Extract
from rag.chain import AnswerChain
from rag.citations import cite
from rag.config import RagConfig
from rag.errors import NewsQAError
from rag.schema import Answer

_HOSTILE = '<img src=x onerror="alert(1)">![](http://far.example/a.png)${alert(1)}{{7*7}}</details><script>x</script>'
_PAGES = {
    "a.txt": (
        "# 云溪镇建成新桥\n\n本报记者 林一\n\n云溪镇的新桥昨天通车。新桥长120米，可供两辆汽车并排\n\n\n"
        "通过，造价300万元。新桥昨天通车。\n\n镇长说，明年还要修一条路。\n"
    ),
    "b.txt": f"# 恶意{_HOSTILE}标题\n\n本报记者 周二\n\n石桥村的果园今年{_HOSTILE}收了40吨苹果。\n",
}
_TAG = re.compile(r"<[^>]+>")


@pytest.fixture(scope="module")
def pages(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("pages")
    for name, text in _PAGES.items():
        (folder / name).write_text(text, encoding="utf-8")
    return folder


@pytest.fixture(scope="module")
def store(pages: Path, tmp_path_factory: pytest.TempPathFactory) -> Store:
    path = tmp_path_factory.mktemp("store")
    build_store(pages, path, IndexConfig())
    return open_store(path)


def _answer(store: Store, file: str, *quotes: str, abstained: bool = False, nth: int = 0) -> Answer:
    """An answer that quotes given stretches of a page's first article; ``nth`` chooses among equal stretches."""
    article = next(article for article in store.articles.values() if article.file == file)
    passage_id = next(p.passage_id for p in store.passages.values() if p.article_id == article.article_id)
    places = [[m.start() for m in re.finditer(re.escape(quote), article.text)][nth] for quote in quotes]
    citations = tuple(
        cite(store, Extract(passage_id, place, place + len(quote)), number)
        for number, (place, quote) in enumerate(zip(places, quotes, strict=True), start=1)
    )
    if abstained:
        return Answer("问？", "没有答案。", (), 0.1, abstained=True, nearest=citations)
    return Answer("问？", "\n".join(f"{c.quote}[{c.number}]" for c in citations), citations, 0.9, abstained=False)


def _seen(markup: str) -> str:
    return html.unescape(_TAG.sub("", markup))


@given(st.text())
def test_inert_text_shows_as_it_is_and_holds_no_mark_that_could_act(text: str) -> None:
    made = ui.inert(text)
    assert html.unescape(made) == text or "\r" in text or "\0" in text  # what HTML itself reads differently
    assert not re.search(r"[<>\"'`*_\[\](){}$!|~\\]", re.sub(r"&#\d+;", "", made))


def test_a_hostile_page_reaches_the_panel_as_text_only(store: Store) -> None:
    made = ui.panel(store, [_answer(store, "b.txt", f"今年{_HOSTILE}收了40吨苹果")])
    assert set(re.findall(r"<(\w+)", made)) <= set(
        "section h2 small p details summary b span q article h3 mark a".split()
    )
    assert made.count("</details>") == 1
    assert not re.search(r"[${}]", made)
    assert _HOSTILE in _seen(made)


def test_a_hostile_question_and_answer_reach_the_chat_as_text_only(store: Store) -> None:
    answer = _answer(store, "b.txt", f"今年{_HOSTILE}收了40吨苹果")
    asked, told = ui.messages([Answer(_HOSTILE + "\0\u202e", answer.text, answer.citations, 1.0, abstained=False)])
    assert _seen(asked["content"]) == _HOSTILE
    assert _TAG.findall(told["content"]) == ['<a class="wj-cite" href="#wj-1-1">', "</a>"]
    assert _seen(told["content"]) == answer.text


def test_only_markers_of_real_citations_become_links(store: Store) -> None:
    quoted = _answer(store, "a.txt", "造价300万元")
    _, told = ui.messages([Answer("问？", "见[7]。造价300万元[1]", quoted.citations, 1.0, abstained=False)])
    assert told["content"].count("<a ") == 1
    assert _seen(told["content"]) == "见[7]。造价300万元[1]"


def test_the_quote_is_marked_once_and_where_it_stands(store: Store) -> None:
    made = ui.panel(store, [_answer(store, "a.txt", "新桥昨天通车。", nth=1)])
    marked = re.findall(r"<mark>(.*?)</mark>", made)
    assert [_seen(text) for text in marked] == ["新桥昨天通车。"]
    assert _seen(made.split("<mark>")[0]).endswith("造价300万元。")


def test_a_mended_break_shows_inside_the_quote_and_adds_no_character(store: Store) -> None:
    quote = "新桥长120米，可供两辆汽车并排通过，造价300万元。"
    made = ui.panel(store, [_answer(store, "a.txt", quote)])
    (marked,) = re.findall(r"<mark>(.*?)</mark>", made)
    assert _seen(marked) == quote
    before, after = re.split(r"<span class=\"wj-torn\".*?</span>", marked)
    assert _seen(before).endswith("并排")
    assert _seen(after).startswith("通过")


def test_a_quote_over_two_paragraphs_is_marked_in_both(store: Store) -> None:
    made = ui.panel(store, [_answer(store, "a.txt", "新桥昨天通车。\n镇长说", abstained=True)])
    assert [_seen(text) for text in re.findall(r"<mark>(.*?)</mark>", made)] == ["新桥昨天通车。", "镇长说"]


def test_the_panel_names_headline_file_lines_and_sureness(store: Store) -> None:
    seen = _seen(ui.panel(store, [_answer(store, "a.txt", "造价300万元")]))
    for expected in ("云溪镇建成新桥", "a.txt", "第 8 行", "把握", "本报记者 林一"):
        assert expected in seen


def test_a_refusal_shows_the_nearest_passages_and_says_what_they_are_not(store: Store) -> None:
    made = ui.panel(store, [_answer(store, "a.txt", "镇长说，明年还要修一条路。", abstained=True)])
    assert "最接近的段落（不是答案）" in made
    assert made.count("<details") == 1
    nothing = ui.panel(store, [Answer("问？", "没有。", (), 0.0, abstained=True)])
    assert "没有接近的段落" in nothing


def test_only_the_last_turn_is_in_view_and_all_ids_differ(store: Store) -> None:
    made = ui.panel(store, [_answer(store, "a.txt", "造价300万元"), _answer(store, "b.txt", "石桥村的果园")])
    sections = re.findall(r"<section[^>]*>", made)
    assert [" hidden" in section for section in sections] == [True, False]
    assert re.findall(r'id="([^"]+)"', made) == ["wj-1-1", "wj-2-1"]


def test_every_line_of_the_article_is_in_the_panel(store: Store) -> None:
    made = ui.panel(store, [_answer(store, "a.txt", "造价300万元")])
    article = next(article for article in store.articles.values() if article.file == "a.txt")
    assert article.text.replace("\n", "") in _seen(made.split("<article")[1])


def test_examples_come_from_the_headlines_and_are_answered_by_their_article(seeds_folder: Path, tmp_path: Path) -> None:
    build_store(seeds_folder, tmp_path, IndexConfig())
    store = open_store(tmp_path)
    chain = AnswerChain(store)
    made = ui.examples(chain, most=2)
    assert len(made) == 2
    for question in made:
        cited = {citation.article_id for citation in chain.invoke(question).citations}
        assert any(article.title in question and article.article_id in cited for article in store.articles.values())
    assert ui.examples(chain, most=0) == []


@given(st.lists(st.sampled_from(["甲", "乙", "[1]", "[12]", "\n", "["]), max_size=80).map("".join), st.integers(0, 3))
def test_an_answer_grows_to_its_end_without_cutting_a_marker(text: str, shown: int) -> None:
    shown = 0 if re.search(r"\[\d*$", text[:shown]) else min(shown, len(text))
    grown = list(ui._growing(text, shown))
    assert grown == sorted(grown, key=len)
    assert all(text.startswith(part) for part in grown)
    assert not grown or grown[-1] == text
    for part in grown:
        assert len(re.findall(r"\[\d+\]", part)) + len(re.findall(r"\[\d+\]", text[len(part) :])) == len(
            re.findall(r"\[\d+\]", text)
        )


def test_an_answer_streams_and_the_next_question_knows_it(store: Store) -> None:
    window = ui._Window(store, RagConfig(min_confidence=0.0))
    steps = list(window.respond("新桥造价多少？", []))
    told = [step[1][-1]["content"] for step in steps[:-1]]
    assert len(told) > 2
    assert [len(_seen(text)) for text in told] == sorted(len(_seen(text)) for text in told)
    (answer,) = steps[-2][2]
    assert _seen(told[-1]).replace("\n\n", "\n") == answer.text
    *_, step, _ = window.respond("它多长呢？", [answer])
    assert [turn.question for turn in step[2]] == ["新桥造价多少？", "它多长呢？"]
    assert "新桥造价多少" in step[2][-1].trace.query


@pytest.mark.parametrize("asked", ["", " \n", "？？", "长" * 2001])
def test_a_question_that_cannot_be_searched_changes_nothing_and_raises_nothing(store: Store, asked: str) -> None:
    with pytest.warns(UserWarning, match="^问题"):  # what gr.Warning is without a browser
        (step,) = ui._Window(store, RagConfig()).respond(asked, [])
    assert "value" not in step[0].constructor_args
    assert all(change == {"__type__": "update"} for change in step[1:])


def test_the_api_tells_the_sources_and_one_clear_error(store: Store) -> None:
    window = ui._Window(store, RagConfig(min_confidence=0.0))
    told = window.ask("新桥造价多少？")
    assert "[1]" in told.splitlines()[0]
    assert re.search("云溪镇建成新桥  a.txt 第 [58–]+ 行", told)
    with pytest.raises(Exception, match="The question is empty"):
        window.ask("")


async def test_the_app_offers_one_endpoint(store: Store) -> None:  # outside a loop, gradio makes one and leaves it open
    app = ui.build_app(store, RagConfig())
    assert list(app.get_api_info()["named_endpoints"]) == ["/ask"]


@pytest.fixture
def started(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[tuple[object, str, int | None]]]:
    """Where ``main`` would have listened, without listening."""
    served: list[tuple[object, str, int | None]] = []
    monkeypatch.setattr(ui, "_serve", lambda app, host, port: served.append((app, host, port)))
    monkeypatch.setattr(ui, "build_app", lambda store, config: store)
    return served


def test_a_missing_folder_is_one_line_and_exit_code_1(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], started: list[tuple[object, str, int | None]]
) -> None:
    assert ui.main(["--pages", str(tmp_path / "none"), "--store", str(tmp_path / "store")]) == 1
    told = capsys.readouterr()
    assert len(told.err.splitlines()) == 1
    assert "none" in told.err
    assert started == []


def test_it_listens_on_loopback_and_a_free_port_unless_told_otherwise(
    pages: Path, tmp_path: Path, started: list[tuple[object, str, int | None]]
) -> None:
    command = ["--pages", str(pages), "--store", str(tmp_path / "store")]
    assert ui.main(command) == 0
    assert ui.main([*command, "--host", "::1", "--port", "8123"]) == 0
    assert [(host, port) for _, host, port in started] == [("127.0.0.1", None), ("::1", 8123)]


def test_the_second_start_reuses_the_store_and_a_changed_page_rebuilds_it(
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    started: list[tuple[object, str, int | None]],
) -> None:
    built: list[Path] = []
    monkeypatch.setattr(ui, "build_store", lambda pages, *rest: (built.append(pages), build_store(pages, *rest)))
    page = tmp_path / "pages" / "a.txt"
    page.parent.mkdir()
    page.write_text(_PAGES["a.txt"], encoding="utf-8")
    command = ["--pages", str(page.parent), "--store", str(tmp_path / "store")]
    assert ui.main(command) == 0
    assert "There is no store" in capsys.readouterr().out
    assert ui.main(command) == 0
    assert len(built) == 1
    assert "Building" not in capsys.readouterr().out
    page.write_text(_PAGES["a.txt"] + "\n路面已经铺好。\n", encoding="utf-8")
    assert ui.main(command) == 0
    assert len(built) == 2
    assert "have changed" in capsys.readouterr().out


@pytest.mark.parametrize("port", ["0", "65536", "-1", "many"])
def test_a_number_that_is_no_port_is_a_wrong_command_line(port: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit, match="2"):
        ui.main([f"--port={port}"])
    assert "is no port" in capsys.readouterr().err


@pytest.mark.parametrize(("port", "named"), [(8123, "127.0.0.1:8123"), (None, "7860")])
def test_a_taken_port_is_a_clear_error(port: int | None, named: str, monkeypatch: pytest.MonkeyPatch) -> None:
    class Taken:
        def launch(self, **_: object) -> None:
            raise OSError("Cannot find empty port")

    for name in ("NO_PROXY", "no_proxy"):
        monkeypatch.setenv(name, "")
    with pytest.raises(NewsQAError, match=re.escape(named)):
        ui._serve(Taken(), "127.0.0.1", port)  # type: ignore[arg-type]


@pytest.mark.parametrize(("host", "warned"), [("0.0.0.0", True), ("127.0.0.1", False), ("localhost", False)])
def test_a_public_address_brings_a_warning(
    host: str, warned: bool, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    launched: dict[str, object] = {}

    class Quiet:
        def launch(self, **told: object) -> tuple[None, str, None]:
            launched.update(told)
            return None, f"http://{host}:1/", None

        def block_thread(self) -> None:
            pass

    for name in ("NO_PROXY", "no_proxy"):
        monkeypatch.setenv(name, "")
    ui._serve(Quiet(), host, None)  # type: ignore[arg-type]
    assert ("Warning" in capsys.readouterr().out) is warned
    assert (launched["server_name"], launched["share"], launched["run_history"]) == (host, False, False)


def test_the_page_names_no_foreign_address() -> None:
    assert not re.search(r"https?://|//\w|@import|url\(", ui._CSS + ui._JS + ui._HEAD)
