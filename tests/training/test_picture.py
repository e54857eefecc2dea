from __future__ import annotations

from xml.etree import ElementTree

from training.picture import picture


def test_every_word_has_a_row_and_each_language_its_colour():
    drawn = picture({"医院": [("医生", 0.8), ("hospital", 0.7)], "R&D": [("研发", 0.5)]})
    tree = ElementTree.fromstring(drawn)
    space = "{http://www.w3.org/2000/svg}"
    texts = ["".join(node.itertext()) for node in tree.iter(f"{space}text")]
    assert texts[1:] == ["医院", "医生80", "hospital70", "R&D", "研发50"]
    colours = [node.get("fill") for node in tree.iter(f"{space}rect")][1:]
    assert colours[0] == colours[2] != colours[1]


def test_no_words_are_an_empty_picture():
    assert picture({}).startswith("<svg")
