"""Who may come in, how often, with how much, and what does the log keep of it?

One middleware around everything that the port serves, a mounted window too. It is plain ASGI: a response streams
through it untouched but for its headers.
"""

from __future__ import annotations

import base64
import binascii
import hmac
import ipaddress
import logging
import math
import re
import threading
import time
import traceback
from collections import OrderedDict
from collections.abc import Callable, Sequence
from urllib.parse import quote, urlsplit

from starlette.datastructures import Headers, MutableHeaders
from starlette.exceptions import HTTPException
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from rag.api.problems import respond
from rag.api.settings import ApiConfig, is_loopback

__all__ = ["API_PATHS", "API_POLICY", "WINDOW_POLICY", "RateLimit", "SecurityMiddleware", "client_of"]

_access = logging.getLogger("wenju.access")
_log = logging.getLogger("wenju.api")

API_PATHS = ("/ask", "/search", "/articles", "/article", "/info", "/docs", "/openapi.json", "/v1/", "/mcp")
"""What this package serves; everything else belongs to a window mounted beside it."""

_OPEN_PATHS = ("/healthz", "/readyz")  # for the machine that looks after the server: they tell nothing
_CLIENTS = 10_000  # that are remembered; the longest silent is forgotten first
_LONGEST_LOGGED = 200  # characters of a path

API_POLICY = (
    "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
"""Content-Security-Policy of what this package serves: nothing runs, nothing is loaded."""

WINDOW_POLICY = (
    "default-src 'self'; script-src 'self' 'unsafe-inline' 'unsafe-eval'; style-src 'self' 'unsafe-inline'; "
    "img-src 'self' data: blob:; media-src 'self' data: blob:; font-src 'self' data:; connect-src 'self'; "
    "worker-src 'self' blob:; object-src 'none'; base-uri 'self'; form-action 'self'; frame-ancestors 'none'"
)
"""Content-Security-Policy of a mounted window: no foreign host is ever allowed.

Gradio has inline scripts, and its HTML component makes a function of its template, so it needs ``unsafe-eval`` to show
anything.
"""

_HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), microphone=(), geolocation=()",
}


class RateLimit:
    """A bucket per client: it holds ``burst`` requests and fills by ``per_minute``.

    Args:
        per_minute: Requests per minute in the long run; 0 for any number.
        burst: Requests at once.
        clock: Seconds, ever growing.

    Example:
        >>> limit = RateLimit(60, 1, clock=lambda: 0.0)
        >>> limit.wait("a"), limit.wait("a"), limit.wait("b")
        (0.0, 1.0, 0.0)
    """

    def __init__(self, per_minute: int, burst: int, clock: Callable[[], float] = time.monotonic) -> None:
        self._rate, self._burst, self._clock = per_minute / 60, burst, clock
        self._buckets: OrderedDict[str, tuple[float, float]] = OrderedDict()
        self._lock = threading.Lock()

    def wait(self, client: str) -> float:
        """Take one request: 0.0 when it may pass, else the seconds until one may."""
        if not self._rate:
            return 0.0
        with self._lock:
            now = self._clock()
            left, since = self._buckets.pop(client, (float(self._burst), now))
            left = min(float(self._burst), left + (now - since) * self._rate)
            passes = left >= 1
            self._buckets[client] = (left - 1 if passes else left, now)
            if len(self._buckets) > _CLIENTS:
                self._buckets.popitem(last=False)
        return 0.0 if passes else (1 - left) / self._rate


class SecurityMiddleware:
    """The middleware: host, origin, rate, token, size, headers, access log, and errors that nobody expected.

    Args:
        app: What it protects.
        config: The settings.
        window_policy: Content-Security-Policy for all that is not of :data:`API_PATHS`.
    """

    def __init__(self, app: ASGIApp, config: ApiConfig, window_policy: str = WINDOW_POLICY) -> None:
        self._app, self._config, self._window_policy = app, config, window_policy
        self._limit = RateLimit(config.rate, config.burst)
        self._strangers = RateLimit(config.rate, config.burst)  # apart: who shares an address is not locked out by them
        self._token = config.token.get_secret_value().encode() if config.token else b""
        self._names = {"localhost", "127.0.0.1", "::1", config.host.strip("[]").lower(), *map(str.lower, config.names)}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] not in {"http", "websocket"}:
            await self._app(scope, receive, send)
            return
        refusal = self._refusal(scope)
        if scope["type"] == "websocket":
            if refusal:
                await send({"type": "websocket.close", "code": 1008})
            else:
                await self._app(scope, receive, send)
            return
        await self._answer(scope, receive, send, refusal)

    async def _answer(self, scope: Scope, receive: Receive, send: Send, refusal: Response | None) -> None:
        started, status = time.perf_counter(), 0

        async def sending(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                self._add_headers(scope, MutableHeaders(scope=message))
            await send(message)

        try:
            await (refusal or self._app)(scope, self._counted(scope, receive), sending)
        except Exception as error:  # the last one who can answer
            # The message of an error may repeat the question; where it happened does not.
            where = "".join(traceback.format_tb(error.__traceback__)[-4:])
            _log.error("%s in answering %s\n%s", type(error).__name__, _printable(scope["path"]), where)
            if not status:
                sorry = respond(
                    500, "The server made a mistake.", "Tell its keeper; the log has it.", path=scope["path"]
                )
                await sorry(scope, receive, sending)
        finally:
            spent = (time.perf_counter() - started) * 1000
            _access.info("%s %s %d %.0f ms", _printable(scope["method"]), _printable(scope["path"]), status, spent)

    def _refusal(self, scope: Scope) -> Response | None:
        """Why a request may not come in; None when it may."""
        headers, path = Headers(scope=scope), scope["path"]
        if refusal := self._wrong_place(scope, headers):
            return refusal
        if path in _OPEN_PATHS:
            return None
        known = not self._token or hmac.compare_digest(_shown(headers), self._token)
        limit = self._limit if known else self._strangers
        if wait := limit.wait(client_of((scope.get("client") or ("unknown", 0))[0])) if _counts(scope) else 0.0:
            seconds = max(1, math.ceil(wait))
            what, fix = "This client has asked too often.", f"Go on in {seconds} s."
            return respond(429, what, fix, path=path, headers={"Retry-After": str(seconds)})
        if not known:
            scheme = "Basic" if "text/html" in headers.get("accept", "") else "Bearer"
            fix = "Send it as `Authorization: Bearer TOKEN`, or as the password when a browser asks."
            sign = {"WWW-Authenticate": f'{scheme} realm="wenju"'}
            return respond(401, "The token is missing or wrong.", fix, path=path, headers=sign)
        told, largest = headers.get("content-length", "0"), self._largest(path)
        if told.isdecimal() and int(told[:20]) > largest:
            return respond(413, f"The request has more than {largest:,} bytes.", "Send less.", path=path)
        return None

    def _wrong_place(self, scope: Scope, headers: Headers) -> Response | None:
        """Why the name that was called, or the page that calls, is not one of ours; None when both are."""
        host = _host_of(headers.get("host", ""))
        if is_loopback(self._config.host) and host not in self._names:
            # A page elsewhere could give its own name our address, and then read what we answer (DNS rebinding).
            fix = "Call the server by its address, or name this one with --name."
            return respond(421, "This server does not go by that name.", fix, path=scope["path"])
        if _writes(scope) and _is_foreign(headers.get("origin"), headers.get("host", ""), self._config.names):
            what = "Pages of other sites may not ask here."
            return respond(403, what, "Ask from a program, or name the site with --name.", path=scope["path"])
        return None

    def _counted(self, scope: Scope, receive: Receive) -> Receive:
        """What the client sends, up to the limit; also where it does not tell beforehand how much that will be."""
        largest, got = self._largest(scope["path"]), 0

        async def receiving() -> Message:
            nonlocal got
            message = await receive()
            got += len(message.get("body", b""))
            if got > largest:
                raise HTTPException(413, f"The request has more than {largest:,} bytes.")
            return message

        return receiving

    def _largest(self, path: str) -> int:
        return self._config.largest_body if _is_api(path) else self._config.largest_upload

    def _add_headers(self, scope: Scope, headers: MutableHeaders) -> None:
        api = _is_api(scope["path"]) or scope["path"] in _OPEN_PATHS
        policy = API_POLICY if api else self._window_policy
        more = {"Cache-Control": "no-store"} if api else {}
        for name, value in {**_HEADERS, "Content-Security-Policy": policy, **more}.items():
            headers.setdefault(name, value)


def _is_api(path: str) -> bool:
    return any(path == own or (path.startswith(own) and own.endswith("/")) for own in API_PATHS)


def _writes(scope: Scope) -> bool:
    """Whether a request may change something or start work; a websocket, which has no method, may."""
    return scope.get("method") not in {"GET", "HEAD", "OPTIONS"}


def _is_foreign(origin: str | None, host: str, names: Sequence[str]) -> bool:
    """Whether the page that sends a request comes from elsewhere, another port of this machine too.

    Programs tell no origin. A name that was given for the server stands for all of its ports.
    """
    if origin is None:
        return False
    try:
        told = urlsplit(origin)
        return _bare(told.netloc) != _bare(host) and _host_of(told.netloc) not in set(map(str.lower, names))
    except ValueError:
        return True


def _bare(netloc: str) -> str:
    """``name:port`` in small letters, without the port that need not be said."""
    return re.sub(r":(?:80|443)$", "", netloc.lower())


def _counts(scope: Scope) -> bool:
    """Whether a request costs work; the files of a window do not."""
    return _is_api(scope["path"]) or _writes(scope)


def client_of(address: str) -> str:
    """Whose an address is: its own; of IPv6 the network's, since a single client has many addresses in it."""
    try:
        found = ipaddress.ip_address(address)
    except ValueError:
        return str(address)
    return str(ipaddress.ip_network((found, 64), strict=False)) if found.version == 6 else address


def _host_of(netloc: str) -> str:
    """The name in ``name:port``, without brackets and in small letters."""
    if netloc.startswith("["):
        return netloc[1:].partition("]")[0].lower()
    return netloc.rpartition(":")[0].lower() if ":" in netloc else netloc.lower()


def _shown(headers: Headers) -> bytes:
    """The token that a client shows, as a bearer or as the password of any name."""
    scheme, _, value = headers.get("authorization", "").partition(" ")
    if scheme.lower() == "bearer":
        return value.strip().encode("latin-1")  # as headers are decoded: its bytes
    if scheme.lower() == "basic":
        try:
            return base64.b64decode(value.strip(), validate=True).partition(b":")[2]
        except (binascii.Error, ValueError):
            return b""
    return b""


def _printable(text: str) -> str:
    """Text of a client on one line of the log."""
    return quote(text, safe="/:._-~@!$&'()*+,;=#", errors="replace")[:_LONGEST_LOGGED]
