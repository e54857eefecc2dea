"""Is every passage an exact slice along sentences, and is nothing of the article left out?"""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from index.chunking import LONGEST_PASSAGE, chunk
from index.reading.pages import read_articles
from index.reading.source import find_pages, read_page
from index.schema import Page, Role
from index.text import sentence_spans

_LINES = [
    "果园丰收",
    "## 梨是怎样卖的",
    "#### 路是怎样修的",
    "□本报记者 叶知夏",
    "本报讯（记者 江小禾）昨天，图书馆开馆。藏书3200册。",
    "白石村的果园今年收了40吨梨。比去年多5吨！真的？",
    "“书是居民选的。”馆长说。“来了。”",
    "大桥全长860米，双向四",
    "车道，桥上有36盏灯。",
    "他说：“第一，修路；第二，",
    "（青滩镇文化站）",
    "摄影：叶知夏",
    "。",
]
PAGES = st.lists(st.sampled_from(_LINES), min_size=1, max_size=12).map("\n\n".join)


def articles_of(text):
    return read_articles(Page("page.txt", text, "utf-8", "0" * 64))


def texts(text, size):
    (article,) = articles_of(text)
    return [passage.text for passage in chunk(article, size)]


# 甲甲甲。乙乙乙。丙丙丙。: three sentences of four characters, which stand right behind one another.
@pytest.mark.parametrize(
    ("size", "expected"),
    [
        (12, ["甲甲甲。乙乙乙。丙丙丙。"]),
        (11, ["甲甲甲。乙乙乙。", "丙丙丙。"]),  # all three would be 12
        (8, ["甲甲甲。乙乙乙。", "丙丙丙。"]),
        (7, ["甲甲甲。", "乙乙乙。", "丙丙丙。"]),  # two would be 8
        (1, ["甲甲甲。", "乙乙乙。", "丙丙丙。"]),  # a sentence is never cut
    ],
)
def test_passages_are_filled_up_to_the_size(size, expected):
    assert texts("甲甲甲。乙乙乙。丙丙丙。", size) == expected


def test_a_line_break_counts_as_a_character():
    assert texts("甲甲甲。\n乙乙乙。", 9) == ["甲甲甲。\n乙乙乙。"]
    assert texts("甲甲甲。\n乙乙乙。", 8) == ["甲甲甲。", "乙乙乙。"]


def test_headings_stay_with_the_text_below_them():
    text = "果园丰收\n\n□本报记者 叶知夏\n\n甲甲甲。\n\n路是怎样修的\n\n乙乙乙。"
    assert texts(text, 1) == ["果园丰收\n□本报记者 叶知夏\n甲甲甲。", "路是怎样修的\n乙乙乙。"]


def test_a_signature_is_kept_at_the_end():
    assert texts("果园丰收\n\n甲甲甲。\n\n（白石村）", 40) == ["果园丰收\n甲甲甲。\n（白石村）"]
    assert texts("果园丰收\n\n甲甲甲。\n\n（白石村）", 1) == ["果园丰收\n甲甲甲。", "（白石村）"]


def test_a_headline_without_text_is_a_passage():
    assert texts("果园丰收", 40) == ["果园丰收"]


def test_a_torn_sentence_is_one_unit():
    assert texts("大桥全长860米，双向四\n\n车道。\n\n甲甲甲。", 1) == ["大桥全长860米，双向四车道。", "甲甲甲。"]


def test_names_and_offsets():
    (article,) = articles_of("\n甲甲甲。乙乙乙。")
    first, second = chunk(article, 4)
    assert (first.passage_id, first.article_id, first.start, first.end) == ("page.txt#2:0", "page.txt#2", 0, 4)
    assert (second.passage_id, second.start, second.end) == ("page.txt#2:4", 4, 8)


def assert_chunked_without_loss(article, size):
    passages = chunk(article, size)
    covered = set()
    last = 0
    for passage in passages:
        assert last <= passage.start < passage.end <= len(article.text)
        assert passage.text == article.text[passage.start : passage.end] == passage.text.strip()
        assert passage.passage_id == f"{article.article_id}:{passage.start}"
        covered.update(range(passage.start, passage.end))
        last = passage.end
    assert {index for index, char in enumerate(article.text) if not char.isspace()} <= covered
    return passages


@given(text=PAGES, size=st.integers(1, 120))
def test_every_passage_is_an_exact_slice_and_nothing_is_left_out(text, size):
    for article in articles_of(text):
        assert_chunked_without_loss(article, size)


@given(text=PAGES, size=st.integers(1, 120))
def test_only_a_passage_of_one_sentence_is_longer_than_the_size(text, size):
    for article in articles_of(text):
        body = body_ranges(article)
        for passage in chunk(article, size):
            if passage.end - passage.start > size:
                ends = [passage.start + end for _, end in sentence_spans(passage.text)]
                assert sum(any(a < end <= b for a, b in body) for end in ends) <= 1


@given(text=PAGES, size=st.integers(1, 120))
def test_a_passage_is_closed_only_when_the_next_sentence_does_not_fit(text, size):
    for article in articles_of(text):
        passages = chunk(article, size)
        for before, after in pairwise(passages):
            spans = sentence_spans(after.text)
            body = body_ranges(article)
            # The first unit of the next passage: its headings and its first sentence of running text.
            end = next((b for _, b in spans if in_any(after.start + b, body)), len(after.text))
            assert after.start + end - before.start > size


@given(text=PAGES, size=st.integers(1, 120))
def test_a_heading_ends_a_passage_only_at_the_end_of_the_article(text, size):
    for article in articles_of(text):
        body = body_ranges(article)
        for passage in chunk(article, size)[:-1]:
            assert in_any(passage.end, body)


def body_ranges(article):
    """Where running text stands, a torn line apart from its rest: ends of sentences lie in one of these."""
    return [
        (segment.start, segment.start + segment.length)
        for line, segment in zip(article.lines, article.segments, strict=True)
        if line.role is Role.BODY
    ]


def in_any(end, ranges):
    return any(a < end <= b for a, b in ranges)


def test_the_seed_pages_are_chunked_without_loss(seeds_folder):
    for name, file in find_pages(seeds_folder):
        for article in read_articles(read_page(file, name)):
            assert assert_chunked_without_loss(article, 240)


def test_a_quotation_is_not_cut_when_it_fits():
    # “甲甲。乙乙。”丙。 has two sentences, [0, 4) and [4, 10); the quotation goes from 0 to 8.
    assert texts("他说好。“甲甲。乙乙。”丙。", 10) == ["他说好。", "“甲甲。乙乙。”丙。"]
    assert texts("“甲甲。乙乙。”丙。丁丁。", 10) == ["“甲甲。乙乙。”丙。", "丁丁。"]
    assert texts("“甲甲。乙乙。”丙。", 5) == ["“甲甲。", "乙乙。”丙。"]  # too long to be kept whole
    assert texts("“甲甲。乙乙。", 4) == ["“甲甲。", "乙乙。"]  # never closed: no quotation


def test_overlap_repeats_whole_sentences():
    text = "甲甲甲。乙乙乙。丙丙丙。丁丁丁。"
    assert [p.text for a in articles_of(text) for p in chunk(a, 8, 4)] == [
        "甲甲甲。乙乙乙。",
        "乙乙乙。丙丙丙。",
        "丙丙丙。丁丁丁。",
    ]
    # Three characters hold no sentence; at size 4 a repeated sentence would leave no room for the next.
    assert [p.text for a in articles_of(text) for p in chunk(a, 8, 3)] == ["甲甲甲。乙乙乙。", "丙丙丙。丁丁丁。"]
    assert len([p for a in articles_of(text) for p in chunk(a, 4, 4)]) == 4


@given(text=PAGES, size=st.integers(1, 120), overlap=st.integers(0, 60))
def test_with_overlap_nothing_is_left_out_and_every_passage_brings_something_new(text, size, overlap):
    for article in articles_of(text):
        passages = chunk(article, size, overlap)
        covered = {index for p in passages for index in range(p.start, p.end)}
        assert {index for index, char in enumerate(article.text) if not char.isspace()} <= covered
        for before, after in pairwise(passages):
            assert before.start < after.start
            assert before.end < after.end
            assert before.end - after.start <= overlap


@pytest.mark.parametrize(
    "text", ["甲" * 20_000, "# " + "甲" * 20_000, "\n".join(["# 村里的事"] * 5_000), "甲 " * 9_000]
)
def test_no_passage_is_longer_than_the_greatest(text):
    for article in articles_of(text):
        passages = chunk(article, 240)
        assert max(len(passage.text) for passage in passages) <= LONGEST_PASSAGE
        assert sum(len("".join(p.text.split())) for p in passages) == len("".join(article.text.split()))


def test_a_question_is_no_end_of_a_passage_before_its_answer():
    assert texts("甲甲甲甲甲甲甲。\n问：何时开课？\n答：周二。", 16) == [
        "甲甲甲甲甲甲甲。",
        "问：何时开课？\n答：周二。",
    ]


def test_noise_moves_no_cut():
    text = "甲甲甲。乙乙乙。丙丙丙。"
    noisy = [passage.replace("\u200b", "") for passage in texts("\u200b".join(text), 8)]
    assert noisy == texts(text, 8)
