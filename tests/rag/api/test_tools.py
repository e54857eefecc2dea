"""Can an agent ask, search and read? By the real client of the protocol, against a real server."""

from __future__ import annotations

import json

import pytest

mcp = pytest.importorskip("mcp")

QUESTION = "鹿鸣大桥全长多少米？"


@pytest.fixture(params=["auto", "legacy"])
def mode(request):
    """The protocol's present form, and the one with a handshake that older clients speak."""
    return request.param


async def test_the_tools_are_listed_with_their_forms(server, mode):
    async with mcp.Client(f"{server}/mcp", mode=mode) as client:
        tools = {tool.name: tool for tool in (await client.list_tools()).tools}
    assert set(tools) == {"ask", "search", "read_article"}
    assert tools["ask"].input_schema["required"] == ["question"]
    assert tools["ask"].output_schema["properties"]["citations"]
    assert all(tool.annotations.read_only_hint for tool in tools.values())


async def test_an_agent_asks_searches_and_reads(server, mode):
    async with mcp.Client(f"{server}/mcp", mode=mode) as client:
        answer = await client.call_tool("ask", {"question": QUESTION})
        found = await client.call_tool("search", {"query": "大桥", "k": 1})
        cited = answer.structured_content["citations"][0]
        article = await client.call_tool("read_article", {"article_id": cited["article_id"]})
    assert not answer.is_error
    assert "860" in cited["quote"]
    assert json.loads(answer.content[0].text) == answer.structured_content
    assert found.structured_content["passages"][0]["article_id"] == cited["article_id"]
    assert cited["quote"] in article.structured_content["text"].replace("\n", "")


@pytest.mark.parametrize(
    ("tool", "arguments", "told"),
    [
        ("ask", {}, "question: Field required"),
        ("ask", {"question": "？"}, "The question is empty."),
        ("ask", {"question": "问" * 2001}, "at most 2000"),
        ("search", {"query": "桥", "k": "many"}, "k: "),
        ("search", {"query": "桥", "colour": 1}, "colour: "),
        ("read_article", {"article_id": "../../etc/passwd"}, "no such article"),
        ("burn", {}, "There are: ask, search, read_article."),
    ],
)
async def test_what_is_wrong_is_told_to_the_agent(server, tool, arguments, told):
    async with mcp.Client(f"{server}/mcp") as client:
        result = await client.call_tool(tool, arguments)
    assert result.is_error
    assert told in result.content[0].text


async def test_a_crash_tells_no_one_the_question(server, monkeypatch, caplog):
    def fail(*args, **kwargs):
        raise ValueError(f"the question was {args[1]}")

    monkeypatch.setattr("rag.api.service.search", fail)
    async with mcp.Client(f"{server}/mcp") as client:
        result = await client.call_tool("search", {"query": "鹿鸣大桥"})
    assert result.is_error
    assert "鹿鸣" not in result.content[0].text
    assert "鹿鸣" not in caplog.text


def test_without_the_package_it_says_what_to_install(make_client, monkeypatch):
    monkeypatch.setattr("rag.api.tools.find_spec", lambda name: None)
    response = make_client().post("/mcp", json={})
    assert response.status_code == 501
    assert "wenju[mcp]" in response.json()["fix"]


@pytest.mark.parametrize(
    "body", [b"", b"{", b"[" * 50_000, b'{"jsonrpc":"2.0","id":1,"method":"tools/call","params":5}']
)
def test_hostile_messages_are_refused(client, body):
    headers = {"Content-Type": "application/json", "Accept": "application/json, text/event-stream"}
    assert 400 <= client.post("/mcp", content=body, headers=headers).status_code < 500


def test_a_huge_message_is_refused(make_client):
    client = make_client(largest_body=2048)
    assert client.post("/mcp", content=b" " * 5000, headers={"Content-Type": "application/json"}).status_code == 413
