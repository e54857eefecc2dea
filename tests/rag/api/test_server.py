"""Do small answers leave at once, and is nobody believed who says for whom he asks?"""

from __future__ import annotations

import asyncio
import signal
import socket
from contextlib import asynccontextmanager
from functools import partial

import pytest
from fastapi import FastAPI

from rag.api import ApiConfig, create_api
from rag.api.server import address_of, listen, make_server
from rag.cli.serve import _sigterm_ends


async def test_what_is_accepted_sends_small_answers_at_once():
    """Without TCP_NODELAY each answer on a kept connection waits 40 ms for an acknowledgement."""
    found = []

    def accepted(reader, writer):
        found.append(writer.get_extra_info("socket").getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY))
        writer.close()

    with listen("127.0.0.1", 0) as listener:
        async with await asyncio.start_server(accepted, sock=listener):
            reader, writer = await asyncio.open_connection(*listener.getsockname())
            assert await reader.read() == b""
            writer.close()
    assert found == [1]


@pytest.mark.parametrize(
    ("host", "address"), [("127.0.0.1", "http://127.0.0.1:{}/docs"), ("::1", "http://[::1]:{}/docs")]
)
def test_the_address_can_be_typed_into_a_browser(host, address):
    class Listener:
        def getsockname(self):
            return host, 7

    assert address_of(host, Listener(), "/docs") == address.format(7)
    assert address_of("[::1]", Listener()) == "http://[::1]:7/"


@pytest.mark.parametrize("proxy", [None, "192.0.2.7"])
def test_only_a_named_proxy_says_for_whom_it_asks(tiny_store, proxy):
    settings = make_server(create_api(tiny_store), ApiConfig(proxy=proxy)).config
    assert (settings.proxy_headers, settings.forwarded_allow_ips) == (
        (True, "192.0.2.7") if proxy else (False, settings.forwarded_allow_ips)
    )


@asynccontextmanager
async def serving(answer):
    """A server of one answer that is about to stop when it is left."""
    app = FastAPI()
    app.get("/")(answer)
    with listen("127.0.0.1", 0) as listener:
        server = make_server(app, ApiConfig(grace=5), lifespan="off")
        task = asyncio.create_task(server._serve([listener]))
        while not server.started:
            await asyncio.sleep(0.01)
        yield listener, server
        await asyncio.wait_for(task, 5)


async def ask(reader, writer):
    writer.write(b"GET / HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n")
    return (await reader.readuntil(b"done")).lower()


async def test_a_server_that_stops_answers_who_has_asked_and_resets_nobody():
    may = asyncio.Event()

    async def answer():
        await may.wait()
        return "done"

    async with serving(answer) as (listener, server):
        connect = partial(asyncio.open_connection, *listener.getsockname())
        asked, idle = await connect(), await connect()
        first = asyncio.create_task(ask(*asked))
        await asyncio.sleep(0.05)
        late = socket.create_connection(listener.getsockname())  # nobody has accepted it when the server hears
        server.should_exit = True
        late.sendall(b"GET / HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n")
        await asyncio.sleep(0.2)
        second = asyncio.create_task(ask(*idle))  # over a connection that was open before
        await asyncio.sleep(0.1)
        may.set()
        told = [await first, await second, (await asyncio.to_thread(read_all, late)).lower()]
        for each in told:
            assert each.startswith(b"http/1.1 200 ok")
            assert b"connection: close" in each
            assert b'"done' in each
        for _, writer in (asked, idle):
            writer.close()


def read_all(connection):
    with connection:
        connection.settimeout(5)
        return b"".join(iter(lambda: connection.recv(4096), b""))


def test_an_order_to_stop_is_carried_out():
    before = signal.getsignal(signal.SIGTERM)
    with pytest.raises(SystemExit) as ended, _sigterm_ends():
        signal.raise_signal(signal.SIGTERM)
    assert ended.value.code == 0
    assert signal.getsignal(signal.SIGTERM) is before
