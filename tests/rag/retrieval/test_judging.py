"""What stands above a passage when it is read, how many are read, and what the confidence is told, by hand."""

from __future__ import annotations

import math

import numpy as np
import pytest

from rag.retrieval.crossencoder import VERDICTS, Judgement, Verdict
from rag.retrieval.judging import DATELINE, evidence, head_of, judge_passages, opening_of


def judgement(relevance: float = 0.5, sure: float = 0.5, **verdicts: float) -> Judgement:
    shares = np.array([verdicts.get(str(name), 0.0) for name in VERDICTS], np.float32)
    return Judgement(relevance, shares, (0, 1), sure, (), (), (), ())


class Scripted:
    """Judges passages by their text and counts what it reads."""

    def __init__(self, found: dict[str, Judgement]) -> None:
        self.found, self.read_texts = found, []

    def read(self, question, passages):
        self.read_texts += [text for _, text in passages]
        return [self.found.get(text, judgement(0.0, none=1.0)) for _, text in passages]


@pytest.fixture
def passages(make_store):
    store = make_store({f"{n}.txt": f"消息{n}\n本报记者 周小雨\n第{n}座大桥通车了。" for n in range(8)}, size=200)
    return store, list(store.passages.values())


def test_reading_stops_when_one_of_the_first_surely_answers(passages):
    store, all_of_them = passages
    model = Scripted({all_of_them[2].text: judgement(0.99, answers=0.99)})
    assert len(judge_passages(model, "？", all_of_them, store)) == 3
    assert model.read_texts == [passage.text for passage in all_of_them[:3]]
    assert len(judge_passages(model, "？", all_of_them, store, all_of_them=True)) == 8


def test_reading_goes_on_while_none_surely_answers(passages):
    store, all_of_them = passages
    model = Scripted({all_of_them[7].text: judgement(0.99, answers=0.99)})
    assert len(judge_passages(model, "？", all_of_them, store)) == 8
    assert judge_passages(model, "？", [], store) == []


def test_above_a_later_passage_stand_headline_and_opening(make_store):
    text = "柳河镇图书馆开馆\n本报讯(记者 周小雨)柳河镇图书馆昨天开馆。图书馆藏书3200册。\n馆长陆远航说，周一闭馆。"
    store = make_store({"a.txt": text}, size=40)
    first, *_, last = store.passages.values()
    article = store.articles[first.article_id]
    assert opening_of(article) == "柳河镇图书馆昨天开馆。"
    assert "柳河镇图书馆昨天开馆" not in head_of(first, article)
    assert head_of(last, article) == "柳河镇图书馆开馆 柳河镇图书馆昨天开馆。"


@pytest.mark.parametrize(
    ("text", "rest"),
    [
        ("本报讯(记者 周小雨)大桥通车。", "大桥通车。"),
        ("新华社北京1月2日电（记者张三）大桥通车。", "大桥通车。"),
        ("原标题：大桥", "大桥"),
        ("大桥通车，本报讯的说法是对的。", "大桥通车，本报讯的说法是对的。"),
    ],
)
def test_a_dateline_ends_where_the_report_begins(text, rest):
    match = DATELINE.match(text)
    assert text[match.end() if match else 0 :] == rest


def test_the_confidence_is_told_of_the_best_and_of_its_rivals():
    best = judgement(0.9, sure=0.5, answers=0.8, differs=0.1, none=0.1)
    other = judgement(0.5, answers=0.3, differs=0.6, none=0.1)
    told = evidence([other, best])

    def logit(share: float) -> float:
        return math.log(share / (1 - share))

    assert told == pytest.approx(
        {
            "holds": logit(0.8),
            "relevance": logit(0.9),
            "sure": 0.0,
            "differs": logit(0.1),
            "differs_elsewhere": logit(0.3),  # 0.6 of a passage that is half relevant
            "second": logit(0.3),
        },
        abs=1e-4,
    )


def test_yes_and_no_hold_an_answer_too():
    assert judgement(yes=0.5, no=0.3, none=0.2).holds == pytest.approx(0.8)
    assert judgement(yes=0.5, no=0.3).probability(Verdict.NO) == pytest.approx(0.3)
