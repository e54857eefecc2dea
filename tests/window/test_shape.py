"""Tests of what the browser gets to see: all of the text, marked where it is quoted, and nothing that could act."""

from __future__ import annotations

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from index.store.opened import Store
from rag.schema import Answer, Remark, Warns
from window.shape import answer_view, article_view, citation_view, text_pieces


def _text(pieces):
    return "".join(piece["text"] for piece in pieces)


def _marked(view, flag="marked"):
    return [piece["text"] for paragraph in view["paragraphs"] for piece in paragraph["pieces"] if piece.get(flag)]


def test_the_quote_is_marked_once_and_where_it_stands(store, make_answer):
    (citation,) = make_answer(store, "a.txt", "新桥昨天通车。", nth=1).citations
    view = article_view(store.articles[citation.article_id], citation)
    assert _marked(view) == ["新桥昨天通车。"]
    before = _text(next(p["pieces"] for p in view["paragraphs"] if _text(p["pieces"]).endswith("新桥昨天通车。")))
    assert before.endswith("造价300万元。新桥昨天通车。")


def test_a_mended_break_shows_inside_the_quote_and_adds_no_character(store, make_answer):
    quote = "新桥长120米，可供两辆汽车并排通过，造价300万元。"
    (citation,) = make_answer(store, "a.txt", quote).citations
    pieces = citation_view(citation, store)["pieces"]
    assert _text(pieces) == quote
    assert [piece["text"][:2] for piece in pieces if piece.get("torn")] == ["通过"]


def test_a_short_answer_is_bold_in_the_answer_and_in_the_article(store, make_answer):
    answer = make_answer(store, "a.txt", "造价300万元。", bold="300万元")
    (block,) = answer_view(answer, store)["blocks"]
    assert block["quoted"]
    assert [part.get("text") for part in block["parts"] if part.get("bold")] == ["300万元"]
    assert block["parts"][-1] == {"cite": 1}
    (citation,) = answer.citations
    assert _marked(article_view(store.articles[citation.article_id], citation), "bold") == ["300万元"]


def test_a_quote_over_two_paragraphs_is_one_block_and_marked_in_both(store, make_answer):
    answer = make_answer(store, "a.txt", "新桥昨天通车。\n镇长说", "造价300万元")
    blocks = answer_view(answer, store)["blocks"]
    assert [block["quoted"] for block in blocks] == [True, True]
    assert _text(part for part in blocks[0]["parts"] if "text" in part) == "新桥昨天通车。\n镇长说"
    view = article_view(store.articles[answer.citations[0].article_id], answer.citations[0])
    assert _marked(view) == ["新桥昨天通车。", "镇长说"]


def test_every_character_of_the_article_is_shown_in_order(store: Store):
    for article in store.articles.values():
        shown = [_text(paragraph["pieces"]) for paragraph in article_view(article)["paragraphs"]]
        assert "\n".join(shown) == article.text


@given(st.data())
def test_pieces_together_are_the_text_and_flags_hold_exactly_in_their_ranges(store: Store, data):
    article = data.draw(st.sampled_from(sorted(store.articles.values(), key=lambda a: a.article_id)))
    places = st.integers(0, len(article.text))
    start, end = sorted((data.draw(places), data.draw(places)))
    left, right = sorted((data.draw(places), data.draw(places)))
    pieces = text_pieces(article, start, end, marked=(left, right))
    assert _text(pieces) == article.text[start:end]
    marked = "".join(piece["text"] for piece in pieces if piece.get("marked"))
    assert marked == article.text[max(start, left) : max(start, left, min(end, right))]
    assert all(piece["text"] for piece in pieces)
    assert not any(one.get("torn") and other.get("torn") and not one["text"] for one, other in pairwise(pieces))


def test_generated_text_keeps_its_citations_and_other_brackets(store, make_answer):
    quoted = make_answer(store, "a.txt", "造价300万元")
    answer = Answer("问", "见[7]。花了三百万[1]。\n又一句[1]", quoted.citations, 1.0, abstained=False, generated=True)
    first, second = answer_view(answer, store)["blocks"]
    assert first["parts"] == [{"text": "见[7]。花了三百万"}, {"cite": 1}, {"text": "。"}]
    assert second["parts"] == [{"text": "又一句"}, {"cite": 1}]
    assert not first["quoted"]


def test_a_refusal_has_no_blocks_but_its_nearest_passages(store, make_answer):
    view = answer_view(make_answer(store, "a.txt", "镇长说，明年还要修一条路。", abstained=True), store)
    assert view["abstained"]
    assert view["blocks"] == []
    assert _text(view["nearest"][0]["pieces"]) == "镇长说，明年还要修一条路。"


def test_remarks_and_part_answers_reach_the_browser(store, make_answer):
    remarks = (Remark(Warns.MISMATCH, "版面上说的是120米。"),)
    view = answer_view(make_answer(store, "a.txt", "造价300万元", partly=True, remarks=remarks), store)
    assert view["partly"]
    assert view["remarks"] == [{"warns": "mismatch", "text": "版面上说的是120米。"}]
    assert view["sure"]["zh"]
    assert view["sure"]["en"]
