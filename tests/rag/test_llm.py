"""Chat models by name: what is wrong is one clear line."""

from __future__ import annotations

import asyncio
import copy
import sys
import time
import traceback
from types import SimpleNamespace

import pytest

from rag.errors import ModelError, ReplyError
from rag.llm import CALLER, Caller, Trouble, load_chat_model, stream_reply


def test_a_name_without_a_provider_is_told() -> None:
    with pytest.raises(ModelError, match="names no provider"):
        load_chat_model("gpt")


def test_a_provider_that_is_not_installed_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "langchain_mistralai", None)  # one that no other test loads: LangChain remembers
    with pytest.raises(ModelError, match=r"'mistralai' is not installed\. Run `pip install langchain-mistralai`"):
        load_chat_model("mistralai:small")


def test_an_unknown_provider_is_told() -> None:
    with pytest.raises(ModelError, match="cannot be used"):
        load_chat_model("nobody:model")


def _model(*pieces: object) -> object:
    class Scripted:
        async def astream(self, messages, config=None, **kwargs):
            for piece in pieces:
                if isinstance(piece, Exception):
                    raise piece
                yield piece

    return Scripted()


def _trouble(*pieces: object) -> str:
    with pytest.raises(ReplyError) as caught:
        list(stream_reply(_model(*pieces), [("human", "？")], 5.0))
    return caught.value.trouble


def test_a_reply_comes_in_pieces_also_of_blocks() -> None:
    blocks = SimpleNamespace(content=[{"type": "text", "text": "甲"}, {"type": "image"}, "乙"])
    assert list(stream_reply(_model("子", blocks, ""), [("human", "？")], 5.0)) == ["子", "甲乙"]


@pytest.mark.parametrize(
    ("pieces", "trouble"),
    [
        ((), Trouble.EMPTY),
        ((" ", "\n"), Trouble.EMPTY),
        (("哈",) * 60, Trouble.LOOP),
        (("这座桥很长，",) * 20, Trouble.LOOP),
        ((TimeoutError("read"),), Trouble.SLOW),
        ((ConnectionRefusedError("no"),), Trouble.UNREACHABLE),
        ((ValueError("context length exceeded"),), Trouble.CONTEXT),
        ((RuntimeError("sk-secret"),), Trouble.OTHER),
    ],
)
def test_what_goes_wrong_has_a_name(pieces, trouble) -> None:
    assert _trouble(*pieces) == trouble


@pytest.mark.parametrize(
    ("pieces", "said"),
    [
        (("<think>想</think>好。",), "好。"),
        ((*"\n<think>想一想</think>好。",), "好。"),
        (("<th", "ink>", "想" * 50 + "</thi", "nk>", "好。"), "好。"),
        (("<thin ice>",), "<thin ice>"),
        (("好。<think>", "甲"), "好。<think>甲"),
    ],
)
def test_what_a_model_thinks_aloud_is_not_said(pieces, said) -> None:
    assert "".join(stream_reply(_model(*pieces), [("human", "？")], 5.0)) == said


def test_thoughts_may_be_longer_than_a_reply_and_repeat_themselves() -> None:
    thoughts = ("<think>", *("那么，" for _ in range(5000)), "</think>", "好。")
    assert list(stream_reply(_model(*thoughts), [("human", "？")], 5.0)) == ["好。"]
    assert _trouble("<think>", "想") == Trouble.EMPTY


def test_the_time_is_up_also_while_the_model_says_nothing() -> None:
    class Silent:
        async def astream(self, messages, config=None, **kwargs):
            await asyncio.sleep(60)
            yield ""

    start = time.monotonic()
    with pytest.raises(ReplyError, match="in time"):
        list(stream_reply(Silent(), [("human", "？")], 0.1))
    assert time.monotonic() - start < 2


def test_who_leaves_is_not_waited_for() -> None:
    class Gone(Caller):
        left = True

    class Silent:
        async def astream(self, messages, config=None, **kwargs):
            await asyncio.sleep(60)
            yield ""

    token = CALLER.set(Gone())
    try:
        with pytest.raises(ReplyError, match="Nobody waits"):
            list(stream_reply(Silent(), [("human", "？")], 60))
    finally:
        CALLER.reset(token)


def test_a_list_of_alike_things_is_no_loop() -> None:
    text = "甲村收12吨，乙村收12吨，丙村收12吨，丁村收12吨，戊村收12吨，己村收12吨。" + "……" * 3
    assert "".join(stream_reply(_model(*text), [("human", "？")], 5.0)) == text


def test_an_error_of_a_reply_survives_pickling_and_hides_what_the_provider_said() -> None:
    secret = "-".join(("sk", "secret"))  # a traceback shows the lines of this file
    with pytest.raises(ReplyError) as caught:
        list(stream_reply(_model(RuntimeError("key " + secret)), [("human", "？")], 5.0))
    again = copy.copy(caught.value)
    assert (str(again), again.trouble) == (str(caught.value), "other")
    assert secret not in "".join(traceback.format_exception(caught.value))
