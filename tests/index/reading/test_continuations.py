"""Are the parts of an article that goes on from page to page linked, where the pages show it, and only there?"""

from __future__ import annotations

from pathlib import Path

import pytest

from index.reading.continuations import Linker
from index.reading.pages import read_layout, read_layouts
from index.reading.source import read_page
from index.schema import Page
from index.store.opened import search_text

_LAYOUTS = Path(__file__).parents[2] / "data" / "layouts"

FRONT = "松门日报 2033年6月18日 第{own}版\n\n# {title}\n\n本报讯 {body}\n\n（下转第{to}版）"
INSIDE = "松门日报 2033年6月18日 第{own}版\n\n（上接第{of}版）\n\n{title}\n\n{body}"


def read(**pages):
    layouts = read_layouts([Page(f"{name}.txt", text, "utf-8", "") for name, text in pages.items()])
    return [article for layout in layouts for article in layout.articles], layouts


def links(articles):
    return {
        a.article_id: (a.continues and a.continues.article_id, a.continued_by and a.continued_by.article_id)
        for a in articles
        if a.continues or a.continued_by
    }


def front(own=1, to=3, title="旧铁路的新生", body="枕木被一根根起出来，做成了长椅，不能用的劈成花"):
    return FRONT.format(own=own, to=to, title=title, body=body)


def inside(own=3, of=1, title="", body="箱，摆在步道两边。步道四十公里。"):
    return INSIDE.format(own=own, of=of, title=title, body=body)


def test_the_two_files_of_the_layouts_are_linked_by_page_and_day():
    pages = [read_page(_LAYOUTS / name) for name in ("front.txt", "inside.txt")]
    one, two = read_layouts(pages)
    link = one.articles[0].continued_by
    assert link
    assert (link.article_id, link.evidence) == ("inside.txt#3", "版次相合")
    assert link.sentence == (
        "施工中，工人们把旧枕木一根根起出来，能用的做成了长椅，不能用的劈开做成了花箱，摆在步道两边。"
    )
    back = two.articles[0].continues
    assert back
    assert (back.article_id, back.headline) == ("front.txt#5", "一条旧铁路的新生")
    # 下转第二版 and 上接第二版: page 2 is not there, so both stay alone, and the report says so.
    assert not any(a.continues or a.continued_by for a in (*one.articles[1:], *two.articles[1:]))
    assert [note.what for note in one.notes if "不在所读的版里" in note.what]


def test_a_link_changes_nothing_else():
    pages = [read_page(_LAYOUTS / name) for name in ("front.txt", "inside.txt")]
    for page, linked in zip(pages, read_layouts(pages), strict=True):
        alone = read_layout(page)
        assert [(a.article_id, a.text, a.lines) for a in alone.articles] == [
            (a.article_id, a.text, a.lines) for a in linked.articles
        ]


def test_the_torn_sentence_is_searched_on_both_sides_and_cited_where_it_stands():
    from index.chunking import chunk

    (left, right), _ = read(a=front(), b=inside())
    sentence = "本报讯 枕木被一根根起出来，做成了长椅，不能用的劈成花箱，摆在步道两边。"
    for article in (left, right):
        for passage in chunk(article, 400):
            assert sentence in search_text(passage, article)
            assert sentence not in passage.text
    assert search_text(chunk(right, 400)[0], right).startswith("旧铁路的新生\n")


def test_the_line_at_the_break_is_marked_as_broken():
    (left, _), _ = read(a=front(), b=inside())
    assert [line.number for line in left.lines if line.broken] == [5]


def test_the_word_across_the_break_is_evidence():
    (left, _), _ = read(a=front(body="天天有人去看书，最喜欢图书"), b=inside(body="馆的窗边。窗外是河。"))
    assert left.continued_by
    assert left.continued_by.evidence == "版次相合，断开的词相接"


@pytest.mark.parametrize(
    ("one", "two"),
    [
        (front(to=4), inside()),  # the mark names another page
        (front(), inside(of=2)),
        (front(), inside().replace("18日", "19日")),  # another day
        (
            "# 旧铁路\n\n枕木做成了长椅，不能用的\n\n（下转3版）",
            "（上接1版）\n\n劈成花箱，摆在步道两边。",
        ),  # no page number
    ],
)
def test_what_does_not_fit_is_not_linked(one, two):
    articles, layouts = read(a=one, b=two)
    assert links(articles) == {}
    assert all(any("不能确定" in note.what and note.doubtful for note in layout.notes) for layout in layouts)


def test_the_headline_is_enough_where_no_page_number_is_known():
    left = "# 旧铁路的新生\n\n枕木做成了长椅，不能用的\n\n（下转3版）"
    right = "（上接1版《旧铁路的新生》）\n\n劈成花箱，摆在步道两边。"
    assert links(read(a=left, b=right)[0]) == {"a.txt#1": (None, "b.txt#1"), "b.txt#1": ("a.txt#1", None)}


def test_the_page_number_may_stand_in_the_name_of_the_file():
    left = "# 旧铁路的新生\n\n枕木做成了长椅，不能用的\n\n（下转3版）"
    right = "（上接1版）\n\n劈成花箱，摆在步道两边。"
    pages = {"2033-06-18_01": left, "2033-06-18_03": right}
    assert len(links(read(**pages)[0])) == 2
    assert links(read(**{"2033-06-18_01": left, "2033-06-19_03": right})[0]) == {}


def test_two_continuations_on_one_page_are_told_apart_by_their_headlines():
    one = front(title="旧铁路的新生") + "\n\n" + front(title="柳河汛期值守").split("\n\n", 1)[1]
    two = inside(title="### 柳河汛期值守") + "\n\n" + inside(title="### 旧铁路的新生").split("\n\n", 1)[1]
    articles, _ = read(a=one, b=two)
    titles = {a.article_id: a.title for a in articles}
    assert {titles[name]: titles[by] for name, (_, by) in links(articles).items() if by} == {
        "旧铁路的新生": "旧铁路的新生",
        "柳河汛期值守": "柳河汛期值守",
    }


def test_two_that_fit_equally_well_are_not_linked():
    two = inside(body="甲甲。") + "\n\n" + inside(body="乙乙。").split("\n\n", 1)[1]
    assert links(read(a=front(body="丙丙，"), b=two)[0]) == {}


def test_a_mark_inside_the_line_of_the_text():
    left = front().replace("\n\n（下转", "（下转")
    right = inside().replace("）\n\n\n\n", "）")
    (one, two), _ = read(a=left, b=right)
    assert one.continued_by
    assert one.continued_by.article_id == two.article_id
    assert one.continued_by.sentence.endswith("不能用的劈成花箱，摆在步道两边。")
    assert two.kind == "continuation"


def test_pages_of_different_folders_are_linked_by_their_day_only():
    left, right = front(), inside()
    pages = [Page("x/a.txt", left, "utf-8", ""), Page("y/b.txt", right, "utf-8", "")]
    assert read_layouts(pages)[0].articles[0].continued_by
    pages = [Page(p.file, p.text.replace("2033年6月18日 ", ""), "utf-8", "") for p in pages]
    assert read_layouts(pages)[0].articles[0].continued_by is None


def test_pages_that_are_looked_at_one_by_one_are_linked_as_all_at_once():
    pages = [
        Page(f"{name}.txt", text, "utf-8", "")
        for name, text in {"a": front(), "x": "果园丰收。", "b": inside()}.items()
    ]
    linker = Linker()
    for page in pages:
        linker.look(page, read_layout(page))
    expected = {
        a.article_id: a for layout in read_layouts(pages) for a in layout.articles if a.continues or a.continued_by
    }
    assert linker.linked() == expected
    assert sorted(expected) == ["a.txt#3", "b.txt#3"]


def test_where_nothing_goes_on_nothing_is_linked():
    page = Page("x.txt", "果园丰收。", "utf-8", "")
    layout = read_layout(page)
    linker = Linker()
    linker.look(page, layout)
    assert linker.linked() == {}
    assert linker.link([layout]) == [layout]
    assert Linker().linked() == {}
