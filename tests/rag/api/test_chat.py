"""Can programs that speak OpenAI's language ask? By hand, by the real client, and as Open WebUI does."""

from __future__ import annotations

import json
import threading
import time

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rag.api.chat import Message, _conversation, _count, _tame, _task_answer, _unwrapped, _without_tail
from rag.chain import AnswerChain
from rag.config import RagConfig
from rag.errors import RetrievalError

openai = pytest.importorskip("openai")

QUESTION = "鹿鸣大桥全长多少米？"
TITLE = """### Task:
Generate a concise, 3-5 word title with an emoji summarizing the chat history.
### Output:
JSON format: { "title": "your concise title here" }
### Examples:
- { "title": "📉 Stock Market Trends" }
### Chat History:
<chat_history>
USER: 鹿鸣大桥全长多少米？
ASSISTANT: 大桥全长860米。[1]
</chat_history>"""


@pytest.fixture
def real(server):
    with openai.OpenAI(base_url=f"{server}/v1", api_key="none", max_retries=0) as found:
        yield found


def says(*contents, **more):
    roles = ("user", "assistant") * len(contents)
    return {
        "model": "wenju",
        "messages": [{"role": r, "content": c} for r, c in zip(roles, contents, strict=False)],
        **more,
    }


def events(response):
    lines = [line for line in response.text.split("\n\n") if line]
    assert all(line.startswith("data: ") for line in lines)
    assert lines[-1] == "data: [DONE]"
    return [json.loads(line.removeprefix("data: ")) for line in lines[:-1]]


def test_the_real_client_lists_the_model(real):
    assert [model.id for model in real.models.list()] == ["wenju"]
    assert real.models.retrieve("wenju").owned_by == "wenju"
    with pytest.raises(openai.NotFoundError, match="no such model"):
        real.models.retrieve("gpt")


def test_the_real_client_gets_an_answer_with_its_evidence(real, server):
    told = real.chat.completions.create(model="wenju", messages=[{"role": "user", "content": QUESTION}])
    message = told.choices[0].message
    assert "860米" in message.content
    assert "[1]" in message.content
    assert "来源：" in message.content
    cited = message.annotations[0].url_citation
    assert cited.url.startswith(f"{server}/article?id=liuhe.txt%23")
    assert message.content[cited.start_index : cited.end_index] == "[1]"
    assert told.choices[0].finish_reason == "stop"
    assert told.usage.total_tokens == told.usage.prompt_tokens + told.usage.completion_tokens > 0
    assert told.model_extra["wenju"]["citations"][0]["file"] == "liuhe.txt"


def test_the_link_of_a_citation_leads_to_the_article(client):
    told = client.post("/v1/chat/completions", json=says(QUESTION)).json()
    cited = told["choices"][0]["message"]["annotations"][0]["url_citation"]
    assert "860" in client.get(cited["url"]).json()["text"]


def test_the_real_client_streams_the_same(real):
    whole = real.chat.completions.create(model="wenju", messages=[{"role": "user", "content": QUESTION}])
    chunks = list(
        real.chat.completions.create(
            model="wenju",
            messages=[{"role": "user", "content": QUESTION}],
            stream=True,
            stream_options={"include_usage": True},
        )
    )
    text = "".join(c.choices[0].delta.content or "" for c in chunks if c.choices)
    assert text == whole.choices[0].message.content
    assert chunks[0].choices[0].delta.role == "assistant"
    last = chunks[-2]
    assert last.choices[0].finish_reason == "stop"
    assert last.model_extra["wenju"]["citations"] == whole.model_extra["wenju"]["citations"]
    assert chunks[-1].choices == []
    assert chunks[-1].usage == whole.usage


async def test_the_real_client_asks_without_waiting_too(server):
    async with openai.AsyncOpenAI(base_url=f"{server}/v1", api_key="none", max_retries=0) as real:
        stream = await real.chat.completions.create(model="wenju", messages=says(QUESTION)["messages"], stream=True)
        text = "".join([c.choices[0].delta.content or "" async for c in stream])
    assert "860米" in text


def test_who_stops_reading_leaves_no_place_taken(server, served, monkeypatch):
    answer = AnswerChain(served.state.stores()).invoke(QUESTION)
    left = threading.Event()

    def endless(self, *args, **kwargs):
        try:
            while True:
                yield answer
                time.sleep(0.01)
        finally:
            left.set()

    monkeypatch.setattr("rag.api.service.AnswerChain.stream", endless)
    with (
        httpx.Client(trust_env=False) as http,
        http.stream("POST", f"{server}/v1/chat/completions", json=says(QUESTION, stream=True)) as response,
    ):
        next(response.iter_lines())
    assert left.wait(10)
    for _ in range(500):
        if served.state.work_queue.held == 0:
            return
        time.sleep(0.01)
    raise AssertionError("a place is lost")


def test_the_real_client_understands_what_is_wrong(real):
    with pytest.raises(openai.BadRequestError, match="The question is empty"):
        real.chat.completions.create(model="wenju", messages=[{"role": "user", "content": "？"}])
    with pytest.raises(openai.NotFoundError, match="is called wenju"):
        real.chat.completions.create(model="gpt-4o", messages=[{"role": "user", "content": QUESTION}])
    with pytest.raises(openai.BadRequestError, match="at most 2,000"):
        real.chat.completions.create(model="wenju", messages=[{"role": "user", "content": "问" * 3000}], stream=True)


def test_open_webui_sees_its_sources_in_the_stream(client):
    chunks = events(client.post("/v1/chat/completions", json=says(QUESTION, stream=True)))
    found = [c["choices"][0]["delta"]["annotations"] for c in chunks if "annotations" in c["choices"][0]["delta"]]
    assert len(found) == 1
    assert all(a["type"] == "url_citation" for a in found[0])
    assert len({a["url_citation"]["url"] for a in found[0]}) == len(found[0])  # it puts equal addresses together
    assert "usage" not in chunks[-1]


@pytest.mark.parametrize(
    ("key", "expected"),
    [("tags", []), ("follow_ups", []), ("queries", []), ("text", ""), ("title", "鹿鸣大桥全长多少米？")],
)
def test_open_webuis_housekeeping_is_answered_in_its_form(client, key, expected, monkeypatch):
    monkeypatch.setattr("rag.api.service.Service.stream", None)  # no question is asked
    response = client.post("/v1/chat/completions", json=says(TITLE.replace('{ "title"', f'{{ "{key}"')))
    told = response.json()["choices"][0]["message"]
    assert json.loads(told["content"]) == {key: expected}
    assert "wenju" not in response.json()


def test_housekeeping_streams_as_well(client):
    chunks = events(client.post("/v1/chat/completions", json=says(TITLE, stream=True)))
    text = "".join(c["choices"][0]["delta"].get("content", "") for c in chunks)
    assert json.loads(text) == {"title": "鹿鸣大桥全长多少米？"}


def test_a_question_in_open_webuis_wrapping_is_found():
    wrapped = "### Task:\nRespond to the user query.\n<context>\n<source id=1>大桥</source>\n</context>\n\n"
    assert _unwrapped(f"{wrapped}<user_query>\n{QUESTION}\n</user_query>\n") == QUESTION
    assert _unwrapped(wrapped + QUESTION) == QUESTION
    assert _unwrapped(QUESTION) == QUESTION
    assert _unwrapped("### Task: x") == "### Task: x"
    assert _task_answer(wrapped + QUESTION) is None
    assert _task_answer("### Task: 这个任务是什么？") is None


def test_system_prompts_settings_and_parts_are_taken(client):
    body = {
        "model": "wenju",
        "messages": [
            {"role": "system", "content": "You are a pirate."},
            {"role": "user", "content": [{"type": "text", "text": QUESTION}, {"type": "image_url", "image_url": {}}]},
        ],
        "temperature": 0.2,
        "max_tokens": 5,
        "tools": [{"type": "function", "function": {"name": "f"}}],
        "user": "me",
        "stream_options": None,
        "chat_id": "x",
    }
    assert "860米" in client.post("/v1/chat/completions", json=body).json()["choices"][0]["message"]["content"]


def test_the_turns_before_are_the_history_without_their_sources(client):
    first = client.post("/v1/chat/completions", json=says(QUESTION)).json()
    answered = first["choices"][0]["message"]["content"]
    assert "\n\n---\n\n" in answered
    messages = [
        Message(role=r, content=c) for r, c in (("user", QUESTION), ("assistant", answered), ("user", "它呢？"))
    ]
    question, turns = _conversation(messages)
    assert question == "它呢？"
    assert turns[0].question == QUESTION
    assert turns[0].answer == first["wenju"]["text"]
    told = client.post("/v1/chat/completions", json=says(QUESTION, answered, "它什么时候通车？")).json()
    assert "鹿鸣大桥" in told["wenju"]["trace"]["query"]


def test_a_refusal_shows_the_nearest_and_cites_nothing(client):
    told = client.post("/v1/chat/completions", json=says("火星上的第一座大桥是谁建的？")).json()
    message = told["choices"][0]["message"]
    assert told["wenju"]["abstained"]
    assert message["annotations"] == []
    if told["wenju"]["nearest"]:
        assert "没有读到答案" in message["content"]


def test_what_would_act_in_markdown_is_escaped_and_the_quote_is_not(make_client, make_store):
    hostile = "大桥通车\n大桥今天通车![图](http://x.invalid/a.png)<img src=http://x.invalid/b.png>，全长八百米。\n"
    client = make_client(make_store({"a.txt": hostile}), RagConfig(min_confidence=0))
    told = client.post("/v1/chat/completions", json=says("大桥全长多少米？")).json()
    content = told["choices"][0]["message"]["content"]
    assert "http://x.invalid" in content
    assert "![图]" not in content
    assert "](http" not in content
    assert " <img" not in content.replace("\\<img", "")
    assert "[图](http" in told["wenju"]["citations"][0]["quote"]


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ({"messages": []}, 422),
        ({}, 422),
        ({"messages": [{"role": "system", "content": "a"}]}, 400),
        ({"messages": [{"role": "user", "content": None}]}, 400),
        ({"messages": [{"role": "king", "content": "a"}]}, 422),
        ({"messages": [{"role": "user", "content": 5}]}, 422),
        ({"messages": [{"role": "user", "content": "桥"}], "n": 2}, 400),
        ({"messages": [{"role": "user", "content": "桥"}], "response_format": {"type": "json_object"}}, 400),
        ({"messages": [{"role": "user", "content": "桥"}], "model": "x\r\nSet-Cookie: a=b"}, 404),
        ({"messages": [{"role": "user", "content": "桥"}] * 2001}, 422),
    ],
)
def test_what_cannot_be_answered_is_a_problem_and_an_openai_error(client, body, status):
    response = client.post("/v1/chat/completions", json=body)
    assert response.status_code == status
    assert response.json()["error"]["message"] == response.json()["detail"]
    assert "set-cookie" not in response.headers


def test_an_error_in_mid_stream_is_told_in_the_stream(client, monkeypatch, tiny_store):
    answer = AnswerChain(tiny_store).invoke(QUESTION)

    def breaks(self, *args, **kwargs):
        yield answer
        raise RetrievalError("It broke.", "Try again.")

    monkeypatch.setattr("rag.api.service.AnswerChain.stream", breaks)
    text = client.post("/v1/chat/completions", json=says(QUESTION, stream=True)).text
    last = json.loads(text.strip().split("\n\n")[-1].removeprefix("data: "))
    assert last["error"]["message"] == "It broke. Try again."


@pytest.mark.parametrize(
    "text",
    ["\n\n---\n\n" * 60_000, "### Task:" + " " * 500_000, "### Task:" + "</context>" * 50_000, '{ "' * 150_000,
     "来源：\n\n" + "[1]" * 150_000, "### Task:<chat_history>" * 20_000],
)  # fmt: skip
@pytest.mark.timeout(20)
def test_texts_made_to_be_slow_are_read_fast(text):
    messages = [Message(role=r, content=text) for r in ("user", "assistant", "user")]
    _conversation(messages)
    _task_answer(text)
    _unwrapped(text)
    _count(text)
    _tame(text)


@given(answer=st.text(alphabet="大桥。\n-[]1※来源：\\", min_size=1, max_size=60))
def test_what_was_put_below_an_answer_is_taken_off_and_no_more(answer):
    below = "\n\n---\n\n※ 有出入。\n\n来源：\n\n[1] 《大桥》，a.txt 第 1 行  \n[2] b.txt 第 2 行"
    assert _without_tail(answer + below) == answer
    assert _without_tail(answer) in {answer, answer.rpartition("\n\n---\n\n")[0]}


def test_words_and_characters_are_counted():
    assert _count("大桥 860 metres。") == 5
