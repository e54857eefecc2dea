"""How do other programs ask? Over HTTP: a typed API, one that speaks OpenAI's, and tools for agents, on one port.

Example::

    from rag.api import ApiConfig, create_api
    from rag.live import LiveStore

    app = create_api(LiveStore("store"))  # a FastAPI application: uvicorn serves it, Gradio can be mounted on it

Names are loaded when first used, so that importing ``rag.api`` costs nothing.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from rag.api.app import create_api
    from rag.api.security import API_POLICY, WINDOW_POLICY, SecurityMiddleware
    from rag.api.settings import ApiConfig

__all__ = ["API_POLICY", "WINDOW_POLICY", "ApiConfig", "SecurityMiddleware", "create_api"]

_HOMES = {"create_api": "rag.api.app", "ApiConfig": "rag.api.settings"}


def __getattr__(name: str) -> Any:
    if name not in __all__:
        raise AttributeError(f"module 'rag.api' has no attribute {name!r}")
    return getattr(import_module(_HOMES.get(name, "rag.api.security")), name)


def __dir__() -> list[str]:
    return sorted(__all__)
