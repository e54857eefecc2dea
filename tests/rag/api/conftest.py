"""What do the tests of the API share? An application over the tiny store, a client in the process, and a server."""

from __future__ import annotations

import threading
import time

import pytest
from starlette.testclient import TestClient

from rag.api import ApiConfig, create_api
from rag.api.server import listen, make_server


@pytest.fixture
def make_client(tiny_store):
    """A client of an application with some settings; the requests go through everything but a socket."""
    opened = []

    def make(store=tiny_store, config=None, host="127.0.0.1", client=("127.0.0.1", 50000), **settings):
        app = create_api(store, config, ApiConfig(**settings))
        found = TestClient(app, base_url=f"http://{host}", raise_server_exceptions=False, client=client)
        opened.append(found.__enter__())
        return found

    yield make
    for client in opened:
        client.__exit__(None, None, None)


@pytest.fixture
def client(make_client):
    return make_client()


@pytest.fixture(scope="session")
def served(tiny_store):
    """The application that :func:`server` serves."""
    return create_api(tiny_store, api=ApiConfig(rate=0))


@pytest.fixture(scope="session")
def server(served):
    """The address of a real server on a free port of loopback."""
    with listen("127.0.0.1", 0) as listener:
        running = make_server(served, ApiConfig(rate=0))
        thread = threading.Thread(target=running.run, kwargs={"sockets": [listener]}, daemon=True)
        thread.start()
        while not running.started:
            assert thread.is_alive()
            time.sleep(0.01)
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"
        running.should_exit = True
        thread.join(10)
