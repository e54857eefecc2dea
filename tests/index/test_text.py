"""Does text meet its other spellings, and is it cut where sentences end and nowhere else?"""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from index.text import CLOSERS, TERMINALS, clause_spans, fold, legible, read_legibly, sentence_spans, tokens

PROSE = st.text(alphabet="柳河镇a. 0。！？…；，：“”‘’「」『』（）)\n\t\u3000", max_size=120)


def sentences(text):
    return [text[start:end] for start, end in sentence_spans(text)]


def clauses(text):
    return [text[start:end] for start, end in clause_spans(text)]


@pytest.mark.parametrize(
    ("text", "folded"),
    [
        ("豐台區圖書館", "丰台区图书馆"),  # traditional to simplified
        ("ＡＢＣ１２３", "abc123"),  # full width to half width, then lower case
        ("ABC", "abc"),
        ("（讯）", "(讯)"),  # NFKC makes full-width brackets half-width ones
        ("㎡", "m2"),  # one character becomes two: folded text is no slice of the page
        ("", ""),
    ],
)
def test_fold(text, folded):
    assert fold(text) == folded


@given(PROSE)
def test_folding_twice_changes_nothing_more(text):
    assert fold(fold(text)) == fold(text)


def test_tokens_are_folded_words_without_punctuation():
    assert tokens("“首席”领航，ＡＩ！") == ["首席", "领航", "ai"]


def test_long_words_give_their_parts_too():
    # rjieba's search mode: the two halves of 图书馆 that are words, then the word.
    assert tokens("圖書館") == ["图书", "书馆", "图书馆"]


@pytest.mark.parametrize("text", ["", "。！？", " \n\u3000", "“”（）"])
def test_text_without_a_word_has_no_tokens(text):
    assert tokens(text) == []


@given(PROSE)
def test_tokens_stand_in_the_folded_text_in_order(text):
    folded, position = fold(text), 0
    for token in tokens(text):
        found = folded.find(token, max(0, position - 8))  # a word comes after its parts, so starts may step back
        assert found >= 0
        position = found


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("来了。走了！真的？是…", ["来了。", "走了！", "真的？", "是…"]),
        ("真的吗？！好。", ["真的吗？！", "好。"]),  # marks in a row end one sentence
        ("他说：“来了。”走了。", ["他说：“来了。”", "走了。"]),  # the closing quote stays with its sentence
        ("“来了。”他说。走了。", ["“来了。”他说。", "走了。"]),  # a quotation that leads stays with its speaker
        ("“来了。走吧。”他说。", ["“来了。", "走吧。”他说。"]),
        ("“来了。”“好。”", ["“来了。”", "“好。”"]),  # a second quotation is nobody's speaker
        ("“来了。”\n他说。", ["“来了。”", "他说。"]),  # nor is a new line
        ("（来了。）走了。", ["（来了。）", "走了。"]),
        ("「來了。」他說。", ["「來了。」他說。"]),
        ("标题\n正文。", ["标题", "正文。"]),
        ("甲\n\n\n乙", ["甲", "乙"]),
        ("He left. She came.", ["He left.", "She came."]),
        ("版本2.0发布。", ["版本2.0发布。"]),  # a point inside a number ends nothing
        ("wenju.cn上线。", ["wenju.cn上线。"]),
        ("  没有句号\u3000", ["没有句号"]),
        ("", []),
        (" \n\u3000 ", []),
    ],
)
def test_sentences(text, expected):
    assert sentences(text) == expected


@given(PROSE)
def test_sentences_are_in_order_apart_and_cover_every_visible_character(text):
    covered = set()
    last = 0
    for start, end in sentence_spans(text):
        assert last <= start < end <= len(text)
        assert text[start:end] == text[start:end].strip()
        assert "\n" not in text[start:end]
        covered.update(range(start, end))
        last = end
    assert {index for index, char in enumerate(text) if not char.isspace()} <= covered


@given(PROSE)
def test_no_sentence_begins_with_a_mark_that_belongs_to_the_one_before(text):
    for (_, end), (start, _) in pairwise(sentence_spans(text)):
        if end == start and text[end - 1] in TERMINALS:
            assert text[start] not in TERMINALS + CLOSERS


def test_clauses():
    # 甲；is [0, 2), 乙; is [2, 4), 丙。is [4, 6)
    assert clause_spans("甲；乙;丙。") == [(0, 2), (2, 4), (4, 6)]
    assert clauses("没有分号。") == ["没有分号。"]
    assert clauses("“甲；”乙") == ["“甲；”乙"]  # a mark inside a closing quote separates nothing
    assert clauses("") == []


@given(PROSE)
def test_clauses_are_in_order_apart_and_cover_every_visible_character(text):
    spans = clause_spans(text)
    assert all(left[1] <= right[0] for left, right in pairwise(spans))
    covered = {index for start, end in spans for index in range(start, end)}
    assert {index for index, char in enumerate(text) if not char.isspace()} <= covered


@pytest.mark.parametrize(
    ("text", "read"),
    [
        ("夜 校 招 生", "夜校招生"),
        ("开 课 ， 报 名", "开课，报名"),
        ("开 课，报 名", "开课，报名"),
        ("每 周 2 次", "每周2次"),
        ("2 0 2 5 年 招 生", "2025年招生"),
        ("关　于　封　路", "关于封路"),
        ("记者 何 岸", "记者 何岸"),
        ("记者 何岸", "记者 何岸"),  # between words
        ("松门日报 6月18日 第1版", "松门日报 6月18日 第1版"),  # neither stands alone
        ("东　　西　　南", "东　　西　　南"),  # columns
        ("河\u200b湾\ufeff村\u00ad", "河湾村"),
        ("⼯⻓⺠", "工长民"),
    ],
)
def test_text_is_read_without_what_the_typesetting_put_into_it(text, read):
    assert legible(text) == read
    assert fold(text) == fold(read)


@given(st.text(alphabet="夜校开课，2A \u3000\u200b\n。", max_size=40))
def test_what_is_legible_leads_back_character_by_character(text):
    read = read_legibly(text)
    assert read.text == legible(text)
    assert [text[place] for place in read.places] == list(read.text)


def test_noise_moves_no_end_of_a_sentence():
    text = "夜校开课。“来了。”他说。人多！"
    spaced = "\u200b".join(text)
    assert [spaced[a:b].replace("\u200b", "") for a, b in sentence_spans(spaced)] == [
        text[a:b] for a, b in sentence_spans(text)
    ]


@pytest.mark.parametrize("between", ["", " ", "，", "、"])
def test_a_sentence_without_a_stop_is_cut(between):
    text = between.join(f"第{n}号闸由人负责" for n in range(1000))
    spans = sentence_spans(text)
    assert max(b - a for a, b in spans) <= 120
    kept = "".join(text[a:b] for a, b in spans)
    assert kept.replace(" ", "") == text.replace(" ", "")
    if between:
        assert all(text[b - 1] in "责" + between for _, b in spans)


def test_a_sentence_of_the_usual_length_is_left_whole():
    text = "，".join(["第一件事是修路"] * 40)
    assert sentence_spans(text) == [(0, len(text))]
