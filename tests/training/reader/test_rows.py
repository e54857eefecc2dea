"""Labels stand on the tokens that hold their characters, and a batch holds what its rows say."""

from __future__ import annotations

import random
from dataclasses import replace

import pytest

from rag.retrieval.crossencoder import VERDICTS, Verdict, load_crossencoder
from training.reader.groups import Group, Labelled, read_groups, write_groups
from training.reader.rows import IGNORED, collate, crop, encode_groups, load_rows, save_rows

TEXT = "全区有44个工作室。"
GROUP = Group(
    "海淀区有几个？",
    "differs",
    "news-1",
    (
        Labelled("丰台区", TEXT, Verdict.DIFFERS, told_above=((0, 3),)),
        Labelled("", TEXT, Verdict.ANSWERS, spans=((3, 6),)),
        Labelled("", "果园丰收。"),
    ),
    asked=((0, 3),),
)


@pytest.fixture(scope="module")
def tokenizer():
    return load_crossencoder().tokenizer


@pytest.fixture(scope="module")
def rows(tokenizer):
    (found,) = encode_groups(tokenizer, [GROUP], 100)
    return found


def words(tokenizer, row, tokens):
    return "".join(tokenizer.id_to_token(row.ids[token]) for token in tokens).replace("▁", "")


def test_labels_are_on_their_tokens(tokenizer, rows):
    differs, answers, nothing = rows
    assert words(tokenizer, differs, differs.told) == "丰台区"
    assert words(tokenizer, differs, differs.asked) == "海淀区"
    assert (differs.inside, differs.span) == ((), (IGNORED, IGNORED))
    assert words(tokenizer, answers, answers.inside) == "44个"
    assert (answers.span[0], answers.span[1]) == (answers.inside[0], answers.inside[-1])
    assert (answers.told, answers.asked) == ((), ())  # nothing differs there
    assert [VERDICTS[row.verdict] for row in rows] == [Verdict.DIFFERS, Verdict.ANSWERS, Verdict.NONE]
    assert nothing.span == (IGNORED, IGNORED)


LONG = "果园丰收。柳河县有24个中医馆。全区有44个工作室。大桥通车了。龙舟赛开始了。"
ENDS = "。"


@pytest.mark.parametrize("seed", range(12))
def test_a_cropped_row_keeps_its_labels_and_whole_sentences(tokenizer, seed):
    start = LONG.index("44个")
    group = replace(GROUP, passages=(Labelled("丰台区", LONG, Verdict.ANSWERS, spans=((start, start + 3),)),))
    ((whole,),) = encode_groups(tokenizer, [group], 200)
    ends = frozenset({tokenizer.token_to_id(ENDS)})
    cut = crop(whole, ends, random.Random(seed))
    assert words(tokenizer, cut, cut.inside) == "44个"
    assert words(tokenizer, cut, range(*cut.span)) + words(tokenizer, cut, [cut.span[1]]) == "44个"
    text = words(tokenizer, cut, range(cut.text[0], sum(cut.text)))
    assert text in LONG
    assert "全区有44个工作室。" in text
    assert text.endswith("。")
    assert text.count("。") <= 3
    head = words(tokenizer, cut, range(cut.head[0], sum(cut.head)))
    assert head in {"丰台区", ""}
    assert len(cut.ids) == sum(cut.text) + 1
    assert cut.ids[-1] == whole.ids[-1]


def test_a_row_whose_label_is_in_the_head_is_not_cropped(tokenizer, rows):
    ends = frozenset({tokenizer.token_to_id(ENDS)})
    assert crop(rows[0], ends, random.Random(0)) == rows[0]


def test_what_is_too_long_is_left_out(tokenizer, rows):
    longest = max(len(row.ids) for row in rows)
    (kept,) = encode_groups(tokenizer, [GROUP], longest - 1)
    assert len(kept) < 3
    assert encode_groups(tokenizer, [GROUP], 3) == []


def test_rows_and_groups_come_back_as_they_were_written(tmp_path, rows):
    save_rows(tmp_path / "rows.npz", [rows, rows[1:]])
    assert load_rows(tmp_path / "rows.npz") == [rows, rows[1:]]
    assert write_groups(tmp_path / "groups.jsonl", [GROUP, GROUP]) == 2
    assert read_groups(tmp_path / "groups.jsonl") == [GROUP, GROUP]


def test_a_batch_holds_what_its_rows_say(rows):
    batch = collate([rows, rows[1:]], "cpu")
    assert batch["ids"].shape[0] == 5
    assert batch["ids"].shape[1] % 16 == 0
    assert batch["mask"].sum(1).tolist() == [len(row.ids) for row in [*rows, *rows[1:]]]
    assert batch["slots"].tolist() == [[0, 1, 2], [3, 4, -1]]
    assert batch["answered"].tolist() == [1, 1]
    assert batch["known"].tolist() == [[0, 1, 0, 1, 0], [1, 0, 0, 0, 0], [1, 0, 0, 0, 0]]
    assert batch["marks"][0, 1].nonzero().flatten().tolist() == list(rows[1].inside)
    assert batch["text"][1].nonzero().flatten().tolist() == list(range(rows[1].text[0], sum(rows[1].text)))
    assert batch["lengths"].tolist() == sorted(len(row.ids) for row in [*rows, *rows[1:]])
    assert not batch["text"][0, list(rows[0].told)].any()  # the head is no place for an answer
    assert batch["passage"][0, list(rows[0].told)].all()
