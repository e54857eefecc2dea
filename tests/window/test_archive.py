"""Tests of the archive by paper and day: every article stands under its day once, and none is missing."""

from __future__ import annotations

from collections import Counter

import pytest

from index.build import build_store
from index.config import IndexConfig
from index.store.opened import open_store
from window.archive import UNDATED, Archive

_ARTICLE = "# {}\n\n白塔镇图书馆藏书9000册。{}\n"


@pytest.fixture(scope="module")
def dated(tmp_path_factory):
    folder = tmp_path_factory.mktemp("dated")
    names = ["晨报/2031-04-08.txt", "晨报/2031-04-10.txt", "晚报/2031-04-08.txt", "old.txt"]
    pages = {name: _ARTICLE.format(f"题{number}", number) for number, name in enumerate(names)}
    rows = '{"title": "甲", "text": "甲文。", "date": "2031-04-08"}\n{"title": "乙", "text": "乙文。"}\n'
    for name, text in {**pages, "rows.jsonl": rows}.items():
        (folder / "pages" / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / "pages" / name).write_text(text, encoding="utf-8")
    build_store(folder / "pages", folder / "store", IndexConfig())
    return open_store(folder / "store")


def test_days_are_counted_by_paper_and_those_of_unknown_date_apart(dated):
    archive = Archive()
    assert archive.calendar(dated) == {
        "papers": ["晚报", "晨报"],
        "days": {"2031-04-08": 3, "2031-04-10": 1},
        "undated": 2,
    }
    assert archive.calendar(dated, "晨报") == {
        "papers": ["晚报", "晨报"],
        "days": {"2031-04-08": 1, "2031-04-10": 1},
        "undated": 0,
    }


def test_every_article_stands_once_under_its_day(dated):
    archive = Archive()
    days = [*archive.calendar(dated)["days"], UNDATED]
    shown = Counter(
        (article["id"], article["date"])
        for day in days
        for page in archive.day(dated, day)["pages"]
        for article in page["articles"]
    )
    assert shown == Counter((article.article_id, article.date or "") for article in dated.articles.values())


def test_a_page_whose_articles_are_of_different_days_stands_under_each(tmp_path):
    (tmp_path / "pages").mkdir()
    text = "# 甲事\n\n2031年4月9日\n\n甲镇通了车。\n\n# 乙事\n\n乙镇也通了车。\n"
    (tmp_path / "pages" / "a.txt").write_text(text, encoding="utf-8")
    build_store(tmp_path / "pages", tmp_path / "store", IndexConfig())
    store, archive = open_store(tmp_path / "store"), Archive()
    assert archive.calendar(store) == {"papers": [], "days": {"2031-04-09": 1}, "undated": 1}
    for day, title in (("2031-04-09", "甲事"), (UNDATED, "乙事")):
        (page,) = archive.day(store, day)["pages"]
        assert [article["title"] for article in page["articles"]] == [title]


def test_a_day_of_one_paper_in_stretches(dated, monkeypatch):
    archive = Archive()
    shelf = archive.day(dated, "2031-04-08", "晨报")
    assert [page["file"] for page in shelf["pages"]] == ["晨报/2031-04-08.txt"]
    monkeypatch.setattr("window.archive._PAGES", 2)
    first, rest = archive.day(dated, "2031-04-08"), archive.day(dated, "2031-04-08", start=2)
    assert first["total"] == rest["total"] == 3
    assert len({page["file"] for page in (*first["pages"], *rest["pages"])}) == 3
    assert archive.day(dated, "2031-04-09") == {"pages": [], "total": 0}
