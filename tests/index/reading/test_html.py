"""Does a web page come out as a browser shows it, and do only its articles become articles?"""

from __future__ import annotations

import html as escaping
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from index.errors import SourceError
from index.reading.html import read_document, read_html
from index.reading.pages import read_layout
from index.reading.source import read_page
from index.schema import DateSource, Page, Role

_HTML = """<html><head><title>不要</title><meta charset="{charset}"><script>var 不要;</script></head><body>
<h1>鹿鸣大桥<b>通车</b></h1><!-- 不要 -->
<p>本报讯（记者 秦一舟）大桥全长860米，
双向四车道。</p><p>从东岸到西岸<br>只要两分钟。</p>
<table><tr><th>桥</th><th>长</th><th>宽</th></tr><tr><td>新桥</td><td>860</td><td>20</td></tr></table>
</body></html>"""
_STORY = "<p>本报讯（记者 何岸）码头昨日启用，可停船四十艘，投资六千万元。</p>"


def page_of(body, head=""):
    source = f'<html><head><meta charset="utf-8">{head}</head><body>{body}</body></html>'
    decoded = read_html(source.encode(), "page.html", None)
    return Page(
        "page.html", decoded.text, decoded.encoding, "", date=decoded.date, aside=decoded.aside, notes=decoded.notes
    )


def layout_of(body, head=""):
    return read_layout(page_of(body, head))


def lines_of(body, head=""):
    return page_of(body, head).text.split("\n")[:-1]


@pytest.mark.parametrize("charset", ["utf-8", "gb18030"])
def test_html(tmp_path, charset):
    (tmp_path / "page.html").write_bytes(_HTML.format(charset=charset).encode(charset))
    page = read_page(tmp_path / "page.html")
    assert page.encoding == charset
    assert page.encoding_why == "网页声明"
    assert "不要" not in page.text
    (article,) = read_layout(page).articles
    assert (article.title, article.byline) == ("鹿鸣大桥通车", "（记者 秦一舟）")
    assert "大桥全长860米， 双向四车道。" in article.text
    assert [line.role for line in article.lines][-2:] == [Role.TABLE, Role.TABLE]
    assert "新桥 | 860 | 20" in article.text


@pytest.mark.parametrize(("charset", "named"), [("big5", "utf-8"), ("rot13", "utf-8"), ("iso-8859-1", "utf-8")])
def test_html_that_lies_about_its_encoding(tmp_path, charset, named):
    (tmp_path / "page.htm").write_bytes(_HTML.format(charset=charset).encode("utf-8"))
    page = read_page(tmp_path / "page.htm")
    assert page.encoding == named
    assert "鹿鸣大桥通车" in page.text


# The headline.


@pytest.mark.parametrize(
    ("title", "body", "headline"),
    [
        ("渔业码头启用_河湾日报", _STORY, "渔业码头启用"),
        ("渔业码头启用 - 河湾日报", _STORY, "渔业码头启用"),
        ("渔业码头启用-河湾新闻网", _STORY, "渔业码头启用"),
        ("渔业码头启用|要闻|河湾日报", _STORY, "渔业码头启用"),
        ("渔业码头启用——河湾日报", _STORY, "渔业码头启用"),
        ("中国-东盟渔业码头启用", _STORY, "中国-东盟渔业码头启用"),
        ("渔业码头启用_河湾日报", f"<div class=t>渔业码头启用</div>{_STORY}", "渔业码头启用"),
        ("渔业码头启用", f"<h1>码头 迎来渔船</h1>{_STORY}", "码头 迎来渔船"),
        ("渔业码头启用", f"{_STORY}<h4>背景</h4><p>码头建于去年。</p>", "渔业码头启用"),
        ("无标题文档", f"<h2>码头启用</h2>{_STORY}", "码头启用"),
        ("渔业码头启用", f"<nav><h2>频道</h2><a>要闻</a></nav>{_STORY}", "渔业码头启用"),
    ],
)
def test_the_headline(title, body, headline):
    (article,) = layout_of(body, f"<title>{title}</title>").articles
    assert article.title == headline
    assert article.text.count(headline) == 1


def test_the_title_of_a_government_page_stands_in_its_meta():
    head = '<title>县政府网</title><meta name="ArticleTitle" content="码头启用"><meta name="PubDate" content="2025-12-30 16:00">'  # noqa: E501
    (article,) = layout_of(_STORY, head).articles
    assert (article.title, article.date, article.date_source) == ("码头启用", "2025-12-30", DateSource.GIVEN)


# The date.


@pytest.mark.parametrize(
    "head",
    [
        '<meta property="article:published_time" content="2025-12-30T08:15:00+08:00">',
        '<meta name="publishdate" content="2025年12月30日">',
        '<meta itemprop="datePublished" content="2025-12-30">',
        '<script type="application/ld+json">{"@type":"NewsArticle","datePublished": "2025-12-30T08:00"}</script>',
        '<meta name="DC.date.issued" content="20251230">',
    ],
)
def test_a_date_beside_the_text(head):
    (article,) = layout_of(f"<h1>码头启用</h1>{_STORY}", head).articles
    assert (article.date, article.date_source) == ("2025-12-30", DateSource.GIVEN)


@pytest.mark.parametrize(
    "line",
    [
        '<time datetime="2025-12-30T08:15">昨天</time>',
        "<time>2025年12月30日</time>",
        "<div>2025-12-30 08:15　来源：河湾日报</div>",
        "<p>发布时间：2025-12-30</p>",
    ],
)
def test_a_date_in_the_text(line):
    (article,) = layout_of(f"<h1>码头启用</h1>{line}{_STORY}").articles
    assert article.date == "2025-12-30"


def test_a_date_in_a_comment_or_a_list_is_not_that_of_the_page():
    layout = layout_of(
        f"<h1>码头启用</h1>{_STORY}<div class=comments><p>2020年1月2日 张三：好</p><time>2020-01-02</time></div>"
        "<footer>版权所有 2019年1月1日</footer>"
    )
    assert [article.date for article in layout.articles] == [None]


# What is not shown.


@pytest.mark.parametrize(
    "unseen",
    [
        "<p hidden>博彩贷款</p>",
        '<p style="color:red; DISPLAY : none">博彩贷款</p>',
        '<span style="visibility:hidden">博彩贷款</span>',
        '<div class="a trap"><p>博彩贷款</p></div>',
        "<div id=hole>博彩贷款</div>",
        "<template>博彩贷款</template>",
        "<noscript>博彩贷款</noscript>",
        "<dialog>博彩贷款</dialog>",
        "<svg><title>博彩贷款</title></svg>",
        "<select><option>博彩贷款</option></select>",
        "<textarea>博彩贷款</textarea>",
        "<!-- 博彩贷款 -->",
        "<script>博彩贷款</script>",
        '<table><tr><td>甲</td><td style="display:none">博彩贷款</td><td>乙</td></tr></table>',
    ],
)
def test_what_is_hidden_is_not_read(unseen):
    head = "<style>.trap, #hole { display:none }</style>"
    page = page_of(f"<h1>码头启用</h1>{unseen}{_STORY}", head)
    assert "贷款" not in page.text
    assert "四十艘" in page.text
    hidden = bool(re.search("hidden|(?i:display *:)|trap|hole|dialog", unseen))
    assert [note.what for note in page.notes] == ["隐藏的文字 4 字未读"] * hidden


@pytest.mark.parametrize(
    "style",
    [
        "@media print { .tab { display: none } }",
        ".tab { display: none } .tab.active { display: block }",  # a script shows it
        "/* .tab { display: none } */",
        ".other .tab { display: none }",  # not everywhere
    ],
)
def test_what_may_be_shown_is_read(style):
    assert "四十艘" in page_of(f'<div class="tab">{_STORY}</div>', f"<style>{style}</style>").text


def test_a_page_that_hides_itself_while_it_loads_is_read():
    assert "四十艘" in read_document(f'<html><body style="visibility:hidden">{_STORY}</body></html>', "x").rows[0].text


@pytest.mark.parametrize(
    "word",
    [
        "<ruby>饕<rp>(</rp><rt>tāo</rt><rp>)</rp>餮<rp>(</rp><rt>tiè</rt><rp>)</rp></ruby>纹",
        "<ruby><rb>饕</rb><rb>餮</rb><rt>tāo</rt><rt>tiè</rt></ruby>纹",
        "<ruby>饕餮<rtc><rt>tāo tiè</rt></rtc></ruby>纹",
    ],
)
def test_readings_stand_apart_from_the_word(word):
    page = page_of(f"<p>展出{word}铜鼎一件。</p>")
    assert page.text.strip() == "展出饕餮纹铜鼎一件。"
    assert [note.what for note in page.notes] == ["注音 6 字未读"]  # tāo and tiè are six letters


# What belongs to no article.


@pytest.mark.parametrize(
    ("body", "why"),
    [
        ("<nav><a href=#>首页新闻</a> <a href=#>要闻</a></nav>", "导航"),
        ("<div role=navigation>首页新闻</div>", "导航"),
        ("<ul><li><a href=#>首页新闻</a><li><a href=#>要闻</a><li><a href=#>体育</a></ul>", "链接列表"),
        ("<h3>热门新闻</h3><ul><li>首页新闻一条</li><li>又一条新闻</li></ul>", "链接列表"),
        ('<div class="hot"><h3>热门</h3><p><a>首页新闻</a></p><p><a>二</a></p><p><a>三</a></p></div>', "链接列表"),
        ("<div>相关阅读</div><ul><li>首页新闻</li></ul>", "链接列表"),
        ("<div id=comments><p>首页新闻，张三：好！</p></div>", "评论"),
        ("<h2>网友评论</h2><p>首页新闻：码头真好，我要去看看。</p><div>李四：我也去。</div>", "评论"),
        ("<aside>首页新闻，今天多云。</aside>", "边栏"),
        ("<footer>首页新闻 版权所有</footer>", "网站页脚"),
        ("<button>首页新闻</button>", "按钮"),
    ],
)
@pytest.mark.parametrize("first", [True, False])
def test_menus_comments_and_lists_of_links_are_left_over(body, why, first):
    story = f"<h1>码头启用</h1>{_STORY}"
    layout = layout_of(body + story if first else story + body)
    assert [article.title for article in layout.articles] == ["码头启用"]
    assert "首页" not in layout.articles[0].text
    assert {leftover.why for leftover in layout.leftovers} == {why}


@pytest.mark.parametrize(
    "body",
    [
        "<h2>评论</h2><p>码头该不该收费？本报评论员认为，公益设施应当免费开放，让渔民得到实惠。</p>",  # a column
        "<ul><li>东河乡粮食增产一成。</li><li>西岭乡粮食减产一成。</li></ul>",
        "<h3>今日新闻</h3><ul><li>东河乡粮食增产一成。</li></ul>",
        "<p>见<a href=#>公告</a>、<a href=#>附件</a>和<a href=#>名单</a>，报名从明日开始，额满为止。</p>",
        "<article><h1>码头启用</h1><footer>东河乡粮食增产</footer></article>",
        '<div class="comments-off main">东河乡粮食增产一成。<h1>码头启用</h1></div>',
        "<table><tr><td><a>第一条</a></td><td>东河乡粮食增产一成，西岭乡粮食减产一成。</td></tr></table>",
    ],
)
def test_what_only_resembles_them_is_read(body):
    assert not layout_of(f"{_STORY}{body}").leftovers


def test_a_page_of_links_is_a_page():
    body = "".join(f"<li><a href=#>{name}村通了公交</a></li>" for name in "甲乙丙丁")
    layout = layout_of(f"<ul>{body}</ul>")
    assert not layout.leftovers
    assert "甲村通了公交" in layout.articles[0].text


# Lines and tables.


def test_breaks_and_preformatted_lines_are_lines():
    assert lines_of("<p>山高水长<br>云淡风轻<br><br>又一节</p><pre>首班  6:30\n末班  21:00</pre>") == [
        *("山高水长", "云淡风轻", "", "又一节", "", "首班  6:30", "末班  21:00")
    ]


def test_a_break_in_a_headline_is_a_space():
    assert lines_of("<h1>码头启用<br>渔船进港</h1>")[0] == "# 码头启用 渔船进港"


@pytest.mark.parametrize(
    ("table", "rows"),
    [
        (
            "<tr><th>区域<th>乡镇<th>产量</tr><tr><td rowspan=2>北片<td>东河乡<td>1200</tr><tr><td>西岭乡<td>900</tr>",
            ["区域 | 乡镇 | 产量", "北片 | 东河乡 | 1200", "北片 | 西岭乡 | 900"],
        ),
        (
            "<tr><th rowspan=2>乡镇<th colspan=2>产量</tr><tr><th>去年<th>今年</tr><tr><td>东河乡<td>1<td>2</tr>",
            ["乡镇 | 产量 | 产量", "乡镇 | 去年 | 今年", "东河乡 | 1 | 2"],
        ),
        (  # a column that ends above two others, and one in the middle that reaches down
            "<tr><td>甲<td rowspan=3>乙<td>丙</tr><tr><td>丁<td>戊</tr><tr><td>己<td>庚</tr><tr><td>辛<td>壬<td>癸</tr>",  # noqa: E501
            ["甲 | 乙 | 丙", "丁 | 乙 | 戊", "己 | 乙 | 庚", "辛 | 壬 | 癸"],
        ),
        (
            "<caption>产量表</caption><tr><td colspan=2>单位：吨</tr><tr><td>东河乡<td>1200</tr>",
            ["产量表", "单位：吨", "东河乡 | 1200"],
        ),
        ("<tr><td rowspan=0>甲<td>乙</tr><tr><td>丙</tr>", ["甲 | 乙", "甲 | 丙"]),  # down to the end
        ("<tr><td colspan=x>甲<td rowspan=-1>乙</tr>", ["甲 | 乙"]),
        ("<tr><td>甲<td></td><td>丙</tr>", ["甲 |  | 丙"]),
        ("<tr><td><p>甲</p><p>子</p><td>乙<br>丑</tr>", ["甲 子 | 乙 丑"]),
    ],
)
def test_tables(table, rows):
    assert [line for line in lines_of(f"<table>{table}</table>") if line] == rows


def test_a_span_beyond_reason_ends_soon():
    (line,) = lines_of("<table><tr><td colspan=30000000>甲</td><td rowspan=30000000>乙</td></tr></table>")
    assert 100 <= line.count("甲") + line.count("乙") <= 1001


def test_a_table_that_lays_out_the_page_is_read_column_by_column():
    left = "<td><p>本报讯 码头昨日启用。</p><table><tr><td>船</td><td>40</td></tr></table></td>"
    body = f"<table><tr>{left}<td><h1>渡口停运</h1><p>渡口今日停运。</p></td></tr></table>"
    assert [line for line in lines_of(body) if line] == [
        "本报讯 码头昨日启用。",
        "船 | 40",
        "# 渡口停运",
        "渡口今日停运。",
    ]


def test_text_that_stands_in_a_table_but_in_no_cell_is_read():
    text = page_of("<table><tr>东河乡<td>1200</td><td>900</td></tr></table>").text
    assert sorted(re.sub(r"[\s|]", "", text)) == sorted("东河乡1200900")


@pytest.mark.parametrize("depth", [300, 3000, 100_000])
def test_deep_nesting_is_not_empty(depth):
    assert lines_of("<div>" * depth + "码头启用。" + "</div>" * depth + "<p>渡口停运。</p>") == [
        "码头启用。",
        "",
        "渡口停运。",
    ]


def test_an_odd_character_costs_no_page(tmp_path):
    (tmp_path / "page.html").write_bytes("<h1>码头启用</h1><p>何\ue83b说：\x08可停船四十艘。</p>".encode())
    page = read_page(tmp_path / "page.html")
    assert "何\ue83b说：\x08可停船四十艘。" in page.text
    assert [note.number for note in page.notes] == [3, 3]


def test_nothing_in_it(tmp_path):
    (tmp_path / "page.html").write_bytes(b"<html><head><title>x</title></head><body><script>1</script></body></html>")
    with pytest.raises(SourceError, match=r"page\.html is empty"):
        read_page(tmp_path / "page.html")


# Every visible character once.

_TEXT = st.text(alphabet="甲乙丙丁，。一二A0", min_size=1, max_size=12)
_INLINE = st.sampled_from(["b", "span", "a", "em", "font", "u"])
_BLOCK = st.sampled_from(["p", "div", "h2", "li", "blockquote", "section", "center", "nav", "aside", "td", "dt", "pre"])


def _wrapped(children):
    inner = st.lists(children, min_size=1, max_size=4).map("".join)
    return st.one_of(
        st.tuples(_INLINE, inner).map(lambda each: f"<{each[0]}>{each[1]}</{each[0]}>"),
        st.tuples(_BLOCK, inner).map(lambda each: f"<{each[0]}>{each[1]}</{each[0]}>"),
        inner.map(lambda each: f"<table><tr><td>{each}</td><td>甲</td></tr></table>"),
        inner.map(lambda each: f"<p hidden>{escaping.escape('隐')}{each}</p>"),
        inner.map(lambda each: f"{each}<br>"),
    )


@given(st.recursive(_TEXT, _wrapped, max_leaves=20))
def test_every_visible_character_is_in_an_article_or_left_over(body):
    from lxml import html

    page = page_of(body)
    tree = html.document_fromstring(f"<html><body>{body}</body></html>")
    for hidden in tree.xpath("//*[@hidden]"):
        hidden.drop_tree()
    visible = re.sub(r"\s", "", tree.text_content())
    layout = read_layout(page)
    lines = [line for article in layout.articles for line in article.lines] + list(layout.leftovers)
    read = "".join(page.text[line.span.start : line.span.end] for line in sorted(lines, key=lambda line: line.number))
    assert re.sub(r"[\s|#]", "", read) == visible


@given(st.text(alphabet="<>/=\"' &;#pdivtablehx甲乙!-\x00\n", max_size=80))
def test_any_markup_is_read_or_refused(source):
    try:
        document = read_document(source, "page.html")
    except SourceError:
        return
    assert all(row.text.strip() for row in document.rows)
