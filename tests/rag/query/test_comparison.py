"""A comparison is taken apart into two questions; what compares nothing is left alone."""

from __future__ import annotations

import pytest

from rag.query.comparison import read_comparison


@pytest.mark.parametrize(
    ("question", "asked", "most"),
    [
        ("昌平和青岛哪个聘请的劳模导师更多？", ["昌平聘请的劳模导师有多少？", "青岛聘请的劳模导师有多少？"], True),
        ("柳河桥和鹿鸣桥，哪个更短？", ["柳河桥有多长？", "鹿鸣桥有多长？"], False),
        ("丰台建的中医馆多还是中医阁多", ["丰台建的中医馆有多少？", "丰台建的中医阁有多少？"], True),
        ("体育公园的绿化率是不是比大观园高？", ["体育公园的绿化率是多少？", "大观园的绿化率是多少？"], True),
        ("Model S和Model X起售价差多少", ["Model S起售价是多少？", "Model X起售价是多少？"], True),
    ],
)
def test_each_side_is_asked_by_itself(question: str, asked: list[str], most: bool) -> None:
    contest = read_comparison(question)
    assert contest is not None
    assert [side.question for side in contest.sides] == asked
    assert contest.most is most


@pytest.mark.parametrize(
    "question", ["馆长和书记是谁？", "参赛人数比去年多多少？", "小店的东西比附近便宜几成？", "哪个项目投资更多？"]
)
def test_what_has_not_two_sides_is_no_comparison(question: str) -> None:
    assert read_comparison(question) is None
