"""Does every quote stand in its page, and is one that does not found out?"""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from index.build import build_store
from index.config import IndexConfig
from index.schema import Page, Span
from index.store.opened import open_store
from rag.answerers import Extract
from rag.bundle import check_bundle, make_bundle
from rag.citations import check, check_copy, cite, place_in
from rag.errors import AnswerError
from rag.retrieval.retriever import search
from rag.schema import Answer, Citation

BRIDGE = "liuhe.txt#10:0"


def extract_of(store, passage_id, words):
    start = store.articles[store.passages[passage_id].article_id].text.index(words)
    return Extract(passage_id, start, start + len(words))


@pytest.fixture
def torn(tiny_store):
    """The sentence that lines 12 and 14 of liuhe.txt hold together."""
    words = "鹿鸣大桥前天通车，全长860米，双向四车道。"
    return cite(tiny_store, extract_of(tiny_store, BRIDGE, words), 1)


def test_a_torn_sentence_is_cited_whole_with_both_its_places(tiny_store, torn):
    page = tiny_store.pages["liuhe.txt"]
    assert torn.quote == "鹿鸣大桥前天通车，全长860米，双向四车道。"
    assert [page.text[span.start : span.end] for span in torn.spans] == [
        "鹿鸣大桥前天通车，全长860米，双向四",
        "车道。",
    ]
    assert (torn.first_line, torn.last_line) == (12, 14)
    assert (torn.number, torn.file, torn.headline) == (1, "liuhe.txt", "鹿鸣大桥通车")
    assert (torn.article_id, torn.passage_id) == ("liuhe.txt#10", BRIDGE)


def test_a_sentence_of_one_line(tiny_store):
    citation = cite(tiny_store, extract_of(tiny_store, BRIDGE, "从东岸到西岸只要两分钟。"), 2)
    assert (citation.first_line, citation.last_line, len(citation.spans)) == (14, 14, 1)


def test_marks_are_counted_from_the_quote(tiny_store):
    """The words that answer, up to both ends of the quote."""
    quote = extract_of(tiny_store, BRIDGE, "从东岸到西岸只要两分钟。")
    marks = ((quote.start, quote.start + 3), (quote.end - 4, quote.end))
    citation = cite(tiny_store, replace(quote, marks=marks), 1)
    assert citation.marks == ((0, 3), (8, 12))
    assert [citation.quote[start:end] for start, end in citation.marks] == ["从东岸", "两分钟。"]


@pytest.mark.parametrize(("before", "after"), [(-1, 3), (3, 3), (4, 3), (8, 13)])
def test_a_mark_outside_its_quote_or_of_nothing_is_an_error(tiny_store, before, after):
    quote = extract_of(tiny_store, BRIDGE, "从东岸到西岸只要两分钟。")
    with pytest.raises(AnswerError, match="no text of the page stands there"):
        cite(tiny_store, replace(quote, marks=((quote.start + before, quote.start + after),)), 1)


def test_an_extract_from_the_first_character_to_the_last_is_cited(tiny_store):
    article = tiny_store.articles["liuhe.txt#10"]
    citation = cite(tiny_store, Extract(BRIDGE, 0, len(article.text)), 1)
    assert citation.quote == article.text


def test_a_place_in_an_article_goes_from_the_first_span_to_the_last(tiny_store, torn):
    article = tiny_store.articles["liuhe.txt#10"]
    place = place_in(article, torn.spans)
    assert place is not None
    assert (place.quote, place.spans, place.first_line, place.last_line) == (torn.quote, torn.spans, 12, 14)
    last = torn.spans[-1]
    one = place_in(article, [Span(last.end - 1, last.end)])  # the last character of a line
    assert one is not None
    assert one.quote == "。"


@pytest.mark.parametrize(("move_start", "move_end"), [(-1000, 0), (0, 1000)])
def test_a_place_that_leaves_the_article_is_none(tiny_store, torn, move_start, move_end):
    first, last = torn.spans
    spans = (Span(first.start + move_start, first.end), Span(last.start, last.end + move_end))
    assert place_in(tiny_store.articles["liuhe.txt#10"], spans) is None


def test_a_place_that_ends_before_it_begins_is_none(tiny_store, torn):
    first, last = torn.spans
    assert place_in(tiny_store.articles["liuhe.txt#10"], (last, first)) is None


def test_lines_are_counted_over_cr_lf(tiny_store):
    citation = cite(tiny_store, extract_of(tiny_store, "shanqian.txt#1:0", "跑道长200米。"), 1)
    assert (citation.first_line, citation.last_line) == (5, 5)
    (span,) = citation.spans
    page = tiny_store.pages["shanqian.txt"]
    assert page.text[span.start : span.end] == "跑道长200米。"


@given(st.data())
def test_every_stretch_of_every_passage_can_be_cited_and_holds(tiny_store, data):
    passage = data.draw(st.sampled_from(list(tiny_store.passages.values())))
    start = data.draw(st.integers(passage.start, passage.end - 1))
    end = data.draw(st.integers(start + 1, passage.end))
    article = tiny_store.articles[passage.article_id]
    page = tiny_store.pages[article.file]
    extract = Extract(passage.passage_id, start, end)
    if not article.text[start:end].strip("\n"):  # nothing but a line break that reading added
        with pytest.raises(AnswerError, match="no text of the page stands there"):
            cite(tiny_store, extract, 1)
        return
    citation = cite(tiny_store, extract, 1)
    assert "".join(page.text[s.start : s.end] for s in citation.spans) == citation.quote.replace("\n", "")
    lines = page.text.split("\n")  # CR, where there is one, is white space at the end of a line
    cited = "".join(lines[citation.first_line - 1 : citation.last_line])
    assert page.text[citation.spans[0].start] in lines[citation.first_line - 1]
    assert all(page.text[s.start : s.end] in cited for s in citation.spans)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (
            {"quote": "鹿鸣大桥前天通车，全长960米，双向四车道。"},
            r"\[1\] of liuhe\.txt says .*960米.* but lines 12-14 hold .*860米",
        ),
        ({"quote": "全长860米"}, "says '全长860米'"),
        ({"quote": ""}, "says ''"),
        ({"spans": ()}, "but lines 12-14 hold ''"),
        ({"spans": (Span(0, 1),)}, "but lines 12-14 hold"),
        ({"spans": (), "quote": ""}, "says '', but lines 12-14 hold ''"),  # nothing equals nothing, and proves nothing
        ({"first_line": 11}, r"names lines 11-14, but its quote stands in lines 12-14\."),
        ({"last_line": 12}, r"names lines 12-12, but its quote stands in lines 12-14\."),
    ],
)
def test_a_citation_that_does_not_hold_is_found_out(tiny_store, torn, change, message):
    page = tiny_store.pages["liuhe.txt"]
    assert check(torn, page) is None
    with pytest.raises(AnswerError, match=message):
        check(replace(torn, **change), page)


def test_a_page_that_was_changed_is_found_out(tiny_store, torn):
    page = tiny_store.pages["liuhe.txt"]
    with pytest.raises(AnswerError, match="report it, for a wrong quote is a defect"):
        check(torn, replace(page, text=page.text.replace("860", "960")))
    with pytest.raises(AnswerError, match="but lines 12-14 hold"):
        check(torn, replace(page, text="　" + page.text))  # one character further on


def test_a_page_with_a_line_more_is_found_out():
    """The same characters at the same offsets, but a line break where a space was: another line."""
    citation = Citation(1, "p.txt", "", "p.txt#1", "p.txt#1:0", 1, 1, (Span(2, 4),), "甲。")
    assert check(citation, Page("p.txt", "乙 甲。", "utf-8", "")) is None
    with pytest.raises(AnswerError, match="names lines 1-1, but its quote stands in lines 2-2"):
        check(citation, Page("p.txt", "乙\n甲。", "utf-8", ""))


@pytest.fixture(scope="module")
def reprinted(make_store):
    """One story on two pages: the second in traditional script, torn, and under another headline."""
    first = "鹿鸣大桥通车\n\n鹿鸣大桥昨天通车，全长860米。从东岸到西岸只要两分钟。"
    again = (
        "別的事\n\n果園豐收，村民高興。\n\n# 兩岸一橋連\n\n鹿鳴大橋昨天通車，全長860米。從東岸\n\n到西岸只要兩分鐘。"
    )
    return make_store({"a.txt": first, "b.txt": again})


def test_a_quote_that_stands_twice_is_cited_with_both_its_places(reprinted):
    words = "从东岸到西岸只要两分钟。"
    citation = cite(reprinted, extract_of(reprinted, "a.txt#1:0", words), 1)
    assert (citation.file, citation.first_line, citation.quote) == ("a.txt", 3, words)
    (place,) = citation.also
    assert (place.file, place.headline, place.first_line, place.last_line) == ("b.txt", "兩岸一橋連", 7, 9)
    assert place.quote == "從東岸到西岸只要兩分鐘。"
    page = reprinted.pages["b.txt"]
    assert [page.text[span.start : span.end] for span in place.spans] == ["從東岸", "到西岸只要兩分鐘。"]


def test_what_is_said_once_has_no_other_place(reprinted):
    assert cite(reprinted, extract_of(reprinted, "a.txt#1:0", "鹿鸣大桥通车"), 1).also == ()


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (
            {"quote": "從東岸到西岸要兩小時。"},
            r"\[1\] says '从东岸.*', but b\.txt, named as another place of it, says '從東",
        ),
        ({"spans": (Span(0, 1),)}, r"of b\.txt says .*, but lines 7-9 hold"),
        ({"first_line": 8}, r"of b\.txt names lines 8-9, but its quote stands in lines 7-9"),
    ],
)
def test_another_place_that_does_not_hold_is_found_out(reprinted, change, message):
    citation = cite(reprinted, extract_of(reprinted, "a.txt#1:0", "从东岸到西岸只要两分钟。"), 1)
    page = reprinted.pages["b.txt"]
    assert check_copy(citation, citation.also[0], page) is None
    with pytest.raises(AnswerError, match=message):
        check_copy(citation, replace(citation.also[0], **change), page)


@pytest.mark.parametrize(("file", "old", "new"), [("a.txt", "两分钟", "五分钟"), ("b.txt", "兩分鐘", "五分鐘")])
def test_no_citation_is_made_when_a_page_says_something_else_than_its_article(reprinted, file, old, new):
    """Neither of the first place of a quote nor of another one: what is named must hold the words that are quoted."""
    page = reprinted.pages[file]
    changed = replace(page, text=page.text.replace(old, new))
    store = replace(reprinted, pages={**reprinted.pages, file: changed})
    with pytest.raises(AnswerError, match=rf"Citation \[4\] of {file} says '.*', but lines .* hold '.*{new}"):
        cite(store, extract_of(store, "a.txt#1:0", "从东岸到西岸只要两分钟。"), 4)


def test_a_search_never_returns_the_same_text_twice(reprinted):
    hits = search(reprinted, "从东岸到西岸要多久？", k=10, legs="ranks")
    texts = ["".join(reprinted.passages[hit.passage_id].text.split()) for hit in hits]
    assert len(set(texts)) == len(texts)
    assert hits[0].passage_id == "a.txt#1:0"


@pytest.mark.parametrize(("start", "end"), [(-1, 3), (5, 5), (7, 3), (0, 9999), (9999, 10000)])
def test_a_stretch_outside_its_article_is_an_error(tiny_store, start, end):
    with pytest.raises(AnswerError, match=r"asks for \[.*\) of liuhe\.txt#10, which has \d+ characters"):
        cite(tiny_store, Extract(BRIDGE, start, end), 1)


def test_a_passage_that_is_not_there_is_an_error(tiny_store):
    with pytest.raises(AnswerError, match=r"Citation \[3\] names the passage 'nowhere', which is not there"):
        cite(tiny_store, Extract("nowhere", 0, 1), 3)


def test_a_quote_of_a_printed_page_has_its_place_on_paper(make_pdf, tmp_path, model_folder):
    """Two columns: the quote ends the first line of the right one and begins the second, 20 characters of 10 points."""
    text = "杏花镇图书馆昨天开放，馆长王芳到场，读者三百余人前来借书，周末将举办讲座。"
    rows = [(320, 700 - 15 * row, 10, text[20 * row : 20 * row + 20]) for row in range(2)]
    (tmp_path / "a.pdf").write_bytes(make_pdf([(320, 750, 24, "图书馆开放"), *rows]))
    build_store(tmp_path / "a.pdf", tmp_path / "store", IndexConfig(model=str(model_folder)))
    store = open_store(tmp_path / "store")
    (passage,) = store.passages.values()
    citation = cite(store, extract_of(store, passage.passage_id, "读者三百余人前来借书"), 1)
    assert [(box.sheet, box.x0, box.x1) for box in citation.boxes] == [(1, 500, 520), (1, 320, 400)]
    bundle = make_bundle(Answer("问？", f"{citation.quote}[1]", (citation,), 0.9, abstained=False), store)
    assert check_bundle(bundle, store.pages, store.articles) == []
    moved = replace(citation, boxes=(replace(citation.boxes[0], y0=1), *citation.boxes[1:]))
    forged = bundle.model_copy(update={"citations": (moved,)})
    assert "引文 [1]：它不在所记的版面位置上。" in check_bundle(forged, store.pages, store.articles)
