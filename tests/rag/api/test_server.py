"""Do small answers leave at once, and is nobody believed who says for whom he asks?"""

from __future__ import annotations

import asyncio
import socket

import pytest

from rag.api import ApiConfig, create_api
from rag.api.server import address_of, listen, make_server


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
