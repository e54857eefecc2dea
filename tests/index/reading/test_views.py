"""What does a model read of tables, lists and pairs, and does every stretch lead back to the page?"""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from index.chunking import chunk
from index.reading.pages import read_articles
from index.reading.views import focus, row_around, section_above, view
from index.schema import Page


def only(text, size=400):
    (article,) = read_articles(Page("page.txt", text, "utf-8", "0" * 64))
    return chunk(article, size)[0], article


def seen(text, words=()):
    return focus(view(*only(text)), words).read


TABLE = "各乡镇粮食产量（吨）\n\n乡镇{0}2024年{0}2025年\n东河乡{0}1100{0}1200\n西岭乡{0}950{0}900"


@pytest.mark.parametrize("between", ["\t", " | ", "　　", "    "])
def test_a_cell_is_read_with_its_row_and_column_heads(between):
    read = seen(TABLE.format(between))
    assert read.text.endswith("东河乡：2024年：1100；2025年：1200。\n西岭乡：2024年：950；2025年：900。")
    passage, _ = only(TABLE.format(between))
    start = read.text.index("900")
    left, right = read.original(start, start + 3)
    assert passage.text[left:right] == "900"
    assert right == len(passage.text)


def test_the_heads_of_a_table_are_read_in_every_passage_of_it():
    rows = "\n".join(f"村{n}\t{n}户\t{3 * n}人" for n in range(100, 140))
    (article,) = read_articles(Page("page.txt", f"村名\t户数\t人数\n{rows}", "utf-8", ""))
    last = chunk(article, 100)[-1]
    assert view(last, article).read.text.endswith("村139：户数：139户；人数：417人。")


def test_names_in_columns_have_no_heads():
    assert seen("名单\n\n唐榆　　秦柳　　孟川\n郑河　　丁禾　　苏禾").text.endswith(
        "唐榆：秦柳；孟川。\n郑河：丁禾；苏禾。"
    )


def test_of_a_list_only_the_rows_that_have_to_do_with_the_question_are_read():
    text = "班车时刻\n\n首班：六点三十分\n末班：二十一点\n票价：两元"
    assert seen(text, ["末班"]).text == "班车时刻\n末班：二十一点\n"
    assert seen(text, ["班车"]).text == text.replace("\n\n", "\n")  # all rows or none


def test_a_question_is_read_with_its_answer():
    text = "夜校问答\n\n问：何时开课？\n答：周二。\n\n问：学费多少？\n答：全部免费。"
    assert seen(text, ["学费"]).text == "夜校问答\n问：学费多少？\n答：全部免费。"
    passage, article = only(text)
    assert row_around(passage, article, *_place(passage.text, "免费")) is None  # it is quoted by its sentence


def test_an_interview_is_read_as_a_whole():
    text = "新管家\n\n记者：您何时来的？\n\n唐榆：二〇一九年来的。\n\n记者：有多少册书？\n\n唐榆：三千册。"
    assert "二〇一九年" in seen(text, ["册"]).text


def test_items_between_spaces_of_a_line_without_a_stop_are_read_by_themselves():
    text = "清单\n\n" + " ".join(f"{n}号闸由乙{n}负责" for n in range(100, 180))
    (article,) = read_articles(Page("page.txt", text, "utf-8", ""))
    passage = next(p for p in chunk(article, 240) if "145号" in p.text)
    assert focus(view(passage, article), ["145"]).read.text.strip() == "145号闸由乙145负责"
    assert passage.text[slice(*row_around(passage, article, *_place(passage.text, "乙145")))] == "145号闸由乙145负责"


def test_the_question_stands_above_a_long_answer():
    text = "问答\n\n问：夜校怎样上课？\n答：" + "每周二、周四晚七点在村委会上课。" * 30
    (article,) = read_articles(Page("page.txt", text, "utf-8", ""))
    passages = chunk(article, 120)
    assert passages[0].text.startswith("问答\n问：夜校怎样上课？\n答：")
    assert len(passages) > 2
    assert section_above(passages[-1], article) == "问：夜校怎样上课？"


@given(
    st.lists(
        st.sampled_from(
            ["乡镇\t人口", "东河乡\t1100", "西 岭 乡\t9\u200b50", "首班：六点", "来了。", "问：谁？", "答：我。"]
        )
    )
)
def test_what_a_model_reads_is_of_the_passage_or_put_in(lines):
    for article in read_articles(Page("page.txt", "\n".join(["甲", *lines]), "utf-8", "")):
        for passage in chunk(article, 30):
            read = view(passage, article).read
            assert len(read.text) == len(read.places)
            kept = [place for place in read.places if place >= 0]
            assert kept == sorted(set(kept))
            assert all(passage.text[p] == c for p, c in zip(read.places, read.text, strict=True) if p >= 0)


def _place(text, words):
    return text.index(words), text.index(words) + len(words)
