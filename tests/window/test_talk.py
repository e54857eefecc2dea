"""Does a question go on when nobody looks, and stop when somebody wishes so? And how are failures told?"""

from __future__ import annotations

import asyncio
from contextlib import aclosing

import pytest

from rag.api.work_queue import WorkQueue
from rag.config import RagConfig
from rag.errors import ModelError, RetrievalError, StoreError
from window.conversations import Conversations, GoneError, KeepingError
from window.talk import Asked, Talk, Wishes, problem


@pytest.fixture
def talk(store):
    made = Talk(lambda: store, WorkQueue(1, 1), RagConfig(min_confidence=0.0), 1, Conversations(None))
    yield made
    made.work_queue.close()
    made.conversations.close()


def test_what_a_person_wishes_is_what_the_chain_does(talk):
    config = talk.chain(Wishes(passages=3, min_confidence=0.5, since="2031-04-08")).config
    assert (config.passages_read, config.min_confidence, str(config.since), config.until) == (
        3,
        0.5,
        "2031-04-08",
        None,
    )


async def test_who_comes_when_all_threads_work_is_told_how_many_are_before_them(talk, monkeypatch):
    for held, ahead in ((1, 1), (2, 2)):
        monkeypatch.setattr(type(talk.work_queue), "held", held)
        async with aclosing(talk.events(Asked(question="新桥多长？"))) as events:
            assert (await anext(events))["type"] == "begun"
            assert await anext(events) == {"type": "waiting", "ahead": ahead}
    monkeypatch.setattr(type(talk.work_queue), "held", 0)
    assert [event["type"] async for event in talk.events(Asked(question="？"))] == ["error"]


async def test_a_question_that_nobody_looks_at_any_more_is_answered_and_kept(talk):
    async with aclosing(talk.events(Asked(question="新桥多长？"))) as events:
        begun = await anext(events)
    assert talk.is_running(begun["turn"])
    *_, last = [event async for event in talk.follow(begun["turn"])]
    assert last["answer"]["id"] == begun["turn"]
    assert not talk.is_running(begun["turn"])
    (turn,) = talk.conversations.conversation(begun["conversation"])["turns"]
    assert (turn["state"], turn["told"]) == ("done", last["answer"])
    assert [event async for event in talk.follow(begun["turn"])] == []


async def test_a_question_can_be_stopped_by_whoever_has_its_name(talk, monkeypatch):
    never = asyncio.Event()

    async def waits(_):
        await never.wait()
        yield

    monkeypatch.setattr(talk.work_queue, "stream", waits)
    events = talk.events(Asked(question="新桥多长？"))
    begun = await anext(events)
    await asyncio.sleep(0)
    talk.stop(begun["turn"])
    assert [event["type"] async for event in events] == ["stopped"]
    (turn,) = talk.conversations.conversation(begun["conversation"])["turns"]
    assert turn["state"] == "stopped"
    talk.stop("nobody's")


async def test_a_mistake_of_ours_ends_the_question_and_names_no_word_of_it(talk, monkeypatch, caplog):
    monkeypatch.setattr(talk, "_grow", lambda asked: 1 / len(asked.history))
    *_, last = [event async for event in talk.events(Asked(question="新桥多长？"))]
    assert (last["type"], last["code"]) == ("error", "unknown")
    assert "ZeroDivisionError" in caplog.text
    assert "新桥" not in caplog.text


async def test_an_answer_that_cannot_be_kept_is_told_with_one_line_and_stays_at_hand(talk, monkeypatch, tmp_path):
    (tmp_path / "c.sqlite").write_text("no database at all, but longer than a header " * 9, encoding="utf-8")
    talk.conversations = Conversations(tmp_path / "c.sqlite")
    begun, *_, done = [event async for event in talk.events(Asked(question="新桥多长？"))]
    assert begun["conversation"]
    assert done["trouble"]["code"] == "keeping damaged"
    assert "120米" in done["answer"]["text"]
    assert talk.conversations.answer(begun["turn"]).view == done["answer"]
    with pytest.raises(KeepingError, match="Move it away"):
        talk.conversations.answer("another")


async def test_a_question_that_could_not_be_kept_at_first_is_kept_with_its_answer(talk, monkeypatch):
    with monkeypatch.context() as locked:
        locked.setattr(talk.conversations, "_connect", lambda: (_ for _ in ()).throw(OSError("locked")))
        events = talk.events(Asked(question="新桥多长？"))
        begun = await anext(events)
    *_, done = [event async for event in events]
    assert "trouble" not in done
    (turn,) = talk.conversations.conversation(begun["conversation"])["turns"]
    assert (turn["state"], turn["told"]) == ("done", done["answer"])


def test_memory_alone_knows_what_was_never_asked_as_gone(talk):
    with pytest.raises(GoneError, match="Ask again"):
        talk.conversations.answer("nobody's")


@pytest.mark.parametrize(
    ("error", "asked", "told"),
    [
        (StoreError("Gone.", "Build."), "问", {"code": "StoreError", "what": "Gone.", "fix": "Build."}),
        (RetrievalError("Empty.", "Type."), " ？", {"code": "empty", "what": "Empty.", "fix": "Type."}),
        (ModelError("Dull.", "Wait."), "", {"code": "ModelError", "what": "Dull.", "fix": "Wait."}),
        (
            RetrievalError("Long.", "Cut."),
            "长" * 2001,
            {"code": "too long", "what": "Long.", "fix": "Cut.", "most": "2000", "length": "2001"},
        ),
        (RetrievalError("No.", "Do."), "长" * 2000, {"code": "RetrievalError", "what": "No.", "fix": "Do."}),
    ],
)
def test_an_error_is_told_by_a_code(error, asked, told):
    assert problem(error, asked) == told
