"""Tests of what a program can do through Gradio's own client: ask, read on, look things up, be told what is wrong."""

from __future__ import annotations

import asyncio
import threading
import time

import pytest
from gradio_client import Client
from gradio_client.exceptions import AppError, AuthenticationError

from index.build import build_store
from index.config import IndexConfig
from rag.api import ApiConfig
from rag.api.server import listen, make_server
from rag.config import RagConfig
from rag.evaluation.questions import load_questions
from rag.feedback import export_feedback
from window.server import Serving, make_app


@pytest.fixture(scope="module")
def window(tmp_path_factory):
    """A live window with a password on loopback: its address, and its store's folder."""
    work = tmp_path_factory.mktemp("live")
    (work / "pages" / "晨报").mkdir(parents=True)
    text = "# 云溪镇建成新桥\n\n本报记者 林一\n\n云溪镇的新桥昨天通车。新桥长120米，造价300万元。\n"
    (work / "pages" / "晨报" / "2031-04-08.txt").write_text(text, encoding="utf-8")
    build_store(work / "pages", work / "store", IndexConfig())
    api = ApiConfig(token="geheim", rate=0)

    async def make():  # without a running loop, Gradio makes one of its own and never closes it
        return make_app(Serving(work / "pages", RagConfig(store=work / "store", min_confidence=0.0), api))

    app = asyncio.run(make())
    with listen("127.0.0.1", 0) as listener:
        server = make_server(app, api)
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]}, daemon=True)
        thread.start()
        while not server.started:
            assert thread.is_alive()
            time.sleep(0.01)
        yield f"http://127.0.0.1:{listener.getsockname()[1]}", work / "store"
        server.should_exit = True
        thread.join(10)


@pytest.fixture(scope="module")
def client(window):
    found = Client(window[0], headers={"Authorization": "Bearer geheim"}, verbose=False, analytics_enabled=False)
    yield found
    found.close()
    for pool in (found.executor, found.helper_executor, found.stream_executor):
        pool.shutdown()


def test_a_program_asks_reads_on_and_finds_it_again(client, window, tmp_path):
    first = client.predict("新桥造价多少？", api_name="/ask")
    assert "300万元" in first["text"]
    assert "[1] 云溪镇建成新桥，晨报/2031-04-08.txt 第 5 行" in first["text"]
    second = client.predict("它多长？", first["conversation"], api_name="/ask")
    assert second["answer"]["query"] == "新桥多长？"
    kept = client.predict(first["conversation"], api_name="/conversation")
    assert [turn["question"] for turn in kept["turns"]] == ["新桥造价多少？", "它多长？"]
    shown = client.predict(first["turn"], 1, api_name="/evidence")
    assert any(piece.get("marked") for paragraph in shown["paragraphs"] for piece in paragraph["pieces"])
    assert client.predict(first["turn"], api_name="/bundle")["kind"] == "wenju-evidence"
    assert client.predict(first["turn"], "useful", api_name="/feedback") is True
    exported = export_feedback(window[1], tmp_path / "mine.jsonl")
    assert load_questions(exported.path).questions[0].question == "新桥造价多少？"


def test_a_program_keeps_house_among_the_conversations(client):
    name = client.predict("新桥多长？", api_name="/ask")["conversation"]
    client.predict(name, "桥", True, api_name="/change_conversation")
    row = client.predict("桥", api_name="/conversations")["rows"][0]
    assert (row["id"], row["title"], row["pinned"]) == (name, "桥", True)
    client.predict(name, deleted=True, api_name="/change_conversation")
    assert name not in [row["id"] for row in client.predict(api_name="/conversations")["rows"]]


def test_a_program_searches_and_reads_the_archive(client):
    (found,) = client.predict("新桥", api_name="/search")
    assert found["title"] == "云溪镇建成新桥"
    assert client.predict("新桥", until="2031-04-07", api_name="/search") == []
    assert client.predict("量子纠缠", api_name="/search") == []
    article = client.predict(found["id"], found["passages"][0]["passage"], api_name="/article")
    assert article["title"] == found["title"]
    assert client.predict(api_name="/calendar") == {"papers": ["晨报"], "days": {"2031-04-08": 1}, "undated": 0}
    shelf = client.predict("2031-04-08", api_name="/day")
    assert shelf["pages"][0]["articles"][0]["id"] == found["id"]


@pytest.mark.parametrize(
    ("values", "name", "words"),
    [
        (["？"], "/ask", "The question is empty"),
        (["问", "nobody's"], "/ask", "no longer there"),
        (["none"], "/article", "no longer in the collection"),
        (["桥", "no day"], "/search", "since: .*Correct it"),
        (["none", "so so"], "/feedback", "verdict: .*Correct it"),
        (["none", 1], "/evidence", "Ask again"),
    ],
)
def test_what_is_wrong_is_told_in_a_line(client, values, name, words):
    with pytest.raises(AppError, match=words):
        client.predict(*values, api_name=name)


def test_nobody_comes_in_without_the_password(window):
    with pytest.raises(AuthenticationError, match="credentials were not provided"):
        Client(window[0], verbose=False, analytics_enabled=False)
