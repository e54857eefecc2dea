"""What a person in a terminal sees of an answer: the short answer in bold, remarks, what is missing."""

from __future__ import annotations

import io

import pytest
from rich.console import Console

import rag.cli.console
from index.schema import Article, Kind, Line, Page, Role, Span
from rag.cli.console import show_answer, show_answers, show_article_lines
from rag.schema import Answer, Citation, Remark, Trace, Warns

_QUOTE = "全长860米，[双向]四车道。"
_CITATION = Citation(1, "a.txt", "大桥通车", "a.txt#1", "a.txt#1:0", 3, 3, (Span(0, 16),), _QUOTE, ((2, 6),))
_ANSWER = Answer(
    "大桥多长？",
    f"{_QUOTE}[1]",
    (_CITATION,),
    0.7,
    abstained=False,
    trace=Trace("大桥多长？"),
    partly=True,
    remarks=(Remark(Warns.MISMATCH, "问题说[5]车道，原文是4车道。"),),
)


@pytest.fixture
def shown(monkeypatch):
    stream = io.StringIO()
    console = Console(file=stream, highlight=False, width=120, force_terminal=True, color_system="standard")
    monkeypatch.setattr(rag.cli.console, "_console", lambda: console)
    return stream


def test_remarks_and_parts_are_said_plainly(shown):
    show_answer(_ANSWER, with_trace=False)
    text = shown.getvalue()
    assert "只回答了问题的一部分。" in text
    assert "注意：问题说[5]车道，原文是4车道。" in text  # brackets of a text are no markup
    assert "语言模型" not in text


def test_the_short_answer_is_bold_inside_its_quote(shown):
    show_answer(_ANSWER, with_trace=False)
    assert "\x1b[1;3m860米\x1b[0m" in shown.getvalue()


def test_an_answer_is_shown_as_it_grows(shown):
    first = Answer("？", "甲。[1]", (_CITATION,), 0.7, abstained=False)
    second = Answer("？", "甲。[1]\n乙。[1]", (_CITATION,), 0.7, abstained=False, generated=True)
    lengths = []

    def growing():
        yield first
        lengths.append(len(shown.getvalue()))
        yield second

    assert show_answers(growing(), with_trace=False) is second
    assert lengths[0] > 0  # it was there before the second came
    assert shown.getvalue().count("甲。") == 1
    assert "由语言模型写成" in shown.getvalue()


def test_there_must_be_an_answer(shown):
    with pytest.raises(ValueError, match="no answer"):
        show_answers([], with_trace=False)


def test_a_page_gives_the_terminal_no_orders(capsys):
    text = "剪纸\x1b[2J、\x08会计\x9b1m"
    article = Article(
        "a#1", "a", text, (), (), "", Kind.NEWS, None, (Line(1, Span(0, len(text)), Role.BODY),), text, ()
    )
    show_article_lines(Page("a", text, "utf-8", ""), [article])
    shown = capsys.readouterr().out
    assert "剪纸␛[2J、会计\ufffd1m" in shown
    assert not set(shown) & {"\x1b", "\x08", "\x9b"}
