"""Several questions at once: each is searched and read by itself, and the missing one is named."""

from __future__ import annotations

from rag.answerers import Extract, Reading
from rag.answerers.parts import read_question
from rag.query.question import understand
from rag.schema import Hit, Remark, Warns

TWO = "大桥长多少米，图书馆又有多少册书？"
NOTHING = Reading((), 0.1, "nothing")


def found(name: str, confidence: float, **more) -> Reading:
    return Reading((Extract(name, 0, 5),), confidence, "told", **more)


def find(question) -> list[Hit]:
    return [Hit("bridge" if "大桥" in question.asked else "library", 0.9, 1), Hit("both", 0.5, 2)]


def test_a_single_question_is_read_once(tiny_store, scripted_reader) -> None:
    reader = scripted_reader(found("bridge", 0.7))
    hits, reading = read_question(understand("大桥长多少米？"), find, reader, tiny_store)
    assert (hits, reading) == (find(understand("大桥长多少米？")), found("bridge", 0.7))


def test_both_parts_are_answered(tiny_store, scripted_reader) -> None:
    reader = scripted_reader(found("bridge", 0.7), found("library", 0.4))
    hits, reading = read_question(understand(TWO), find, reader, tiny_store)
    assert [question.asked for question, _ in reader.asked] == ["大桥长多少米？", "图书馆又有多少册书？"]
    assert [extract.passage_id for extract in reading.extracts] == ["bridge", "library"]
    assert (reading.confidence, reading.partly, reading.remarks) == (0.4, False, ())
    assert hits == [Hit("bridge", 0.9, 1), Hit("library", 0.9, 2), Hit("both", 0.5, 3)]


def test_the_part_that_is_missing_is_named(tiny_store, scripted_reader) -> None:
    reader = scripted_reader(found("bridge", 0.7), NOTHING)
    _, reading = read_question(understand(TWO), find, reader, tiny_store)
    assert (reading.partly, reading.confidence) == (True, 0.7)
    assert reading.remarks == (Remark(Warns.MISSING, "没有找到这一问的答案：图书馆又有多少册书？"),)


def test_where_no_part_is_answered_the_whole_is_read(tiny_store, scripted_reader) -> None:
    reader = scripted_reader(NOTHING, NOTHING, found("both", 0.3))
    _, reading = read_question(understand(TWO), find, reader, tiny_store)
    assert reading == found("both", 0.3)
    assert reader.asked[-1][0].asked == TWO


def test_a_place_that_answers_both_is_quoted_once_with_both_marks(tiny_store, scripted_reader) -> None:
    one, other = Extract("both", 0, 9, ((1, 3),)), Extract("both", 0, 9, ((5, 7),))
    reader = scripted_reader(Reading((one,), 0.6, ""), Reading((other,), 0.8, ""))
    _, reading = read_question(understand(TWO), find, reader, tiny_store)
    assert reading.extracts == (Extract("both", 0, 9, ((1, 3), (5, 7))),)
