"""The whole way to a chat model over HTTP: LangChain's own client against a server on loopback that misbehaves."""

from __future__ import annotations

import json
import socket
import threading
import time
from contextlib import suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from rag.chain import AnswerChain
from rag.config import RagConfig
from rag.errors import ReplyError
from rag.llm import Trouble, load_chat_model, stream_reply
from rag.schema import Warns

pytest.importorskip("langchain_openai")

KEY = "sk-secret-0123456789"
GOOD = "鹿鸣大桥全长860米。[1]"
MESSAGES = [("system", "短"), ("human", "问")]


class _Handler(BaseHTTPRequestHandler):
    """Answers as the name of the model says."""

    def do_POST(self):
        asked = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        self.server.asked.append((self.path, self.headers.get("Authorization"), asked))
        getattr(self, f"_{asked['model']}")()

    def log_message(self, *args):
        pass

    def _good(self):
        self._stream(GOOD[i : i + 3] for i in range(0, len(GOOD), 3))

    def _empty(self):
        self._stream([])

    def _loop(self):
        self._stream("好的" for _ in range(100_000))

    def _drip(self):
        self._stream(f"第{number}句话。" for number in range(100) if not time.sleep(0.1))

    def _comments(self):
        self._raw(b": keep-alive\n\n", pause=0.01)

    def _endless(self):
        self._raw(b"x" * 65536)

    def _busy_once(self):
        if len(self.server.asked) > 1:
            self._good()
        else:
            self._refuse(503, "Loading model", "unavailable", retry_after="0")

    def _hang(self):
        self.server.released.wait(20)

    def _cut(self):
        self._stream([GOOD, "从东岸到西"], end=False)

    def _wrong_key(self):
        self._refuse(401, f"Incorrect API key provided: {KEY}", "invalid_api_key")

    def _unknown(self):
        self._refuse(404, "The model does not exist", "model_not_found")

    def _busy(self):
        self._refuse(429, "Rate limit reached", "rate_limit_exceeded")

    def _moved(self):
        self._refuse(307, "elsewhere", "moved")

    def _broken(self):
        self._refuse(500, "boom", "internal")

    def _long(self):
        self._refuse(400, "This model's maximum context length is 2048 tokens.", "context_length_exceeded")

    def _odd(self):
        self.send_response(200)
        self.send_header("Content-Type", "text/html")
        self.end_headers()
        self.wfile.write(b"<html>welcome</html>")

    def _stream(self, pieces, *, end=True):
        self.send_response(200)
        self.send_header("Content-Type", "text/event-stream")
        self.end_headers()
        try:
            for piece in pieces:
                delta = {"id": "1", "object": "chat.completion.chunk", "created": 1, "model": "m"}
                delta["choices"] = [{"index": 0, "delta": {"role": "assistant", "content": piece}}]
                self._send(json.dumps(delta))
            if end:
                self._send("[DONE]")
        except OSError:
            self.server.left.set()  # the client has heard enough

    def _raw(self, data, pause=0.0):
        """The same bytes without end."""
        self.send_response(200)
        self.send_header("Content-Type", "text/event-stream")
        self.end_headers()
        with suppress(OSError):
            while not self.server.released.wait(pause):
                self.wfile.write(data)
        self.server.left.set()

    def _send(self, data):
        self.wfile.write(f"data: {data}\n\n".encode())
        self.wfile.flush()

    def _refuse(self, status, message, code, retry_after=None):
        body = json.dumps({"error": {"message": message, "type": "error", "code": code}}).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        if retry_after is not None:
            self.send_header("Retry-After", retry_after)
        self.end_headers()
        self.wfile.write(body)


@pytest.fixture
def server(monkeypatch):
    monkeypatch.setenv("OPENAI_API_KEY", KEY)
    for name in ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "http_proxy", "https_proxy", "all_proxy", "OPENAI_BASE_URL"):
        monkeypatch.delenv(name, raising=False)
    found = ThreadingHTTPServer(("127.0.0.1", 0), _Handler)
    found.daemon_threads = True
    found.asked, found.released, found.left = [], threading.Event(), threading.Event()
    thread = threading.Thread(target=found.serve_forever, args=(0.01,), daemon=True)
    thread.start()
    yield found
    found.released.set()
    found.shutdown()
    found.server_close()
    thread.join()


def address(server):
    return f"http://127.0.0.1:{server.server_port}/v1"


def trouble_of(url, model, timeout=5.0):
    chat = load_chat_model(f"openai:{model}", url, timeout)
    said = []
    with pytest.raises(ReplyError) as caught:
        said.extend(stream_reply(chat, MESSAGES, timeout))
    assert KEY not in repr(caught.value) + str(caught.value)
    assert caught.value.__cause__ is None  # no provider's message is shown with it
    return caught.value.trouble, "".join(said)


def test_a_reply_streams(server):
    chat = load_chat_model("openai:good", address(server), 5.0)
    pieces = list(stream_reply(chat, MESSAGES, 5.0))
    assert "".join(pieces) == GOOD
    assert len(pieces) > 3
    ((path, key, asked),) = server.asked
    assert path == "/v1/chat/completions"
    assert key == f"Bearer {KEY}"
    assert asked["stream"] is True
    assert [message["role"] for message in asked["messages"]] == ["system", "user"]


def test_a_server_of_ones_own_needs_no_key(server, monkeypatch):
    monkeypatch.delenv("OPENAI_API_KEY")
    chat = load_chat_model("openai:good", address(server), 5.0)
    assert "".join(stream_reply(chat, MESSAGES, 5.0)) == GOOD


@pytest.mark.parametrize(
    ("model", "trouble"),
    [
        ("wrong_key", Trouble.KEY),
        ("unknown", Trouble.MODEL),
        ("broken", Trouble.SERVER),
        ("moved", Trouble.MOVED),
        ("long", Trouble.CONTEXT),
        ("empty", Trouble.EMPTY),
        ("loop", Trouble.LOOP),
    ],
)
def test_what_goes_wrong_is_told_apart(server, model, trouble):
    assert trouble_of(address(server), model)[0] == trouble


def test_an_endless_stream_is_left(server):
    trouble_of(address(server), "loop")
    assert server.left.wait(5)


@pytest.mark.parametrize("model", ["hang", "drip", "comments"])
def test_a_slow_server_is_not_waited_for(server, model):
    start = time.monotonic()
    assert trouble_of(address(server), model, timeout=0.5)[0] == Trouble.SLOW
    assert time.monotonic() - start < 4


def test_a_flood_is_stopped_before_it_fills_the_memory(server):
    assert trouble_of(address(server), "endless", timeout=30)[0] == Trouble.LOOP


@pytest.mark.parametrize("model", ["comments", "endless"])
def test_the_connection_to_a_server_that_never_ends_is_closed(server, model):
    trouble_of(address(server), model, timeout=0.3)
    assert server.left.wait(5)


def test_a_busy_server_is_asked_again_within_the_time(server):
    assert trouble_of(address(server), "busy", timeout=0.5)[0] == Trouble.BUSY
    assert len(server.asked) == 1  # the next try would come too late
    server.asked.clear()
    chat = load_chat_model("openai:busy_once", address(server), 5.0)
    assert "".join(stream_reply(chat, MESSAGES, 5.0)) == GOOD
    assert len(server.asked) == 2


def test_a_server_that_is_not_there():
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))  # bound and not listening: connections are refused
        url = f"http://127.0.0.1:{taken.getsockname()[1]}/v1"
        with pytest.MonkeyPatch.context() as patch:
            patch.setenv("OPENAI_API_KEY", KEY)
            assert trouble_of(url, "good")[0] == Trouble.UNREACHABLE


def test_an_address_that_is_no_chat_server(server):
    assert trouble_of(address(server), "odd")[0] in (Trouble.OTHER, Trouble.EMPTY)


@pytest.fixture(scope="module")
def bridges(make_store):
    return make_store({"b.txt": "鹿鸣大桥通车\n\n鹿鸣大桥全长860米，双向四车道。从东岸到西岸只要两分钟。\n"})


def test_the_chain_answers_over_http(bridges, server):
    config = RagConfig(llm="openai:good", llm_base_url=address(server), llm_timeout=5)
    answer = AnswerChain(bridges, config).invoke("鹿鸣大桥全长多少米？")
    assert answer.text == GOOD
    assert answer.generated


@pytest.mark.parametrize(("model", "says"), [("wrong_key", "密钥"), ("long", "上下文"), ("empty", "什么也没说")])
def test_the_chain_falls_back_to_quotes_and_says_why(bridges, server, model, says):
    config = RagConfig(llm=f"openai:{model}", llm_base_url=address(server), llm_timeout=5)
    answer = AnswerChain(bridges, config).invoke("鹿鸣大桥全长多少米？")
    (remark,) = [remark for remark in answer.remarks if remark.warns is Warns.FALLBACK]
    assert says in remark.text
    assert KEY not in json.dumps(answer.to_dict(), ensure_ascii=False)
    assert not answer.generated
    assert "860米" in answer.text


def test_a_stream_that_breaks_off_keeps_what_stood(bridges, server):
    config = RagConfig(llm="openai:cut", llm_base_url=address(server), llm_timeout=5)
    answer = AnswerChain(bridges, config).invoke("鹿鸣大桥全长多少米？")
    assert answer.text.startswith(GOOD)
    assert "从东岸到西[" not in answer.text
