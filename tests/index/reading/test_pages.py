"""Does every line of a page end up in its article, in its role, and at its exact place?

The case pages below were written for these tests. A case names, per article, the roles of its lines in page order, in
the letters of ``_LETTERS``; a line that goes on with a torn sentence is ``+``.
"""

from __future__ import annotations

import re
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from index.chunking import chunk
from index.reading.line_ends import each_line
from index.reading.pages import read_articles, read_layout
from index.reading.source import find_pages, read_page
from index.schema import Kind, Page, Role, Span

_LETTERS = {
    Role.COLUMN: "C",
    Role.KICKER: "K",
    Role.HEADLINE: "H",
    Role.SUBHEAD: "S",
    Role.BYLINE: "Y",
    Role.SECTION: "T",
    Role.BODY: "B",
    Role.CREDIT: "R",
    Role.CONTINUED: "N",
}
_BODY = "白石村的果园今年收了40吨梨，比去年多5吨。"
_MORE = "村里的路也修好了。"
_PICTURE = "\n\n\n\n"  # the end of a line and three blank ones: the room of a picture


def page_of(text):
    return Page("page.txt", text, "utf-8", "0" * 64)


def articles_of(text):
    return read_articles(page_of(text))


def outline(text):
    """Title and roles of every article."""
    return [
        (article.title, "".join("+" if line.joined else _LETTERS[line.role] for line in article.lines))
        for article in articles_of(text)
    ]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        pytest.param(
            # 14 characters over 8: the wordier line stands beside the headline, above it or below it
            f"白石村今年收梨四十吨比去年多\n\n果园丰收梨农欢喜\n\n□本报记者 叶知夏\n\n{_BODY}",
            [("果园丰收梨农欢喜", "KHYB")],
            id="kicker over headline",
        ),
        pytest.param(
            f"果园丰收梨农欢喜\n\n白石村今年收梨四十吨比去年多\n\n□本报记者 叶知夏\n\n{_BODY}",
            [("果园丰收梨农欢喜", "HSYB")],
            id="headline over subhead",
        ),
        pytest.param(
            f"秋天里的白石村\n\n果园丰收梨农欢喜\n\n白石村今年收梨四十吨比去年多\n\n□本报记者 叶知夏\n\n{_BODY}",
            [("果园丰收梨农欢喜", "KHSYB")],
            id="kicker, headline, subhead",
        ),
        pytest.param(
            f"白石村果园丰收\n\n本报讯（记者 叶知夏）{_BODY}\n\n鹿鸣大桥通车\n\n本报讯(记者 秦一舟){_MORE}",
            [("白石村果园丰收", "HB"), ("鹿鸣大桥通车", "HB")],
            id="本报讯 in full-width and in half-width brackets",
        ),
        pytest.param(
            f"白石村果园丰收\n\n本报讯（记者 叶知夏）\n\n{_BODY}",
            [("白石村果园丰收", "HYB")],
            id="本报讯 without text is a byline",
        ),
        pytest.param(
            f"本报讯（记者 叶知夏）{_BODY}\n\n本报讯（记者 秦一舟）{_MORE}",
            [("", "B"), ("", "B")],
            id="a second 本报讯 is a second article, without headlines too",
        ),
        pytest.param(
            f"■端午特刊\n\n白石村果园丰收\n\n□本报记者 叶知夏\n\n{_BODY}",
            [("白石村果园丰收", "CHYB")],
            id="column title over headline",
        ),
        pytest.param(
            f"# 白石村果园丰收\n\n{_BODY}\n\n# 鹿鸣大桥通车\n\n{_MORE}",
            [("白石村果园丰收", "HB"), ("鹿鸣大桥通车", "HB")],
            id="# and # are two headlines",
        ),
        pytest.param(
            f"# 白石村果园丰收\n\n{_BODY}\n\n## 梨是怎样卖的\n\n{_MORE}",
            [("白石村果园丰收", "HBTB")],
            id="## below # is a section head",
        ),
        pytest.param(
            f"# 白石村果园丰收\n\n{_BODY}\n\n## 鹿鸣大桥通车\n\n本报讯（记者 秦一舟）{_MORE}",
            [("白石村果园丰收", "HB"), ("鹿鸣大桥通车", "HB")],
            id="## with 本报讯 below is a headline",
        ),
        pytest.param(
            f"# 白石村果园丰收\n\n{_BODY}\n\n## 鹿鸣大桥通车\n\n{_MORE}\n\n## 青滩镇龙舟赛\n\n"
            f"本报讯（记者 孟春山）{_MORE}",
            [("白石村果园丰收", "HB"), ("鹿鸣大桥通车", "HB"), ("青滩镇龙舟赛", "HB")],
            id="one ## that is a headline makes all of them headlines",
        ),
        pytest.param(
            f"## 白石村果园丰收\n\n{_BODY}\n\n### 梨是怎样卖的\n\n{_MORE}\n\n### 路是怎样修的\n\n{_MORE}",
            [("白石村果园丰收", "HBTBTB")],
            id="### below ## is a section head",
        ),
        pytest.param(
            f"## ■乡镇经验\n\n### 白石村果园丰收\n\n本报讯（记者 叶知夏）{_BODY}\n\n### 鹿鸣大桥通车\n\n{_MORE}",
            [("白石村果园丰收", "CHB"), ("鹿鸣大桥通车", "HB")],
            id="### below a ## column is a headline",
        ),
        pytest.param(
            f"{_MORE}{_PICTURE}白石村果园丰收\n\n村民在树下收梨。通讯员 陆远航 摄影报道",
            [("", "B"), ("白石村果园丰收", "HB")],
            id="a caption with its photographer at the tail",
        ),
        pytest.param(
            f"鹿鸣大桥通车\n\n{_MORE}{_PICTURE}白石村果园丰收",
            [("鹿鸣大桥通车", "HB"), ("白石村果园丰收", "H")],
            id="a headline whose text is lost, below a picture",
        ),
        pytest.param(
            f"鹿鸣大桥通车\n\n{_MORE}\n\n桥是怎样修的\n\n{_BODY}",
            [("鹿鸣大桥通车", "HBTB")],
            id="a heading without any mark is a section head",
        ),
        pytest.param(
            f"鹿鸣大桥通车\n\n{_BODY}\n\n下转3版\n\n白石村果园丰收\n\n{_MORE}",
            [("鹿鸣大桥通车", "HBN"), ("白石村果园丰收", "HB")],
            id="下转 ends its article",
        ),
        pytest.param(
            f"白石村果园丰收\n\n{_BODY}\n\n上接1版\n\n{_MORE}",
            [("白石村果园丰收", "HB"), ("", "NB")],
            id="上接 opens an article",
        ),
        pytest.param(
            f"鹿鸣大桥通车\n\n{_BODY}\n\n（鹿鸣镇建设所）\n\n白石村果园丰收\n\n{_MORE}",
            [("鹿鸣大桥通车", "HBR"), ("白石村果园丰收", "HB")],
            id="a signature in brackets closes its article",
        ),
        pytest.param(
            f"鹿鸣大桥通车\n\n{_BODY}\n\n□本报记者 秦一舟\n\n白石村果园丰收\n\n{_MORE}",
            [("鹿鸣大桥通车", "HBR"), ("白石村果园丰收", "HB")],
            id="a byline below the text is a signature",
        ),
        pytest.param(
            "鹿鸣大桥通车\n\n大桥全长860米，双向四\n\n车道。",
            [("鹿鸣大桥通车", "HB+")],
            id="a sentence torn over a blank line",
        ),
        pytest.param(
            "鹿鸣大桥通车\n\n大桥全长860米，有36盏灯，桥头还有一座图书\n\n白石村果园丰收\n\n馆，也在当天开馆。",
            [("鹿鸣大桥通车", "HB+"), ("白石村果园丰收", "H")],
            id="a sentence torn by another article's headline, with a word across the tear",
        ),
        pytest.param(
            "鹿鸣大桥通车\n\n大桥全长860米，有36盏灯，桥头还有一座图书\n\n白石村果园丰收\n\n馆，也在当天开馆。\n\n"
            f"本报讯（记者 叶知夏）{_BODY}",
            [("鹿鸣大桥通车", "HB+"), ("白石村果园丰收", "HB")],
            id="and the text of that headline follows later",
        ),
        pytest.param(
            "鹿鸣大桥通车\n\n大桥全长860米，双向四\n\n叶知夏 摄\n\n车道。",
            [("鹿鸣大桥通车", "HB+"), ("", "R")],
            id="a sentence torn by a picture's credit",
        ),
        pytest.param(
            f"鹿鸣大桥通车\n\n{_BODY}\n\n图为新桥。叶知夏 摄\n\n{_MORE}",
            [("鹿鸣大桥通车", "HBB"), ("", "B")],
            id="a caption between two paragraphs",
        ),
        pytest.param(
            "鹿鸣大桥通车\n\n大桥全长860米，双向四\n\n近日，全镇的人都来看桥。",
            [("鹿鸣大桥通车", "HBB")],
            id="text is missing: a line that can only begin a sentence is not joined",
        ),
        pytest.param(
            "鹿鸣大桥通车\n\n大桥全长860米，双向四\n\n12\n\n车道。",
            [("鹿鸣大桥通车", "HB+")],
            id="a page number does not keep a sentence apart",
        ),
        pytest.param(
            "鹿鸣大桥通车\n\n大桥动工以前，这里的渡口用了很多年，直到2\n\n025年才停用。",
            [("鹿鸣大桥通车", "HB+")],
            id="a number torn in two",
        ),
        pytest.param(
            "鹿鸣大桥通车\n\n大桥动工以前，这里的渡口用了很多年，编号12\n\n2025年，渡口停用。",
            [("鹿鸣大桥通车", "HBB")],
            id="two numbers are not one",
        ),
        pytest.param(
            f"鹿鸣大桥通车\n\n{_BODY}\n\n■桥是怎样修的\n\n{_MORE}",
            [("鹿鸣大桥通车", "HBTB")],
            id="a marked line alone in the text is a section head",
        ),
        pytest.param(
            f"■乡村简讯\n\n白石村果园丰收\n\n{_BODY}\n\n鹿鸣大桥通车\n\n{_MORE}",
            [("白石村果园丰收", "CHB"), ("鹿鸣大桥通车", "HB")],
            id="below a column of briefs each heading is a headline",
        ),
        pytest.param(
            f"鹿鸣大桥通车\n\n{_BODY}\n\n关于封闭养护的通告\n\n{_MORE}\n\n青滩镇交通站\n\n2031年4月8日",
            [("鹿鸣大桥通车", "HB"), ("关于封闭养护的通告", "HBRR")],
            id="a notice with its signature and date",
        ),
        pytest.param(
            f"鹿鸣大桥通车\n\n本报讯（记者 秦一舟）{_BODY}\n\n白石村果园丰收\n\n{_MORE}\n\n摘自《青滩晚报》",
            [("鹿鸣大桥通车", "HB"), ("白石村果园丰收", "HBR")],
            id="a part with a source of its own is an article",
        ),
        pytest.param(
            f"鹿鸣大桥通车\n\n大桥全长860米，双向四{_PICTURE}车道，桥上有36盏灯。",
            [("鹿鸣大桥通车", "HB+")],
            id="a sentence torn by a picture",
        ),
        pytest.param(
            "鹿鸣大桥通车\n\n大桥全长860米，是全镇第一座跨江的桥，从\n\n桥是怎样修的\n\n东岸到西岸只要两分钟。",
            [("鹿鸣大桥通车", "HTB+")],
            id="a sentence torn by its own section head is joined, and the head is read before it",
        ),
        pytest.param(
            "鹿鸣大桥通车\n\n大桥全长860米，是全镇第一座跨江的桥，从\n\n桥是怎样修的\n\n大桥修了三年。",
            [("鹿鸣大桥通车", "HBTB")],
            id="a sentence is not joined to what the head below it announces",
        ),
        pytest.param(
            "鹿鸣大桥通车\n\n大桥全长860米，是全镇第一座跨江的桥，\n\n桥是怎样修的\n\n东岸的山很高。",
            [("鹿鸣大桥通车", "HBTB")],
            id="a sentence that ends with a comma is not joined to what may begin a sentence",
        ),
        pytest.param(
            "鹿鸣大桥通车\n\n大桥的工程师们用了新的软件，叫作Bridge\n\nBuilder，画图更快了。",
            [("鹿鸣大桥通车", "HBB")],
            id="between Latin letters a space may be missing: not joined",
        ),
        pytest.param(
            "鹿鸣大桥通车\n\n大桥的工程师们用了新的软件，叫作Bridge\n\n画图更快了。",
            [("鹿鸣大桥通车", "HB+")],
            id="between Latin and Chinese nothing is missing: joined",
        ),
    ],
)
def test_forms(text, expected):
    assert outline(text) == expected


def test_everything_that_is_told_of_an_article():
    text = f"■乡村\n\n果园丰收\n\n白石村今年收了四十吨梨\n\n□本报记者 叶知夏\n\n{_BODY}\n\n（白石村）\n"
    (article,) = articles_of(text)
    assert article.article_id == "page.txt#1"
    assert article.title == "果园丰收"
    assert article.kicker == ("■乡村",)
    assert article.subhead == ("白石村今年收了四十吨梨",)
    assert article.byline == "□本报记者 叶知夏"
    assert article.kind is Kind.BRIEF
    assert article.date is None
    assert [line.number for line in article.lines] == [1, 3, 5, 7, 9, 11]
    assert article.text == f"■乡村\n果园丰收\n白石村今年收了四十吨梨\n□本报记者 叶知夏\n{_BODY}\n（白石村）"


@pytest.mark.parametrize(
    ("text", "kind", "byline"),
    [
        (f"果园丰收\n\n本报讯（记者 叶知夏）{_BODY}", Kind.BRIEF, "（记者 叶知夏）"),
        # 33 times 10 characters of text are a brief (at most 330), one character more is news
        ("果园丰收\n\n" + "梨树开花结果收获快乐。"[1:] * 33, Kind.BRIEF, ""),
        ("果园丰收\n\n" + "梨" + "梨树开花结果收获快乐。"[1:] * 33, Kind.NEWS, ""),
        ("果园丰收\n\n村民在收梨。通讯员 陆远航 摄影报道", Kind.CAPTION, "通讯员 陆远航 摄影报道"),
        ("果园丰收\n\n村民在收梨。\n\n摄影：陆远航", Kind.CAPTION, "摄影：陆远航"),
        ("果园丰收\n\n摄影：陆远航", Kind.CAPTION, "摄影：陆远航"),
        ("果园丰收", Kind.HEADLINE, ""),
        (f"果园丰收\n\n{_BODY}\n\n转自《青滩晚报》", Kind.BRIEF, ""),  # where it was printed is not who wrote it
        (f"果园丰收\n\n{_BODY}\n\n（白石村）", Kind.BRIEF, "（白石村）"),
        ("果园丰收\n\n" + "梨树开花结果收获快乐。"[1:] * 34 + "\n\n（白石村）", Kind.OPINION, "（白石村）"),
        (f"【果园时评】\n果园丰收\n\n{_BODY}", Kind.OPINION, ""),
        (f"果园丰收\n\n□本报评论员\n\n{_BODY}", Kind.OPINION, "□本报评论员"),
        (f"上接1版\n\n果园丰收\n\n{_BODY}", Kind.CONTINUATION, ""),
        ("图为村民在收梨。", Kind.CAPTION, ""),
    ],
)
def test_kind_and_byline(text, kind, byline):
    (article,) = articles_of(text)
    assert (article.kind, article.byline) == (kind, byline)


def test_mended_text_and_its_exact_places():
    text = "鹿鸣大桥通车\r\n\r\n大桥全长860米，双向四\r\n\r\n  车道。\r\n"
    page = page_of(text)
    (article,) = read_articles(page)
    # Headline: 6 characters, at 0. CR LF CR LF: 6-9. First body line: 12 characters at 10. Then CR LF CR LF at 22-25,
    # two spaces at 26-27, and 车道。 at 28. In the article's text a line break stands at 6, and nothing at the tear.
    assert article.text == "鹿鸣大桥通车\n大桥全长860米，双向四车道。"
    assert [(s.start, s.page_start, s.length, s.line) for s in article.segments] == [
        (0, 0, 6, 1),
        (7, 10, 12, 3),
        (19, 28, 3, 5),
    ]
    torn = article.text.index("双向")
    assert torn == 16
    assert article.spans(torn, len(article.text)) == (Span(19, 22), Span(28, 31))
    assert [text[span.start : span.end] for span in article.spans(torn, len(article.text))] == ["双向四", "车道。"]
    assert article.line_range(torn, len(article.text)) == (3, 5)
    assert article.line_range(0, 3) == (1, 1)
    assert article.line_range(19, 20) == (5, 5)


def test_a_range_without_a_character_of_the_page_has_no_lines():
    (article,) = articles_of("鹿鸣大桥通车\n\n大桥全长860米。")
    assert article.spans(6, 7) == ()  # the line break that reading added
    with pytest.raises(ValueError, match=r"page\.txt#1: no line of the page stands in \[6, 7\)"):
        article.line_range(6, 7)


_FORMS = [
    "果园丰收",
    "# 果园丰收",
    "## 梨是怎样卖的",
    "### ■乡镇经验",
    "#### 路是怎样修的",
    "■端午特刊",
    "□本报记者 叶知夏",
    "本报讯（记者 江小禾）昨天，图书馆开馆。",
    "本报讯 (记者 江小禾)",
    "新华社柳河3月5日电 昨天开馆。",
    _BODY,
    "大桥全长860米，双向四",
    "车道，桥上有36盏灯，叫作Bridge",
    "Builder，从东岸到西岸",
    "“书是居民选的。”馆长说。",
    "（青滩镇文化站）",
    "摄影：叶知夏",
    "下转3版",
    "上接1版",
    "\u3000\u3000　梨，",
    "#",
    "。",
    "\ufeff",
    "甲\x0c乙",
    "**果园丰收**",
    "青滩日报 2031年4月8日 星期二",
    "03版 要闻",
    "责任编辑：江小禾",
    "——————",
    "图为村民在收梨。 叶知夏 摄",
    "叶知夏 摄",
    "大桥的工程师用的图",
    "纸一共有四十张。",
    "　　村里的路也修好了，从东岸到西岸",
    "只要两分钟，孩子们都走这条路上学。",
    "村名|户数|分红",
    "白石村|312|96",
    "■乡镇简讯",
    "关于封路的通告",
    "2031年4月8日",
    "谁来守护老桥？",
    "（上接1版）",
]
_GENERATED = st.lists(
    st.tuples(
        st.sampled_from([*_FORMS, "", " \t\u3000"]),
        st.sampled_from(["\n", "\r\n", "\r", "\n\n", "\r\n\r\n\r\n\r\n", "\n\n\n\n\n"]),
    ),
    max_size=14,
).map(lambda parts: "".join(line + end for line, end in parts))


def assert_read_without_loss(page):
    """Each non-blank line in exactly one article or left over; each segment exact; no character lost or added."""
    layout = read_layout(page)
    articles = layout.articles
    lines = sorted(
        [*(line for article in articles for line in article.lines), *layout.leftovers], key=lambda line: line.number
    )
    raw = [(number, page.text[start:end]) for number, start, end in each_line(page.text)]
    visible = [(number, text.strip()) for number, text in raw if text.strip()]
    assert [(line.number, page.text[line.span.start : line.span.end]) for line in lines] == visible
    assert len({article.article_id for article in articles}) == len(articles)
    assert [article.lines[0].number for article in articles] == sorted(a.lines[0].number for a in articles)
    for article in articles:
        running = [line.number for line in article.lines if line.role is not Role.SECTION]
        assert running == sorted(running)  # a section head may be read before the sentence that it stands in
        for line, segment in zip(article.lines, article.segments, strict=True):
            standing = page.text[segment.page_start : segment.page_start + segment.length]
            assert article.text[segment.start : segment.start + segment.length] == standing
            bare = re.sub(r"^#{1,6}\s+", "", page.text[line.span.start : line.span.end])
            assert standing in (bare, bare[2:-2])  # without the asterisks of bold type
            assert segment.line == line.number
        # Between two segments stands one added line break, or nothing where a sentence was mended.
        ends = [segment.start + segment.length for segment in article.segments]
        breaks = [article.text[end : after.start] for end, after in zip(ends, article.segments[1:], strict=False)]
        assert breaks == ["" if line.joined else "\n" for line in article.lines[1:]]
        assert article.segments[0].start == 0
        assert ends[-1] == len(article.text)
        places = article.spans(0, len(article.text))
        assert "".join(page.text[p.start : p.end] for p in places) == article.text.replace("\n", "")
        numbers = [line.number for line in article.lines]
        assert article.lines[0].number == min(numbers)
        assert article.line_range(0, len(article.text)) == (min(numbers), max(numbers))


@given(_GENERATED)
def test_no_line_is_lost_and_every_segment_is_exact(text):
    assert_read_without_loss(page_of(text))


@given(_GENERATED)
def test_only_text_is_joined_to_text_and_a_title_is_one_line(text):
    for article in articles_of(text):
        roles = [line.role for line in article.lines]
        assert roles.count(Role.HEADLINE) <= 1
        assert bool(article.title) == (Role.HEADLINE in roles)
        assert not article.lines[0].joined
        for before, line in zip(article.lines, article.lines[1:], strict=False):
            assert not line.joined or before.role is line.role is Role.BODY


@given(text=_GENERATED, ends=st.sampled_from(["\r\n", "\r"]))
def test_line_ends_do_not_change_what_is_read(text, ends):
    plain = re.sub(r"\r\n|\r", "\n", text)
    other = plain.replace("\n", ends)
    assert [(a.title, a.text, a.kind) for a in articles_of(plain)] == [
        (a.title, a.text, a.kind) for a in articles_of(other)
    ]


def test_a_blank_page_holds_no_article():
    assert articles_of("\n \r\n\u3000") == []


@pytest.mark.parametrize("name", ["liuhe.txt", "qingtan.txt", "shanqian.txt"])
def test_the_test_pages_are_read_without_loss(pages_folder, name):
    assert_read_without_loss(read_page(pages_folder / name))


def test_the_seed_pages_are_read_without_loss(seeds_folder):
    for name, file in find_pages(seeds_folder):
        assert_read_without_loss(read_page(file, name))


def test_what_breaks_off_is_marked_and_what_goes_on_is_not():
    text = "鹿鸣大桥通车\n\n大桥全长860米，双向四\n\n车道，桥上有\n\n桥是怎样修的\n\n修了三年，\n\n下转3版"
    (article,) = articles_of(text)
    assert [line.number for line in article.lines if line.broken] == [5, 9]
    assert [line.number for line in article.lines if line.joined] == [5]


def test_indents_tell_a_new_paragraph_from_a_torn_one():
    torn = "鹿鸣大桥通车\n\n　　大桥全长860米，双向四\n\n车道。\n\n　　村里的路也修好了，从\n\n　　村民都来看。"
    (article,) = articles_of(torn)
    assert [(line.joined, line.broken) for line in article.lines[1:]] == [
        (False, False),
        (True, False),
        (False, True),
        (False, False),
    ]


def test_every_decision_is_noted_with_its_reason():
    layout = read_layout(page_of("鹿鸣大桥通车\n\n大桥全长860米，双向四\n\n车道。\n\n果园丰收\n\n本报讯 梨熟了。"))
    assert [(note.number, note.what, note.doubtful) for note in layout.notes] == [
        (5, "与第 3 行的断句接上：…860米，双向四｜车道。…", False),
        (7, "另起一篇：标题下有署名或电头", False),
    ]


@pytest.mark.parametrize(
    "unit",
    [
        f"{_BODY}\n\n",
        "果园丰收\n\n村里的路修好了，从东岸到西岸只要两分钟。\n\n",
        "果园丰收\n\n本报讯（记者 叶知夏）村里的路修好了。\n\n",
        "图为村里的路。叶知夏 摄\n\n村里的路修好了，从东岸到西岸，只要两分钟。\n\n",
        "# 甲乙丙\n\n## 丁戊己\n\n路修好了。\n\n",
        "村里的路修好了，从东岸到西岸只要两分钟，孩子们都走这\n\n",
        "村名|户数|分红\n",
        "“村里的路，",
        "  | ",
    ],
)
def test_reading_takes_time_in_proportion_to_the_page(unit):
    """Eight times the page may take forty times the time (clocks are rough), not sixty-four."""

    def seconds(times):
        text = unit * times
        start = time.process_time()
        for article in articles_of(text):
            chunk(article, 240)
        return time.process_time() - start

    seconds(10)
    small = max(min(seconds(300) for _ in range(3)), 0.01)
    assert min(seconds(2400) for _ in range(2)) < 40 * small
