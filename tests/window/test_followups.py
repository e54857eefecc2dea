"""Tests of what could be asked next: it is new, the archive answers it, and it waits for those who ask."""

from __future__ import annotations

import pytest

from index.build import build_store
from index.config import IndexConfig
from index.store.opened import open_store
from rag.api.work_queue import BusyError, WorkQueue
from rag.bundle import make_bundle
from rag.chain import AnswerChain
from rag.config import RagConfig
from window.conversations import Conversations, GoneError, Kept
from window.followups import candidates, find_followups
from window.talk import Talk


@pytest.fixture(scope="module")
def seeds(seeds_folder, tmp_path_factory):
    path = tmp_path_factory.mktemp("store")
    build_store(seeds_folder, path, IndexConfig())
    return open_store(path)


@pytest.fixture
def talk(seeds):
    made = Talk(lambda: seeds, WorkQueue(1, 1), RagConfig(), 1, Conversations(None))
    yield made
    made.work_queue.close()
    made.conversations.close()


def asked(talk, store, question):
    """Ask and keep the answer; it."""
    answer = AnswerChain(store).invoke(question)
    talk.conversations.begin("c", "t", question)
    talk.conversations.finish("t", "done", {"id": "t"}, Kept({"id": "t"}, make_bundle(answer, store)))
    return answer


async def test_each_is_answered_by_the_archive_and_told_by_no_answer_before(talk, seeds):
    answer = asked(talk, seeds, "昌平和青岛哪个聘请的劳模导师更多？")
    found = await find_followups(talk, "t")
    assert len(found) == len(set(found)) == 3
    quoted = {c.article_id for c in answer.citations}
    for question in found:
        told = AnswerChain(seeds).invoke(question)
        assert quoted & {c.article_id for c in told.citations}
        assert not all(c.quote in answer.text for c in told.citations)


async def test_of_a_refusal_the_nearest_headlines_are_offered(talk, seeds):
    answer = asked(talk, seeds, "谁发明了电话？")
    assert answer.abstained
    found = await find_followups(talk, "t")
    assert found
    assert set(found) <= {f"《{c.headline}》讲了什么？" for c in answer.nearest}


async def test_they_are_kept_with_the_answer_and_sought_once(talk, seeds, monkeypatch):
    asked(talk, seeds, "昌平和青岛哪个聘请的劳模导师更多？")
    found = await find_followups(talk, "t")
    monkeypatch.setattr("window.followups.candidates", None)
    assert await find_followups(talk, "t") == found
    assert talk.conversations.conversation("c")["turns"][0]["told"]["followups"] == found


async def test_whoever_waits_for_an_answer_goes_first(talk, seeds, monkeypatch):
    asked(talk, seeds, "昌平和青岛哪个聘请的劳模导师更多？")
    with monkeypatch.context() as busy:
        busy.setattr(type(talk.work_queue), "held", 1)
        assert await find_followups(talk, "t") == []

    async def full(_):
        raise BusyError(1)

    with monkeypatch.context() as busy:
        busy.setattr(talk.work_queue, "run", full)
        assert await find_followups(talk, "t") == []
    assert len(await find_followups(talk, "t")) == 3


async def test_an_answer_without_quotes_has_none_and_an_unknown_one_is_gone(talk, seeds):
    asked(talk, seeds, "谢谢")
    assert await find_followups(talk, "t") == []
    with pytest.raises(GoneError, match="Ask again"):
        await find_followups(talk, "nobody's")


def test_what_was_asked_is_not_offered(seeds):
    headline = "《昌平区总工会全方位构建职工发展支撑体系》讲了什么？"
    made = candidates(seeds, make_bundle(AnswerChain(seeds).invoke(headline), seeds))
    assert made
    assert headline not in [candidate.question for candidate in made]


def test_what_the_answer_told_is_not_asked_again(seeds):
    asked = AnswerChain(seeds).invoke("昌平区总工会聚焦哪些核心任务？")
    assert "职工创新、典型培育、技能提升" in asked.text
    offered = [candidate.question for candidate in candidates(seeds, make_bundle(asked, seeds))]
    assert len(offered) > 2
    assert "昌平区总工会聚焦哪三大核心任务？" not in offered
