"""Does the typed API answer, search and read, and is everything that goes wrong a problem with a fix?"""

from __future__ import annotations

import pytest
from openapi_spec_validator import validate

from index.build import build_store
from index.config import IndexConfig
from rag.errors import StoreError
from rag.live import LiveStore

ASKED = {"question": "鹿鸣大桥全长多少米？"}


def assert_problem(response, status):
    assert response.status_code == status
    assert response.headers["content-type"] == "application/problem+json"
    told = response.json()
    assert told["status"] == status
    assert told["what"].endswith(".")
    assert told["fix"]
    return told


def test_a_question_is_answered_with_checked_quotes(client, tiny_store):
    told = client.post("/ask", json=ASKED).json()
    assert told["outcome"] == "answered"
    first = told["citations"][0]
    assert f"[{first['number']}]" in told["text"]
    page = tiny_store.pages[first["file"]].text
    assert "".join(page[s["start"] : s["end"]] for s in first["spans"]) == first["quote"]
    assert "860" in first["quote"]


def test_a_follow_up_goes_with_its_history(client):
    history = [{"question": "鹿鸣大桥全长多少米？", "answer": "860米。[1]"}]
    told = client.post("/ask", json={"question": "它什么时候通车？", "history": history}).json()
    assert "鹿鸣大桥" in told["trace"]["query"]


def test_what_the_pages_do_not_tell_is_a_refusal_and_no_error(client):
    response = client.post("/ask", json={"question": "火星上的第一家银行是谁开的？"})
    assert response.status_code == 200
    told = response.json()
    assert told["abstained"]
    assert told["citations"] == []


def test_days_bound_the_articles(client):
    told = client.post("/ask", json={**ASKED, "until": "1900-01-01"}).json()
    assert told["abstained"]
    assert_problem(client.post("/ask", json={**ASKED, "since": "2026-02-01", "until": "2026-01-01"}), 400)


def test_searching_by_body_and_by_address_is_the_same(client):
    by_body = client.post("/search", json={"query": "大桥", "k": 2}).json()
    by_address = client.get("/search", params={"q": "大桥", "k": 2}).json()
    assert by_body == by_address
    assert [passage["rank"] for passage in by_body["passages"]] == [1]  # the others have nothing to do with it
    assert "鹿鸣大桥" in by_body["passages"][0]["text"]


def test_an_article_is_read_by_the_id_of_a_citation(client, tiny_store):
    for article_id, article in tiny_store.articles.items():
        told = client.get("/article", params={"id": article_id}).json()
        assert told["article_id"] == article_id
        assert told["text"] == article.text
        assert [line["number"] for line in told["lines"]] == [line.number for line in article.lines]


def test_a_browser_gets_the_article_as_an_inert_page(make_client, make_store):
    image = "<img src=http://x.invalid/a.png onerror=alert(1)>"
    hostile = f"大桥通车<script>alert(1)</script>\n大桥今天通车{image}，全长八百米。\n"
    client = make_client(make_store({"a.txt": hostile}))
    article_id = client.get("/articles").json()["articles"][0]["article_id"]
    address = {"id": article_id, "lines": "2-2"}
    page = client.get("/article", params=address, headers={"Accept": "text/html"})
    assert "<script" not in page.text
    assert "<img" not in page.text
    assert "<mark>大桥今天通车&lt;img" in page.text
    assert page.headers["content-security-policy"].startswith("default-src 'none'")


def test_the_list_of_articles_is_paged(client, tiny_store):
    told = client.get("/articles", params={"limit": 2, "offset": 1}).json()
    assert told["total"] == len(tiny_store.articles)
    assert [a["article_id"] for a in told["articles"]] == list(tiny_store.articles)[1:3]
    assert {a["file"] for a in client.get("/articles", params={"file": "liuhe.txt"}).json()["articles"]} == {
        "liuhe.txt"
    }
    assert client.get("/articles", params={"offset": 10**9}).json()["articles"] == []


def test_info_tells_what_is_held_and_no_folder(client, tiny_store):
    response = client.get("/info")
    assert response.json()["passages"] == len(tiny_store.passages)
    assert str(tiny_store.path) not in response.text


def test_health_and_readiness(client):
    assert client.get("/healthz").json() == {"status": "ok"}
    assert client.get("/readyz").json() == {"status": "ready"}


def test_without_a_store_it_lives_but_is_not_ready(make_client, caplog):
    def stores():
        raise StoreError("There is no store in /secret/place.", "Build it.")

    client = make_client(stores)
    assert client.get("/healthz").status_code == 200
    assert_problem(client.get("/readyz"), 503)
    told = assert_problem(client.post("/ask", json=ASKED), 503)
    assert "/secret/place" not in str(told)
    assert "/secret/place" in caplog.text  # its keeper learns it


@pytest.mark.parametrize(
    ("method", "path", "given", "status"),
    [
        ("POST", "/ask", {"json": {"question": ""}}, 422),
        ("POST", "/ask", {"json": {"question": "？！"}}, 400),
        ("POST", "/ask", {"json": {"question": "问" * 2001}}, 422),
        ("POST", "/ask", {"json": {"question": ["问"]}}, 422),
        ("POST", "/ask", {"json": {"question": None}}, 422),
        ("POST", "/ask", {"json": {"question": "问", "colour": 1}}, 422),
        ("POST", "/ask", {"json": [1]}, 422),
        ("POST", "/ask", {"content": b""}, 422),
        ("POST", "/ask", {"content": b"{", "headers": {"Content-Type": "application/json"}}, 422),
        ("POST", "/ask", {"content": b"\xff\xfe", "headers": {"Content-Type": "application/json"}}, 422),
        ("POST", "/ask", {"content": b'{"question": "a"}', "headers": {"Content-Type": "text/plain"}}, 422),
        ("POST", "/ask", {"json": {"question": "问", "history": [{"question": "a"}] * 41}}, 422),
        ("POST", "/ask", {"json": {"question": "问", "since": "yesterday"}}, 422),
        ("GET", "/ask", {}, 405),
        ("GET", "/search", {"params": {"q": "a", "k": 0}}, 422),
        ("GET", "/search", {"params": {"q": "a", "k": 10**30}}, 422),
        ("GET", "/article", {"params": {"id": "../../etc/passwd#1"}}, 404),
        ("GET", "/article", {"params": {"id": "a", "lines": "1-9999999999"}}, 422),
        ("GET", "/article", {}, 422),
        ("GET", "/articles", {"params": {"limit": -1}}, 422),
        ("GET", "/nothing", {}, 404),
    ],
)
def test_what_cannot_be_answered_is_a_problem(client, method, path, given, status):
    assert_problem(client.request(method, path, **given), status)


@pytest.mark.parametrize(
    "body",
    [
        b'{"question": ' + b"[" * 100_000 + b"]" * 100_000 + b"}",
        b'{"question": ' + b'{"a":' * 50_000 + b"1" + b"}" * 50_000 + b"}",
        rb'{"question": "\ud800\udfff\udc00 \u5927\u6865"}',
        b'{"question": "\xed\xa0\x80"}',
        rb'{"question": "\u0000\u0000\u0000"}',
        b'{"question": NaN}',
        b'{"question": ' + b"9" * 5000 + b"}",
        b'{"question": "a", "question": 5}',
    ],
)
def test_hostile_bodies_are_refused_and_not_repeated(client, body):
    response = client.post("/ask", content=body, headers={"Content-Type": "application/json"})
    told = assert_problem(response, response.status_code)
    assert response.status_code in {400, 422}
    assert len(response.content) < 2000
    assert "input" not in str(told)


def test_control_characters_inside_a_question_do_no_harm(client):
    told = client.post("/ask", json={"question": "鹿鸣大桥\u0000全长\r\nSet-Cookie: a=b\u202e多少米？"})
    assert told.status_code == 200
    assert "set-cookie" not in told.headers


def test_everything_is_described_with_examples(client):
    described = client.get("/openapi.json").json()
    assert {"/ask", "/search", "/article", "/articles", "/info", "/healthz", "/readyz"} <= set(described["paths"])
    for name in ("AskIn", "SearchIn", "ChatIn"):
        assert described["components"]["schemas"][name]["examples"]
    for path, methods in described["paths"].items():
        for route in methods.values():
            assert route["summary"], path
    for name, field in described["components"]["schemas"]["AnswerOut"]["properties"].items():
        assert field.get("description") or "$ref" in field, name


def test_the_description_is_a_valid_openapi_document(client):
    validate(client.get("/openapi.json").json())


def test_the_guide_is_a_page_without_scripts_or_strangers(client):
    page = client.get("/docs")
    assert "POST /ask" in page.text
    assert "<script" not in page.text
    assert "src=" not in page.text
    assert "//" not in page.text


def test_a_build_is_taken_up_while_it_serves(make_client, tmp_path, model_folder):
    pages, store = tmp_path / "pages", tmp_path / "store"
    pages.mkdir()

    def build(text):
        (pages / "a.txt").write_text(text, encoding="utf-8")
        build_store(pages, store, IndexConfig(model=str(model_folder)))

    live = LiveStore(store, every=0)
    client = make_client(live)
    assert client.get("/readyz").status_code == 503
    build("图书馆开馆\n图书馆今天开馆，藏书三千册。\n")
    assert client.get("/readyz").status_code == 200
    before = client.get("/info").json()["generation"]
    build("大桥通车\n大桥今天通车，全长八百米。\n")
    live.refresh()
    assert client.get("/info").json()["generation"] > before
    assert "八百米" in client.get("/search", params={"q": "大桥"}).json()["passages"][0]["text"]
