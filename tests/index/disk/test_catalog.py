"""Does a search keep to the days, pages and kinds that were asked for, and is what a store holds counted right?"""

from __future__ import annotations

from datetime import date

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from index.config import IndexConfig
from index.disk.catalog import Catalog, CatalogWriter
from index.disk.passages import load_passages
from index.errors import StoreError
from index.schema import Article, Filter, Kind, Line, Page, Role, Span
from index.store.opened import CATALOG, COPIES, PASSAGES, open_articles, open_pages
from index.store.texts import write_texts

AGAIN = "两岸居民从此不用再绕行三十里路。"
# Passages of at most 30 characters, in row order:
#   0  2031-04-08.txt#1    the bridge
#   1  2031-04-08.txt#1    AGAIN, which stands in 2031-04-10.txt once more
#   2  2031-04-08.txt#7    the orchard
#   3  2031-04-10.txt#1    the road; AGAIN is not cut here
#   4  undated.txt#1       the boats
PAGES = {
    "2031-04-08.txt": (
        f"# 大桥通车\n\n柳河大桥昨天通车，全长八百米。\n\n{AGAIN}\n\n# 果园丰收\n\n今年收梨四十吨，比去年多。\n"
    ),
    "2031-04-10.txt": f"# 村里的新路\n\n新路昨天修好，长三公里。\n\n{AGAIN}\n",
    "empty.txt": "\n",
    "undated.txt": "# 龙舟下水\n\n本报讯 龙舟昨天下水，人们把花\n\n（下转第三版）\n",
}
ROWS = [0, 1, 2, 3, 4]
ARTICLE_OF_ROW = ["2031-04-08.txt#1", "2031-04-08.txt#1", "2031-04-08.txt#7", "2031-04-10.txt#1", "undated.txt#1"]


def open_catalog(folder):
    pages, articles = open_pages(folder), open_articles(folder)
    passages = load_passages(articles, folder / PASSAGES, folder / COPIES)
    return Catalog(folder / CATALOG, pages, articles, passages)


@pytest.fixture
def folder(texts_folder):
    return texts_folder(PAGES, size=30)


@pytest.fixture
def catalog(folder):
    return open_catalog(folder)


def rows(catalog, **wanted):
    found = catalog.select(Filter(**wanted))
    return ROWS if found is None else np.flatnonzero(found).tolist()


def test_the_passages_are_those_of_the_table_above(folder):
    passages = load_passages(open_articles(folder), folder / PASSAGES, folder / COPIES)
    assert [passage.article_id for passage in passages.values()] == ARTICLE_OF_ROW
    assert [[copy.article_id for copy in passage.copies] for passage in passages.values()] == [
        [], ["2031-04-10.txt#1"], [], [], [],
    ]  # fmt: skip


def test_without_a_bound_every_row_may_come_back(catalog):
    assert catalog.select(Filter()) is None
    assert not Filter()
    assert rows(catalog, since="0001-01-01") == [0, 1, 2, 3]  # all that are dated


@pytest.mark.parametrize(
    ("since", "until", "expected"),
    [
        ("2031-04-08", "2031-04-08", [0, 1, 2]),
        ("2031-04-08", None, [0, 1, 2, 3]),
        ("2031-04-09", None, [1, 3]),  # row 1 by its copy
        ("2031-04-09", "2031-04-09", []),
        ("2031-04-10", "2031-04-10", [1, 3]),
        (None, "2031-04-09", [0, 1, 2]),
        (None, "2031-04-07", []),
        ("2031-04-11", None, []),
        ("9999-12-31", None, []),
    ],
)
def test_days(catalog, since, until, expected):
    assert rows(catalog, since=since, until=until) == expected


@pytest.mark.parametrize(
    ("files", "expected"),
    [
        (("2031-04-08.txt",), [0, 1, 2]),
        (("2031-04-10.txt",), [1, 3]),
        (("undated.txt",), [4]),
        (("empty.txt",), []),
        (("undated.txt", "2031-04-10.txt"), [1, 3, 4]),
        (("undated.txt", "nowhere.txt"), [4]),
        (("nowhere.txt",), []),  # which is not the same as no page
        (("",), []),
    ],
)
def test_files(catalog, files, expected):
    assert rows(catalog, files=files) == expected


def test_kinds(folder, catalog):
    kinds = {article.article_id: article.kind for article in open_articles(folder).values()}
    assert catalog.kinds() == [kind for kind in Kind if kind in kinds.values()]
    for kind in Kind:
        own = [row for row, name in enumerate(ARTICLE_OF_ROW) if kinds[name] is kind]
        again = [1] if kinds["2031-04-10.txt#1"] is kind else []
        assert rows(catalog, kinds=(kind,)) == sorted({*own, *again})
    assert rows(catalog, kinds=tuple(Kind)) == ROWS


def test_bounds_are_of_one_article(catalog):
    """The day of the one place of a text and the page of the other do not make a hit."""
    assert rows(catalog, since="2031-04-10", files=("2031-04-08.txt",)) == []
    assert rows(catalog, since="2031-04-10", files=("2031-04-10.txt",)) == [1, 3]
    assert rows(catalog, since="2031-01-01", files=("undated.txt",)) == []


@given(
    st.none() | st.dates(date(2031, 4, 7), date(2031, 4, 11)),
    st.none() | st.dates(date(2031, 4, 7), date(2031, 4, 11)),
    st.lists(st.sampled_from([*PAGES, "nowhere.txt"]), max_size=3),
    st.lists(st.sampled_from(list(Kind)), max_size=3),
)
def test_a_row_is_selected_where_an_article_that_says_it_fits(given_catalog, since, until, files, kinds):
    catalog, passages, articles = given_catalog
    first, last = (day.isoformat() if day else None for day in (since, until))
    wanted = Filter(first, last, tuple(files), tuple(kinds))

    def fits(name):
        article = articles[name]
        dated = not (first or last) or (article.date and (first or "") <= article.date <= (last or "9"))
        return bool(dated and (not files or article.file in files) and (not kinds or article.kind in kinds))

    expected = [
        any(fits(name) for name in (passage.article_id, *(copy.article_id for copy in passage.copies)))
        for passage in passages
    ]
    found = catalog.select(wanted)
    assert (expected if found is None else found.tolist()) == expected


@pytest.fixture(scope="module")
def given_catalog(tmp_path_factory):
    folder = tmp_path_factory.mktemp("given")
    write_texts(folder, [Page(*page, "utf-8", "") for page in PAGES.items()], IndexConfig(passage_size=30))
    articles = open_articles(folder)
    passages = load_passages(articles, folder / PASSAGES, folder / COPIES)
    return open_catalog(folder), list(passages.values()), dict(articles)


def test_a_selection_is_kept_and_nobody_can_change_it(catalog):
    found = catalog.select(Filter(files=("undated.txt",)))
    assert found is catalog.select(Filter(files=("undated.txt",)))
    with pytest.raises(ValueError, match="read-only"):
        found[0] = True


def test_days_and_articles_of_unknown_date(catalog):
    assert catalog.days() == ["2031-04-08", "2031-04-10"]
    assert catalog.undated == 1


def test_what_each_page_holds(catalog, folder):
    assert catalog.pages() == [
        {"file": "2031-04-08.txt", "articles": 2, "passages": 3, "broken": 0, "dates": ["2031-04-08"]},
        {"file": "2031-04-10.txt", "articles": 1, "passages": 1, "broken": 0, "dates": ["2031-04-10"]},
        {"file": "empty.txt", "articles": 0, "passages": 0, "broken": 0, "dates": []},
        {"file": "undated.txt", "articles": 1, "passages": 1, "broken": 1, "dates": []},
    ]


@pytest.mark.parametrize("offset", range(6))
@pytest.mark.parametrize("limit", [None, 0, 1, 2, 9])
def test_a_stretch_of_the_pages_and_of_the_articles(catalog, folder, offset, limit):
    last = None if limit is None else offset + limit
    assert catalog.pages(offset, limit) == catalog.pages()[offset:last]
    everything = list(open_articles(folder))
    assert catalog.article_ids(None, offset, limit) == everything[offset:last]
    assert catalog.article_ids("2031-04-08.txt", offset, limit) == everything[:2][offset:last]


def test_the_articles_of_a_page(catalog):
    assert [catalog.count(file) for file in (*PAGES, "nowhere.txt", None)] == [2, 1, 0, 1, 0, 4]
    assert catalog.article_ids("2031-04-08.txt") == ["2031-04-08.txt#1", "2031-04-08.txt#7"]
    assert catalog.article_ids("empty.txt") == catalog.article_ids("nowhere.txt") == []


# The writer


def article(day, kind=Kind.NEWS, broken=()):
    lines = tuple(
        Line(number, Span(0, 1), Role.BODY, broken=is_broken) for number, is_broken in enumerate(broken, start=1)
    )
    return Article("p#1", "p", "", (), (), "", kind, day, lines, "", ())


def test_what_is_noted_of_an_article(tmp_path):
    writer = CatalogWriter()
    writer.add(0, article("0001-01-02", Kind.ADVERTISEMENT, (True, False, True)))
    writer.add(3, article(None))
    writer.save(tmp_path / CATALOG)
    # The second day there is, the last kind in the list, two broken lines; then a page, no day, the first kind.
    assert np.load(tmp_path / CATALOG).T.tolist() == [[0, 2, len(Kind) - 1, 2], [3, 0, 0, 0]]


@pytest.mark.parametrize(
    ("days", "expected"),
    [
        ([], (None, None, 0)),
        ([None, None], (None, None, 2)),
        (["2031-04-08"], ("2031-04-08", "2031-04-08", 0)),
        (["2031-04-08", None, "1949-10-01", "2031-05-01"], ("1949-10-01", "2031-05-01", 1)),
    ],
)
def test_first_and_last_day(days, expected):
    writer = CatalogWriter()
    for day in days:
        writer.add(0, article(day))
    assert writer.days == expected


# Damage


@pytest.mark.parametrize("damage", ["missing", "cut off", "zeros"])
def test_a_damaged_table_is_refused(folder, damage):
    data = (folder / CATALOG).read_bytes()
    (folder / CATALOG).unlink()
    if damage != "missing":
        (folder / CATALOG).write_bytes(data[:-1] if damage == "cut off" else bytes(len(data)))
    with pytest.raises(StoreError, match=r"articles\.npy is missing or damaged"):
        open_catalog(folder)


@pytest.mark.parametrize(("column", "number"), [(0, -1), (0, 4), (2, -1), (2, len(Kind))])
def test_a_table_that_names_what_is_not_there_is_refused(folder, column, number):
    table = np.load(folder / CATALOG)
    table[column, -1] = number
    np.save(folder / CATALOG, table)
    with pytest.raises(StoreError, match="it names pages or kinds that are not there"):
        open_catalog(folder)


def test_a_table_of_other_articles_is_refused(folder):
    np.save(folder / CATALOG, np.load(folder / CATALOG)[:, :-1])
    with pytest.raises(StoreError, match=r"it holds int32 of shape \(4, 3\)"):
        open_catalog(folder)
