"""What does a client get when something goes wrong? ``application/problem+json`` with what happened and what to do.

References:
    RFC 9457: Problem Details for HTTP APIs (2023).
"""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from http import HTTPStatus
from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from pydantic import BaseModel, ConfigDict, Field
from pydantic.json_schema import models_json_schema
from starlette.exceptions import HTTPException
from starlette.responses import JSONResponse

from rag.api.work_queue import BusyError, LeftError, StoppingError
from rag.errors import ModelError, ReplyError, RetrievalError, StoreError, WenjuError

__all__ = [
    "DOCUMENTED",
    "PROBLEM_SCHEMAS",
    "NotHereError",
    "Problem",
    "add_handlers",
    "faults",
    "problem_of",
    "respond",
]

_log = logging.getLogger("wenju.api")
_OPENAI = "/v1/"  # its clients look for ``error``
_OPENAI_TYPES = {401: "authentication_error", 404: "not_found_error", 429: "rate_limit_error", 503: "server_error"}
_MOST_FAULTS = 8


class NotHereError(WenjuError):
    """What a client asked for by its id is not in the collection."""


class Fault(BaseModel):
    """One thing that is wrong with a request."""

    where: str = Field(description="Which part of the request.", examples=["body.question"])
    what: str = Field(description="What is wrong with it.", examples=["Field required"])


class Problem(BaseModel):
    """Why there is no answer, and what to do about it (RFC 9457)."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "type": "about:blank",
                    "title": "Bad Request",
                    "status": 400,
                    "detail": "The question is empty. Type a question, for example 谁出席了会议？",
                    "what": "The question is empty.",
                    "fix": "Type a question, for example 谁出席了会议？",
                }
            ]
        }
    )

    type: str = "about:blank"
    title: str = Field(description="The status in words.")
    status: int = Field(description="The HTTP status.")
    detail: str = Field(description="What happened and what to do, in one.")
    what: str = Field(description="What happened.")
    fix: str = Field(description="What to do.")
    faults: list[Fault] | None = Field(default=None, description="What is wrong with a request that cannot be read.")


DOCUMENTED: dict[int | str, dict[str, Any]] = {
    status: {
        "description": told,
        "content": {"application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}},
    }
    for status, told in {
        400: "The question cannot be searched: it is empty or too long.",
        401: "The token is missing or wrong.",
        422: "The request is not of the form described here.",
        429: "This client has asked too often; `Retry-After` tells when to go on.",
        503: "Too many questions are waiting, or there is no collection yet.",
    }.items()
}
"""Answers that every route may give, for its documentation."""


PROBLEM_SCHEMAS: dict[str, Any] = models_json_schema(
    [(Problem, "serialization"), (Fault, "serialization")], ref_template="#/components/schemas/{model}"
)[1]["$defs"]
"""What the documentation of :data:`DOCUMENTED` points at."""


def respond(
    status: int,
    what: str,
    fix: str,
    *,
    path: str = "",
    headers: Mapping[str, str] | None = None,
    details: Sequence[Fault] = (),
) -> JSONResponse:
    """A problem as a response.

    Args:
        status: The HTTP status.
        what: What happened; no text of the client is repeated here.
        fix: What to do.
        path: Of the request; below ``/v1/`` the body has ``error`` besides, as OpenAI's clients expect.
        headers: More headers.
        details: What is wrong with the request.
    """
    told = Problem(
        title=HTTPStatus(status).phrase,
        status=status,
        detail=f"{what} {fix}",
        what=what,
        fix=fix,
        faults=list(details) or None,
    )
    body: dict[str, Any] = told.model_dump(exclude_none=True)
    if path.startswith(_OPENAI):
        kind = _OPENAI_TYPES.get(status, "invalid_request_error" if status < 500 else "server_error")
        body["error"] = {"message": told.detail, "type": kind, "param": None, "code": None}
    return JSONResponse(body, status, dict(headers or {}), media_type="application/problem+json")


def problem_of(error: WenjuError) -> tuple[int, str, str]:
    """Status, what and fix of one of our errors, as a client may know them.

    What is wrong with the store or a model is the keeper's to read, since it tells folders and addresses: it goes to
    the log.
    """
    if isinstance(error, (StoreError, ModelError)):
        _log.error("%s: %s", type(error).__name__, error)
        if isinstance(error, ReplyError):
            return 502, "The language model did not answer.", "Ask again, or ask for quotes only."
        thing = "collection" if isinstance(error, StoreError) else "model"
        return 503, f"The {thing} cannot be used now.", "Its keeper finds the reason in the server's log."
    status = {BusyError: 503, StoppingError: 503, LeftError: 408, NotHereError: 404, RetrievalError: 400}.get(
        type(error), 500
    )
    return status, error.what, error.fix


def faults(errors: Sequence[Any]) -> list[Fault]:
    """What pydantic found, without the values that it found it in: they are the client's own text."""
    return [
        Fault(where=".".join(str(part) for part in error["loc"])[:200], what=str(error["msg"])[:200])
        for error in errors[:_MOST_FAULTS]
    ]


def add_handlers(app: FastAPI) -> None:
    """Let every error of an application be a problem."""

    @app.exception_handler(WenjuError)
    async def ours(request: Request, error: WenjuError) -> JSONResponse:
        status, what, fix = problem_of(error)
        headers = {"Retry-After": str(error.wait)} if isinstance(error, BusyError) else {}
        return respond(status, what, fix, path=request.url.path, headers=headers)

    @app.exception_handler(RequestValidationError)
    async def unreadable(request: Request, error: RequestValidationError) -> JSONResponse:
        what, fix = "The request cannot be understood.", "See `faults`, and /openapi.json for the right form."
        return respond(422, what, fix, path=request.url.path, details=faults(error.errors()))

    @app.exception_handler(HTTPException)
    async def refused(request: Request, error: HTTPException) -> JSONResponse:
        what = error.detail if error.detail.endswith(".") else f"{error.detail}."
        fix = {404: "See /openapi.json for what there is.", 405: "Use the method that /openapi.json names."}
        return respond(
            error.status_code,
            what,
            fix.get(error.status_code, "Correct the request."),
            path=request.url.path,
            headers=error.headers,
        )
