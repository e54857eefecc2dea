"""What a model's numbers mean is worked out by hand; the model that ships reads a few passages as a person would."""

from __future__ import annotations

import numpy as np
import pytest

from rag.retrieval import crossencoder
from rag.retrieval.crossencoder import (
    TOKEN_SCORES,
    VERDICTS,
    CrossEncoder,
    Pair,
    Verdict,
    best_span,
    encode_pairs,
    judge,
)

TEXT = "全区有44个工作室。"
# One token per character; the question has two, the head one: <s> q q </s></s> h </s> t…t </s>
PAIR = Pair(
    ids=tuple(range(7 + len(TEXT) + 1)),
    question=(1, ((0, 1), (1, 2))),
    head=(5, ((0, 2),)),
    text=(7, tuple((place, place + 1) for place in range(len(TEXT)))),
)


def token_scores(**marked: list[int]) -> np.ndarray:
    """-9 everywhere, 9 at the tokens that are named per column."""
    scores = np.full((len(PAIR.ids), len(TOKEN_SCORES)), -9.0, np.float32)
    for name, tokens in marked.items():
        scores[tokens, TOKEN_SCORES.index(name)] = 9.0
    return scores


def judged(verdict: list[float], **marked: list[int]):
    return judge(PAIR, 0.0, np.array(verdict, np.float32), token_scores(**marked))


def test_words_are_found_where_their_tokens_stand():
    # 44个 is characters 3, 4 and 5 of the text, tokens 10 to 12
    found = judged([0, 9, 0, 0, 0], start=[10], end=[12], inside=[10, 11, 12])
    assert TEXT[slice(*found.span)] == "44个"
    assert [TEXT[a:b] for a, b in found.spans] == ["44个"]
    assert found.sure > 0.99
    assert found.verdict is Verdict.ANSWERS
    assert found.relevance == 0.5  # a logit of 0
    assert (found.told, found.told_above, found.asked) == ((), (), ())


def test_an_end_before_its_start_is_no_answer():
    found = judged([0, 9, 0, 0, 0], start=[12], end=[10, 14])
    assert found.span == (5, 8)  # token 12 is character 5; token 14, the only end behind it, is character 7


def test_a_contradiction_names_the_words_of_both_sides():
    found = judged([0, 0, 0, 0, 9], told=[7, 8], asked=[1, 2])
    assert found.verdict is Verdict.DIFFERS
    assert (found.told, found.asked) == (((0, 2),), ((0, 2),))
    above = judged([0, 0, 0, 0, 9], told=[5])
    assert (above.told, above.told_above) == ((), ((0, 2),))


def test_probabilities_of_verdicts_add_up():
    found = judged([1.0, 1.0, 1.0, 1.0, 1.0])
    assert found.verdicts == pytest.approx([0.2] * len(VERDICTS))
    assert found.holds == pytest.approx(0.6)  # answers, yes, no
    assert found.differs == found.probability(Verdict.NONE) == pytest.approx(0.2)


def test_a_doubtful_token_between_sure_ones_does_not_tear_an_answer():
    scores = token_scores(inside=[10, 12])
    scores[11, TOKEN_SCORES.index("inside")] = -1.0  # likelier out than in, but not by much
    scores[15, TOKEN_SCORES.index("inside")] = -1.0  # beside no sure one
    found = judge(PAIR, 0.0, np.zeros(5, np.float32), scores)
    assert [TEXT[a:b] for a, b in found.spans] == ["44个"]


def test_the_likeliest_pair_of_start_and_end_is_taken():
    # Starts .5 .5, ends .9 .1: (0, 0) has .45, (0, 1) .05, (1, 1) .05.
    start, end = np.log(np.array([0.5, 0.5], np.float32)), np.log(np.array([0.9, 0.1], np.float32))
    left, right, sure = best_span(start, end, np.zeros(2, np.float32))
    assert (left, right) == (0, 0)
    assert sure == pytest.approx(0.45)


def test_two_rivals_do_not_make_one_answer():
    # Starts .6 at the first token, .4 at the third; ends .1 and .9 there: (0, 2) has .54, but the token between is no
    # part of an answer, so that it counts .54 * .05; (2, 2) has .36 and counts nearly whole.
    start, end = np.log(np.array([0.6, 1e-9, 0.4], np.float32)), np.log(np.array([0.1, 1e-9, 0.9], np.float32))
    left, right, sure = best_span(start, end, np.array([9, -30, 9], np.float32))
    assert (left, right) == (2, 2)
    assert sure == pytest.approx(0.36)


def test_a_text_without_tokens_is_judged_too():
    empty = Pair((0, 1, 2, 3, 4, 5), (1, ((0, 1),)), (4, ()), (5, ()))
    found = judge(empty, 0.0, np.zeros(5, np.float32), np.zeros((6, 5), np.float32))
    assert (found.span, found.spans, found.sure) == ((0, 0), (), 0.0)


@pytest.fixture(scope="module")
def model():
    return CrossEncoder(threads=1)


def test_offsets_are_those_of_the_text_as_written(model):
    text = "豐台區有４４個　工作室"  # traditional, full width
    (pair,) = encode_pairs(model.tokenizer, "多少", [("標題", text)])
    first, offsets = pair.text
    covered = sorted({place for a, b in offsets for place in range(a, b)})
    assert "".join(text[place] for place in covered) == text.replace("\u3000", "")
    assert len(pair.ids) == first + len(offsets) + 1
    plain, _ = encode_pairs(model.tokenizer, "多少", [("标题", "丰台区有44个 工作室"), ("", "")])
    assert plain.ids == pair.ids  # script and width make no difference to the model


RIVALS = "柳河县已建成24个中医馆、60个中医阁、44个名老中医工作室。"


@pytest.mark.parametrize(
    ("question", "text", "answer"),
    [
        ("柳河县建成了多少个名老中医工作室？", RIVALS, "44个"),
        ("柳河县建成了多少个中医阁？", RIVALS, "60个"),
        ("鹿鸣大桥全长多少米？", "鹿鸣大桥昨天通车，全长860米，双向四车道。", "860米"),
        ("谁主持了会议？", "县长沈大川出席会议，副县长陆远航主持会议。", "陆远航"),
        ("How long is the Luming bridge?", "鹿鸣大桥昨天通车，全长860米，双向四车道。", "860米"),
    ],
)
def test_the_shipped_model_picks_the_right_words(model, question, text, answer):
    (found,) = model.read(question, [("", text)])
    assert found.verdict is Verdict.ANSWERS
    assert text[slice(*found.span)].strip("，。、") == answer


def test_the_shipped_model_sees_that_a_passage_is_about_something_else(model):
    right, other = model.read(
        "鹿鸣大桥全长多少米？", [("", "鹿鸣大桥全长860米。"), ("", "果园丰收，苹果卖到5元一斤。")]
    )
    assert right.relevance > 0.5 > other.relevance
    assert other.holds < 0.2


def test_what_was_read_is_remembered(model, monkeypatch):
    passages = [("", "鹿鸣大桥全长860米。"), ("", "果园丰收。"), ("", "鹿鸣大桥全长860米。")]
    first = model.read("大桥多长？", passages)
    assert first[0] == first[2]
    monkeypatch.setattr(crossencoder, "encode_pairs", lambda *_: [])  # nothing may be read again
    assert model.read("大桥多长？", passages) == first


def test_no_passages_are_no_judgements(model):
    assert model.read("大桥多长？", []) == []


def test_a_batch_reads_as_each_alone(model):
    passages = [("", "鹿鸣大桥全长860米。" * n) for n in (1, 2, 5, 9)] + [("", "果园。")]
    together = model.read("鹿鸣大桥多长？", passages)
    alone = [CrossEncoder(threads=1).read("鹿鸣大桥多长？", [passage])[0] for passage in passages]
    # Inputs are quantised per batch, so numbers differ a little.
    assert [one.relevance for one in together] == pytest.approx([one.relevance for one in alone], abs=0.1)
