"""Chat models by name: what is wrong is one clear line."""

from __future__ import annotations

import sys

import pytest

from rag.errors import ModelError
from rag.llm import load_chat_model


def test_a_name_without_a_provider_is_told() -> None:
    with pytest.raises(ModelError, match="names no provider"):
        load_chat_model("gpt")


def test_a_provider_that_is_not_installed_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "langchain_openai", None)
    with pytest.raises(ModelError, match=r"'openai' is not installed\. Run `pip install langchain-openai`"):
        load_chat_model("openai:gpt")


def test_an_unknown_provider_is_told() -> None:
    with pytest.raises(ModelError, match="cannot be used"):
        load_chat_model("nobody:model")
