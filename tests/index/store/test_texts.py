"""Is what is written page by page the same as what is read and cut all at once?"""

from __future__ import annotations

import hashlib
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from index.build import read_pages
from index.config import IndexConfig
from index.disk.passages import load_passages
from index.errors import StoreError
from index.reading.copies import chunk_once
from index.reading.pages import read_layouts
from index.schema import Page
from index.store.opened import COPIES, PASSAGES, open_articles, open_pages
from index.store.texts import Sources, Texts, write_texts

CONFIG = IndexConfig(passage_size=60)
FILES = [
    "articles.index.npy", "articles.jsonl", "articles.npy", "copies.npy",
    "pages.index.npy", "pages.jsonl", "passages.npy",
]  # fmt: skip
FRONT = "松门日报 2033年6月18日 第1版\n\n# 旧铁路的新生\n\n本报讯 枕木做成了长椅，不能用的劈成花\n\n（下转第3版）"
INSIDE = "松门日报 2033年6月18日 第3版\n\n（上接第1版）\n\n箱，摆在步道两边。步道四十公里。"


def opened(folder):
    articles = open_articles(folder)
    return open_pages(folder), articles, load_passages(articles, folder / PASSAGES, folder / COPIES)


def assert_is_written_as_read(folder, pages, config):
    texts = write_texts(folder, iter(pages), config)
    articles = [article for layout in read_layouts(pages) for article in layout.articles]
    passages = chunk_once(articles, config.passage_size, config.passage_overlap)
    found = opened(folder)
    assert [list(items.values()) for items in found] == [pages, articles, passages]
    assert list(found[1]) == [article.article_id for article in articles]
    assert (texts.pages, texts.articles, texts.passages) == (len(pages), len(articles), len(passages))
    days = sorted(article.date for article in articles if article.date)
    assert (texts.first_day, texts.last_day) == ((days[0], days[-1]) if days else (None, None))
    assert texts.undated == len(articles) - len(days)
    assert sorted(file.name for file in folder.iterdir()) == FILES
    return articles


@pytest.mark.parametrize("name", ["data/pages", "data/layouts", "../seeds"])
@pytest.mark.parametrize("overlap", [0, 20])
def test_written_page_by_page_or_read_at_once(tmp_path, name, overlap):
    pages = read_pages(Path(__file__).parents[2] / name)
    assert_is_written_as_read(tmp_path, pages, IndexConfig(passage_size=60, passage_overlap=overlap))


_PARTS = st.lists(
    st.sampled_from(
        [
            "甲甲甲。",
            "乙乙，",
            "丙。\n\n",
            "# 大桥通车\n\n",
            "（下转第2版）\n\n",
            "（上接第1版）\n\n",
            "2031年3月5日 第1版\n\n",
        ]
    ),
    min_size=1,
    max_size=8,
).map("".join)


@given(st.lists(_PARTS, min_size=1, max_size=4))
def test_any_pages(tmp_path_factory, texts):
    pages = [Page(f"{number}.txt", text, "utf-8", str(number)) for number, text in enumerate(texts)]
    assert_is_written_as_read(tmp_path_factory.mktemp("texts"), pages, CONFIG)


def test_links_over_pages_are_written(tmp_path):
    pages = [Page("a.txt", FRONT, "utf-8", ""), Page("alone.txt", "果园丰收。", "utf-8", "")]
    pages.append(Page("b.txt", INSIDE, "utf-8", ""))
    left, _, right = assert_is_written_as_read(tmp_path, pages, CONFIG)
    _, articles, passages = opened(tmp_path)
    assert articles["a.txt#3"] == left
    assert articles["a.txt#3"].continued_by.article_id == right.article_id
    assert articles[right.article_id].continues.article_id == "a.txt#3"
    assert articles["alone.txt#1"].continues is None
    for passage in passages.values():  # cut before the links were known
        assert passage.text == articles[passage.article_id].text[passage.start : passage.end]


def test_what_is_told_of_the_texts(tmp_path):
    pages = [
        Page("2031-04-09.txt", "大桥通车。", "utf-8", "b" * 64),
        Page("2031-04-08.txt", "果园丰收。", "utf-8", "a" * 64),
        Page("x.txt", "龙舟下水。", "utf-8", "c" * 64),
    ]
    assert write_texts(tmp_path, pages, CONFIG) == Texts(3, 3, 3, str(Sources(pages)), "2031-04-08", "2031-04-09", 1)


def test_a_given_date_is_that_of_every_article(tmp_path):
    told = write_texts(tmp_path, [Page("x.txt", "龙舟下水。", "utf-8", "")], CONFIG, date="2026-03-01")
    assert (told.first_day, told.last_day, told.undated) == ("2026-03-01", "2026-03-01", 0)
    assert [article.date for article in open_articles(tmp_path).values()] == ["2026-03-01"]


def test_no_pages(tmp_path):
    assert write_texts(tmp_path, [], CONFIG) == Texts(0, 0, 0, hashlib.sha256().hexdigest(), None, None, 0)
    assert [len(items) for items in opened(tmp_path)] == [0, 0, 0]


def test_two_pages_of_one_name_are_told(tmp_path):
    pages = [
        Page("a.txt", "大桥通车。", "utf-8", ""),
        Page("b.txt", "果园。", "utf-8", ""),
        Page("a.txt", "船。", "u", ""),
    ]
    with pytest.raises(StoreError, match=r"Two items of pages\.jsonl are named 'a\.txt'\. Rename one of the files"):
        write_texts(tmp_path, pages, CONFIG)


def test_each_page_is_written_before_the_next_is_asked_for(tmp_path):
    """So no collection is too large."""
    import weakref

    class Watched(Page):
        __slots__ = ("__weakref__",)

    seen = []

    def pages():
        for number in range(4):
            page = Watched(f"{number}.txt", f"大桥{number}号通车。", "utf-8", "")
            seen.append(weakref.ref(page))
            yield page
            del page
            assert [each() for each in seen[:-1]] == [None] * number

    assert write_texts(tmp_path, pages(), CONFIG).pages == 4


def test_an_error_among_the_pages_is_raised_and_all_files_are_closed(tmp_path):
    """A file that stays open is a warning, which fails a test here."""

    def pages():
        yield Page("a.txt", "大桥通车。", "utf-8", "")
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        write_texts(tmp_path, pages(), CONFIG)


# The hash of all sources


def test_the_hash_of_the_sources():
    pages = [Page("a.txt", "", "", "11"), Page("河.txt", "", "", "22")]
    expected = hashlib.sha256(b"a.txt\x0011\n" + "河.txt".encode() + b"\x0022\n").hexdigest()
    assert str(Sources(pages)) == expected
    sources = Sources()
    for page in pages:
        sources.add(page)
    assert str(sources) == str(sources) == expected


@pytest.mark.parametrize(
    "other",
    [
        [("a", "2"), ("b", "2")],
        [("b", "2"), ("a", "1")],
        [("a", "1")],
        [("a", "1"), ("b", "2"), ("b", "2")],
        [("a", "1"), ("c", "2")],
        [("a", "1\nb\x002")],
        [("\udc80", "1")],
        [],
    ],
)
def test_other_sources_have_another_hash(other):
    def hash_of(pairs):
        return str(Sources(Page(name, "text", "utf-8", digest) for name, digest in pairs))

    here = [("a", "1"), ("b", "2")]
    assert hash_of(here) == hash_of(here)
    assert (hash_of(other) == hash_of(here)) == (other == [("a", "1\nb\x002")])  # no digest holds a line break
