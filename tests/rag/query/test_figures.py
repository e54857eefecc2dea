"""Figures of a text: values worked out by hand, offsets of the text as given, and when two are the same."""

from __future__ import annotations

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rag.query.figures import Clock, Day, FigureKind, figures


def told(text):
    return [(figure.kind.value, figure.value, figure.unit) for figure in figures(text)]


@pytest.mark.parametrize(
    ("text", "value", "unit"),
    [
        ("关怀了4户家庭", 4, "户"),
        ("关怀了四户家庭", 4, "户"),
        ("藏书1.3万册", 13_000, "册"),
        ("藏書一萬三千冊", 13_000, "册"),
        ("全长０．８６公里", 860, "米"),
        ("全长860米", 860, "米"),
        ("面积2公顷", 20_000, "平方米"),
        ("三十亩地", 20_000, "平方米"),
        ("5吨苹果", 5000, "千克"),
        ("十斤", 5, "千克"),
        ("一个半小时", 90, "分钟"),
        ("半小时", 30, "分钟"),
        ("两周", 14, "天"),
        ("三个月", 3, "月"),
        ("两年半", Fraction(5, 2), "年"),
        ("1.5倍", Fraction(3, 2), "倍"),
        ("近百人", 100, "人"),
        ("3亿5000万株", 350_000_000, "株"),
        ("three households", 3, "households"),
        ("860 metres", 860, "米"),
    ],
)
def test_counts(text, value, unit):
    assert told(text) == [("count", value, unit)]


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("3500元", 3500),
        ("三千五百元", 3500),
        ("3亿5000万元", 350_000_000),
        ("20多万元", 200_000),
        ("3元5角", Fraction(7, 2)),
        ("¥300", 300),
        ("3.2 million yuan", 3_200_000),
    ],
)
def test_money(text, value):
    assert told(text) == [("money", value, "元")]


@pytest.mark.parametrize("text", ["20%", "20％", "百分之二十", "两成", "五分之一", "20 percent"])
def test_a_fifth(text):
    assert told(text) == [("share", Fraction(1, 5), "%")]


def test_percentage_points_are_no_percent():
    (points,), (percent,) = figures("5个百分点"), figures("5%")
    assert (points.unit, points.value) == ("百分点", percent.value)
    assert not points.agrees(percent)


@pytest.mark.parametrize(
    ("text", "day"),
    [
        ("二〇二五年六月二十二日", Day(2025, 6, 22)),
        ("2025年6月22日", Day(2025, 6, 22)),
        ("2025-06-22", Day(2025, 6, 22)),
        ("June 22, 2025", Day(2025, 6, 22)),
        ("六月二十二日", Day(None, 6, 22)),
        ("6月22号", Day(None, 6, 22)),
        ("2025年6月", Day(2025, 6)),
        ("二〇二五年", Day(2025)),
        ("22日", Day(None, None, 22)),
        ("6月", Day(None, 6)),
    ],
)
def test_dates(text, day):
    assert told(text) == [("date", day, "")]


@pytest.mark.parametrize(
    ("text", "clock"),
    [
        ("上午9时", Clock(540, sure=True)),
        ("晚上8时", Clock(1200, sure=True)),
        ("20:00", Clock(1200, sure=True)),
        ("下午三点半", Clock(930, sure=True)),
        ("9时30分", Clock(570, sure=False)),
        ("8 p.m.", Clock(1200, sure=True)),
    ],
)
def test_times_of_day(text, clock):
    assert told(text) == [("time", clock, "")]


def test_ordinals():
    assert told("第三届和第12届") == [("ordinal", 3, "届"), ("ordinal", 12, "届")]


@pytest.mark.parametrize(
    "text",
    [
        "四川三农",
        "十四五规划",
        "十分重要",
        "5G网络和A4纸",
        "千家万户的百姓",
        "万一统一",
        "三元桥",
        "三年级二班",
        "周一",
        "",
    ],
)
def test_what_is_no_figure(text):
    assert [figure for figure in figures(text) if figure.unit != "班"] == []


def test_what_stands_behind_a_range_holds_for_both_ends():
    assert told("3至5万元") == [("money", 30_000, "元"), ("money", 50_000, "元")]
    assert told("3-5岁") == [("count", 3, "岁"), ("count", 5, "岁")]


def test_rough_ones_and_articles_are_marked():
    assert [figure.about for figure in figures("3200余册，近百人，七八天，40棵")] == [True, True, True, False]
    assert [figure.article for figure in figures("一名学生，两名学生，1名学生")] == [True, False, False]


def test_offsets_are_those_of_the_text_as_given():
    text = "㈱豐台：４戶，佔兩成，於二〇二五年六月，藏書壹萬叁仟冊。"  # ㈱ folds to more than one character
    assert [text[figure.start : figure.end] for figure in figures(text)] == [
        "４戶",
        "兩成",
        "二〇二五年六月",
        "壹萬叁仟冊",
    ]


@pytest.mark.parametrize(
    ("one", "two"),
    [
        ("1.3万册", "一万三千本"),
        ("4户", "四个"),
        ("20%", "两成"),
        ("0.86公里", "860米"),
        ("6月22日", "2025年6月22日"),
        ("晚上8时", "20:00"),
        ("8时", "晚上8时"),
        ("860", "860米"),
        ("3小时", "180分钟"),
    ],
)
def test_the_same_value(one, two):
    (first,), (second,) = figures(one), figures(two)
    assert first.agrees(second)
    assert second.agrees(first)
    assert not first.rivals(second)


@pytest.mark.parametrize(
    ("one", "two"),
    [
        ("4户", "5户"),
        ("3名", "2人"),
        ("20%", "21%"),
        ("6月21日", "6月22日"),
        ("上午8时", "晚上8时"),
        ("1公里", "100米"),
    ],
)
def test_rivals_tell_one_quantity_in_two_values(one, two):
    (first,), (second,) = figures(one), figures(two)
    assert not first.agrees(second)
    assert first.rivals(second)
    assert second.rivals(first)


@pytest.mark.parametrize(
    ("one", "two"), [("4户", "5吨"), ("一个", "三个"), ("4", "5户"), ("2025年", "5月"), ("5元", "5户")]
)
def test_what_is_neither_the_same_nor_comparable(one, two):
    (first,), (second,) = figures(one), figures(two)
    assert not first.agrees(second)
    assert not first.rivals(second)


@given(
    st.text(
        alphabet="零一二两三四五六七八九十百千万亿点半个年月日时分元成第近余%％.,:0123456789０-至米户戶 aG", max_size=30
    )
)
def test_any_text_has_figures_in_order_that_do_not_overlap_and_agree_with_themselves(text):
    found = figures(text)
    ends = [0, *(figure.end for figure in found)]
    for end, figure in zip(ends, found, strict=False):
        assert end <= figure.start < figure.end <= len(text)
        assert figure.agrees(figure)
        assert not figure.rivals(figure)


@given(st.integers(1, 10**9), st.sampled_from(["户", "米", "元"]))
def test_arabic_figures_are_read_back(value, unit):
    (figure,) = figures(f"共{value:,}{unit}。")
    assert (figure.value, figure.unit) == (value, unit)
    assert figure.kind in (FigureKind.COUNT, FigureKind.MONEY)
