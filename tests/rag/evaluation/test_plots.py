"""Drawings of rows small enough to see what must stand in them."""

from __future__ import annotations

import xml.etree.ElementTree as ET
from dataclasses import replace

import pytest

from rag.evaluation.plots import latency, reliability_diagram, risk_coverage_curve, type_bars
from rag.evaluation.rows import Row
from rag.evaluation.summary import Estimate, summarise

SVG = "{http://www.w3.org/2000/svg}"


def row(name: str, *, right: bool = True, confidence: float = 0.5, kind: str = "事实", **more: object) -> Row:
    known = Row(
        id=name,
        type=kind,
        question="几册？",
        answers=("3200册",),
        relevant=("a",),
        ranked={"a": 1.0},
        answer="3200册" if right else "两册",
        confidence=confidence,
        timings={"retrieve": 4.0, "read": 6.0, "total": 10.0},
    )
    return replace(known, **more)


ROWS = [
    row("q1", confidence=0.95),
    row("q2", confidence=0.91, right=False),
    row("q3", confidence=0.35, kind="列举"),
    row("q4", confidence=0.1, abstained=True, answer=""),
]
DRAWINGS = {
    "bars": lambda rows: type_bars(summarise(rows) if rows else {}),
    "risk": risk_coverage_curve,
    "reliability": reliability_diagram,
    "latency": latency,
}


def texts(drawing: str) -> list[str]:
    return ["".join(element.itertext()).strip() for element in ET.fromstring(drawing).iter(f"{SVG}text")]


@pytest.mark.parametrize("name", DRAWINGS)
def test_a_drawing_is_one_well_formed_svg_that_fits_into_a_page(name: str) -> None:
    drawing = DRAWINGS[name](ROWS)
    root = ET.fromstring(drawing)
    assert root.tag == f"{SVG}svg"
    assert root.get("role") == "img"
    assert root.get("aria-label")
    assert "width" not in root.attrib  # it takes the width of its column
    assert not list(root.iter(f"{SVG}style"))  # it would hold for the whole page
    assert "http" not in drawing.replace("http://www.w3.org/", "")  # nothing is loaded; those are names


@pytest.mark.parametrize("name", DRAWINGS)
def test_the_same_rows_give_the_same_bytes(name: str) -> None:
    assert DRAWINGS[name](ROWS) == DRAWINGS[name](list(ROWS))


def test_two_drawings_share_no_id() -> None:
    ids = [
        element.get("id")
        for draw in DRAWINGS.values()
        for element in ET.fromstring(draw(ROWS)).iter()
        if "id" in element.attrib
    ]
    assert len(ids) == len(set(ids))


@pytest.mark.parametrize("name", DRAWINGS)
def test_colours_are_variables_for_light_and_dark(name: str) -> None:
    drawing = DRAWINGS[name](ROWS)
    assert "var(--plot-ink, #24292f)" in drawing
    assert "#24292f" not in drawing.replace("var(--plot-ink, #24292f)", "")


@pytest.mark.parametrize("name", DRAWINGS)
def test_nothing_to_plot_is_an_empty_string(name: str) -> None:
    assert DRAWINGS[name]([]) == ""


def test_bars_name_their_types_in_chinese_and_show_values() -> None:
    # recall@5 is 1 everywhere; 事实 has one right of three, 列举 one of one.
    found = texts(type_bars(summarise(ROWS)))
    assert {"all", "事实", "列举", "recall@5", "contains_gold / right", "1.00", "0.33", "0.50"} <= set(found)


def test_one_type_alone_is_not_drawn_beside_all() -> None:
    assert "事实" not in texts(type_bars(summarise(ROWS[:2])))


def test_a_group_without_gold_answers_shows_right() -> None:
    estimate = Estimate(0.25, 0.2, 0.3, 4)
    assert "0.25" in texts(type_bars({"all": {"right": estimate}}))
    assert type_bars({"all": {"verbatim": estimate}}) == ""


@pytest.mark.parametrize("name", ["$x^{$", "a<script>b", "\x00\x1b甲", "很长的类型名" * 9])
def test_any_type_name_can_be_drawn(name: str) -> None:
    found = texts(type_bars(summarise([row("q1", kind=name), row("q2")])))
    told = "".join(found)
    assert name[:2].strip("\x00\x1b") in told
    assert "\x00" not in told
    assert all(len(text) <= 24 for text in found)


def test_the_risk_curve_ends_where_the_run_stands() -> None:
    # 3 of 4 questions are answered, 1 of them wrong.
    assert "0.75, 0.33" in texts(risk_coverage_curve(ROWS))


def test_rows_whose_rightness_is_unknown_are_no_risk() -> None:
    unknown = row("q5", answers=())
    assert texts(risk_coverage_curve([*ROWS, unknown])) == texts(risk_coverage_curve(ROWS))
    assert risk_coverage_curve([unknown]) == ""
    assert reliability_diagram([unknown]) == ""


def test_errors_and_refusals_are_no_answers() -> None:
    assert reliability_diagram([ROWS[3], row("q6", error="x", answer="")]) == ""


def test_reliability_counts_its_bins() -> None:
    # 0.95 and 0.91 share the last bin, 0.35 stands alone; the refusal is left out.
    found = texts(reliability_diagram(ROWS))
    assert found.count("2") == 1
    assert found.count("1") == 1


def test_a_confidence_of_one_belongs_to_the_last_bin() -> None:
    assert "1" in texts(reliability_diagram([row("q1", confidence=1.0)]))


def test_latency_tells_percentiles_in_all_and_per_stage_in_the_order_of_the_work() -> None:
    rows = [row(f"q{n}", timings={"read": 6.0, "own": 1.0, "retrieve": 4.0, "total": 10.0 + n}) for n in range(11)]
    found = texts(latency(rows))
    assert "p50 15 ms, p95 20 ms" in found  # 10, 11, ... 20: the middle is 15, 95 % of the way is 19.5
    assert "4.0 / 4.0" in found
    assert [name for name in found if name in {"read", "own", "retrieve"}] == ["retrieve", "read", "own"]


def test_latency_without_stages() -> None:
    drawing = latency([row("q1", timings={"total": 0.0})])
    assert "p50 0 ms, p95 0 ms" in texts(drawing)
    assert latency([row("q1", timings={})]) == ""


def test_a_curve_of_many_points_stays_small() -> None:
    rows = [row(f"q{n}", confidence=n / 5000, right=n % 3 > 0) for n in range(5000)]
    drawing = risk_coverage_curve(rows)
    assert len(drawing) < 80_000
    assert "1.00, 0.33" in texts(drawing)  # 1667 of 5000 are wrong
