"""A small collection with a torn sentence and a hostile page, and the window's routes over it."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest
from fastapi import FastAPI

from index.build import build_store
from index.config import IndexConfig
from index.store.opened import Store, open_store
from rag.api.problems import add_handlers
from rag.api.work_queue import WorkQueue
from rag.config import RagConfig
from rag.live import LiveStore
from window.conversations import FILE, Conversations
from window.examples import Starters
from window.library import Library
from window.routes import Backend, add_routes
from window.sheets import Sheets
from window.talk import Talk

HOSTILE = '<img src=x onerror="alert(1)">![](http://far.example/a.png)${alert(1)}{{7*7}}<script>x</script>'
PAGES = {
    "a.txt": (
        "# 云溪镇建成新桥\n\n本报记者 林一\n\n云溪镇的新桥昨天通车。新桥长120米，可供两辆汽车并排\n\n\n"
        "通过，造价300万元。新桥昨天通车。\n\n镇长说，明年还要修一条路。\n"
    ),
    "b.txt": f"# 恶意{HOSTILE}标题\n\n本报记者 周二\n\n石桥村的果园今年{HOSTILE}收了40吨苹果。\n",
}


@pytest.fixture(scope="session")
def hostile() -> str:
    return HOSTILE


@pytest.fixture
def pages(tmp_path: Path) -> Path:
    folder = tmp_path / "pages"
    folder.mkdir()
    for name, text in PAGES.items():
        (folder / name).write_text(text, encoding="utf-8")
    return folder


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Store:
    folder, path = tmp_path_factory.mktemp("pages"), tmp_path_factory.mktemp("store")
    for name, text in PAGES.items():
        (folder / name).write_text(text, encoding="utf-8")
    build_store(folder, path, IndexConfig())
    return open_store(path)


@pytest.fixture
def backend(pages: Path, tmp_path: Path) -> Backend:
    """All that answers a page, over a fresh store of ``pages``."""
    path = tmp_path / "store"
    build_store(pages, path, IndexConfig())
    config, work_queue, live = RagConfig(store=path, min_confidence=0.0), WorkQueue(2, 4), LiveStore(path, every=0.0)
    library = Library(pages, path, config.index, live.refresh)
    conversations = Conversations(path / FILE)
    talk = Talk(live, work_queue, config, 2, conversations)
    facts = {"settings": {}, "longest": 2000, "listed": True}
    return Backend(talk, work_queue, library, live, Starters(), Sheets(pages), conversations, facts)


@pytest.fixture
async def client(backend: Backend) -> AsyncIterator[httpx.AsyncClient]:
    """Asks the routes as the page's script does."""
    app = FastAPI()
    add_handlers(app)
    add_routes(app, backend)
    transport = httpx.ASGITransport(app=app)
    async with httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1") as asking:
        yield asking
    backend.work_queue.close()
    backend.conversations.close()
