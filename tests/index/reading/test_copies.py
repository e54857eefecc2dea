"""Is each text kept once, with all its places, and is no character lost by it?"""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from index.chunking import chunk
from index.reading.copies import chunk_once, locate
from index.reading.pages import read_articles
from index.schema import Copy, Page
from index.store.opened import copies_of

STORY = "柳河大桥昨天通车。全长860米，双向四车道。两岸居民从此不用绕行，过河只要两分钟。"


def articles_of(**pages):
    return [article for name, text in pages.items() for article in read_articles(Page(name, text, "utf-8", ""))]


def copies(passages):
    return {p.passage_id: [(c.article_id, c.start, c.end) for c in p.copies] for p in passages if p.copies}


def covered(articles, passages):
    """Per article the offsets that a passage or a copy holds."""
    held = {article.article_id: set() for article in articles}
    for passage in passages:
        held[passage.article_id].update(range(passage.start, passage.end))
        for copy in passage.copies:
            held[copy.article_id].update(range(copy.start, copy.end))
    return held


def test_without_a_copy_it_is_plain_chunking():
    articles = articles_of(a="大桥通车\n\n甲甲甲。乙乙乙。", b="果园丰收\n\n丙丙丙。")
    assert chunk_once(articles, 9) == [passage for article in articles for passage in chunk(article, 9)]


def test_a_page_that_is_filed_under_two_names():
    passages = chunk_once(articles_of(a=f"大桥通车\n\n{STORY}", b=f"大桥通车\n\n{STORY}"), 24)
    assert {p.article_id for p in passages} == {"a#1"}
    assert copies(passages) == {p.passage_id: [("b#1", p.start, p.end)] for p in passages}


def test_another_script_width_and_line_breaks_are_the_same_text():
    first, again = "大桥通车\n\n柳河大桥昨天通车，全长八百米。", "大橋通車\n\n柳河大橋昨天\n\n通車,全長八百米。"
    (passage,) = chunk_once(articles_of(a=first, b=again), 100)
    (copy,) = passage.copies
    assert copy.article_id == "b#1"
    other = articles_of(b=again)[0].text
    start = passage.text.index("通车，")
    low, high = locate(copy, passage.text, other, start, start + 6)
    assert other[low:high] == "通車,全長八"


def test_the_same_story_under_another_headline_keeps_its_headline_to_be_found():
    articles = articles_of(a=f"大桥通车\n\n{STORY}", b=f"两岸居民告别绕行三十年\n\n{STORY}")
    passages = chunk_once(articles, 24)
    assert [p.text for p in passages if p.article_id == "b#1"] == ["两岸居民告别绕行三十年"]
    again = articles[1].text
    assert "".join(again[s:e] for places in copies(passages).values() for _, s, e in places) == STORY
    first = passages[0]
    assert first.copies[0].of_start == len("大桥通车\n")  # its headline is not said again
    assert locate(first.copies[0], articles[0].text, again, 0, 4) is None


@pytest.mark.parametrize(
    ("start", "end", "found"),
    [(2, 6, (12, 16)), (3, 5, (13, 15)), (1, 6, None), (2, 7, None), (6, 8, None), (3, 3, None)],
)
def test_only_what_is_said_again_is_located(start, end, found):
    """Characters 2 to 6 of the first text stand at 12 to 16 of the other, which both go on otherwise."""
    copy = Copy("b#1", 12, 16, 2, 6)
    assert locate(copy, "〇一二三四五六七八九", "甲乙丙丁戊己庚辛壬癸子丑二三四五卯辰巳午", start, end) == found


def test_a_paragraph_that_one_article_says_twice():
    (article,) = articles_of(a="大桥通车\n\n甲甲甲甲。\n\n乙乙乙乙。\n\n甲甲甲甲。")
    passages = chunk_once([article], 5)
    assert [p.text for p in passages] == ["大桥通车\n甲甲甲甲。", "乙乙乙乙。", "甲甲甲甲。"]
    passages = chunk_once(articles_of(a="甲甲甲甲。\n\n乙乙乙乙。\n\n甲甲甲甲。"), 5)
    assert copies(passages) == {"a#1:0": [("a#1", 12, 17)]}


def test_a_copy_of_a_copy_is_a_copy_of_the_first():
    page = f"大桥通车\n\n{STORY}"
    passages = chunk_once(articles_of(a=page, b=page, c=page.replace("大桥通车", "新桥")), 200)
    assert copies(passages) == {"a#1:0": [("b#1", 0, 46), ("c#1", 3, 44)]}
    assert [p.text for p in passages] == [f"大桥通车\n{STORY}", "新桥"]


_PARTS = st.lists(
    st.sampled_from(["甲。", "乙，", "丙丙。", "桥通车", "橋通車", "\n\n", "“丁。”", " ", "ab."]), max_size=12
)


@given(st.lists(_PARTS, min_size=1, max_size=4), st.integers(1, 20), st.integers(0, 6))
def test_every_character_is_in_a_passage_or_a_copy_and_no_text_is_kept_twice(parts, size, overlap):
    pages = {f"p{n}": "".join(part) or "空" for n, part in enumerate(parts)}
    articles = articles_of(**pages)
    passages = chunk_once(articles, size, overlap)
    by_id = {article.article_id: article.text for article in articles}
    assert len({p.passage_id for p in passages}) == len(passages)
    solid = ["".join(p.text.split()) for p in passages]
    assert len(set(solid)) == len(solid)
    held = covered(articles, passages)
    for article in articles:
        missing = set(range(len(article.text))) - held[article.article_id]
        assert not "".join(article.text[place] for place in missing).strip()
    for passage in passages:
        text = by_id[passage.article_id]
        assert passage.text == text[passage.start : passage.end]
        for copy in passage.copies:
            again = by_id[copy.article_id]
            assert locate(copy, text, again, copy.of_start, copy.of_end) == (copy.start, copy.end)


@pytest.fixture(scope="module")
def twice(make_store):
    page = "大桥通车\n\n柳河大桥昨天通车。全长860米，双向四车道。"
    return make_store({"a.txt": page, "b.txt": f"编者的话\n\n别的事。\n\n# 大桥通车\n\n{page[6:]}"})


def test_a_store_holds_a_text_once_and_knows_all_its_places(twice):
    assert len({passage.text for passage in twice.passages.values()}) == len(twice.passages)
    assert len(twice.dense) == len(twice.lexical) == len(twice.passages)
    text = twice.articles["a.txt#1"].text
    start = text.index("全长860米")
    ((article, low, high),) = copies_of(twice, "a.txt#1:0", start, start + 6)
    assert (article.file, article.text[low:high]) == ("b.txt", "全长860米")
    assert article.line_range(low, high) == (7, 7)
