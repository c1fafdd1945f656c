"""Problems: whatever goes wrong, answered as a document of RFC 9457 with a stable code."""

import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Any

import msgspec
import structlog
from litestar import Request, Response
from litestar.exceptions import HTTPException, ValidationException
from litestar.openapi.datastructures import ResponseSpec
from litestar.types import HTTPScope, Scope, Send
from msgspec import UNSET, Struct, UnsetType

from salesarck_domain.errors import (
    Conflict,
    Forbidden,
    Missing,
    Refused,
    SalesArckError,
    Unavailable,
    Unreadable,
    Untrusted,
)
from salesarck_domain.news_codec import is_object
from salesarck_domain.ports.answers import KeyReused
from salesarck_domain.ports.identity import CodeNotSent, IdentityBusy, IdentityUnavailable
from salesarck_domain.ports.limits import LimitReached
from salesarck_domain.use_cases.codes import TillLocked
from salesarck_service.telemetry.redaction import redacted_text

MEDIA_TYPE = "application/problem+json"
STATUS_OF_KIND: Mapping[type[SalesArckError], HTTPStatus] = {
    Refused: HTTPStatus.CONFLICT,
    Forbidden: HTTPStatus.FORBIDDEN,
    Missing: HTTPStatus.NOT_FOUND,
    Conflict: HTTPStatus.CONFLICT,
    Untrusted: HTTPStatus.UNAUTHORIZED,
    Unreadable: HTTPStatus.UNPROCESSABLE_ENTITY,
    Unavailable: HTTPStatus.SERVICE_UNAVAILABLE,
}
STATUS_OF_ERROR: Mapping[type[SalesArckError], HTTPStatus] = {
    KeyReused: HTTPStatus.UNPROCESSABLE_ENTITY,
    TillLocked: HTTPStatus.TOO_MANY_REQUESTS,
    IdentityBusy: HTTPStatus.TOO_MANY_REQUESTS,
    LimitReached: HTTPStatus.TOO_MANY_REQUESTS,
    CodeNotSent: HTTPStatus.UNPROCESSABLE_ENTITY,
}
"""Errors for which HTTP has a word of its own."""

CODE_OF_STATUS: Mapping[int, str] = {
    400: "request_invalid",
    404: "not_found",
    405: "method_not_allowed",
    413: "body_too_large",
    415: "media_type_unsupported",
}
"""Codes of what goes wrong before anybody of ours was asked."""

ANYWHERE = (HTTPStatus.TOO_MANY_REQUESTS, HTTPStatus.INTERNAL_SERVER_ERROR)
"""What any route can answer."""

RETRY_AFTER: Mapping[int, str] = {HTTPStatus.SERVICE_UNAVAILABLE: "5", 429: "60"}

_log: structlog.stdlib.BoundLogger = structlog.get_logger()


class FieldError(Struct):
    """One thing that is wrong with a request: where, and what."""

    field: str
    message: str
    source: str


class Problem(Struct):
    """What went wrong. `code` is stable, `detail` is for people, `correlation` finds it in logs."""

    type: str
    title: str
    status: int
    detail: str
    code: str
    correlation: str
    errors: Sequence[FieldError] | UnsetType = UNSET


@dataclass(eq=False)
class ProblemError(Exception):
    """Something that HTTP has a word for, and the domain has not."""

    status: int
    code: str
    detail: str
    errors: Sequence[FieldError] = ()
    headers: Mapping[str, str] = field(default_factory=dict[str, str])

    def __str__(self) -> str:
        return self.detail


def request_invalid(name: str, message: str, source: str = "body") -> ProblemError:
    """Say that one field of a request means nothing."""
    errors = (FieldError(name, message, source),)
    return ProblemError(HTTPStatus.BAD_REQUEST, "request_invalid", message, errors)


def as_problem_error(error: Exception) -> ProblemError:
    """Find the status and the code of whatever was raised."""
    if isinstance(error, ProblemError):
        return error
    if isinstance(error, SalesArckError):
        status = status_of(error)
        return ProblemError(status, error.code, str(error), headers=_headers(status, error))
    if isinstance(error, RecursionError):
        return request_invalid("body", "this is nested too deeply")
    if isinstance(error, UnicodeDecodeError):
        return request_invalid("body", "this is not UTF-8")
    if isinstance(error, HTTPException):
        code = CODE_OF_STATUS.get(error.status_code, "request_refused")
        invalid = isinstance(error, ValidationException)
        detail = "the request doesn't fit the API document" if invalid else error.detail
        errors = tuple(_field_errors(error.extra)) if invalid else ()
        return ProblemError(error.status_code, code, detail, errors, error.headers or {})
    return ProblemError(
        HTTPStatus.INTERNAL_SERVER_ERROR,
        "internal_error",
        "something went wrong here; tell us the correlation id, and try again",
    )


def status_of(error: SalesArckError) -> int:
    """Find an error's status: its own, or that of its kind."""
    own = STATUS_OF_ERROR.get(type(error))
    return own or next(STATUS_OF_KIND[kind] for kind in STATUS_OF_KIND if isinstance(error, kind))


def answer_problem(request: Request[Any, Any, Any], error: Exception) -> Response[Problem]:
    """Answer anything that was raised."""
    found = as_problem_error(error)
    if found.status == HTTPStatus.INTERNAL_SERVER_ERROR:
        _log.error("request failed", exc_info=error)
    return Response(
        problem_of(found, _correlation(request.scope)),
        status_code=found.status,
        media_type=MEDIA_TYPE,
        headers=dict(found.headers),
    )


async def send_problem(scope: HTTPScope, send: Send, error: Exception) -> None:
    """Answer what goes wrong before there is a route, or after it."""
    found = as_problem_error(error)
    if found.status == HTTPStatus.INTERNAL_SERVER_ERROR:
        _log.error("request failed", exc_info=error)
    body = msgspec.json.encode(problem_of(found, _correlation(scope)))
    headers = {**found.headers, "Content-Type": MEDIA_TYPE, "Content-Length": str(len(body))}
    await send(
        {
            "type": "http.response.start",
            "status": int(found.status),
            "headers": [(name.lower().encode(), each.encode()) for name, each in headers.items()],
        }
    )
    await send({"type": "http.response.body", "body": body, "more_body": False})


def problem_of(found: ProblemError, correlation: str) -> Problem:
    """Write down what went wrong."""
    return Problem(
        type=f"/problems/{found.code}",
        title=found.code.replace("_", " ").capitalize(),
        status=found.status,
        detail=redacted_text(found.detail),
        code=found.code,
        correlation=correlation,
        errors=found.errors or UNSET,
    )


def problems(*statuses: int) -> dict[int, ResponseSpec]:
    """Say in the API document which problems a route can answer with."""
    return {
        status: ResponseSpec(
            Problem,
            description=HTTPStatus(status).phrase,
            media_type=MEDIA_TYPE,
            generate_examples=False,
        )
        for status in sorted({*statuses, *ANYWHERE})
    }


def _correlation(scope: Scope) -> str:
    return str(scope["state"].get("correlation", ""))


def _headers(status: int, error: SalesArckError) -> dict[str, str]:
    headers = {"Retry-After": RETRY_AFTER[status]} if status in RETRY_AFTER else {}
    if isinstance(error, IdentityBusy | IdentityUnavailable | LimitReached):
        headers["Retry-After"] = str(math.ceil(error.retry_after))
    if status == HTTPStatus.UNAUTHORIZED:
        headers["WWW-Authenticate"] = "Bearer"
    return headers


def _field_errors(extra: dict[str, Any] | list[Any] | None) -> Sequence[FieldError]:
    found = extra if isinstance(extra, list) else [extra] if extra else []
    return [
        FieldError(
            field=str(each.get("key", "")),
            message=redacted_text(_first_small(str(each.get("message", "it doesn't fit")))),
            source=str(each.get("source", "body")),
        )
        for each in found
        if is_object(each)
    ]


def _first_small(text: str) -> str:
    return re.sub(r"^[A-Z](?=[a-z])", lambda first: first.group().lower(), text)
