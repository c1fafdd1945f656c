"""Supabase Auth's no: two shapes, which the caller chooses by naming a version, and OAuth's."""

from dataclasses import dataclass

from litestar import Response
from litestar.connection import Request
from litestar.datastructures import State

Asking = Request[None, None, State]

VERSION_HEADER = "x-supabase-api-version"
VERSION = "2024-01-01"


@dataclass(eq=False)
class AuthFault(Exception):
    """An answer that isn't one."""

    status: int
    code: str
    message: str


@dataclass(eq=False)
class OAuthFault(Exception):
    """The same, where OAuth (RFC 6749, section 5.2) says how it looks."""

    error: str
    description: str


@dataclass(eq=False)
class KeyFault(Exception):
    """The same, by the gateway before the server: it knows nothing of codes."""

    message: str


def auth_fault_answer(request: Asking, fault: AuthFault) -> Response[dict[str, object]]:
    """Say it as Supabase Auth does."""
    headers = {"x-sb-error-code": fault.code}
    if request.headers.get(VERSION_HEADER) == VERSION:
        body: dict[str, object] = {"code": fault.code, "message": fault.message}
        headers[VERSION_HEADER] = VERSION
    else:
        body = {"code": fault.status, "error_code": fault.code, "msg": fault.message}
    return Response(body, status_code=fault.status, headers=headers)


def oauth_fault_answer(_: Asking, fault: OAuthFault) -> Response[dict[str, str]]:
    """Say it as OAuth does."""
    body = {"error": fault.error, "error_description": fault.description}
    return Response(body, status_code=400)


def key_fault_answer(_: Asking, fault: KeyFault) -> Response[dict[str, str]]:
    """Say it as the gateway does."""
    return Response({"message": fault.message}, status_code=401)


def invalid(message: str) -> AuthFault:
    return AuthFault(400, "validation_failed", message)
