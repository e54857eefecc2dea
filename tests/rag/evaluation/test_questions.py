"""Question files: read strictly, every fault named with its line."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from rag.errors import EvaluationError
from rag.evaluation.questions import load_questions


def _write(folder: Path, text: str) -> Path:
    file = folder / "q.jsonl"
    file.write_text(text, encoding="utf-8")
    return file


def test_a_question_with_everything(tmp_path: Path) -> None:
    line = (
        '{"id": "a", "question": "谁？", "type": "factoid", "answers": ["甲"], "match": "any", "article": ["x"],'
        ' "evidence": [{"file": "p.txt", "quote": "甲"}], "history": [{"question": "q", "answer": "a"}]}'
    )
    (question,) = load_questions(_write(tmp_path, line + "\n\n")).questions
    assert (question.id, question.answers, question.evidence[0].quote) == ("a", ("甲",), "甲")
    assert question.answerable


def test_without_an_id_it_is_named_by_its_line(tmp_path: Path) -> None:
    found = load_questions(_write(tmp_path, '\n{"question": "谁？"}\n{"question": "何时？"}'))
    assert [question.id for question in found.questions] == ["2", "3"]


def test_without_answers_it_is_unanswerable(tmp_path: Path) -> None:
    (question,) = load_questions(_write(tmp_path, '{"id": "a", "question": "谁？"}')).questions
    assert not question.answerable


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "holds no question"),
        ('{"id": "a", "question": "谁？"}\n{', "line 2: no valid JSON"),
        ("[1]", "line 1: no JSON object"),
        ('{"id": "a"}', "line 1: question: Field required"),
        ('{"id": "a", "question": "谁？", "match": "some"}', "line 1: match"),
        (
            '{"id": "a", "question": "谁？"}\n\n{"id": "a", "question": "哪？"}',
            "line 3: the id 'a' stands in line 1 already",
        ),
    ],
)
def test_faults_are_named_with_their_line(tmp_path: Path, text: str, message: str) -> None:
    with pytest.raises(EvaluationError, match=message):
        load_questions(_write(tmp_path, text))


def test_another_encoding_is_named(tmp_path: Path) -> None:
    file = tmp_path / "q.jsonl"
    file.write_bytes('{"id": "a", "question": "谁？"}'.encode("gb18030"))
    with pytest.raises(EvaluationError, match="is not UTF-8 at byte"):
        load_questions(file)


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(EvaluationError, match=r"There is no file .*none\.jsonl"):
        load_questions(tmp_path / "none.jsonl")


_SQUAD = {
    "data": [
        {
            "paragraphs": [
                {
                    "id": "P1",
                    "context": "柳河镇图书馆藏书3200册。",
                    "qas": [
                        {"id": "a", "question": "多少册？", "answers": [{"text": "3200册"}, {"text": "3200册"}]},
                        {"id": "b", "question": "谁捐的？", "answers": []},
                    ],
                },
                {"context": "鹿鸣大桥通车。", "qas": []},
            ]
        }
    ]
}


def test_squad_brings_its_paragraphs_as_the_collection(tmp_path: Path) -> None:
    file = tmp_path / "s.json"
    file.write_text(json.dumps(_SQUAD, ensure_ascii=False), encoding="utf-8")
    found = load_questions(file)
    assert found.texts == {"P1": "柳河镇图书馆藏书3200册。", "p00001": "鹿鸣大桥通车。"}
    first, second = found.questions
    assert (first.answers, first.documents) == (("3200册",), ("P1",))
    assert not second.answerable  # as SQuAD 2.0 has them


@pytest.mark.parametrize("text", ["{", "[]", '{"data": [{"paragraphs": [{"qas": []}]}]}', '{"data": [{"x": 1}]}'])
def test_what_is_not_in_squads_shape_is_said_so(tmp_path: Path, text: str) -> None:
    file = tmp_path / "s.json"
    file.write_text(text, encoding="utf-8")
    with pytest.raises(EvaluationError, match="not in SQuAD's shape"):
        load_questions(file)


def _write_beir(folder: Path, qrels: str) -> Path:
    (folder / "qrels").mkdir(parents=True)
    (folder / "corpus.jsonl").write_text(
        '{"_id": "d1", "title": "图书馆", "text": "藏书3200册。"}\n{"_id": "d2", "text": "大桥通车。"}\n',
        encoding="utf-8",
    )
    (folder / "queries.jsonl").write_text(
        '{"_id": "q1", "text": "多少册？", "metadata": {"answers": ["3200册"]}}\n{"_id": "q2", "text": "没有判断"}\n',
        encoding="utf-8",
    )
    (folder / "qrels" / "test.tsv").write_text(qrels, encoding="utf-8")
    return folder


def test_a_beir_folder_brings_its_corpus(tmp_path: Path) -> None:
    found = load_questions(_write_beir(tmp_path / "b", "query-id\tcorpus-id\tscore\nq1\td1\t1\nq1\td2\t0\n"))
    assert found.texts == {"d1": "图书馆\n藏书3200册。", "d2": "大桥通车。"}
    (question,) = found.questions  # q2 has no judgement: nothing can be measured on it
    assert (question.id, question.answers, question.documents) == ("q1", ("3200册",), ("d1",))


def test_a_malformed_judgement_is_named_with_its_line(tmp_path: Path) -> None:
    with pytest.raises(EvaluationError, match=r"test\.tsv, line 2: not query, document, grade"):
        load_questions(_write_beir(tmp_path / "b", "q1\td1\t1\nq1 d1 1\n"))


def test_a_beir_folder_without_judgements_is_said_so(tmp_path: Path) -> None:
    folder = _write_beir(tmp_path / "b", "q1\td1\t1\n")
    (folder / "qrels" / "test.tsv").unlink()
    with pytest.raises(EvaluationError, match="holds no relevance judgements"):
        load_questions(folder)
