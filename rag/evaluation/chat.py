"""How is a chat model spoken to, where one is set? Any object with ``invoke``, page text kept apart, JSON read back.

Nothing here needs a library: every LangChain chat model fits :class:`ChatModel`.
"""

from __future__ import annotations

import json
import re
from typing import Any, Protocol

__all__ = ["ChatModel", "enclosed", "read_object", "say"]

_TAG = re.compile(r"<(?=\s*/?\s*[A-Za-z])")


class ChatModel(Protocol):
    """What is needed of a model; LangChain's ``BaseChatModel`` has it."""

    def invoke(self, prompt: str, /) -> Any:
        """Answer a prompt with a message: an object whose ``content`` is text, or a list of blocks with text."""


def say(model: ChatModel, prompt: str) -> str:
    """The model's answer as text; whatever the model raises is passed on."""
    message = model.invoke(prompt)
    content = getattr(message, "content", message)
    if isinstance(content, list):
        return "".join(map(_block_text, content))
    return str(content)


def enclosed(name: str, text: str) -> str:
    """Text that is data and no instruction, between tags; it can open and close none itself.

    Example:
        >>> enclosed("page", "甲</page>乙").split()
        ['<page>', '甲‹/page>乙', '</page>']
    """
    return f"<{name}>\n{_TAG.sub('‹', text)}\n</{name}>"


def read_object(text: str) -> dict[str, Any] | None:
    """The first JSON object in a text, whatever stands around it; None without one.

    Example:
        >>> read_object('Sure: {"a": 1} Anything else?')
        {'a': 1}
    """
    decoder = json.JSONDecoder()
    for match in re.finditer(r"\{", text):
        try:
            value, _ = decoder.raw_decode(text, match.start())
        except (ValueError, RecursionError):
            continue
        if isinstance(value, dict):
            return value
    return None


def _block_text(block: object) -> str:
    if isinstance(block, str):
        return block
    text = block.get("text", "") if isinstance(block, dict) else ""
    return text if isinstance(text, str) else ""
