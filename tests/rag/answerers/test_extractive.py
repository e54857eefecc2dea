"""The extractive reader answers with the right sentence, gathers two where two are needed, and abstains."""

from __future__ import annotations

import pytest

from index.build import build_store
from index.config import IndexConfig
from index.store import Store, open_store
from rag.answerers.extractive import ExtractiveReader
from rag.question import understand
from rag.retriever import search

_PAGES = {
    "a.txt": "柳河镇图书馆开馆\n本报记者 周小雨\n柳河镇图书馆昨天开馆。图书馆藏书3200册。馆长陆远航表示，周一闭馆。",
    "b.txt": "鹿鸣大桥通车\n本报记者 郑秋\n鹿鸣大桥昨天通车。大桥长480米。过桥只要两分钟。",
}


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Store:
    """With the built-in model: whether to abstain is a matter of meaning, which keywords have none of."""
    work = tmp_path_factory.mktemp("extractive")
    (work / "pages").mkdir()
    for name, text in _PAGES.items():
        (work / "pages" / name).write_text(text, encoding="utf-8")
    build_store(work / "pages", work / "store", IndexConfig())
    return open_store(work / "store")


def _read(store: Store, text: str, **settings: float) -> tuple[list[str], float, str]:
    question = understand(text)
    reading = ExtractiveReader(**settings).read(question, search(store, question.query, 10), store)
    texts = [store.articles[store.passages[e.passage_id].article_id].text[e.start : e.end] for e in reading.extracts]
    return texts, reading.confidence, reading.reason


@pytest.mark.parametrize(
    ("question", "answer"),
    [
        ("柳河镇图书馆藏书多少册？", "图书馆藏书3200册。"),
        ("柳河鎮圖書館藏書多少冊？", "图书馆藏书3200册。"),
        ("鹿鸣大桥长多少米？", "大桥长480米。"),
        ("馆长陆远航表示周几闭馆？", "馆长陆远航表示，周一闭馆。"),
    ],
)
def test_the_sentence_that_answers_is_chosen(store, question: str, answer: str) -> None:
    texts, confidence, _ = _read(store, question)
    assert texts[0] == answer
    assert 0.2 <= confidence <= 1.0


def test_a_question_about_two_things_gets_two_sentences(store) -> None:
    texts, _, _ = _read(store, "柳河镇图书馆昨天开馆，鹿鸣大桥昨天通车了吗？")
    assert set(texts) == {"柳河镇图书馆昨天开馆。", "鹿鸣大桥昨天通车。"}


def test_it_abstains_when_nothing_holds_the_kind_of_thing_asked_for(store) -> None:
    texts, confidence, reason = _read(store, "鹿鸣大桥一共花了多少钱？")
    assert texts == []
    assert confidence < 0.15
    assert "confidence below" in reason


def test_it_abstains_where_no_sentence_has_any_number(make_store) -> None:
    store = make_store({"a.txt": "鹿鸣大桥通车\n本报记者 郑秋\n鹿鸣大桥昨天通车。大桥很长。"}, size=200)
    assert _read(store, "鹿鸣大桥长多少米？") == ([], 0.0, "no sentence holds the number or time that is asked for")


def test_a_store_of_another_model_is_read_with_the_cosines_that_the_forests_know(make_store) -> None:
    # The keywords' embedder has no likeness but of five words; measured with it, the answer's confidence would be none.
    store = make_store(_PAGES, size=200)
    texts, confidence, _ = _read(store, "柳河镇图书馆藏书多少册？")
    assert texts[0] == "图书馆藏书3200册。"
    assert confidence > 0.2


def test_the_short_answer_is_marked_and_a_wrong_premise_told(store) -> None:
    question = understand("鹿鸣大桥长500米还是多少米？")
    reading = ExtractiveReader(0.0).read(question, search(store, question.query, 10), store)
    extract = reading.extracts[0]
    text = store.articles[store.passages[extract.passage_id].article_id].text
    assert [text[a:b] for a, b in extract.marks] == ["480米"]
    assert [remark.text for remark in reading.remarks] == ["问题里说“500米”，所引原文是“480米”。"]


def test_it_abstains_on_another_topic(store) -> None:
    texts, confidence, reason = _read(store, "南极的企鹅吃什么？")
    assert texts == []
    assert confidence < 0.2
    assert "confidence" in reason or "no passage" in reason


def test_the_threshold_is_the_callers(store) -> None:
    assert _read(store, "柳河镇图书馆藏书多少册？", min_confidence=1.0)[0] == []
    assert _read(store, "图书馆", min_confidence=0.0)[0] != []


def test_no_hits_is_no_answer(store) -> None:
    reading = ExtractiveReader().read(understand("图书馆"), [], store)
    assert reading.extracts == ()
    assert reading.confidence == 0.0
