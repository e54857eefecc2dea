"""Does only who may come in, how often and with how much, and is nothing kept that is nobody's business?"""

from __future__ import annotations

import base64
import logging

import pytest
from starlette.responses import HTMLResponse
from starlette.testclient import TestClient

from rag.api import API_POLICY, WINDOW_POLICY
from rag.api.security import RateLimit

ASKED = {"question": "鹿鸣大桥全长多少米？"}
TOKEN = "s3cret-令牌"


def bearer(token):
    return {"Authorization": b"Bearer " + token.encode()}


def test_every_answer_has_the_headers(client):
    for response in (client.get("/info"), client.get("/nothing"), client.post("/ask", json={})):
        assert response.headers["x-content-type-options"] == "nosniff"
        assert response.headers["x-frame-options"] == "DENY"
        assert response.headers["referrer-policy"] == "same-origin"
        assert "content-security-policy" in response.headers
    assert client.get("/info").headers["content-security-policy"] == API_POLICY
    assert client.get("/info").headers["cache-control"] == "no-store"


def test_a_mounted_window_has_a_policy_of_its_own(client):
    @client.app.get("/")
    def window():
        return HTMLResponse("<p>文据</p>")

    headers = client.get("/").headers
    assert headers["content-security-policy"] == WINDOW_POLICY
    assert "cache-control" not in headers
    assert "http" not in WINDOW_POLICY  # no foreign host


def test_a_token_is_asked_for_and_taken_in_two_ways(make_client):
    client = make_client(token=TOKEN)
    refused = client.post("/ask", json=ASKED)
    assert refused.status_code == 401
    assert refused.headers["www-authenticate"].startswith("Bearer")
    assert client.get("/", headers={"Accept": "text/html"}).headers["www-authenticate"].startswith("Basic")
    assert client.post("/ask", json=ASKED, headers=bearer(TOKEN)).status_code == 200
    basic = base64.b64encode(f"anyone:{TOKEN}".encode()).decode()
    assert client.get("/info", headers={"Authorization": f"Basic {basic}"}).status_code == 200
    assert client.get("/healthz").status_code == 200  # for the machine that looks after it
    assert client.get("/mcp").status_code == 401


@pytest.mark.parametrize(
    "shown", ["", "Bearer", "Bearer s3cret", "Basic", "Basic ???", "Basic czNjcmV0", "Digest a", "Bearer " + "x" * 5000]
)
def test_no_other_token_is(make_client, shown):
    client = make_client(token=TOKEN)
    response = client.get("/info", headers={"Authorization": shown})
    assert response.status_code == 401
    assert TOKEN not in response.text


def test_a_name_that_points_to_us_by_trick_is_refused(make_client):
    assert make_client(host="evil.example").get("/info").status_code == 421
    assert make_client(host="localhost:8080").get("/info").status_code == 200
    assert make_client(host="[::1]:8080").get("/info").status_code == 200
    assert make_client(host="wenju.lan", names=("wenju.lan",)).get("/info").status_code == 200


def test_pages_of_other_sites_may_not_ask(client):
    assert client.post("/ask", json=ASKED, headers={"Origin": "http://evil.example"}).status_code == 403
    assert client.post("/ask", json=ASKED, headers={"Origin": "null"}).status_code == 403
    assert client.post("/ask", json=ASKED, headers={"Origin": "http://[bad"}).status_code == 403
    assert client.post("/ask", json=ASKED, headers={"Origin": "http://127.0.0.1"}).status_code == 200


def test_pages_of_another_port_of_this_machine_are_other_sites(make_client):
    client = make_client(host="127.0.0.1:7860", names=("wenju.lan",))
    codes = {
        origin: client.post("/ask", json=ASKED, headers={"Origin": origin}).status_code
        for origin in ("http://127.0.0.1:7860", "http://127.0.0.1:8888", "http://127.0.0.1", "https://wenju.lan:8443")
    }
    assert list(codes.values()) == [200, 403, 403, 200]
    plain = make_client(host="localhost:80")
    assert plain.post("/ask", json=ASKED, headers={"Origin": "http://LOCALHOST"}).status_code == 200


def test_who_asks_too_often_is_told_when_to_go_on(make_client):
    client = make_client(rate=60, burst=3)
    answers = [client.get("/info") for _ in range(5)]
    assert [answer.status_code for answer in answers] == [200, 200, 200, 429, 429]
    assert answers[-1].headers["retry-after"] == "1"
    assert answers[-1].json()["what"] == "This client has asked too often."
    assert client.get("/healthz").status_code == 200


def test_a_stranger_behind_the_same_address_locks_nobody_out(make_client):
    client = make_client(rate=60, burst=2, token=TOKEN)
    assert [client.get("/info").status_code for _ in range(4)] == [401, 401, 429, 429]
    assert [client.get("/info", headers=bearer(TOKEN)).status_code for _ in range(3)] == [200, 200, 429]


def test_each_client_has_a_bucket_and_it_fills_again():
    now = [0.0]
    limit = RateLimit(120, 2, clock=lambda: now[0])
    assert [limit.wait("a") for _ in range(3)] == [0, 0, 0.5]
    assert limit.wait("b") == 0
    now[0] = 0.5
    assert limit.wait("a") == 0
    assert limit.wait("a") == 0.5


def test_silent_clients_are_forgotten():
    limit = RateLimit(60, 1, clock=lambda: 0.0)
    for number in range(10_050):
        limit.wait(str(number))
    assert len(limit._buckets) == 10_000


def test_addresses_of_one_network_are_one_client(make_client):
    app = make_client(rate=60, burst=1).app
    addresses = ["2001:db8::1", "2001:db8::ffff:2", "2001:db8:0:1::1", "192.0.2.1", "192.0.2.2"]
    codes = [TestClient(app, "http://127.0.0.1", client=(each, 1)).get("/info").status_code for each in addresses]
    assert codes == [200, 429, 200, 200, 200]  # of IPv6 the first 64 bits tell who asks, of IPv4 the whole


def test_a_huge_body_is_refused_before_and_while_it_comes(make_client):
    client = make_client(largest_body=2048)
    told = client.post("/ask", content=b"x" * 4000, headers={"Content-Type": "application/json"})
    assert told.status_code == 413
    pieces = (b"x" * 500 for _ in range(10))  # without telling how much there will be
    told = client.post("/ask", content=pieces, headers={"Content-Type": "application/json"})
    assert told.status_code == 413
    assert told.json()["what"] == "The request has more than 2,048 bytes."


def test_the_log_keeps_no_question(client, caplog):
    caplog.set_level(logging.DEBUG)
    client.post("/ask", json=ASKED)
    client.get("/search", params={"q": "鹿鸣大桥"})
    client.post("/ask", json={"question": "鹿鸣大桥" * 600})
    client.post("/v1/chat/completions", json={"messages": [{"role": "user", "content": "鹿鸣大桥"}]})
    ours = [r.getMessage() for r in caplog.records if r.name.startswith("wenju")]
    assert ours[0].startswith("POST /ask 200 ")
    assert ours[0].endswith(" ms")
    assert ours[1].startswith("GET /search 200 ")
    written = "".join(r.getMessage() for r in caplog.records if not r.name.startswith("http"))  # the client's own
    assert "鹿鸣" not in written
    assert "%E9%B9%BF" not in written


def test_the_log_keeps_questions_where_that_was_asked_for(make_client, caplog):
    caplog.set_level(logging.INFO)
    make_client(log_questions=True).post("/ask", json=ASKED)
    assert ASKED["question"] in caplog.text


def test_a_path_cannot_write_lines_into_the_log(client, caplog):
    caplog.set_level(logging.INFO)
    client.get("/a%0aPOST /ask 200 1 ms%1b[31m")
    written = next(r.getMessage() for r in caplog.records if r.name == "wenju.access")
    assert "\n" not in written
    assert "\x1b" not in written


def test_an_error_that_nobody_expected_tells_no_one_the_question(make_client, caplog, monkeypatch):
    def fail(*args, **kwargs):
        raise ValueError(f"the question was {args[1]}")

    monkeypatch.setattr("rag.api.service.search", fail)
    response = make_client().get("/search", params={"q": "鹿鸣大桥"})
    assert response.status_code == 500
    assert response.json()["what"] == "The server made a mistake."
    ours = "".join(r.getMessage() for r in caplog.records if r.name.startswith("wenju"))
    assert "ValueError" in ours
    assert "service.py" in ours
    assert "鹿鸣" not in ours


def test_header_lines_cannot_be_smuggled(make_client):
    client = make_client(public_url=None)
    body = {"messages": [{"role": "user", "content": "鹿鸣大桥全长多少米？"}]}
    response = client.post("/v1/chat/completions", json=body, headers={"X-Forwarded-Host": "evil.example"})
    assert "evil.example" not in response.text
