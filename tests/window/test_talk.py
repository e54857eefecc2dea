"""Does the window remember answers for as long as it must, and no more of them than fit?"""

from __future__ import annotations

from dataclasses import replace

import pytest

from rag.api.work_queue import WorkQueue
from rag.config import RagConfig
from rag.errors import ModelError, RetrievalError, StoreError
from window.talk import Asked, Kept, Talk, Wishes, problem


def generation(store, name):
    """The same store as another generation."""
    return replace(store, manifest=store.manifest.model_copy(update={"generation": name}))


@pytest.fixture
def talk(store):
    made = Talk(lambda: store, WorkQueue(1, 1), RagConfig(min_confidence=0.0), 1)
    yield made
    made.work_queue.close()


def tell(talk, answer, store):
    """Keep an answer as a question that was answered does; its id."""
    return talk._done(answer, store)["id"]


def test_an_answer_is_kept_with_the_store_that_gave_it(talk, store, make_answer):
    answer = make_answer(store, "a.txt", "新桥昨天通车。")
    assert talk.kept(tell(talk, answer, store)) == Kept(answer, store)
    assert talk.kept("nobody's") is None


def test_a_thousand_answers_are_remembered_and_the_oldest_forgotten(talk, store, make_answer):
    answer = make_answer(store, "a.txt", "新桥昨天通车。")
    names = [tell(talk, answer, store) for _ in range(1002)]
    assert [talk.kept(name) is not None for name in names] == [False, False] + [True] * 1000


def test_two_generations_of_the_store_are_kept_and_no_third(talk, store, make_answer):
    answer = make_answer(store, "a.txt", "新桥昨天通车。")
    stores = [generation(store, name) for name in ("g1", "g2", "g3")]
    names = [tell(talk, answer, each) for each in stores]
    assert [talk.kept(name) and talk.kept(name).store for name in names] == [None, *stores[1:]]
    assert list(talk._generations) == ["g2", "g3"]


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
        events = talk.events(Asked(question="新桥多长？"))
        assert await anext(events) == {"type": "waiting", "ahead": ahead}
        await events.aclose()
    monkeypatch.setattr(type(talk.work_queue), "held", 0)
    assert [event["type"] async for event in talk.events(Asked(question="？"))] == ["error"]


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
