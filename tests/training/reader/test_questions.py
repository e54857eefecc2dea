"""Questions of our files and of SQuAD-shaped ones become one form, each with the place of its answer."""

from __future__ import annotations

import json
from pathlib import Path

from rag.retrieval.crossencoder import Verdict
from training.reader.questions import is_held, read_squad_questions, read_written_questions, squad_pages

TRAINING = Path(__file__).parents[3] / "training"


def written(tmp_path, **item):
    told = {"question": "问？", "answers": [], "documents": ["news-1"], "quotes": []} | item
    (tmp_path / "q.jsonl").write_text(json.dumps(told, ensure_ascii=False), encoding="utf-8")
    return list(read_written_questions(tmp_path / "q.jsonl"))


def test_a_fact_is_placed_by_its_quote_and_has_its_first_verbatim_answer(tmp_path):
    (asked,) = written(tmp_path, type="english", answers=["860 m", "860米"], quotes=["全长860米"])
    assert (asked.verdict, asked.answers, asked.anchor) == (Verdict.ANSWERS, ("860米",), "全长860米")


def test_a_description_has_one_record_per_quote(tmp_path):
    found = written(tmp_path, type="description", answers=["甲", "乙", "丙"], quotes=["甲和乙", "还有丙", "别的"])
    assert [(asked.anchor, asked.answers) for asked in found] == [("甲和乙", ("甲", "乙")), ("还有丙", ("丙",))]


def test_what_differs_names_both_sides(tmp_path):
    (asked,) = written(tmp_path, type="differs", answers=["丰台区"], quotes=["丰台区建成"], asked="海淀区")
    assert (asked.verdict, asked.answers, asked.asked) == (Verdict.DIFFERS, ("丰台区",), "海淀区")
    (premise,) = written(tmp_path, type="false_premise", answers=["5个"], quotes=["共有5个"])
    assert (premise.verdict, premise.kind, premise.asked) == (Verdict.DIFFERS, "differs", "")


def test_yes_no_and_nothing(tmp_path):
    (no,) = written(tmp_path, type="yesno", answers=["否"], quotes=["没有通车"])
    assert (no.verdict, no.anchor, no.answers) == (Verdict.NO, "没有通车", ("没有通车",))
    assert written(tmp_path, type="yesno", answers=["是"], quotes=["通车"])[0].verdict is Verdict.YES
    (nothing,) = written(tmp_path, type="unanswerable", quotes=["别的数"])
    assert (nothing.verdict, nothing.anchor, nothing.answers) == (Verdict.NONE, "", ())


def test_squad_answers_are_placed_where_the_file_says(tmp_path):
    answers = [{"text": "8", "answer_start": 5}]
    paragraph = {"context": "有8人，共8队。", "qas": [{"question": "几队？", "id": "1", "answers": answers}]}
    (tmp_path / "set.json").write_text(json.dumps({"data": [{"title": "t", "paragraphs": [paragraph]}]}))
    (asked,) = read_squad_questions(tmp_path / "set.json")
    assert (asked.document, asked.answers, asked.anchor) == ("set-00000", ("8",), "有8人，共8队。")
    assert squad_pages(tmp_path / "set.json") == {"set-00000": "有8人，共8队。"}


def test_every_written_question_of_the_repo_can_be_read_and_some_are_held():
    found = [a for name in ("questions.jsonl", "reading.jsonl") for a in read_written_questions(TRAINING / name)]
    assert len(found) > 24_000
    assert 0.15 < sum(asked.held for asked in found) / len(found) < 0.25
    assert all(asked.held == is_held(asked.document) for asked in found)
    assert all(answer in asked.anchor for asked in found for answer in asked.answers[:1] if asked.kind == "factoid")
    assert all(asked.asked in asked.text for asked in found)
