"""Is a sentence mended where the tear shows that it goes on, and left alone where it does not?"""

from __future__ import annotations

import pytest

from index.reading.lines import read_rows
from index.reading.mending import is_about, is_torn, mends_over, word_at_tear


def rows(*lines):
    return read_rows("\n\n".join(lines))


@pytest.mark.parametrize(
    ("left", "right", "torn"),
    [
        ("大桥全长860米，双向四", "车道。", True),
        ("大桥通车了。", "车道很宽。", False),
        ("大桥全长860米，", "近日，桥上装了灯。", False),  # begins afresh
        ("大桥全长860米，", "本报讯（记者 叶知夏）梨树丰收，村民都来看。", False),
        ("编号12", "34号的灯坏了。", False),  # two numbers or one: nobody knows
        ("写着日期。2", "025年的灯坏了。", True),
        ("大桥的地址", "地址：柳河路1号，从桥头走五分钟就到了。", False),  # ends where it ends
    ],
)
def test_a_line_goes_on_with_a_sentence(left, right, torn):
    assert is_torn(left, rows("鹿鸣大桥通车", right)[-1], indents=False) is torn


@pytest.mark.parametrize(
    ("left", "head", "right", "mended"),
    [
        ("他摸着桥栏说，等了三十年，", "三十年的等待", "可是桥真的通了。", True),  # 可是 begins nothing
        ("他每天走两个来回，一共", "桥上的早晨", "八百六十米，风雨无阻。", True),  # no mark at its left side
        ("桥头还有一座图书", "桥上的早晨", "馆的窗边坐满了人。", True),  # a word over the tear
        ("等了三十年，", "桥上的早晨", "东岸的山很高。", False),
        ("他每天走两个来回，一共", "桥上的早晨", "早晨六点，桥上就有人了。", False),  # what the head announces
        ("等了三十年。", "桥上的早晨", "可是桥真的通了。", False),
    ],
)
def test_a_sentence_goes_on_behind_its_own_section_head(left, head, right, mended):
    before, _, after = rows(left, head, right)
    assert mends_over(before, head, after, indents=False) is mended


def test_a_head_is_about_an_article_that_uses_its_words():
    (follower,) = rows("跑了一百六十多趟。今年，她教会了村民做直播。")
    assert is_about("从代卖到直播", "村里有个菜篮子", follower)
    assert not is_about("白石村果园丰收", "大桥全长860米", follower)
    (announced,) = rows("果园今年收了40吨梨。")
    assert not is_about("果园丰收", "大桥全长860米", announced)  # the sentence right below a head always fits it


def test_a_word_at_a_tear():
    assert word_at_tear("村里的图书", "馆开馆了")
    assert not word_at_tear("果园丰收", "今年收了")
