"""Is who sends slowly, does not read, or holds too many connections cut off, and nobody else?"""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from contextlib import asynccontextmanager
from functools import partial

import pytest
import uvicorn

from rag.api.connections import BoundedProtocol, Bounds
from rag.api.server import listen

HALF = b"GET / HTTP/1.1\r\nHost: a\r\nX-Slow: "
WHOLE = b"GET / HTTP/1.1\r\nHost: a\r\n\r\n"
HALF_BODY = b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 100\r\n\r\nabc"


async def app(scope, receive, send):
    """Reads the body; answers ``/large`` with more than buffers hold, all else with ``ok``."""
    if scope["type"] == "lifespan":
        for _ in range(2):
            await send({"type": f"{(await receive())['type']}.complete"})
        return
    while (message := await receive()).get("more_body"):
        pass
    if message["type"] == "http.disconnect":
        return
    body = b"x" * 50_000_000 if scope["path"] == "/large" else b"ok"
    headers = [(b"content-length", str(len(body)).encode())]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    await send({"type": "http.response.body", "body": body})


@asynccontextmanager
async def serving(bounds):
    with listen("127.0.0.1", 0) as listener:
        settings = uvicorn.Config(
            app, http=partial(BoundedProtocol, bounds), log_config=None, timeout_graceful_shutdown=5
        )
        server = uvicorn.Server(settings)
        task = asyncio.create_task(server._serve([listener]))
        while not server.started:
            await asyncio.sleep(0.01)
        yield partial(asyncio.open_connection, *listener.getsockname()), server
        server.should_exit = True
        await task


def bounds(**changed):
    return Bounds(**{"most": 10, "per_client": 10, "header": 0.2, "idle": 0.2, **changed})


async def until(holds):
    for _ in range(500):
        if holds():
            return
        await asyncio.sleep(0.01)
    raise AssertionError("in vain")


async def ends(reader):
    """What comes until the server ends the connection; it must within a second."""
    try:
        return await asyncio.wait_for(reader.read(), 1)
    except ConnectionResetError:
        return b""


@pytest.mark.parametrize("sent", [b"", b"G", HALF, HALF_BODY, WHOLE + HALF, WHOLE + HALF_BODY])
async def test_who_stops_in_the_middle_is_cut_off(sent):
    async with serving(bounds()) as (connect, _):
        reader, writer = await connect()
        writer.write(sent)
        told = await ends(reader)
        assert (b"200 OK" in told) == sent.startswith(WHOLE)
        writer.close()


async def test_a_head_that_drips_is_cut_off_too():
    async with serving(bounds()) as (connect, _):
        reader, writer = await connect()
        start = time.monotonic()
        while not reader.at_eof() and reader.exception() is None and time.monotonic() - start < 2:
            writer.write(b"x")
            await asyncio.sleep(0.02)
        assert time.monotonic() - start < 1
        writer.close()


async def test_a_body_may_take_its_time_as_long_as_it_comes():
    async with serving(bounds(idle=0.3)) as (connect, _):
        reader, writer = await connect()
        writer.write(b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 8\r\n\r\n")
        for _ in range(8):
            await asyncio.sleep(0.08)
            writer.write(b"x")
        assert b"200 OK" in await asyncio.wait_for(reader.readuntil(b"ok"), 1)
        writer.close()


async def test_who_does_not_read_the_answer_is_cut_off():
    async with serving(bounds()) as (connect, server):
        _, writer = await connect()
        writer.transport.pause_reading()
        writer.write(WHOLE.replace(b"/ ", b"/large ", 1))
        await until(lambda: server.server_state.connections)
        await until(lambda: not server.server_state.connections)
        writer.close()


async def test_one_client_holds_so_many_connections_and_no_more():
    held = bounds(per_client=2, header=5)
    async with serving(held) as (connect, _):
        first, second = await connect(), await connect()
        reader, writer = await connect()
        assert b"503 Service Unavailable" in await ends(reader)
        writer.close()
        second[1].close()
        await until(lambda: held.held.total() == 1)
        reader, writer = await connect()
        writer.write(WHOLE)
        assert b"200 OK" in await asyncio.wait_for(reader.readuntil(b"ok"), 1)
        for each in (first[1], writer):
            each.close()
        await until(lambda: held.held == Counter())


async def test_a_proxy_may_hold_all_that_there_are():
    async with serving(bounds(most=2, per_client=1, trusted="127.0.0.1", header=5)) as (connect, _):
        writers = [(await connect())[1] for _ in range(2)]
        reader, writer = await connect()
        assert b"503 Service Unavailable" in await ends(reader)
        for each in (*writers, writer):
            each.close()


@pytest.mark.parametrize("sent", [HALF, HALF_BODY, b""])
async def test_a_server_that_stops_waits_for_nobody_who_has_still_to_send(sent):
    async with serving(bounds(header=60, idle=60)) as (connect, server):
        reader, writer = await connect()
        writer.write(sent)
        await asyncio.sleep(0.05)
        start = time.monotonic()
        server.should_exit = True
        assert await asyncio.wait_for(reader.read(), 4) == b""
        writer.close()
    assert time.monotonic() - start < 1
