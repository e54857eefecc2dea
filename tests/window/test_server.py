"""Tests of all that is served on the one port: the page, its guard, and Gradio's endpoint."""

from __future__ import annotations

import re

import httpx
import pytest

from index.build import build_store
from index.config import IndexConfig
from rag.api import ApiConfig
from rag.config import RagConfig
from window.server import Serving, make_app


@pytest.fixture
def serving(pages, tmp_path):
    build_store(pages, tmp_path / "store", IndexConfig())
    api = ApiConfig(token="geheim")
    return Serving(pages, RagConfig(store=tmp_path / "store", llm=None), api)


async def test_one_port_serves_page_and_api_behind_one_password(serving):
    app = make_app(serving)
    transport = httpx.ASGITransport(app=app)
    async with httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1") as client:
        for path in ("/", "/window/state", "/window/web/main.js", "/info", "/config"):
            assert (await client.get(path)).status_code == 401, path
        assert (await client.post("/window/ask", json={"question": "问"})).status_code == 401
        client.auth = httpx.BasicAuth("wer", "geheim")
        page = await client.get("/")
        assert "/window/web/main.js" in page.text
        policy = page.headers["content-security-policy"]
        assert "'unsafe-eval'" not in policy
        assert not re.search(r"https?:|\*", policy)
        assert (await client.get("/window/web/words.js")).status_code == 200
        state = await client.get("/window/state")
        assert state.json()["collection"]["pages"] == 2
        assert "geheim" not in state.text + page.text
        foreign = {"origin": "http://far.example"}
        assert (await client.post("/window/rebuild", headers=foreign)).status_code == 403
        assert (await client.get("/window/state", headers={"host": "far.example"})).status_code == 421
        assert (await client.get("/window/web/../routes.py")).status_code == 404
