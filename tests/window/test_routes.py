"""Tests of the window's routes as its script calls them, from a question to a rebuilt collection."""

from __future__ import annotations

import json
import re

import pytest

from rag.api.work_queue import BusyError
from rag.evaluation.questions import load_questions
from rag.feedback import export_feedback
from window.routes import WEB


async def _ask(client, question, **more):
    response = await client.post("/window/ask", json={"question": question, **more})
    assert response.status_code == 200, response.text
    return [json.loads(line) for line in response.text.splitlines()]


async def test_a_question_streams_parts_then_the_answer_and_the_next_one_knows_it(client):
    begun, *parts, done = await _ask(client, "新桥造价多少？")
    assert (begun["type"], begun["turn"]) == ("begun", done["answer"]["id"])
    assert {part["type"] for part in parts} == {"part"}
    answer = done["answer"]
    assert "300万元" in answer["text"]
    assert answer["copies"]["plain"].startswith(answer["text"])
    assert answer["blocks"] == parts[-1]["answer"]["blocks"]
    history = [{"question": answer["question"], "answer": answer["text"]}]
    *_, done = await _ask(client, "它多长呢？", history=history)
    assert done["answer"]["query"] == "新桥多长呢？"


@pytest.mark.parametrize(("question", "code"), [("", "empty"), ("？？ ", "empty"), ("长" * 2001, "too long")])
async def test_what_cannot_be_searched_is_told_by_a_code(client, question, code):
    (event,) = await _ask(client, question)
    assert (event["type"], event["code"]) == ("error", code)


async def test_a_full_desk_is_told_as_busy(client, backend, monkeypatch):
    async def full(_):
        raise BusyError(1)
        yield

    monkeypatch.setattr(backend.work_queue, "stream", full)
    _, event = await _ask(client, "新桥造价多少？")
    assert event == {"type": "error", "code": "busy"}


@pytest.mark.parametrize(
    "wishes", [{"passages": 0}, {"passages": 10_000}, {"min_confidence": 2}, {"llm": "openai:x"}, {"store": "/"}]
)
async def test_wishes_beyond_the_bounds_are_refused(client, wishes):
    assert (await client.post("/window/ask", json={"question": "问", "wishes": wishes})).status_code == 422


async def test_evidence_bundle_and_conversation_belong_to_an_answer(client):
    begun, *_, done = await _ask(client, "新桥造价多少？")
    name = done["answer"]["id"]
    view = (await client.get("/window/evidence", params={"answer": name, "number": 1})).json()
    assert any(piece.get("marked") for paragraph in view["paragraphs"] for piece in paragraph["pieces"])
    bundle = await client.get("/window/bundle", params={"answer": name})
    assert bundle.json()["kind"] == "wenju-evidence"
    assert "attachment" in bundle.headers["content-disposition"]
    packed = await client.get("/window/export", params={"name": begun["conversation"]})
    assert packed.content.startswith(b"PK")
    gone = await client.get("/window/evidence", params={"answer": "none", "number": 1})
    assert (gone.status_code, gone.json()["error"]["code"]) == (410, "GoneError")


async def test_feedback_is_kept_beside_the_store(client, backend, tmp_path):
    *_, done = await _ask(client, "新桥造价多少？")
    told = {"answer": done["answer"]["id"], "verdict": "useful", "word": ""}
    assert (await client.post("/window/feedback", json=told)).json() == {"kept": True}
    exported = export_feedback(backend.live.path, tmp_path / "mine.jsonl")
    assert load_questions(exported.path).questions[0].question == "新桥造价多少？"


async def test_search_lists_articles_and_filters_choose_among_them(client):
    found = (await client.post("/window/search", json={"query": "新桥"})).json()["articles"]
    assert [article["file"] for article in found] == ["a.txt"]
    for narrowed in ({"file": "b.txt"}, {"kind": "opinion"}):
        response = await client.post("/window/search", json={"query": "新桥", **narrowed})
        assert response.json()["articles"] == []
    empty = (await client.post("/window/search", json={"query": " "})).json()
    assert (empty["articles"], empty["error"]["code"]) == ([], "empty")


async def test_the_days_of_the_archive_and_their_headlines(client):
    assert (await client.get("/window/calendar")).json() == {"papers": [], "days": {}, "undated": 2}
    shelf = (await client.get("/window/day", params={"day": "undated"})).json()
    assert [page["file"] for page in shelf["pages"]] == ["a.txt", "b.txt"]
    assert shelf["pages"][0]["articles"][0]["title"] == "云溪镇建成新桥"


async def test_the_state_tells_what_is_there_and_no_place_on_this_machine(client, backend, pages):
    told = await client.get("/window/state")
    state = told.json()
    assert state["collection"]["pages"] == 2
    assert state["limits"]["most_bytes"] > 0
    assert str(pages.parent) not in told.text


async def test_the_table_the_articles_of_a_file_and_any_article(client):
    rows = (await client.get("/window/files")).json()["rows"]
    assert [row["file"] for row in rows] == ["a.txt", "b.txt"]
    (article,) = (await client.get("/window/file", params={"file": "a.txt"})).json()["articles"]
    view = (await client.get("/window/article", params={"article": article["id"]})).json()
    assert view["title"] == "云溪镇建成新桥"
    found = (await client.post("/window/search", json={"query": "新桥"})).json()["articles"][0]["passages"][0]
    named = {"article": article["id"], "passage": found["passage"]}
    view = (await client.get("/window/article", params=named)).json()
    told = "".join(piece["text"] for piece in found["pieces"])
    marked = [p["text"] for paragraph in view["paragraphs"] for p in paragraph["pieces"] if p.get("marked")]
    assert "".join(marked) == told.replace("\n", "")
    assert (await client.get("/window/article", params={"article": "../x"})).status_code == 410


async def test_a_file_goes_in_and_out(client, pages):
    added = await client.post("/window/pages", params={"name": "../新.txt"}, content="# 题\n\n正文一句话。\n".encode())
    assert added.json() == {"file": "新.txt", "pages": 1, "troubles": []}
    bad = await client.post("/window/pages", params={"name": "x.exe"}, content=b"x")
    assert (bad.status_code, bad.json()["error"]["code"]) == (422, "SourceError")
    assert (await client.delete("/window/pages", params={"file": "新.txt"})).json() == {"removed": True}
    assert sorted(file.name for file in pages.glob("*.txt")) == ["a.txt", "b.txt"]


def test_the_page_names_no_foreign_address_and_reads_no_markup():
    for file in WEB.iterdir():
        text = file.read_text(encoding="utf-8")
        assert not re.search(r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|\beval\(|new Function", text)
        assert not re.search(r"//[a-z0-9-]+\.[a-z]|@import|url\(", text.replace("http://www.w3.org/2000/svg", ""))


def test_both_languages_have_the_same_words():
    chinese, english = (WEB / "words.js").read_text(encoding="utf-8").split("const en = {")
    names = [set(re.findall(r"(?:^|[ ,{])(\"[\w' ]+\"|\w+): \"", text)) for text in (chinese, english)]
    assert len(names[0]) > 150
    assert names[0] == names[1]
    scripts = "".join(file.read_text(encoding="utf-8") for file in WEB.glob("*.js") if file.name != "words.js")
    used = set(re.findall(r"\bt\(\"([^\"]+)\"", scripts))
    assert used <= {name.strip('"') for name in names[0]}
