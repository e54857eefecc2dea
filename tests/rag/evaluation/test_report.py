"""Reports over a handful of rows: what must be told, and that nothing of a page can become part of the report."""

from __future__ import annotations

import re
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path

import pytest

from index.schema import Span
from rag.errors import EvaluationError
from rag.evaluation.questions import EvalQuestion, Evidence
from rag.evaluation.report import write_reports
from rag.evaluation.rows import Row
from rag.evaluation.run_folder import RunFolder
from rag.evaluation.summary import METRICS, per_question, summarise
from rag.schema import Citation

SETTINGS = {
    "questions": {"file": "own.jsonl", "count": 6},
    "collection": {"pages": 3},
    "config": {"legs": "fused"},
    "provenance": {"commit": "abc1234", "libraries": {"numpy": "2.0"}, "colour": "blue", "empty": ""},
}
HOSTILE = "<script>alert('甲')</script><img src=x onerror=alert(1)>"


def citation(quote: str = "开馆时藏书3200册。", number: int = 1) -> Citation:
    return Citation(number, "liuhe.txt", "柳河镇图书馆开馆", "liuhe.txt#2", "liuhe.txt#2:0", 4, 6, (Span(0, 9),), quote)


RIGHT = Row(
    id="q1",
    type="factoid",
    question="藏书多少册？",
    answers=("3200册",),
    relevant=("liuhe.txt#2:0",),
    ranked={"x": 1.0, "liuhe.txt#2:0": 0.5},
    answer="开馆时藏书3200册。",
    citations=(citation(),),
    verbatim=1,
    supporting=1,
    supported=1,
    evidence=1,
    confidence=0.9,
    timings={"retrieve": 4.0, "total": 12.0},
    reason="best sentence",
)
ROWS = [
    RIGHT,
    replace(RIGHT, id="q2", question="谁开的车？", answers=("秦一舟",)),
    replace(RIGHT, id="q3", question="桥有多长？", answer="", citations=(), abstained=True, confidence=0.1, verbatim=0),
    replace(RIGHT, id="q4", type="unanswerable", answers=(), answerable=False, relevant=(), evidence=0),
    replace(RIGHT, id="q5", type="unanswerable", answers=(), answerable=False, relevant=(), answer="", citations=(),
            abstained=True, evidence=0),
    replace(RIGHT, id="q6", question="", answer="", citations=(), error="The question is empty."),
]  # fmt: skip


class Page(HTMLParser):
    """The elements of a page and its visible text."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.text = ""
        self._silent = 0
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        self._silent += tag in {"script", "style"}

    def handle_endtag(self, tag: str) -> None:
        self._silent -= tag in {"script", "style"}

    def handle_data(self, data: str) -> None:
        if not self._silent:
            self.text += data

    def all(self, tag: str) -> list[dict[str, str | None]]:
        return [attributes for name, attributes in self.tags if name == tag]


def reports(folder: Path, rows: list[Row], settings: dict[str, object] | None = None) -> list[str]:
    questions = [
        EvalQuestion(
            id=row.id, question=row.question or "?", evidence=(Evidence(file="liuhe.txt", quote="藏书3200册"),)
        )
        for row in rows
    ]
    run = RunFolder(folder / "run-1")
    run.begin(SETTINGS if settings is None else settings, questions)
    write_reports(run, rows, per_question(rows), summarise(rows))
    return [(run.path / name).read_text(encoding="utf-8") for name in ("report.html", "report.md")]


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> list[str]:
    return reports(tmp_path_factory.mktemp("report"), ROWS)


def test_the_page_is_one_file_that_loads_nothing(written) -> None:
    page = Page(written[0])
    assert not {"link", "img", "iframe", "object"} & {tag for tag, _ in page.tags}
    assert not [attributes for _, attributes in page.tags if "src" in attributes]
    assert {a["href"] for a in page.all("a")} <= {f"#q{n}" for n in range(1, 7)}
    assert set(re.findall(r"url\((.)", written[0])) <= {"#"}  # places in the drawings themselves
    assert "@import" not in written[0]
    policy = next(meta["content"] for meta in page.all("meta") if meta.get("http-equiv") == "Content-Security-Policy")
    assert policy.startswith("default-src 'none'")


def test_the_page_tells_where_it_comes_from(written) -> None:
    text = Page(written[0]).text
    for told in ("own.jsonl", "abc1234", "numpy 2.0", "provenance.colour", "blue"):
        assert told in text
    assert "provenance.empty" not in text


def test_every_metric_and_group_stands_in_the_table(written) -> None:
    summary = summarise(ROWS)
    page = Page(written[0])
    heads = re.findall(r'<th scope="row">([\w@]+)<', written[0])
    assert heads == [name for name in METRICS if any(name in found for found in summary.values())]
    # right is 1 for q1, 0 for q2 and q3 and q4, 1 for q5, 0 for q6: 2 of 6.
    assert "0.333" in page.text
    for group in ("全部", "事实", "无答案"):
        assert group in page.text


def test_every_metric_has_a_chinese_gloss(written) -> None:
    glosses = re.findall(r'<th scope="row">[\w@]+<span class="small">(.*?)</span>', written[0])
    assert all(re.search(r"[\u4e00-\u9fff]", gloss) for gloss in glosses)


def test_every_question_has_a_row_with_its_state(written) -> None:
    bodies = [body for body in Page(written[0]).all("tbody") if "data-tags" in body]
    assert [body["data-tags"] for body in bodies] == [
        "hit",
        "miss",
        "miss refused",
        "miss",
        "hit refused",
        "miss error",
    ]
    for label in ("答对", "答错", "误拒", "该拒未拒", "拒答正确", "出错"):
        assert f">{label}</span>" in written[0]


def test_filters_tell_how_many_they_show(written) -> None:
    shown = re.findall(r'data-tag="(\w*)" aria-pressed="(\w+)">\S+ (\d+)<', written[0])
    assert shown == [
        ("", "true", "6"),
        ("hit", "false", "2"),
        ("miss", "false", "4"),
        ("refused", "false", "2"),
        ("error", "false", "1"),
    ]


def test_columns_are_sorted_by_buttons(written) -> None:
    heads = re.findall(r'<th scope="col"(?: class="num")?><button type="button">(\S+)</button>', written[0])
    assert heads == ["编号", "类型", "题目", "回答", "标准答案", "结果", "名次", "把握", "毫秒"]


def test_a_row_shows_answer_gold_citation_and_ranks(written) -> None:
    first = written[0].split('id="q1"')[1].split("</tbody>")[0]
    assert "开馆时藏书<mark>3200册</mark>。" in first
    assert '<td class="num">2</td><td class="num">0.90</td><td class="num">12</td>' in first
    text = Page(first).text
    assert "[1] liuhe.txt 第 4–6 行 《柳河镇图书馆开馆》" in text
    assert "liuhe.txt#2:0 第 2 名" in text
    assert "逐字一致 1/1，指向标准证据 1/1" in text


def test_failures_are_listed_by_kind_and_lead_to_their_row(written) -> None:
    failed = written[0].split('id="failures"')[1].split("</section>")[0]
    assert re.findall(r'href="(#q\d)"', failed) == ["#q6", "#q2", "#q3", "#q4"]
    assert "The question is empty." in failed


def test_the_short_report_has_metrics_provenance_and_failures(written) -> None:
    short = written[1]
    assert short.startswith("# 评测报告：run-1\n")
    assert "- 题目：own.jsonl" in short
    assert "| 指标 | 全部 (6) | 事实 (4) | 无答案 (2) |" in short
    assert "| right 答对，或没有答案时拒答 | 0.333 (" in short
    assert "- q2 谁开的车？ → 开馆时藏书3200册。；标准答案：秦一舟" in short
    assert "- q3 桥有多长？ → 拒答；标准答案：3200册" in short
    assert "- q6  → The question is empty." in short
    assert "q1" not in short


def test_hostile_text_stays_text(tmp_path) -> None:
    bad = replace(
        RIGHT,
        id=f'q"1{HOSTILE}',
        type=HOSTILE,
        question=f"{HOSTILE}|`x`[y](z)",
        answers=("alert('甲')",),
        answer=HOSTILE,
        citations=(citation(HOSTILE),),
        query=HOSTILE,
        reason=HOSTILE,
        relevant=(HOSTILE,),
        ranked={HOSTILE: 1.0},
    )
    worse = replace(bad, id="e", error=HOSTILE)
    settings = {**SETTINGS, "provenance": {HOSTILE: HOSTILE}}
    html, short = reports(tmp_path, [bad, worse], settings)
    page = Page(html)
    assert len(page.all("script")) == 1
    assert not page.all("img")
    assert not [attributes for _, attributes in page.tags if any(name.startswith("on") for name in attributes)]
    assert HOSTILE in page.text  # people still see what it was
    assert "<script" not in short
    assert "<img" not in short
    assert r"\|\`x\`\[y\](z)" in short


def test_unjudged_rows_and_a_run_without_failures(tmp_path) -> None:
    html, short = reports(tmp_path, [replace(RIGHT, answers=())])
    assert '<span class="state unjudged">未判</span>' in html
    assert "没有。" in Page(html).text
    assert short.endswith("没有。\n")


def test_long_texts_are_cut_around_the_gold(tmp_path) -> None:
    long = "甲" * 3000 + "3200册" + "乙" * 3000
    html, _ = reports(tmp_path, [replace(RIGHT, answer=long, citations=(citation(long),) * 9)])
    first = html.split('id="q1"')[1].split("</tbody>")[0]
    assert "<mark>3200册</mark>" in first.split("more-row")[0]
    assert "另有 4 条" in first
    assert len(first) < 8000


def test_many_questions_stay_lean_and_their_failures_are_cut(tmp_path) -> None:
    rows = [replace(ROWS[n % 2], id=f"q{n}") for n in range(400)]
    html, short = reports(tmp_path, rows)
    assert len(html.encode()) < 400 * 2500 + 120_000
    assert "另有 140 题" in html  # 200 wrong, 60 listed
    assert "另有 180 题" in short


def test_a_folder_that_was_never_begun_is_an_error(tmp_path) -> None:
    with pytest.raises(EvaluationError, match=r"settings\.json is missing or damaged"):
        write_reports(RunFolder(tmp_path), ROWS, per_question(ROWS), summarise(ROWS))
    assert not list(tmp_path.iterdir())
