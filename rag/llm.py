"""Where does a chat model come from, and what does it say? LangChain's ``init_chat_model``; a reply as it streams.

Keys come from the environment variables of the provider, and are never read, kept or written here. Whatever goes
wrong is a :class:`rag.errors.ReplyError` with a reason of our own: a provider's message may repeat a part of the key.
"""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Iterator, Sequence
from contextlib import AbstractContextManager, aclosing, nullcontext
from contextvars import ContextVar
from enum import StrEnum
from functools import lru_cache
from queue import Empty, SimpleQueue
from typing import TYPE_CHECKING, Any, Protocol, cast

from rag.errors import ModelError, ReplyError

if TYPE_CHECKING:
    from langchain_core.language_models import BaseChatModel
    from langchain_core.runnables import RunnableConfig

__all__ = ["CALLER", "Caller", "StreamingModel", "Trouble", "load_chat_model", "stream_reply"]

_LONGEST_REPLY = 6000  # characters; no answer to one question is longer
_MOST_BYTES = 16 * 1024 * 1024  # of a reply with its thoughts, on the wire: some 50,000 tokens
_LONGEST_PERIOD = 120  # characters of what a looping model repeats
_LEAST_LOOP, _LEAST_ROUNDS = 48, 4  # characters and rounds from which a repetition is a loop
_BUSY = (429, 503)  # HTTP statuses of a server that is worth asking again
_LOOK = 0.2  # seconds between two looks whether the caller has left
_FIRST_PAUSE = 1.0  # seconds before a busy server is asked again, where it does not tell; doubled each time
_OPEN, _CLOSE = "<think>", "</think>"  # what reasoning models put around what is not for the reader
_LOCAL_KEY = "none"  # servers of one's own ask for no key, but the client wants to send one


class Trouble(StrEnum):
    """Why a model gave no usable reply; :class:`rag.errors.ReplyError` carries one."""

    UNREACHABLE = "unreachable"
    SLOW = "slow"
    KEY = "key"
    MODEL = "model"
    BUSY = "busy"
    SERVER = "server"
    MOVED = "moved"
    CONTEXT = "context"
    EMPTY = "empty"
    LOOP = "loop"
    LEFT = "left"
    OTHER = "other"


_SAID = {
    Trouble.UNREACHABLE: (
        "The language model's server cannot be reached.",
        "Check that it runs, and its address in --llm-base-url.",
    ),
    Trouble.SLOW: ("The language model did not finish in time.", "Give it longer with --llm-timeout."),
    Trouble.KEY: (
        "The language model's server refused the key.",
        "Set the provider's key in the environment, such as OPENAI_API_KEY.",
    ),
    Trouble.MODEL: ("The server does not know this language model.", "Check the name given with --llm."),
    Trouble.BUSY: ("The language model's server is overloaded or a quota is spent.", "Try again later."),
    Trouble.SERVER: ("The language model's server failed (HTTP 5xx).", "Check the server's own log."),
    Trouble.MOVED: ("The language model's server sends us elsewhere (HTTP 3xx).", "Check --llm-base-url."),
    Trouble.CONTEXT: (
        "The passages do not fit into the language model's context.",
        "Start the server with a larger context.",
    ),
    Trouble.EMPTY: ("The language model said nothing.", "Ask again, or use another model."),
    Trouble.LOOP: ("The language model repeated itself without end and was stopped.", "Use another model."),
    Trouble.LEFT: ("Nobody waits for the language model any more.", "Ask again."),
    Trouble.OTHER: ("The language model failed.", "Check the server's own log."),
}


class StreamingModel(Protocol):
    """What is needed of a model; every LangChain chat model has it."""

    def astream(self, input: Any, config: RunnableConfig | None = None, **kwargs: Any) -> AsyncIterator[Any]:  # noqa: A002
        """Yield the reply in messages whose ``content`` is text, or a list of blocks with text."""


def load_chat_model(name: str, base_url: str | None = None, timeout: float | None = None) -> BaseChatModel:
    """A chat model by name.

    Args:
        name: ``provider:model`` as LangChain writes it, for example ``openai:gpt-4o-mini``.
        base_url: Address of an OpenAI-compatible server (vLLM, Ollama, llama.cpp, …), for the provider ``openai``.
        timeout: Seconds to wait for the server, or None for the provider's own limit.

    Raises:
        ModelError: The name has no provider, its package is not installed, or its key is not set.
    """
    from langchain.chat_models import init_chat_model

    if ":" not in name:
        raise ModelError(f"The chat model {name!r} names no provider.", "Write it as openai:MODEL.")
    more: dict[str, Any] = {"base_url": base_url} if base_url else {}
    if timeout is not None:
        more |= {"timeout": timeout, "max_retries": 0}  # a retry would wait as long again before anyone is told
    try:
        if name.startswith("openai:"):
            more |= {"http_async_client": _bounded_client()}
        return _init(init_chat_model, name, more)
    except ImportError as error:
        provider = name.partition(":")[0]
        raise ModelError(
            f"The package for {provider!r} is not installed.", f"Run `pip install langchain-{provider}`."
        ) from error
    except Exception as error:  # each provider raises its own errors for a key that is not set
        reason = str(error).strip().splitlines()[0] if str(error).strip() else type(error).__name__
        raise ModelError(
            f"The chat model {name!r} cannot be used ({reason}).", "Check its name and that its key is set."
        ) from error


class Caller:
    """Who waits for a reply. This one stays to the end, and holds nothing that others wait for.

    A server has callers of its own: they may leave, and while they wait their place at work is free for others.
    """

    @property
    def left(self) -> bool:
        """Whether nobody listens any more."""
        return False

    def away(self) -> AbstractContextManager[None]:
        """Entered while there is nothing to do but wait."""
        return nullcontext()


CALLER: ContextVar[Caller] = ContextVar("wenju-caller", default=Caller())  # noqa: B039  # it has no state
"""Who asks in this thread."""


def stream_reply(
    model: StreamingModel,
    messages: Sequence[tuple[str, str]],
    timeout: float,
    config: RunnableConfig | None = None,
) -> Iterator[str]:
    """What a model says, in pieces as they come, without what it thinks aloud before it speaks.

    The model is listened to in a thread of its own, so the time is up when it is up, whatever the server sends
    meanwhile; its connection is closed then, and when the caller leaves. A server that is busy is asked again.

    Args:
        model: The model.
        messages: Pairs of role (system, human) and text.
        timeout: Seconds for the whole reply.
        config: LangChain's, for callbacks.

    Raises:
        ReplyError: The model fails, says nothing, takes too long, or repeats itself; what came before has been
            yielded, so the caller decides whether to keep it.
    """
    deadline, spoken = time.monotonic() + timeout, _Spoken()
    heard: SimpleQueue[str | Exception | None] = SimpleQueue()
    over = threading.Event()
    reply = _listen(model, list(messages), config, deadline, heard.put, over)
    listening = asyncio.run_coroutine_threadsafe(reply, _loop())
    said = ""
    try:
        while (piece := _next(heard, deadline)) is not None:
            told = spoken.take(piece)
            said += told
            if told:
                yield told
            if len(said) > _LONGEST_REPLY or _loops(said):
                raise _error(Trouble.LOOP)
    finally:
        over.set()  # a library may swallow the cancellation while pieces come fast (asyncio.wait_for before 3.12)
        listening.cancel()
    if not said.strip():
        raise _error(Trouble.EMPTY)


def _next(heard: SimpleQueue[str | Exception | None], deadline: float) -> str | None:
    """The next piece; None at the end of the reply."""
    caller = CALLER.get()
    while not caller.left and (left := deadline - time.monotonic()) > 0:
        try:
            with caller.away() if heard.empty() else nullcontext():
                piece = heard.get(timeout=min(left, _LOOK))
        except Empty:
            continue
        if isinstance(piece, Exception):  # every provider has its own, and their texts may hold a part of a key
            raise _error(_trouble(piece)) from None
        return piece
    raise _error(Trouble.LEFT if caller.left else Trouble.SLOW)


async def _listen(
    model: StreamingModel,
    messages: list[tuple[str, str]],
    config: RunnableConfig | None,
    deadline: float,
    tell: Callable[[str | Exception | None], None],
    over: threading.Event,
) -> None:
    """Tell each piece of a reply, then None, or the error that ended it; nothing more once it is over."""
    begun, pause = False, _FIRST_PAUSE
    while True:
        try:
            reply = cast("AsyncGenerator[Any, None]", model.astream(messages, config))
            async with asyncio.timeout(deadline - time.monotonic()), aclosing(reply):
                async for message in reply:
                    begun = True
                    tell(_text_of(message))
                    if over.is_set():
                        return
        except Exception as error:
            wait = _pause_before_again(error, pause)
            if begun or wait is None or time.monotonic() + wait > deadline:
                tell(error)
                return
            await asyncio.sleep(wait)
            pause *= 2
        else:
            tell(None)
            return


def _bounded_client() -> Any:
    """A client for OpenAI-compatible servers that takes no more from one reply than a reply may have."""
    from openai import DefaultAsyncHttpxClient

    async def bound(response: Any) -> None:
        pieces = response.aiter_raw

        async def bounded(*size: int | None) -> AsyncIterator[bytes]:
            async for piece in pieces(*size):
                if response.num_bytes_downloaded > _MOST_BYTES:
                    raise _FloodError
                yield piece

        response.aiter_raw = bounded

    return DefaultAsyncHttpxClient(event_hooks={"response": [bound]})


class _FloodError(Exception):
    """A server sends more than any reply has."""


def _init(make: Any, name: str, settings: dict[str, Any]) -> BaseChatModel:
    """Make the model; for a server of one's own without a key in the environment, with one that is none."""
    try:
        model: BaseChatModel = make(name, temperature=0, **settings)
    except ImportError:
        raise
    except Exception as error:
        if "base_url" not in settings or "api_key" not in str(error).lower():
            raise
        model = make(name, temperature=0, api_key=_LOCAL_KEY, **settings)
    return model


class _Spoken:
    """What is for the reader of a reply that may begin with thoughts."""

    def __init__(self) -> None:
        self._held, self._speaks = "", False

    def take(self, piece: str) -> str:
        """What of the reply so far has become readable with this piece."""
        if self._speaks:
            return piece
        self._held += piece
        begun = self._held.lstrip()
        if not _OPEN.startswith(begun[: len(_OPEN)]):
            self._speaks = True
            return self._held
        thought, closed, said = begun.partition(_CLOSE)
        self._speaks = bool(closed)
        if len(thought) > len(_OPEN) + len(_CLOSE):
            self._held = _OPEN + thought[-len(_CLOSE) :]  # thoughts may be long; only a cut end mark is of use
        return said


@lru_cache(maxsize=1)
def _loop() -> asyncio.AbstractEventLoop:
    """Where all models are listened to: one thread, however many."""
    loop = asyncio.new_event_loop()
    threading.Thread(target=loop.run_forever, name="wenju-models", daemon=True).start()
    return loop


def _pause_before_again(error: Exception, otherwise: float) -> float | None:
    """Seconds after which a busy server may be asked again; None where asking again is no use."""
    if getattr(error, "status_code", None) not in _BUSY or getattr(error, "code", None) == "insufficient_quota":
        return None
    told = getattr(getattr(error, "response", None), "headers", {}).get("retry-after", "")
    return float(told) if told.isdecimal() else otherwise


def _text_of(message: Any) -> str:
    content = getattr(message, "content", message)
    blocks = content if isinstance(content, list) else [content]
    texts = (block.get("text", "") if isinstance(block, dict) else block for block in blocks)
    return "".join(text for text in texts if isinstance(text, str))


def _loops(said: str) -> bool:
    """Whether the end of a text is one stretch over and over."""
    for period in range(1, min(_LONGEST_PERIOD, len(said) // _LEAST_ROUNDS) + 1):
        rounds = max(_LEAST_ROUNDS, -(-_LEAST_LOOP // period))
        if len(said) >= rounds * period and said.endswith(said[-period:] * rounds):
            return True
    return False


def _trouble(error: Exception) -> Trouble:
    """What went wrong, told by names and status codes, as no provider's package is imported here."""
    kinds = {kind.__name__ for kind in type(error).__mro__}
    status = getattr(error, "status_code", None)
    if isinstance(error, _FloodError) or any("Timeout" in kind for kind in kinds):
        return Trouble.LOOP if isinstance(error, _FloodError) else Trouble.SLOW
    if "no generation" in str(error).lower():  # LangChain's own word for a stream without a chunk
        return Trouble.EMPTY
    if "context" in str(error).lower() and status in (None, 400, 413, 422, 500):
        return Trouble.CONTEXT
    by_status = {401: Trouble.KEY, 403: Trouble.KEY, 404: Trouble.MODEL, 413: Trouble.CONTEXT}
    by_status |= dict.fromkeys(_BUSY, Trouble.BUSY)
    if status in by_status:
        return by_status[status]
    if isinstance(status, int) and (300 <= status < 400 or status >= 500):
        return Trouble.MOVED if status < 400 else Trouble.SERVER
    connection = {"ConnectionError", "APIConnectionError", "ConnectError", "RemoteProtocolError", "ReadError"}
    return Trouble.UNREACHABLE if kinds & connection else Trouble.OTHER


def _error(trouble: Trouble) -> ReplyError:
    return ReplyError(*_SAID[trouble], trouble)
