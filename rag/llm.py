"""Where does a chat model come from, and what does it say? LangChain's ``init_chat_model``; a reply as it streams.

Keys come from the environment variables of the provider, and are never read, kept or written here. Whatever goes
wrong is a :class:`rag.errors.ReplyError` with a reason of our own: a provider's message may repeat a part of the key.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from enum import StrEnum
from typing import TYPE_CHECKING, Any, Protocol

from rag.errors import ModelError, ReplyError

if TYPE_CHECKING:
    from langchain_core.language_models import BaseChatModel
    from langchain_core.runnables import RunnableConfig

__all__ = ["StreamingModel", "Trouble", "load_chat_model", "stream_reply"]

_LONGEST_REPLY = 6000  # characters; no answer to one question is longer
_LONGEST_PERIOD = 120  # characters of what a looping model repeats
_LEAST_LOOP, _LEAST_ROUNDS = 48, 4  # characters and rounds from which a repetition is a loop
_LOCAL_KEY = "none"  # servers of one's own ask for no key, but the client wants to send one


class Trouble(StrEnum):
    """Why a model gave no usable reply; :class:`rag.errors.ReplyError` carries one."""

    UNREACHABLE = "unreachable"
    SLOW = "slow"
    KEY = "key"
    MODEL = "model"
    BUSY = "busy"
    CONTEXT = "context"
    EMPTY = "empty"
    LOOP = "loop"
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
    Trouble.CONTEXT: (
        "The passages do not fit into the language model's context.",
        "Start the server with a larger context.",
    ),
    Trouble.EMPTY: ("The language model said nothing.", "Ask again, or use another model."),
    Trouble.LOOP: ("The language model repeated itself without end and was stopped.", "Use another model."),
    Trouble.OTHER: ("The language model failed.", "Check the server's own log."),
}


class StreamingModel(Protocol):
    """What is needed of a model; every LangChain chat model has it."""

    def stream(self, input: Any, config: RunnableConfig | None = None, **kwargs: Any) -> Iterator[Any]:  # noqa: A002
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


def stream_reply(
    model: StreamingModel,
    messages: Sequence[tuple[str, str]],
    timeout: float,
    config: RunnableConfig | None = None,
) -> Iterator[str]:
    """What a model says, in pieces as they come.

    Args:
        model: The model.
        messages: Pairs of role (system, human) and text.
        timeout: Seconds for the whole reply.
        config: LangChain's, for callbacks.

    Raises:
        ReplyError: The model fails, says nothing, takes too long, or repeats itself; what came before has been
            yielded, so the caller decides whether to keep it.
    """
    deadline = time.monotonic() + timeout
    said = ""
    try:
        for message in model.stream(list(messages), config):
            piece = _text_of(message)
            said += piece
            if piece:
                yield piece
            if time.monotonic() > deadline:
                raise _error(Trouble.SLOW)
            if len(said) > _LONGEST_REPLY or _loops(said):
                raise _error(Trouble.LOOP)
    except ReplyError:
        raise
    except Exception as error:  # every provider has errors of its own, and their texts may hold a part of a key
        raise _error(_trouble(error)) from None
    if not said.strip():
        raise _error(Trouble.EMPTY)


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
    if any("Timeout" in kind for kind in kinds):
        return Trouble.SLOW
    if "no generation" in str(error).lower():  # LangChain's own word for a stream without a chunk
        return Trouble.EMPTY
    if "context" in str(error).lower() and status in (None, 400, 413, 422, 500):
        return Trouble.CONTEXT
    by_status = {401: Trouble.KEY, 403: Trouble.KEY, 404: Trouble.MODEL, 413: Trouble.CONTEXT, 429: Trouble.BUSY}
    if status in by_status:
        return by_status[status]
    if isinstance(status, int) and status >= 500:
        return Trouble.BUSY
    connection = {"ConnectionError", "APIConnectionError", "ConnectError", "RemoteProtocolError", "ReadError"}
    return Trouble.UNREACHABLE if kinds & connection else Trouble.OTHER


def _error(trouble: Trouble) -> ReplyError:
    return ReplyError(*_SAID[trouble], trouble)
