"""Do filters mean in Milvus what they mean on disk, and do keys and names keep apart what differs?"""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

pytest.importorskip("pymilvus")

from index.milvus.layout import (
    Generation,
    Section,
    Setup,
    day_number,
    generations_of,
    number_of,
    passage_indexes,
    pieces_of,
    places_elsewhere,
    record,
    record_key,
    where,
    where_elsewhere,
)
from index.schema import Article, Filter, Kind

DAYS = st.dates(date(1999, 12, 1), date(2003, 2, 3))


def article(name, day=None, kind=Kind.NEWS, file=None):
    return Article(name, file or f"{name}.txt", "", (), "", "", kind, day, (), "", ())


def asked_elsewhere(wanted, first_day="1999-12-01", last_day="2003-02-03"):
    """The numbers that a filter asks of the other articles."""
    expression = where_elsewhere(wanted, first_day, last_day) or ""
    _, found, rest = expression.partition("array_contains_any(elsewhere, [")
    return {int(number) for number in rest.partition("]")[0].split(",")} if found else set()


def test_bounds_become_numbers():
    wanted = Filter("2026-01-02", "2026-03-05", ("a.txt",), (Kind.NEWS, Kind.BRIEF))
    assert where(wanted) == (
        f"day >= 20260102 and day <= 20260305 and file in [{number_of('a.txt')}]"
        f" and kind in [{number_of('news')}, {number_of('brief')}]"
    )


def test_an_unknown_day_lies_outside_of_every_bound():
    assert day_number(None) == 0
    assert where(Filter(until="2026-03-05")) == "day >= 1 and day <= 20260305"


def test_what_a_user_types_never_gets_into_an_expression():
    wanted = Filter(files=("'] or row >= 0 or file in ['", '"\\'))
    assert set(where(wanted) + where_elsewhere(wanted, None, None)) <= set(
        "() []_,0123456789abcdefghijklmnopqrstuvwxyz"
    )


def test_a_place_elsewhere_is_asked_for_as_one():
    """One of the other articles is of the day and another of the kind; neither is both."""
    others = [article("b", "2026-03-05", Kind.BRIEF), article("c", "2026-01-31", Kind.NEWS)]
    noted = set(places_elsewhere(article("a"), others))

    def passes(**bounds):
        return bool(noted & asked_elsewhere(Filter(**bounds), "2026-01-31", "2026-03-05"))

    assert passes(since="2026-03-01")
    assert passes(kinds=(Kind.NEWS,))
    assert not passes(since="2026-03-01", kinds=(Kind.NEWS,))
    assert passes(since="2026-03-01", kinds=(Kind.NEWS, Kind.BRIEF), files=("c.txt", "b.txt"))
    assert not passes(since="2026-03-01", files=("c.txt",))
    assert not passes(files=("a.txt",))


@given(day=st.none() | DAYS, since=st.none() | DAYS, until=st.none() | DAYS)
def test_a_period_holds_the_days_between_its_bounds_and_no_others(day, since, until):
    noted = set(places_elsewhere(article("a"), [article("b", day and day.isoformat())]))
    wanted = Filter(since and since.isoformat(), until and until.isoformat())
    inside = not wanted or (bool(day) and (since or date.min) <= day <= (until or date.max))
    assert bool(noted & asked_elsewhere(wanted)) == inside


def test_a_long_time_is_asked_for_in_few_numbers():
    # 2 days, 11 months, 98 years, 11 months, 30 days
    asked = asked_elsewhere(Filter("1900-01-30", "1999-12-30"), "1900-01-01", "1999-12-31")
    assert len(asked) == 2 + 11 + 98 + 11 + 30


def test_where_no_article_can_pass_no_place_elsewhere_is_asked_for():
    assert where_elsewhere(Filter(since="2026-01-01"), None, None) is None
    assert where_elsewhere(Filter(since="2026-01-01"), "2025-01-01", "2025-12-31") is None


def test_the_own_article_is_not_noted_and_five_hundred_others_are_enough():
    own = article("a", "2026-01-01")
    assert places_elsewhere(own, [own, replace(own, file="other.txt")]) == []
    days = [(date(2000, 1, 1) + timedelta(number)).isoformat() for number in range(1000)]
    many = places_elsewhere(own, [article(f"b{number}", day) for number, day in enumerate(days)])
    assert len(many) == len(set(many)) == 4096
    assert all(0 <= number < 2**63 for number in many)


@given(text=st.text(alphabet="文\U00020000a", max_size=40).map(lambda text: text * 900))
def test_pieces_fit_into_milvus_and_make_up_the_text(text):
    pieces = pieces_of(text)
    assert "".join(pieces) == text
    assert all(len(piece.encode()) <= 65_535 for piece in pieces)


def test_only_the_first_piece_of_a_record_has_a_place_and_a_name():
    rows = list(record(Section.ARTICLE + 7, "a#1", "文" * 40_000, 3, 2))
    assert [(row["place"] - Section.ARTICLE, row["name"], len(row["text"])) for row in rows[:1]] == [(7, "a#1", 16_000)]
    assert [(row["place"], row["name"], len(row["text"])) for row in rows[1:]] == [(-1, "", 16_000), (-1, "", 8_000)]
    assert {(row["first"], row["count"], row["pieces"]) for row in rows} == {(3, 2, 3)}
    assert [row["key"] for row in rows] == [record_key(Section.ARTICLE, "a#1", piece) for piece in range(3)]


def test_keys_differ_by_section_name_and_piece():
    keys = [record_key(*parts) for parts in ((Section.PAGE, "a"), (Section.ARTICLE, "a"), (Section.PAGE, "a", 1))]
    assert len({*keys, record_key(Section.PAGE, "a\0001")}) == 4


def test_later_generations_sort_after_earlier_ones():
    first, second = Generation.new("news"), Generation.new("news")
    assert first.passages < second.passages
    names = ["news", "news_g", second.records, first.passages, first.records, f"old_{first.passages}", "news2"]
    assert generations_of("news", names) == [first, second]


def test_milvus_lite_is_not_asked_to_index_lists():
    lite, cluster = (passage_indexes(Setup(index="HNSW", build={"M": 16}), lists=lists) for lists in (False, True))
    assert {index.column for index in cluster} - {index.column for index in lite} == {"elsewhere"}
    assert (cluster[0].kind, cluster[0].metric, cluster[0].params) == ("HNSW", "IP", {"M": 16})
