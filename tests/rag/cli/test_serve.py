"""Does ``wenju serve`` start, refuse to start where it should, and stop?"""

from __future__ import annotations

import argparse
import socket
import subprocess
import sys

import httpx
import pytest

from rag.api.server import listen
from rag.api.settings import ApiConfig
from rag.cli.serve import add_serve, run
from rag.errors import WenjuError


def parsed(*given):
    parser = argparse.ArgumentParser()
    add_serve(parser.add_subparsers())
    return parser.parse_args(["serve", *map(str, given)])


def test_the_defaults_are_those_of_the_settings():
    args, settings = parsed(), ApiConfig()
    for name in ("host", "port", "rate", "threads", "waiting", "log_questions", "public_url"):
        assert getattr(args, name) == getattr(settings, name)


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.0.2.1", "example.org"])
def test_a_reachable_address_needs_a_token(host, monkeypatch):
    monkeypatch.delenv("WENJU_TOKEN", raising=False)
    with pytest.raises(WenjuError, match="WENJU_TOKEN"):
        run(parsed("--host", host))


@pytest.mark.parametrize(
    "given", [("--threads", 0), ("--rate", -1), ("--port", 70000), ("--waiting", -1), ("--min-confidence", 2)]
)
def test_a_setting_that_cannot_be_is_named(given):
    with pytest.raises(WenjuError, match=given[0]):
        run(parsed(*given))


def test_a_taken_port_is_told():
    with listen("127.0.0.1", 0) as taken, pytest.raises(WenjuError, match="cannot be listened on"):
        listen("127.0.0.1", taken.getsockname()[1])


def test_it_serves_a_store_and_stops(tmp_path, pages_folder, model_folder):
    from index.build import build_store
    from index.config import IndexConfig

    store = tmp_path / "store"
    build_store(pages_folder, store, IndexConfig(model=str(model_folder)))
    script = (
        "import argparse, sys\n"
        "from rag.cli.serve import add_serve\n"
        "parser = argparse.ArgumentParser(); add_serve(parser.add_subparsers())\n"
        "args = parser.parse_args(['serve', '--port', '0', '--store', sys.argv[1]])\n"
        "sys.exit(args.run(args))\n"
    )
    with subprocess.Popen(
        [sys.executable, "-c", script, str(store)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={"PATH": "", "WENJU_TOKEN": "abc", "PYTHONPATH": ":".join(sys.path), "HF_HUB_OFFLINE": "1"},
    ) as process:
        try:
            address = process.stdout.readline().split()[2].removesuffix("/docs")
            assert httpx.get(f"{address}/readyz", trust_env=False).json() == {"status": "ready"}
            assert httpx.get(f"{address}/info", trust_env=False).status_code == 401
            asked = httpx.get(
                f"{address}/search", params={"q": "大桥"}, headers={"Authorization": "Bearer abc"}, trust_env=False
            )
            assert asked.json()["passages"]
            assert "server" not in asked.headers
        finally:
            process.terminate()
            _, log = process.communicate(timeout=30)
    assert "GET /search 200" in log
    assert "大桥" not in log
    assert "%E5%A4%A7" not in log


def test_importing_the_package_and_its_command_line_is_light():
    code = "import sys, rag.cli.serve; assert not {'fastapi', 'starlette', 'uvicorn', 'mcp'} & set(sys.modules)"
    subprocess.run([sys.executable, "-c", code], check=True)


def test_a_server_on_ipv6_is_reachable():
    try:
        with listen("[::1]", 0) as listener:
            assert listener.family == socket.AF_INET6
    except WenjuError:
        pytest.skip("no IPv6 here")
