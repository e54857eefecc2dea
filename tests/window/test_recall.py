"""Tests of earlier answers over a newer store: their quotes are shown, and a page that has changed is named."""

from __future__ import annotations

from dataclasses import replace

import pytest

from index.build import build_store
from index.config import IndexConfig
from index.store.opened import open_store
from rag.bundle import make_bundle
from window.conversations import GoneError, Kept
from window.recall import conversation_view, evidence_view
from window.shape import answer_view

_QUOTE = "新桥长120米，可供两辆汽车并排通过，造价300万元。"


@pytest.fixture
def kept(store, make_answer):
    answer = make_answer(store, "a.txt", _QUOTE)
    return Kept(answer_view(answer, store), make_bundle(answer, store))


@pytest.fixture
def rebuilt(tmp_path, store):
    """The store built again after one of its pages was changed; None takes the page away."""

    def build(text):
        pages = {file: page.text for file, page in store.pages.items() if file != "a.txt"}
        (tmp_path / "pages").mkdir()
        for name, told in (pages | ({"a.txt": text} if text else {})).items():
            (tmp_path / "pages" / name).write_text(told, encoding="utf-8")
        build_store(tmp_path / "pages", tmp_path / "store", IndexConfig())
        return open_store(tmp_path / "store")

    return build


def _marked(view):
    return "".join(p["text"] for paragraph in view["paragraphs"] for p in paragraph["pieces"] if p.get("marked"))


def test_over_the_same_pages_the_whole_article_is_shown(kept, rebuilt, store):
    view = evidence_view(kept, 1, rebuilt(store.pages["a.txt"].text))
    assert view["changed"] == ""
    assert view["paragraphs"][0]["role"] == "headline"
    assert _marked(view) == _QUOTE


@pytest.mark.parametrize(
    ("old", "new", "changed"), [("昨天通车", "今日通车", "stands"), ("300万元", "350万元", "differs")]
)
def test_over_a_changed_page_the_quote_is_shown_as_it_stood(kept, rebuilt, store, old, new, changed):
    text = store.pages["a.txt"].text
    assert old in text
    view = evidence_view(kept, 1, rebuilt(text.replace(old, new)))
    assert (view["changed"], _marked(view)) == (changed, _QUOTE)
    assert (view["file"], view["title"], view["first"]) == ("a.txt", "云溪镇建成新桥", 5)


def test_an_article_that_stands_elsewhere_on_its_page_is_told_as_a_change(kept, rebuilt, store):
    view = evidence_view(kept, 1, rebuilt("\n\n" + store.pages["a.txt"].text))
    assert (view["changed"], view["id"], _marked(view)) == ("stands", "", _QUOTE)


def test_a_page_that_is_gone_is_told_and_its_quote_is_not_lost(kept, rebuilt):
    view = evidence_view(kept, 1, rebuilt(None))
    assert (view["changed"], view["id"], _marked(view)) == ("gone", "", _QUOTE)


def test_another_number_is_no_evidence(kept, store):
    with pytest.raises(GoneError, match="evidence 2"):
        evidence_view(kept, 2, store)


def test_a_conversation_names_the_pages_that_changed_and_what_is_running(kept, store):
    hashes = {file: facts.text_sha256 for file, facts in kept.bundle.files.items()}
    turns = [{"id": "t1", "state": "done", "hashes": hashes}, {"id": "t2", "state": "stopped", "hashes": {}}]

    def view(store):
        return conversation_view({"turns": [dict(turn) for turn in turns]}, store, lambda turn: turn == "t2")["turns"]

    assert [(turn["state"], turn["changed"]) for turn in view(store)] == [("done", []), ("running", [])]
    page = store.pages["a.txt"]
    changed = replace(store, pages={"a.txt": replace(page, text=page.text + "又。")})
    assert [turn["changed"] for turn in view(changed)] == [["a.txt"], []]
    assert [turn["changed"] for turn in view(None)] == [["a.txt"], []]
