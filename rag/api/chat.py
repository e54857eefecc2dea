"""How do programs that speak OpenAI's language ask? ``/v1/chat/completions`` and ``/v1/models``.

The last user message is the question, the turns before it are the history. System prompts, tools and sampling settings
are taken and have no effect, since the pages speak here. The message is the answer as Markdown, with its ``[n]``,
and below a line the sources; the same comes as data in two places:

- ``wenju``, beside ``choices`` (in a stream: in the chunk with the ``finish_reason``): what ``/ask`` returns;
- ``message.annotations`` (in a stream: ``delta.annotations``): one ``url_citation`` per number, as OpenAI has them for
  web search, with a link to the article. Open WebUI shows these as its sources.

Open WebUI also asks the model for a title, tags, follow-up questions and more, with prompts that begin with
``### Task:``. These are no questions to a newspaper: they are answered at once, in the form they ask for, without one.
"""

from __future__ import annotations

import json
import re
import time
import uuid
from collections.abc import AsyncGenerator, AsyncIterator, Sequence
from contextlib import aclosing
from typing import Annotated, Any, Literal
from urllib.parse import urlencode

from fastapi import APIRouter, Request
from pydantic import BaseModel, ConfigDict, Field
from starlette.responses import JSONResponse, Response, StreamingResponse

from rag.api.models import AnswerOut
from rag.api.problems import DOCUMENTED, problem_of, respond
from rag.api.service import Service
from rag.api.work_queue import unless_gone
from rag.errors import WenjuError
from rag.schema import Answer, Citation, Turn

__all__ = ["MODEL", "make_chat"]

MODEL = "wenju"
"""The one model that there is."""

_KEPT_TURNS = 20
_KEPT_ANSWER = 4000  # characters of an earlier answer
_TITLE = 24  # characters of a question that make a title
_RULE = "\n\n---\n\n"
_TAIL = re.compile(
    r"(?:※[^\n]*\n\n)*(?:来源|Sources|最接近的段落|Nearest passages)[^\n]*\n\n(?:\[\d+\][^\n]*(?:\n|\Z))*\s*\Z"
)
_COUNTED = re.compile(r"[\u3400-\u9fff\uf900-\ufaff]|[^\W\u3400-\u9fff\uf900-\ufaff]+|[^\w\s]")
# What Markdown would make an image, a link or a tag of; a marker such as [1] stays one.
_ACTIVE = re.compile(r"!(?=\[(?!\d+\]))|(?<=\])\(|<(?=[A-Za-z/!?])|^\[(?=[^\]\n]+\]:)", re.MULTILINE)
_HAN = re.compile(r"[\u3400-\u9fff]")

_TASK, _HISTORY, _CONTEXT = "### Task:", "<chat_history>", "</context>"
_TASKS: dict[str, Any] = {"title": "", "tags": [], "follow_ups": [], "queries": [], "prompt": "", "text": ""}
_TASK_KEY = re.compile(r'\{\s*"(' + "|".join(_TASKS) + r')"\s*:')


class _Lenient(BaseModel):
    model_config = ConfigDict(extra="ignore")


class Part(_Lenient):
    """A part of a message; only text is read."""

    type: str = "text"
    text: str = ""


class Message(_Lenient):
    """One message of the conversation."""

    role: Literal["system", "developer", "user", "assistant", "tool", "function"]
    content: str | list[Part] | None = None

    @property
    def text(self) -> str:
        """The message's text; what else it holds is left out."""
        if isinstance(self.content, list):
            return "\n".join(part.text for part in self.content if part.text)
        return self.content or ""


class StreamOptions(_Lenient):
    """What a stream holds besides."""

    include_usage: bool = False


class ResponseFormat(_Lenient):
    """The form of the message."""

    type: str = "text"


class ChatIn(_Lenient):
    """A conversation that ends with a question."""

    model_config = ConfigDict(
        extra="ignore",
        json_schema_extra={
            "examples": [
                {"model": MODEL, "messages": [{"role": "user", "content": "谁出席了会议？"}]},
                {"model": MODEL, "messages": [{"role": "user", "content": "大桥有多长？"}], "stream": True},
            ]
        },
    )

    model: str = Field(default=MODEL, max_length=200, description="The model; see `/v1/models`.")
    messages: Annotated[list[Message], Field(min_length=1, max_length=2000)]
    stream: bool | None = Field(default=False, description="Send the answer as it grows.")
    stream_options: StreamOptions | None = None
    n: int | None = Field(default=1, description="1: there is one answer.")
    response_format: ResponseFormat | None = Field(default=None, description="Only `text`.")


def make_chat(service: Service) -> APIRouter:
    """The routes over one service."""
    routes = APIRouter(prefix="/v1", tags=["OpenAI-compatible"], responses=DOCUMENTED)
    since = int(time.time())
    model = {"id": MODEL, "object": "model", "created": since, "owned_by": MODEL}

    @routes.get("/models", summary="The one model")
    async def models() -> dict[str, Any]:
        return {"object": "list", "data": [model]}

    @routes.get("/models/{name}", summary="The model by its name")
    async def one_model(name: str, request: Request) -> Response:
        return JSONResponse(model) if name == MODEL else _no_model(request)

    @routes.post(
        "/chat/completions",
        summary="Answer the last message of a conversation",
        description=__doc__,
        responses={200: {"content": {"application/json": {"example": _EXAMPLE}, "text/event-stream": {}}}},
    )
    async def complete(asked: ChatIn, request: Request) -> Response:
        if asked.model != MODEL:
            return _no_model(request)
        if (asked.n or 1) != 1 or (asked.response_format and asked.response_format.type != "text"):
            what, fix = "There is one answer, and it is text.", "Leave out `n` and `response_format`."
            return respond(400, what, fix, path=request.url.path)
        question, history = _conversation(asked.messages)
        reply = _Reply(asked.messages, service.api.public_url or str(request.base_url))
        task = _task_answer(question)
        if task is not None:
            answers = _told(task)
        elif not question.strip():
            what, fix = "There is no question.", "End the conversation with a message of the user."
            return respond(400, what, fix, path=request.url.path)
        else:
            answers = _grown(service, _unwrapped(question), history)
        if not asked.stream:
            await unless_gone(request.receive, _taken(reply, answers))
            return JSONResponse(reply.whole())
        first = await anext(answers)  # what is wrong with the question shows here, while there can be a status
        with_usage = bool(asked.stream_options and asked.stream_options.include_usage)
        events = _events(reply, first, answers, with_usage=with_usage)
        return StreamingResponse(events, media_type="text/event-stream", headers={"X-Accel-Buffering": "no"})

    return routes


class _Reply:
    """An answer in OpenAI's forms."""

    def __init__(self, messages: Sequence[Message], base: str) -> None:
        self._head = {"id": f"chatcmpl-{uuid.uuid4().hex}", "created": int(time.time()), "model": MODEL}
        self._asked = sum(_count(message.text) for message in messages)
        self._base = base.rstrip("/")
        self._answer: Answer | str = ""

    def take(self, answer: Answer | str) -> None:
        """The answer so far; the last one is the answer. A string is one that needs no evidence."""
        self._answer = answer

    @property
    def text(self) -> str:
        """The answer without what stands below it."""
        return self._answer if isinstance(self._answer, str) else _tame(self._answer.text)

    @property
    def tail(self) -> str:
        """What stands below the answer: remarks and sources."""
        return "" if isinstance(self._answer, str) else _below(self._answer)

    @property
    def annotations(self) -> list[dict[str, Any]]:
        """Links to what is cited, one per number."""
        if isinstance(self._answer, str):
            return []
        return [_annotation(citation, self._base, self.text) for citation in self._answer.citations]

    @property
    def usage(self) -> dict[str, int]:
        """Counts: each Han character, each other word and each mark is one."""
        told = _count(self.text + self.tail)
        return {"prompt_tokens": self._asked, "completion_tokens": told, "total_tokens": self._asked + told}

    def whole(self) -> dict[str, Any]:
        """The answer as one body."""
        message = {"role": "assistant", "content": self.text + self.tail, "annotations": self.annotations}
        choice = {"index": 0, "message": message, "finish_reason": "stop", "logprobs": None}
        return {
            **self._head,
            "object": "chat.completion",
            "choices": [choice],
            "usage": self.usage,
            **self._extras(),
        }

    def chunk(self, delta: dict[str, Any], *, last: bool = False) -> dict[str, Any]:
        """A piece of the answer; the last one carries the extras."""
        choice = {"index": 0, "delta": delta, "finish_reason": "stop" if last else None}
        more = self._extras() if last else {}
        return {**self._head, "object": "chat.completion.chunk", "choices": [choice], **more}

    def counts(self) -> dict[str, Any]:
        """The piece after the last, for who asked for it."""
        return {**self._head, "object": "chat.completion.chunk", "choices": [], "usage": self.usage}

    def _extras(self) -> dict[str, Any]:
        if isinstance(self._answer, str):
            return {}
        return {"wenju": AnswerOut.model_validate(self._answer).model_dump(mode="json")}


async def _taken(reply: _Reply, answers: AsyncGenerator[Answer | str, None]) -> None:
    async with aclosing(answers):
        async for answer in answers:
            reply.take(answer)


async def _events(
    reply: _Reply, first: Answer | str, answers: AsyncGenerator[Answer | str, None], *, with_usage: bool
) -> AsyncIterator[str]:
    """The answer as server-sent events."""
    yield _event(reply.chunk({"role": "assistant", "content": ""}))
    sent = ""
    try:
        async with aclosing(answers):
            reply.take(first)
            while True:
                if piece := reply.text[len(sent) :]:
                    yield _event(reply.chunk({"content": piece}))
                    sent += piece
                try:
                    reply.take(await anext(answers))
                except StopAsyncIteration:
                    break
    except WenjuError as error:
        status, what, fix = problem_of(error)
        yield _event({"error": {"message": f"{what} {fix}", "type": "server_error", "param": None, "code": status}})
        return
    if tail := reply.tail:
        yield _event(reply.chunk({"content": tail}))
    if annotations := reply.annotations:
        yield _event(reply.chunk({"annotations": annotations}))
    yield _event(reply.chunk({}, last=True))
    if with_usage:
        yield _event(reply.counts())
    yield "data: [DONE]\n\n"


def _event(data: dict[str, Any]) -> str:
    return f"data: {json.dumps(data, ensure_ascii=False, separators=(',', ':'))}\n\n"


def _no_model(request: Request) -> Response:
    return respond(404, "There is no such model.", f"The one that there is is called {MODEL}.", path=request.url.path)


async def _grown(service: Service, question: str, history: Sequence[Turn]) -> AsyncGenerator[Answer | str, None]:
    async with aclosing(service.stream(question, history)) as answers:
        async for answer in answers:
            yield answer


async def _told(text: str) -> AsyncGenerator[Answer | str, None]:
    yield text


def _conversation(messages: Sequence[Message]) -> tuple[str, list[Turn]]:
    """The last user message, and the turns before it without what stood below their answers."""
    last = max((at for at, message in enumerate(messages) if message.role == "user"), default=None)
    if last is None:
        return "", []
    turns: list[Turn] = []
    asked = None
    for message in messages[:last]:
        if message.role == "user":
            asked = message.text
        elif message.role == "assistant" and asked is not None:
            turns.append(Turn(_unwrapped(asked), _without_tail(message.text)[:_KEPT_ANSWER]))
            asked = None
    return messages[last].text, turns[-_KEPT_TURNS:]


def _without_tail(text: str) -> str:
    """An earlier answer of ours as it was before remarks and sources were put below it."""
    head, _, tail = text.rpartition(_RULE)
    return head if head and _TAIL.fullmatch(tail) else text


def _unwrapped(text: str) -> str:
    """The question alone where Open WebUI put instructions and files of its own before it."""
    if not text.lstrip().startswith(_TASK) or _CONTEXT not in text:
        return text
    asked = text.rpartition(_CONTEXT)[2].strip()
    return asked.removeprefix("<user_query>").removesuffix("</user_query>").strip() or text


def _task_answer(text: str) -> str | None:
    """What a client's housekeeping prompt wants to hear; None for a question."""
    if not text.lstrip().startswith(_TASK) or _CONTEXT in text:
        return None
    key = _TASK_KEY.search(text)
    if key is None:
        return "" if _HISTORY in text else None
    if key[1] != "title":
        return json.dumps({key[1]: _TASKS[key[1]]})
    asked = text.rpartition(_HISTORY)[2].partition("USER:")[2].strip()[:_TITLE]
    return json.dumps({"title": asked.partition("\n")[0] or MODEL}, ensure_ascii=False)


def _tame(text: str) -> str:
    r"""A page's text that Markdown shows as it is where it could otherwise load, link or run something.

    The quote as it stands in the page is in ``wenju``.

    Example:
        >>> _tame("![图](http://x) <b>好![1]")
        '\\![图]\\(http://x) \\<b>好![1]'
    """
    return _ACTIVE.sub(lambda mark: "\\" + mark[0], text)


def _below(answer: Answer) -> str:
    """Remarks and sources, as Markdown below a line; empty when there are none."""
    chinese = bool(_HAN.search(answer.question))
    parts = [f"※ {_tame(' '.join(remark.text.split()))}" for remark in answer.remarks]
    if answer.citations:
        parts += ["来源：" if chinese else "Sources:", _list(answer.citations, chinese=chinese)]
    elif answer.nearest:
        title = "最接近的段落（没有读到答案）：" if chinese else "Nearest passages (no answer was read in them):"
        parts += [title, _list(answer.nearest, chinese=chinese)]
    return _RULE + "\n\n".join(parts) if parts else ""


def _list(citations: Sequence[Citation], *, chinese: bool) -> str:
    return "  \n".join(f"[{c.number}] {_source(c, chinese=chinese)}" for c in citations)  # two spaces: a line break


def _source(citation: Citation, *, chinese: bool) -> str:
    headline = " ".join(citation.headline.split())
    first, last = citation.first_line, citation.last_line
    lines = str(first) if first == last else f"{first}–{last}"
    where = f"{citation.file} {'第 ' + lines + ' 行' if chinese else 'line ' + lines}"
    title = f"《{headline}》" if headline and chinese else headline
    return _tame("，".join(filter(None, [title, where])) if chinese else ", ".join(filter(None, [title, where])))


def _annotation(citation: Citation, base: str, text: str) -> dict[str, Any]:
    """A citation as OpenAI's clients know it; where its ``[n]`` stands is the range."""
    marker = f"[{citation.number}]"
    start = max(text.find(marker), 0)
    lines = f"{citation.first_line}-{citation.last_line}"
    address = urlencode({"id": citation.article_id, "lines": lines})
    cited = {
        "url": f"{base}/article?{address}#L{citation.first_line}",
        "title": f"[{citation.number}] {' '.join(citation.headline.split()) or citation.file}",
        "start_index": start,
        "end_index": start + len(marker),
    }
    return {"type": "url_citation", "url_citation": cited}


def _count(text: str) -> int:
    return sum(1 for _ in _COUNTED.finditer(text))


_EXAMPLE = {
    "id": "chatcmpl-0123",
    "object": "chat.completion",
    "created": 1790000000,
    "model": MODEL,
    "choices": [
        {
            "index": 0,
            "message": {
                "role": "assistant",
                "content": "大桥全长860米。[1]\n\n---\n\n来源：\n\n[1] 《鹿鸣大桥通车》，liuhe.txt 第 12 行",
                "annotations": [
                    {
                        "type": "url_citation",
                        "url_citation": {
                            "url": "http://127.0.0.1:8080/article?id=liuhe.txt%2310&lines=12-12#L12",
                            "title": "[1] 鹿鸣大桥通车",
                            "start_index": 9,
                            "end_index": 12,
                        },
                    }
                ],
            },
            "finish_reason": "stop",
        }
    ],
    "usage": {"prompt_tokens": 6, "completion_tokens": 38, "total_tokens": 44},
    "wenju": {"text": "大桥全长860米。[1]", "outcome": "answered", "citations": ["…"]},
}
