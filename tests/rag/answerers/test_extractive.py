"""What the reader makes of a model's judgements, worked out by hand; and that the shipped model serves it."""

from __future__ import annotations

import numpy as np
import pytest

from index.build import build_store
from index.config import IndexConfig
from index.store.opened import Store, open_store
from rag.answerers.extractive import ExtractiveReader
from rag.config import RagConfig
from rag.query.question import understand
from rag.retrieval.crossencoder import VERDICTS, Judgement
from rag.retrieval.retriever import search
from rag.schema import Hit, Remark, Warns

PAGES = {
    "a.txt": "柳河镇图书馆开馆\n本报记者 周小雨\n"
    "本报讯(记者 周小雨)柳河镇图书馆昨天开馆。图书馆藏书3200册。馆长陆远航表示，周一闭馆。",
    "b.txt": "鹿鸣大桥通车\n本报记者 郑秋\n鹿鸣大桥昨天通车。大桥长480米，由沈大川、林小满设计。",
    "c.txt": "青滩镇赛龙舟\n本报记者 郑秋\n青滩镇昨天赛龙舟，船由何水生设计。",
}


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Store:
    """With the built-in embedding model; each page is one passage."""
    work = tmp_path_factory.mktemp("extractive")
    (work / "pages").mkdir()
    for name, text in PAGES.items():
        (work / "pages" / name).write_text(text, encoding="utf-8")
    build_store(work / "pages", work / "store", IndexConfig())
    return open_store(work / "store")


class Scripted:
    """Says of each file what it was told to say; sure of its answers as far as a passage holds one."""

    def __init__(self, store: Store, **files) -> None:
        self.files = {passage.text: files.get(passage.passage_id[0]) for passage in store.passages.values()}

    def read(self, question, passages):
        nothing = judgement("", none=1.0)
        return [found(question, text) if (found := self.files.get(text)) else nothing for _, text in passages]

    def confidence(self, evidence):
        return 0.9 if evidence["holds"] > 0 else 0.1


def judgement(_text: str, relevance: float = 0.0, **verdicts: float) -> Judgement:
    shares = np.array([verdicts.get(str(name), 0.0) for name in VERDICTS], np.float32)
    return Judgement(relevance, shares, (0, 0), 0.9, (), (), (), ())


def says(words=(), told=(), asked=(), **verdicts):
    """A passage that says this with those words of it."""

    def found(question: str, text: str) -> Judgement:
        spans = tuple((text.index(word), text.index(word) + len(word)) for word in words)
        contradicted = tuple((text.index(word), text.index(word) + len(word)) for word in told)
        doubted = tuple((question.index(word), question.index(word) + len(word)) for word in asked)
        shares = np.array([verdicts.get(str(name), 0.0) for name in VERDICTS], np.float32)
        return Judgement(0.9, shares, spans[0] if spans else (0, 1), 0.9, spans, contradicted, (), doubted)

    return found


def read(store, question, **files):
    hits = [Hit(name, 0.9 - rank / 10, rank) for rank, name in enumerate(store.passages, start=1)]
    return ExtractiveReader(0.5, Scripted(store, **files)).read(understand(question), hits, store)


def quoted(store, extracts):
    texts = [store.articles[store.passages[e.passage_id].article_id].text for e in extracts]
    return [text[e.start : e.end] for text, e in zip(texts, extracts, strict=True)]


def marked(store, extracts):
    texts = [store.articles[store.passages[e.passage_id].article_id].text for e in extracts]
    return [[text[a:b] for a, b in e.marks] for text, e in zip(texts, extracts, strict=True)]


def test_the_words_are_the_direct_answer_and_their_sentence_the_evidence(store):
    reading = read(store, "鹿鸣大桥多长？", b=says(["480米"], answers=1.0))
    assert reading.direct == "480米"
    assert quoted(store, reading.extracts) == ["大桥长480米，由沈大川、林小满设计。"]
    assert marked(store, reading.extracts) == [["480米"]]
    assert reading.confidence == 0.9


def test_several_words_of_a_list_are_joined(store):
    reading = read(store, "大桥的设计者有哪些？", b=says(["沈大川", "林小满"], answers=1.0))
    assert reading.direct == "沈大川、林小满"
    assert marked(store, reading.extracts) == [["沈大川", "林小满"]]


def test_a_list_is_gathered_from_several_passages_and_a_fact_is_not(store):
    says_so = {"b": says(["沈大川", "林小满"], answers=1.0), "c": says(["何水生"], answers=0.8, none=0.2)}
    assert read(store, "设计者有哪些？", **says_so).direct == "沈大川、林小满、何水生"
    assert read(store, "大桥的船叫什么？", **says_so).direct == "沈大川"


@pytest.mark.parametrize(
    ("verdict", "question", "direct"),
    [
        ("yes", "鹿鸣大桥通车了吗？", "是"),
        ("no", "鹿鸣大桥长500米吗？", "否"),
        ("no", "Is the bridge 500 m long?", "No"),
    ],
)
def test_a_yes_or_no_is_told_with_what_decides_it(store, verdict, question, direct):
    reading = read(store, question, b=says(["大桥长480米"], **{verdict: 1.0}))
    assert reading.direct == direct
    assert quoted(store, reading.extracts) == ["大桥长480米，由沈大川、林小满设计。"]
    assert marked(store, reading.extracts) == [[]]


def test_a_quote_begins_behind_its_dateline(store):
    reading = read(store, "哪里昨天开馆？", a=says(["柳河镇图书馆"], answers=1.0))
    # The headline holds the words first; the body's sentence is asked for by its own.
    assert reading.direct == "柳河镇图书馆"
    opening = read(store, "图书馆怎么了？", a=says(["柳河镇图书馆昨天开馆"], answers=1.0))
    assert quoted(store, opening.extracts) == ["柳河镇图书馆昨天开馆。"]


def test_a_contradiction_is_a_refusal_that_names_both(store):
    reading = read(store, "红星大桥多长？", b=says(told=["鹿鸣大桥"], asked=["红星大桥"], differs=0.9, none=0.1))
    assert (reading.extracts, reading.direct, reading.confidence) == ((), "", 0.1)
    (remark,) = reading.remarks
    assert (remark.warns, remark.text) == (Warns.MISMATCH, "问题里说“红星大桥”，文中是“鹿鸣大桥”。")
    assert marked(store, reading.instead) == [["鹿鸣大桥"]]


def test_where_a_page_answers_for_what_was_asked_another_page_contradicts_nothing(store):
    another = says(told=["青滩镇"], asked=["柳河镇"], differs=0.95)
    own = says(["3200册"], answers=0.8, none=0.2)
    reading = read(store, "柳河镇藏书多少册？", a=own, c=another)
    assert (reading.direct, reading.confidence) == ("3200册", 0.9)
    unsure = says(["3200册"], answers=0.45, none=0.55)
    assert read(store, "柳河镇藏书多少册？", a=unsure, c=another).extracts == ()
    elsewhere = says(["480米"], answers=0.8, none=0.2)  # of a page that does not name what was asked
    assert read(store, "柳河镇藏书多少册？", b=elsewhere, c=another).extracts == ()


def test_a_word_typed_by_its_sound_is_taken_for_that_of_the_page(store):
    def hears(question, text):
        return (own if "柳河" in question else slip)(question, text)

    slip, own = says(told=["柳河镇"], asked=["刘河"], differs=0.9), says(["3200册"], answers=0.9)
    reading = read(store, "刘河镇图书馆藏书多少册？", a=hears)
    assert reading.direct == "3200册"
    assert reading.remarks == (Remark(Warns.MEANT, "“刘河”按同音的“柳河”查找。"),)
    other = read(store, "溪口镇图书馆藏书多少册？", a=says(told=["柳河镇"], asked=["溪口镇"], differs=0.9))
    assert (other.extracts, other.remarks[0].warns) == ((), Warns.MISMATCH)


def test_what_the_question_says_itself_is_no_difference(store):
    reading = read(store, "鹿鸣大桥多宽？", b=says(told=["鹿鸣大桥"], asked=["多宽"], differs=0.9, none=0.1))
    assert (reading.extracts, reading.remarks, reading.instead) == ((), (), ())


def test_a_shorter_name_of_the_same_is_no_difference(store):
    reading = read(store, "大桥多宽？", b=says(told=["鹿鸣大桥"], asked=["大桥"], differs=0.9, none=0.1))
    assert (reading.remarks, reading.instead) == ((), ())


def test_nothing_that_answers_is_a_refusal_with_its_reason(store):
    reading = read(store, "南极的企鹅吃什么？")
    assert (reading.extracts, reading.remarks, reading.confidence) == ((), (), 0.1)
    assert reading.reason.startswith("confidence below 0.50; best passage: holds 0.00")


def test_no_hits_are_no_answer(store):
    reading = ExtractiveReader(0.25).read(understand("图书馆"), [], store)
    assert (reading.extracts, reading.confidence) == ((), 0.0)


# With the model that ships.

_LEAST = RagConfig().min_confidence


def ask(store, text, min_confidence=_LEAST):
    question = understand(text)
    return ExtractiveReader(min_confidence).read(question, search(store, question.query, 10), store)


@pytest.mark.parametrize(
    ("question", "direct", "quote"),
    [
        ("柳河镇图书馆藏书多少册？", "3200册", "图书馆藏书3200册。"),
        ("柳河鎮圖書館藏書多少冊？", "3200册", "图书馆藏书3200册。"),
        ("鹿鸣大桥长多少米？", "480米", "大桥长480米，由沈大川、林小满设计。"),
        ("柳河镇图书馆的馆长是谁？", "陆远航", "馆长陆远航表示，周一闭馆。"),
    ],
)
def test_the_sentence_that_answers_is_chosen(store, question: str, direct: str, quote: str) -> None:
    reading = ask(store, question)
    assert reading.direct == direct
    assert quoted(store, reading.extracts) == [quote]


@pytest.mark.parametrize("question", ["鹿鸣大桥一共花了多少钱？", "南极的企鹅吃什么？"])
def test_it_abstains_where_no_page_tells(store, question):
    assert ask(store, question).extracts == ()


def test_the_threshold_is_the_callers(store) -> None:
    assert ask(store, "柳河镇图书馆藏书多少册？", min_confidence=1.0).extracts == ()
    assert ask(store, "图书馆", min_confidence=0.0).extracts != ()
