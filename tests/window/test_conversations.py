"""Tests of what is kept of conversations: order, search, branches, what is taken back, and a file that fails."""

from __future__ import annotations

import shutil
import sqlite3
from contextlib import closing

import pytest

import window.conversations
from rag.bundle import make_bundle
from window.conversations import FILE, Conversations, GoneError, KeepingError, Kept


@pytest.fixture
def kept(store, make_answer):
    bundle = make_bundle(make_answer(store, "a.txt", "造价300万元"), store)
    return Kept({"text": "造价300万元[1]", "copies": {}}, bundle)


@pytest.fixture
def conversations(tmp_path):
    made = Conversations(tmp_path / FILE)
    yield made
    made.close()


def told(conversations, conversation, turn, question, kept, instead=""):
    """Ask and answer; the conversation that it stands in."""
    name = conversations.begin(conversation, turn, question, instead)
    conversations.finish(turn, "done", kept.view, kept)
    return name


def titles(conversations, find=""):
    return [row["title"] for row in conversations.listed(find)[0]]


def questions(conversations, name):
    return [turn["question"] for turn in conversations.conversation(name)["turns"]]


def test_another_process_reads_what_was_asked_answered_and_evidenced(conversations, tmp_path, kept):
    told(conversations, "c", "t1", "新桥造价多少？", kept)
    conversations.begin("c", "t2", "它多长？")
    conversations.close()
    again = Conversations(tmp_path / FILE)
    found = again.conversation("c")
    assert (found["title"], found["pinned"]) == ("新桥造价多少？", False)
    assert [(turn["id"], turn["state"]) for turn in found["turns"]] == [("t1", "done"), ("t2", "stopped")]
    assert found["turns"][0]["told"] == kept.view
    assert found["turns"][0]["hashes"] == {"a.txt": kept.bundle.files["a.txt"].text_sha256}
    assert again.answer("t1") == kept
    assert again.answers("c") == [kept]
    again.close()


def test_the_latest_stands_first_below_what_is_pinned(conversations, kept, monkeypatch):
    moments = iter(f"2031-01-01T00:00:{second:02}+00:00" for second in range(60))
    monkeypatch.setattr(window.conversations, "_now", lambda: next(moments))
    for name in ("甲", "乙", "丙"):
        told(conversations, name, f"t{name}", f"{name}问", kept)
    assert titles(conversations) == ["丙问", "乙问", "甲问"]
    conversations.change("甲", pinned=True)
    told(conversations, "乙", "t4", "再问", kept)
    assert titles(conversations) == ["甲问", "乙问", "丙问"]
    rows, total = conversations.listed(start=1, most=1)
    assert ([row["id"] for row in rows], total) == (["乙"], 3)


@pytest.mark.parametrize(
    ("find", "found"),
    [
        ("新桥", ["新桥造价多少？"]),
        ("新橋", ["新桥造价多少？"]),
        ("３００万", ["新桥造价多少？"]),
        ("果园", ["新桥造价多少？"]),
        ("100%", []),
        ("_", []),
    ],
)
def test_search_is_of_titles_questions_and_answers_in_any_script_and_width(conversations, kept, find, found):
    told(conversations, "c", "t1", "新桥造价多少？", kept)
    conversations.begin("c", "t2", "果園收了多少？")
    conversations.begin("d", "t3", "电话？")
    assert titles(conversations, find) == found


def test_a_name_is_changed_but_never_to_nothing(conversations):
    conversations.begin("c", "t1", "问 一\n问")
    conversations.change("c", "  新的 名字 ")
    assert titles(conversations, "新的") == ["新的 名字"]
    conversations.change("c", "  ")
    conversations.begin("c", "t2", "二问")
    assert titles(conversations) == ["新的 名字"]


def test_what_is_deleted_comes_back_within_a_week_and_is_let_go_after_it(conversations, kept, monkeypatch):
    told(conversations, "c", "t1", "问", kept)
    conversations.change("c", deleted=True)
    assert titles(conversations) == []
    conversations.change("c", deleted=False)
    assert titles(conversations) == ["问"]
    conversations.change("c", deleted=True)
    monkeypatch.setattr(window.conversations, "_UNDO", -window.conversations._UNDO)
    conversations.close()
    with pytest.raises(GoneError, match="Choose another"):
        conversations.conversation("c")
    with pytest.raises(GoneError, match="Ask again"):
        conversations.answer("t1")


def test_an_earlier_question_asked_anew_branches_and_nothing_below_is_lost(conversations, kept):
    for turn, question in (("t1", "一"), ("t2", "二"), ("t3", "三")):
        told(conversations, "c", turn, question, kept)
    branch = told(conversations, "c", "t4", "二之二", kept, instead="t2")
    assert branch != "c"
    assert questions(conversations, "c") == ["一", "二", "三"]
    assert questions(conversations, branch) == ["一", "二之二"]
    assert conversations.conversation(branch)["origin"] == "c"
    assert conversations.conversation(branch)["title"] == "二之二"
    told(conversations, branch, "t5", "三之二", kept)
    assert questions(conversations, branch) == ["一", "二之二", "三之二"]


@pytest.mark.parametrize(("state", "question"), [("done", "二"), ("failed", "二之二"), ("stopped", "二之二")])
def test_the_last_turn_is_replaced_when_it_is_asked_again_or_had_no_answer(conversations, kept, state, question):
    told(conversations, "c", "t1", "一", kept)
    conversations.begin("c", "t2", "二")
    conversations.finish("t2", state, {})
    assert conversations.begin("c", "t3", question, instead="t2") == "c"
    assert questions(conversations, "c") == ["一", question]


def test_an_answered_question_that_is_changed_keeps_its_answer_even_at_the_end(conversations, kept):
    told(conversations, "c", "t1", "一", kept)
    assert conversations.begin("c", "t2", "一之二", instead="t1") != "c"
    assert questions(conversations, "c") == ["一"]


def test_a_late_stop_takes_no_answer_away(conversations, kept):
    told(conversations, "c", "t1", "一", kept)
    conversations.finish("t1", "stopped", {})
    assert conversations.conversation("c")["turns"][0]["told"] == kept.view


def test_asking_on_in_a_deleted_conversation_brings_it_back(conversations):
    conversations.begin("c", "t1", "一")
    conversations.change("c", deleted=True)
    conversations.begin("c", "t2", "二")
    assert titles(conversations) == ["一"]


def test_a_file_that_is_no_database_is_named_left_alone_and_may_be_moved_away(tmp_path, conversations):
    rubbish = b"rubbish, not a database " * 100
    (tmp_path / FILE).write_bytes(rubbish)
    with pytest.raises(KeepingError, match=rf"{FILE} .* Move it away"):
        conversations.begin("c", "t1", "一")
    assert (tmp_path / FILE).read_bytes() == rubbish
    (tmp_path / FILE).unlink()
    conversations.begin("c", "t1", "一")
    assert titles(conversations) == ["一"]


def test_a_file_deleted_below_a_running_window_is_begun_anew(tmp_path, conversations):
    conversations.begin("c", "t1", "一")
    for file in tmp_path.glob(f"{FILE}*"):
        file.unlink()
    conversations.begin("d", "t2", "二")
    conversations.close()
    assert titles(Conversations(tmp_path / FILE)) == ["二"]


def test_another_programs_lock_is_told_after_a_short_wait(tmp_path, conversations, monkeypatch):
    monkeypatch.setattr(window.conversations, "_PATIENCE", 0.01)
    conversations.begin("c", "t1", "一")
    with closing(sqlite3.connect(tmp_path / FILE)) as other:
        other.execute("BEGIN EXCLUSIVE")
        with pytest.raises(KeepingError, match="other program") as failed:
            conversations.begin("c", "t2", "二")
    assert failed.value.why == "locked"
    conversations.begin("c", "t3", "三")
    assert questions(conversations, "c") == ["一", "三"]


def test_a_file_as_large_as_may_be_refuses_more_and_keeps_what_it_has(conversations, kept, monkeypatch):
    monkeypatch.setattr(window.conversations, "_MOST_BYTES", 200_000)
    told(conversations, "c", "t1", "一", kept)
    conversations.begin("c", "t2", "二")
    with pytest.raises(KeepingError, match="Make room") as failed:
        conversations.finish("t2", "done", {"text": "长" * 200_000}, kept)
    assert failed.value.why == "full"
    assert conversations.conversation("c")["turns"][0]["told"] == kept.view


@pytest.mark.parametrize(("bound", "what"), [("_MOST", "conversations"), ("_MOST_TURNS", "of one")])
def test_there_are_bounds_on_how_many_are_kept(conversations, monkeypatch, bound, what):
    conversations.begin("c", "t1", "一")
    monkeypatch.setattr(window.conversations, bound, 1)
    with pytest.raises(KeepingError, match=what):
        conversations.begin("c", "t2", "二")


def test_a_folder_that_cannot_be_made_is_told(tmp_path):
    (tmp_path / "x").write_text("", encoding="utf-8")
    with pytest.raises(KeepingError, match="folder can be written"):
        Conversations(tmp_path / "x" / FILE).listed()


def test_only_the_newest_answers_stay_at_hand_without_the_file(tmp_path, kept, monkeypatch):
    monkeypatch.setattr(window.conversations, "_HELD", 2)
    (tmp_path / FILE).write_bytes(b"rubbish, not a database " * 100)
    conversations = Conversations(tmp_path / FILE)
    for turn in ("t1", "t2", "t3"):
        conversations.hold(turn, kept)
    assert conversations.answer("t2") == kept
    with pytest.raises(KeepingError):
        conversations.answer("t1")


def test_no_file_keeps_all_in_memory(tmp_path, kept):
    conversations = Conversations(None)
    told(conversations, "c", "t1", "一", kept)
    assert titles(conversations) == ["一"]
    assert not list(tmp_path.iterdir())
    conversations.close()


def test_a_copy_of_the_file_made_while_it_is_open_holds_what_was_told(tmp_path, conversations, kept):
    told(conversations, "c", "t1", "一", kept)
    conversations.close()  # as when the window ends: what stands in the log moves into the file
    shutil.copy(tmp_path / FILE, tmp_path / "copy.sqlite")
    copy = Conversations(tmp_path / "copy.sqlite")
    assert titles(copy) == ["一"]
    copy.close()
