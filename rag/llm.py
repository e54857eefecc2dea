"""Where does a chat model come from? LangChain's ``init_chat_model``, with errors that say what to do.

Keys come from the environment variables of the provider, and are never read, kept or written here.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from rag.errors import ModelError

if TYPE_CHECKING:
    from langchain_core.language_models import BaseChatModel

__all__ = ["load_chat_model"]


def load_chat_model(name: str, base_url: str | None = None) -> BaseChatModel:
    """A chat model by name.

    Args:
        name: ``provider:model`` as LangChain writes it, for example ``openai:gpt-4o-mini``.
        base_url: Address of an OpenAI-compatible server (vLLM, Ollama, llama.cpp, …), for the provider ``openai``.

    Raises:
        ModelError: The name has no provider, its package is not installed, or its key is not set.
    """
    from langchain.chat_models import init_chat_model

    if ":" not in name:
        raise ModelError(f"The chat model {name!r} names no provider.", "Write it as openai:MODEL.")
    more: dict[str, Any] = {"base_url": base_url} if base_url else {}
    try:
        model: BaseChatModel = init_chat_model(name, temperature=0, **more)
    except ImportError as error:
        provider = name.partition(":")[0]
        raise ModelError(
            f"The package for {provider!r} is not installed.", f"Run `pip install langchain-{provider}`."
        ) from error
    except Exception as error:  # each provider raises its own errors for a key that is not set
        reason = str(error).strip().splitlines()[0]
        raise ModelError(
            f"The chat model {name!r} cannot be used ({reason}).", "Check its name and that its key is set."
        ) from error
    return model
