from __future__ import annotations

from training.glosses import clean_glosses, gloss_book, rough_english, short_gloss, spellings
from training.sources import Entry


def entry(word, *glosses, syllables=("x",), is_name=False):
    return Entry(word, tuple(syllables), glosses, is_name)


def test_notes_and_brackets_are_no_meaning():
    assert clean_glosses(["(coll.) mother", "variant of 媽|妈[ma1]", "CL:個|个[ge4]", "surname Ma"]) == ["mother"]


def test_a_reference_with_two_syllables_goes_whole():
    assert clean_glosses(["city in Guangdong 廣東|广东[Guang3 dong1]"]) == ["city in Guangdong"]


def test_a_pointer_takes_over_the_glosses_and_a_name_its_spelling():
    book = gloss_book(
        [
            entry("丰台", "see 豐台區|丰台区[Feng1 tai2 Qu1]", syllables=("feng", "tai"), is_name=True),
            entry("丰台区", "Fengtai District", is_name=True),
        ]
    )
    assert book["丰台"] == ["Fengtai", "Fengtai District"]


def test_common_readings_come_before_names():
    book = gloss_book([entry("高", "Gao village", is_name=True), entry("高", "high")])
    assert book["高"] == ["high", "Gao village"]


def test_short_gloss_of_nothing_is_nothing():
    assert short_gloss([]) == ""


def test_rough_english_spells_what_the_dictionary_does_not_have():
    table = spellings([entry("平", "flat", syllables=("ping",)), entry("府", "seat", syllables=("fu",))])
    assert rough_english(["平府", " ", "开放", "5g"], {"开放": ["to open; to lift"]}, table) == "pingfu open 5g"
