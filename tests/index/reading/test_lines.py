"""Does the form of a line say what it is?"""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from index.reading.labels import is_caption, is_photo_credit, names_opinion, split_headline
from index.reading.line_ends import each_line
from index.reading.line_forms import Form, ends_sentence, find_byline, names_source, plain
from index.reading.lines import read_rows
from index.text import legible


@pytest.mark.parametrize(
    ("line", "form"),
    [
        ("□本报记者 叶知夏", Form.BYLINE),
        ("本报记者 叶知夏 通讯员 陆远航", Form.BYLINE),
        ("□记者：叶知夏", Form.BYLINE),
        ("本报讯（记者 江小禾）", Form.BYLINE),  # a lead without its text is a byline
        ("本报讯 (记者 江小禾)", Form.BYLINE),
        ("（记者 江小禾）", Form.BYLINE),
        ("(文/记者 江小禾)", Form.BYLINE),
        ("本报讯（记者 江小禾）昨天，图书馆开馆。", Form.LEAD),
        ("本报讯 (记者 江小禾) 昨天,图书馆开馆。", Form.LEAD),
        ("本报柳河讯（记者 江小禾）昨天，图书馆开馆。", Form.LEAD),
        ("新华社柳河3月5日电 昨天，图书馆开馆。", Form.LEAD),
        ("上接1版", Form.CONTINUED_FROM),
        ("（上接第一版）", Form.CONTINUED_FROM),
        ("【紧接2版】", Form.CONTINUED_FROM),
        ("下转3版", Form.CONTINUED_ON),
        ("（下转第三版）", Form.CONTINUED_ON),
        ("摄影：叶知夏", Form.CREDIT),
        ("图片来源：青滩镇文化站", Form.CREDIT),
        ("转自《青滩晚报》", Form.CREDIT),
        ("（青滩镇文化站）", Form.CREDIT),
        ("■端午特刊", Form.COLUMN),
        (">> 乡镇经验 <<", Form.COLUMN),
        ("【读者来信】", Form.COLUMN),
        ("## 白石村果园丰收", Form.HEADING),
        ("白石村果园丰收", Form.HEADING),
        ("梨树结果多，果农笑声甜", Form.HEADING),  # a couplet: two halves of about one length
        ("果园今年收了40吨梨。", Form.BODY),
        ("青滩，白石村的果园今年收了40吨梨", Form.BODY),  # halves of 2 and 14 characters are no couplet
        ("甲，乙乙乙乙，丙", Form.BODY),
        ("他们是这样做的：", Form.BODY),
        ("□ 秦一舟 叶知夏", Form.BYLINE),
        ("□鹿鸣镇退休教师 陆远航", Form.BYLINE),
        ("口本报记者 沈大川", Form.BYLINE),  # how text recognition reads a □
        ("本报记者沈大川", Form.BYLINE),
        ("文/本报记者 秦一舟 图/本报记者 孟春山", Form.BYLINE),
        ("孟春山/文 江小禾/摄", Form.BYLINE),
        ("□本报评论员", Form.BYLINE),
        ("記者：您為什麼選擇這裡？", Form.BODY),  # an interview
        ("記者江小禾／青灘報導", Form.HEADING),  # without brackets nothing tells where the name ends
        ("【記者江小禾／青灘報導】停辦三年的夜市重開。", Form.LEAD),
        ("本報訊（記者 江小禾）昨天，圖書館開館。", Form.LEAD),
        ("【本报讯】记者江小禾报道：昨天开馆。", Form.LEAD),
        ("新华社柳河9月1日电（记者 沈大川）候鸟到了。", Form.LEAD),
        ("新华社记者来到发电厂采访工人。", Form.BODY),
        ("孟春山 摄", Form.CREDIT),
        ("新华社发（孟春山 摄）", Form.CREDIT),
        ("本文转载自《青滩晚报》", Form.CREDIT),
        ("（一）", Form.HEADING),  # a number is no signature
        ("2031年4月8日", Form.CREDIT),
        ("（下转3版）", Form.CONTINUED_ON),
        ("→下转03版", Form.CONTINUED_ON),
        ("◀上接A1版", Form.CONTINUED_FROM),
        ("青滩日报 2031年4月8日 星期二", Form.FURNITURE),
        ("03版 要闻", Form.FURNITURE),
        ("- 12 -", Form.FURNITURE),
        ("2031", Form.HEADING),
        ("责任编辑：江小禾 校对：沈大川", Form.FURNITURE),
        ("新闻热线：0000-1234567", Form.FURNITURE),
        ("联系电话：0000-1234567", Form.BODY),  # this one may belong to a notice
        ("——————", Form.FURNITURE),
        ("·读者论坛·", Form.COLUMN),
        ("**白石村果园丰收**", Form.HEADING),
        ("字" * 50, Form.HEADING),
        ("字" * 51, Form.BODY),  # a heading has at most 50 characters
    ],
)
def test_the_form_of_a_line(line, form):
    assert [row.form for row in read_rows(line)] == [form]


def test_rows_count_lines_and_the_blank_lines_before_them():
    first, second = read_rows("\n  甲。\r\n\u3000\r\n\r## 乙")
    # Line 1 is blank, 2 holds 甲。, 3 (an ideographic space) and 4 (ended by a lone CR) are blank, 5 holds 乙.
    assert (first.number, first.gap, first.level, first.text) == (2, 1, 0, "甲。")
    assert (second.number, second.gap, second.level, second.text) == (5, 2, 2, "乙")
    # Offsets: LF 0, two spaces 1-2, 甲 3, 。 4, CR LF 5-6, ideographic space 7, CR LF 8-9, CR 10, # 11, # 12, space 13.
    assert (first.whole.start, first.whole.end) == (3, 5)
    assert (second.whole.start, second.content.start, second.content.end) == (11, 14, 15)


def test_rows_that_the_format_sets_apart_belong_to_no_article():
    first, second = read_rows("首页\n大桥通车", {1: "导航"})
    assert (first.form, first.why, second.form) == (Form.FURNITURE, "导航", Form.HEADING)


@given(st.text(alphabet="甲乙。# \u3000\t\r\n\x0c\x85\u2028□（）", max_size=60))
def test_rows_are_the_lines_that_hold_a_visible_character(text):
    rows = read_rows(text)
    lines = [(number, start, text[start:end]) for number, start, end in each_line(text)]
    visible = [(number, line.strip()) for number, _, line in lines if line.strip()]
    assert [(row.number, text[row.whole.start : row.whole.end]) for row in rows] == visible
    assert all(legible(text[row.content.start : row.content.end]).strip() == row.text for row in rows)
    assert all(row.whole.end == row.content.end and row.text for row in rows)


@pytest.mark.parametrize(
    ("line", "level", "text"),
    [
        ("# 甲", 1, "甲"),
        ("######\u3000甲", 6, "甲"),
        ("#甲", 0, "#甲"),  # a mark needs its space
        ("####### 甲", 0, "####### 甲"),  # there is no seventh level
        ("#", 0, "#"),
    ],
)
def test_markdown_levels(line, level, text):
    assert [(row.level, row.text) for row in read_rows(line)] == [(level, text)]


@pytest.mark.parametrize(
    ("line", "ends"),
    [
        ("走了。", True),
        ("他说：“走了。”", True),
        ("做法如下：", True),
        ("第一条；", True),
        ("走了…", True),
        ("队员合影。 本报记者 叶知夏 摄", True),  # a credit may follow the full stop
        ("走了，", False),
        ("全长860", False),
        ("双向四", False),
        ("他说“走", False),
    ],
)
def test_where_a_sentence_may_end(line, ends):
    assert ends_sentence(line) is ends


@pytest.mark.parametrize(
    ("line", "byline"),
    [
        ("本报讯（记者 江小禾）昨天开馆。", "（记者 江小禾）"),
        ("本报讯 (记者 江小禾 通讯员 陆远航) 昨天开馆。", "(记者 江小禾 通讯员 陆远航)"),
        ("新华社柳河3月5日电 昨天开馆。", "新华社柳河3月5日电"),
        ("本报讯 昨天开馆。", ""),
        ("孩子们在新操场上跑步。 本报记者 叶知夏 摄", "本报记者 叶知夏 摄"),
        ("孩子们在新操场上跑步。通讯员 陆远航 摄影报道", "通讯员 陆远航 摄影报道"),
        ("记者在现场看到，孩子们在跑步。", ""),
        ("", ""),
    ],
)
def test_the_byline_inside_a_line(line, byline):
    assert find_byline(line) == byline


def test_where_it_was_printed_is_not_who_wrote_it():
    assert names_source("原载《青滩晚报》")
    assert names_source("（来源：青滩晚报）")
    assert not names_source("（青滩镇文化站）")


def forms(text):
    return [row.form for row in read_rows(text)]


def test_a_short_piece_of_torn_text_is_no_heading_when_a_word_stands_across_the_tear():
    assert forms("村里新开了一座图书\n\n馆里有三千本书\n\n都是居民捐的。")[0] is Form.HEADING  # no text before it
    text = "村里的老祠堂修好了，戏台也修好了，今年又开了一座图书\n\n馆里的书都是居\n\n民一本一本捐的。"
    assert forms(text) == [Form.BODY, Form.BODY, Form.BODY]


def test_a_question_above_a_byline_is_a_headline():
    assert forms("谁来守护老桥？\n\n□本报记者 叶知夏") == [Form.HEADING, Form.BYLINE]
    assert forms("谁来守护老桥？\n\n桥老了。") == [Form.BODY, Form.BODY]


def test_lines_of_one_width_are_a_paragraph():
    text = (
        "种子课\n　　山前小学的操场边有半亩\n地，是全校学生的种子课堂\n每个班分到一垄，从翻土到\n收获，都由学生动手。"
    )
    rows = read_rows(text)
    assert [row.form for row in rows] == [Form.HEADING, *[Form.BODY] * 4]
    assert [row.wrapped for row in rows] == [False, False, True, True, True]
    assert [row.indented for row in rows] == [False, True, False, False, False]


def test_a_table_is_two_lines_with_equally_many_fields():
    assert forms("村名|户数|分红\n白石村|312|96") == [Form.TABLE, Form.TABLE]
    assert forms("村名　　户数　　分红\n\n白石村　　312　　96") == [Form.TABLE, Form.TABLE]
    assert Form.TABLE not in forms("送图书进村 请专家上门 办夜校授课\n梨树结果多 果农笑声甜 日子真好")
    assert Form.TABLE not in forms("村名|户数|分红")


def test_a_papers_name_beside_its_date_is_furniture():
    rows = read_rows("青滩日报\n2031年4月8日 星期二\n老桥通车")
    assert [(row.form, row.why) for row in rows[:2]] == [(Form.FURNITURE, "报头"), (Form.FURNITURE, "报头")]
    assert rows[2].form is Form.HEADING


def test_a_line_that_begins_with_a_comma_tells_of_the_one_before():
    assert forms("村里的路修好了。\n\n他的徒弟已经有十九名\n\n，最远的在青滩镇。") == [Form.BODY] * 3


def test_two_names_between_headline_and_text_are_a_byline():
    assert forms("创业路上的夫妻档\n\n秦一舟 孟春山\n\n他们开了一家豆腐坊。")[1] is Form.BYLINE
    assert forms("创业路上的夫妻档\n\n高山 流水\n\n他们开了一家豆腐坊。")[1] is Form.HEADING


def test_a_series_above_a_headline_is_a_column():
    assert forms("走基层·一线见闻\n\n凌晨三点的菜市场\n\n灯亮了。")[0] is Form.COLUMN
    assert forms("走基层·一线见闻\n\n灯亮了。")[0] is Form.HEADING


def test_bold_marks_are_no_part_of_the_content():
    (row,) = read_rows("### **果园丰收**")
    assert (row.text, row.level, row.content.start, row.content.end, row.whole.end) == ("果园丰收", 3, 6, 10, 12)


@pytest.mark.parametrize(
    ("text", "kicker", "title"),
    [
        (
            "送图书进村 请专家上门 办夜校授课 山前镇把课堂搬到田间",
            ("送图书进村 请专家上门 办夜校授课",),
            "山前镇把课堂搬到田间",
        ),
        ("送图书进村 请专家上门 办夜校授课", (), "送图书进村 请专家上门 办夜校授课"),  # the last is as short
        ("送图书进村 山前镇把课堂搬到田间", (), "送图书进村 山前镇把课堂搬到田间"),  # one part is no row of parts
        ("送书 请专家上门来 山前镇把课堂搬到了田间地头", (), "送书 请专家上门来 山前镇把课堂搬到了田间地头"),
        ("", (), ""),
    ],
)
def test_a_kicker_on_the_line_of_its_headline(text, kicker, title):
    assert split_headline(text) == (kicker, title)


@pytest.mark.parametrize(
    ("line", "byline"),
    [
        ("首日摆出六十多个摊位。（记者 叶知夏）", "（记者 叶知夏）"),
        ("共有210名居民报名。（江小禾）", "（江小禾）"),
        ("插完一亩。通讯员 秦一舟 摄", "通讯员 秦一舟 摄"),
        ("在给龙舟上桐油。江小禾 摄", "江小禾 摄"),
        ("很多人报名（见图）", ""),
        ("从三月（农历）", ""),
        ("昨夜重開。（記者葉知夏攝）", "（記者葉知夏攝）"),
    ],
)
def test_a_signature_at_the_end_of_a_line(line, byline):
    assert find_byline(line) == byline
    assert ends_sentence(line) is bool(byline) or line[-1] == "）"


def test_what_tells_of_a_picture():
    assert is_caption("图为村民在收梨。")
    assert is_caption("左图：村民在收梨。")
    assert not is_caption("图书馆昨天开馆。")
    assert is_photo_credit("叶知夏 摄")
    assert not is_photo_credit("□本报记者 叶知夏")


def test_columns_of_opinions():
    assert names_opinion("【读者来信】")
    assert not names_opinion("■端午特刊")


@given(st.text(max_size=60))
def test_patterns_see_every_character_at_its_own_offset(text):
    assert len(plain(text)) == len(text)


@pytest.mark.parametrize(
    ("text", "forms"),
    [
        ("班车时刻\n\n首班：六点三十分\n末班：二十一点\n票价：两元", "HBBB"),
        ("招聘启事\n\n岗位：两名\n工资：三千元", "HBB"),
        ("县长：路要修好\n书记：桥要建成\n本报讯（记者 江小禾）昨天，大桥开工。", "HHL"),  # two headlines over a report
        ("今年实事\n\n● 新建公厕十二座\n● 改造路灯八十盏\n● 修路三十公里", "HBBB"),
        ("课程\n\n1. 剪纸，主讲唐榆\n2. 会计，主讲秦柳\n3. 电工，主讲孟川", "HBBB"),
        ("图书室开放啦\n\n村里的图书室\n今天开门了\n里面有三千本书\n欢迎大家来", "HBBBB"),
        ("头条\n引题在这里\n主题是修路\n副题是建桥\n本报讯（记者 江小禾）昨天，大桥开工。", "HHHHL"),
        ("夜校\n\n问：何时开课？\n答：每周二", "HBB"),
        ("时刻表\n\n6:30 东门—河湾村\n8:00 东门—山坳村\n10:30 东门—西岭镇", "HTTT"),
        ("时刻表\n\n六点半　　开往河湾村\n八点　　　开往山坳村\n十点半　　开往西岭镇", "HTTT"),
        ("菜价\n\n白菜\t一元\n萝卜\t九角", "HTT"),
        ("产量\n\n\t2024年\t2025年\n东河乡\t1100\t1200\n西岭乡\t950\t900", "HTTT"),  # no head over the first column
    ],
)
def test_lines_without_a_stop_are_text_and_not_headlines(text, forms):
    letters = {Form.HEADING: "H", Form.BODY: "B", Form.TABLE: "T", Form.LEAD: "L"}
    assert "".join(letters[row.form] for row in read_rows(text)) == forms


def test_a_line_of_nothing_but_characters_that_show_nothing_is_left_over():
    assert [(row.form, row.why) for row in read_rows("甲。\n\u200b\ufeff\n乙。")][1] == (Form.FURNITURE, "看不见的字符")
