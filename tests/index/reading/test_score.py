"""Does the score count what was found, and would it notice a reading that is worse?"""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

import index.reading.score
from index.reading.pages import read_layout
from index.reading.score import Counts, main, score_page
from index.schema import Layout, Page

_TEXT = (
    "鹿鸣大桥通车\n\n本报讯（记者 秦一舟）大桥全长860米，双向四\n\n车道。\n\n"
    "果园丰收\n\n本报讯（记者 叶知夏）梨熟了。\n"
)
_GOLD = [
    {
        "headline": "鹿鸣大桥通车",
        "kicker_or_subhead": [],
        "byline": "（记者 秦一舟）",
        "kind": "brief",
        "paragraph_joins": [["双向四", "车道。"]],
        "lines": [1, 5],
    },
    {"headline": "果园丰收", "byline": "(记者 叶知夏)", "kind": "brief", "paragraph_joins": [], "lines": [[7, 9]]},
]


def page(text=_TEXT):
    return Page("page.txt", text, "utf-8", "0" * 64)


def test_a_page_that_is_read_as_the_gold_says():
    counts, told = score_page(page(), _GOLD)
    assert told == []
    # Five non-blank lines, 1, 3, 5, 7 and 9; one boundary, at 7, since the page's first line is left out.
    assert counts == Counts(2, 2, 2, 2, 1, 1, 1, 0, 0, 0, 1, 1, 1, 1, 5, 5)
    assert (counts.boundary_f1, counts.join_f1, counts.parts_f1) == (1.0, 1.0, 1.0)


def test_every_difference_is_told():
    gold = [{**_GOLD[0], "headline": "另一座桥", "byline": None, "kind": "news", "column": ["■桥"]}, _GOLD[1]]
    counts, told = score_page(page(), gold)
    assert (counts.headlines, counts.bylines, counts.kinds, counts.parts_gold, counts.parts_right) == (1, 1, 1, 1, 0)
    assert [line.split(" ")[2] for line in told] == ["headline", "byline", "kind", "part"]


def test_an_alternative_headline_counts_and_its_kicker_is_then_no_part():
    gold = [
        {**_GOLD[0], "headline": "通车", "headline_alternatives": ["鹿鸣大桥 通车"], "kicker_or_subhead": ["鹿鸣大桥"]}
    ]
    counts, told = score_page(page(_TEXT[: _TEXT.index("果园")]), gold)
    assert (counts.headlines, counts.parts_gold, told) == (1, 0, [])


def reading_with(monkeypatch, change):
    monkeypatch.setattr(index.reading.score, "read_layout", lambda read: change(read_layout(read)))


def test_one_article_for_two_has_no_boundary(monkeypatch):
    def merged(layout):
        first, second = layout.articles
        return Layout((replace(first, lines=first.lines + second.lines, segments=first.segments + second.segments),))

    reading_with(monkeypatch, merged)
    counts, told = score_page(page(), _GOLD)
    assert (counts.boundaries_gold, counts.boundaries_read, counts.boundary_f1) == (1, 0, 0.0)
    assert "line 7: a boundary is missing" in told


def test_a_line_twice_or_nowhere_is_not_covered(monkeypatch):
    def lossy(layout):
        first, second = layout.articles
        twice = replace(first, lines=first.lines + first.lines[:1], segments=first.segments + first.segments[:1])
        return Layout((twice, replace(second, lines=second.lines[:1], segments=second.segments[:1])))

    reading_with(monkeypatch, lossy)
    counts, _ = score_page(page(), _GOLD)
    assert (counts.lines, counts.covered) == (5, 3)  # line 1 is there twice, line 9 is nowhere


def test_a_wrong_join_lowers_precision_and_a_missing_one_recall():
    gold = [{**_GOLD[0], "paragraph_joins": [["860米，", "双向四"]]}, _GOLD[1]]
    counts, told = score_page(page(), gold)
    assert (counts.join_recall, counts.join_precision, counts.join_f1) == (0.0, 0.0, 0.0)
    assert [line.split(":")[0] for line in told] == ["not joined", "wrongly joined"]


def test_pages_add_up_and_nothing_to_find_is_found():
    assert Counts(articles=1, joins_gold=2) + Counts(articles=2, joins_gold=1) == Counts(articles=3, joins_gold=3)
    assert (Counts().boundary_f1, Counts().join_recall, Counts().join_precision) == (1.0, 1.0, 1.0)


def test_the_command_prints_a_row_per_page_and_one_for_all(tmp_path, capsys):
    (tmp_path / "page.txt").write_text(_TEXT, encoding="utf-8")
    (tmp_path / "other.txt").write_text("没有标准答案。", encoding="utf-8")  # passed over
    gold = tmp_path / "gold.json"
    gold.write_text(json.dumps({"page.txt": [{**_GOLD[0], "kind": "news"}, _GOLD[1]]}), encoding="utf-8")
    assert main([str(gold), str(tmp_path), "--differences"]) == 0
    head, row, total, difference = capsys.readouterr().out.splitlines()
    assert head.split() == "page articles boundaries headline byline kind parts join R join P coverage".split()
    assert row.split() == ["page.txt", "2", "1.000", "1.000", "1.000", "0.500", *["1.000"] * 4]
    assert total.split()[0] == "all"
    assert difference == "page.txt: line 1: kind 'brief', gold ['news']"


@pytest.mark.parametrize(("gold", "message"), [("{", "cannot be read as JSON"), ("{}", "None of the pages has gold")])
def test_what_is_wrong_is_one_clear_line(tmp_path, capsys, gold, message):
    (tmp_path / "page.txt").write_text(_TEXT, encoding="utf-8")
    (tmp_path / "gold.json").write_text(gold, encoding="utf-8")
    assert main([str(tmp_path / "gold.json"), str(tmp_path)]) == 1
    assert message in capsys.readouterr().err
