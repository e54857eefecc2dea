"""What can a program do here through Gradio's client? What a person does in the window, each act by its name."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from functools import partial
from typing import Any, TypeVar

from anyio import to_thread
from pydantic import BaseModel, ValidationError

from index.location import folder_of
from rag.errors import RetrievalError, WenjuError
from rag.feedback import save_feedback
from window.followups import find_followups
from window.found import Looked
from window.recall import evidence_view
from window.routes import Backend, Changed, Felt
from window.talk import Asked, Wishes, as_history

__all__ = ["Endpoint", "endpoints"]

Endpoint = Callable[..., Awaitable[Any]]
Form = TypeVar("Form", bound=BaseModel)


def endpoints(backend: Backend) -> list[Endpoint]:
    """Functions of plain values, each named as its endpoint; what they return is plain, as the browser gets it.

    They raise a ``WenjuError`` whose words are fit to be shown.
    """
    return [*_answers(backend), *_conversations(backend), *_archive(backend)]


def _answers(backend: Backend) -> list[Endpoint]:
    config = backend.talk.config

    async def ask(question: str, conversation: str = "") -> dict[str, Any]:
        """Answer one question with cited quotes of the pages, and keep it in a conversation.

        Args:
            question: The question, in Chinese or English.
            conversation: Where it is asked, which completes words such as 它; a new conversation when empty.

        Returns:
            ``conversation`` and ``turn``, by which the answer is found again; ``text``, the answer and one line per
            source; ``answer``, all that the window shows of it.
        """
        turns = (await to_thread.run_sync(backend.conversation, conversation))["turns"] if conversation else []
        wishes = Wishes(min_confidence=config.min_confidence, generated=bool(config.llm))
        told = {"question": question, "history": as_history(turns), "wishes": wishes, "conversation": conversation}
        begun: dict[str, Any] = {}
        async for event in backend.talk.events(_form(Asked, told)):
            if event["type"] == "begun":
                begun = {name: event[name] for name in ("conversation", "turn")}
            elif event["type"] == "done":
                return {**begun, "text": event["answer"]["copies"]["plain"], "answer": event["answer"]}
            elif event["type"] == "error":
                raise RetrievalError(
                    event.get("what") or f"No answer: {event['code']}.", event.get("fix", "Ask again.")
                )
        raise RetrievalError("The question was stopped.", "Ask again.")

    async def evidence(answer: str, number: int) -> dict[str, Any]:
        """The article that an answer cites, with the quote marked.

        Args:
            answer: The ``turn`` of the answer.
            number: The number of the citation.
        """
        kept = await to_thread.run_sync(backend.conversations.answer, answer)
        return await to_thread.run_sync(evidence_view, kept, number, backend.filled())

    async def bundle(answer: str) -> dict[str, Any]:
        """The bundle of evidence of an answer, as ``wenju verify`` reads it.

        Args:
            answer: The ``turn`` of the answer.
        """
        kept = await to_thread.run_sync(backend.conversations.answer, answer)
        return kept.bundle.model_dump(mode="json")

    async def followups(answer: str) -> list[str]:
        """Up to three questions that could follow an answer, each of which the archive answers.

        Args:
            answer: The ``turn`` of the answer.
        """
        return await find_followups(backend.talk, answer)

    async def feedback(answer: str, verdict: str, word: str = "") -> bool:
        """Say what an answer was worth.

        Args:
            answer: The ``turn`` of the answer.
            verdict: ``useful`` or ``not useful``; empty takes it back.
            word: What was wrong.
        """
        felt = _form(Felt, {"answer": answer, "verdict": verdict or None, "word": word})
        kept = await to_thread.run_sync(backend.conversations.answer, felt.answer)
        save = partial(save_feedback, folder_of(backend.live.path), felt.answer, kept.bundle, felt.verdict, felt.word)
        await to_thread.run_sync(save)
        return True

    return [ask, evidence, bundle, followups, feedback]


def _conversations(backend: Backend) -> list[Endpoint]:
    async def conversations(find: str = "", start: int = 0) -> dict[str, Any]:
        """A stretch of the conversations, pinned ones first, then the latest; and how many there are.

        Args:
            find: Words of a title, a question or an answer; all when empty.
            start: How many to pass over.
        """
        return await to_thread.run_sync(backend.listed, find, start)

    async def conversation(name: str) -> dict[str, Any]:
        """A conversation with its questions and answers, and which of their pages have changed since.

        Args:
            name: The ``id`` of the conversation.
        """
        return await to_thread.run_sync(backend.conversation, name)

    async def change_conversation(
        name: str,
        title: str | None = None,
        pinned: bool | None = None,  # noqa: FBT001 - Gradio passes all by place
        deleted: bool | None = None,  # noqa: FBT001
    ) -> bool:
        """Name a conversation anew, pin it, delete it, or take one of these back.

        Args:
            name: The ``id`` of the conversation.
            title: Its new title; leave it out to keep it.
            pinned: Whether it stands above the others.
            deleted: Whether it is deleted; for a week it can be brought back.
        """
        told = _form(Changed, {"title": title, "pinned": pinned, "deleted": deleted})
        change = partial(backend.conversations.change, name, told.title, pinned=told.pinned, deleted=told.deleted)
        await to_thread.run_sync(change)
        return True

    return [conversations, conversation, change_conversation]


def _archive(backend: Backend) -> list[Endpoint]:
    async def search(
        query: str, since: str = "", until: str = "", file: str = "", kind: str = "", sort: str = ""
    ) -> list[dict[str, Any]]:
        """The articles that have to do with a search, each with its passages that do; none where no article has.

        Args:
            query: A question or some words.
            since: Only articles of this ISO day or later.
            until: Only articles of this ISO day or earlier.
            file: Only articles of pages whose name has this in it.
            kind: Only articles of this kind.
            sort: ``newest`` or ``oldest`` first; by relevance when empty.
        """
        told = {"since": since or None, "until": until or None, "kind": kind or None}
        return await backend.found(_form(Looked, {"query": query, "file": file, "sort": sort, **told}))

    async def article(article: str, passage: str = "") -> dict[str, Any]:
        """An article, line for line.

        Args:
            article: Its ``id``.
            passage: A passage of it, which is marked.
        """
        return await to_thread.run_sync(backend.article, article, passage)

    async def calendar(paper: str = "") -> dict[str, Any]:
        """The papers, and the days of one of them, or of all, with the number of their articles.

        Args:
            paper: A paper; all when empty.
        """
        return await to_thread.run_sync(backend.archive.calendar, backend.filled(), paper)

    async def day(day: str, paper: str = "", start: int = 0) -> dict[str, Any]:
        """A stretch of the pages of a day with their headlines, and how many there are.

        Args:
            day: ISO day, or ``undated``.
            paper: A paper; all when empty.
            start: How many pages to pass over.
        """
        return await to_thread.run_sync(backend.archive.day, backend.filled(), day, paper, start)

    return [search, article, calendar, day]


def _form(form: type[Form], told: dict[str, Any]) -> Form:
    """The values as a form of the window.

    Raises:
        WenjuError: One of them does not fit.
    """
    try:
        return form.model_validate(told)
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        raise WenjuError(f"{first['loc'][0]}: {first['msg']}.", "Correct it.") from error
