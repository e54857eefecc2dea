"""昨天 in a quote is told as a day where a time is asked for and the day of publication is known."""

from __future__ import annotations

from dataclasses import replace

import pytest

from index.schema import DateSource
from rag.answerers.days import resolve_days
from rag.query.question import understand
from rag.schema import Remark, Warns

QUOTE = "图书馆昨天开馆，近日试运行。"


@pytest.fixture
def article(tiny_store):
    article = next(iter(tiny_store.articles.values()))
    return replace(article, date="2026-01-27", date_source=DateSource.MASTHEAD, date_evidence="2026年1月27日")


def told(question: str, article) -> list[Remark]:
    return list(resolve_days(understand(question), QUOTE, article))


def test_the_day_and_its_evidence(article) -> None:
    text = "“昨天”按发表日期 2026-01-27（依据：“2026年1月27日”）是 2026-01-26。"
    assert told("图书馆什么时候开馆？", article) == [Remark(Warns.RESOLVED, text)]  # 近日 leaves the day open


def test_in_english(article) -> None:
    (remark,) = told("When did the library open?", article)
    assert remark.text == "“昨天” is 2026-01-26, as the article is of 2026-01-27 (evidence: “2026年1月27日”)."


def test_a_day_that_was_given_has_no_words_for_evidence(article) -> None:
    given = replace(article, date_source=DateSource.GIVEN, date_evidence="")
    assert "依据：建库时给定" in told("图书馆哪天开馆？", given)[0].text


def test_nothing_where_no_time_is_asked_for_or_no_date_is_known(article) -> None:
    assert told("谁来了图书馆？", article) == []
    assert told("图书馆哪天开馆？", replace(article, date=None)) == []
