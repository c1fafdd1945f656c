"""The gate: what is turned away before anybody looks for a route.

A request comes under a name of ours, with a head of a bounded size, and its body comes in time.
"""

import asyncio
from dataclasses import dataclass
from http import HTTPStatus

from litestar.enums import ScopeType
from litestar.types import ASGIApp, HTTPReceiveMessage, HTTPScope, Receive, Scope, Send

from salesarck_service.problems import ProblemError, send_problem
from salesarck_service.security.front import Front
from salesarck_service.security.names import host_of

HEADERS_MAX = 100
HEAD_BYTES_MAX = 32 * 1024
BODY_SECONDS = 8.0
"""How long a body may take to come. The protocol waits a little longer, so this is answered."""

PROBES = "/health/"
"""A load balancer asks by address, and knows no name of ours."""


@dataclass(frozen=True, slots=True)
class Gate:
    """Turns away what is not for us, or too much, or too slow."""

    app: ASGIApp
    front: Front
    body_seconds: float = BODY_SECONDS

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on, or answer it here."""
        if scope["type"] != ScopeType.HTTP:
            await self.app(scope, receive, send)
            return
        refusal = self._refusal(scope)
        if refusal:
            await send_problem(scope, send, refusal)
            return
        await self.app(scope, self._in_time(receive), send)

    def _refusal(self, scope: HTTPScope) -> ProblemError | None:
        headers = list(scope["headers"])
        if len(headers) > HEADERS_MAX or _size(scope) > HEAD_BYTES_MAX:
            return head_too_large()
        if scope["path"].startswith(PROBES):
            return None
        given = [value for name, value in headers if name == b"host"]
        host = host_of(given[0].decode("latin-1")) if len(given) == 1 else ""
        if not host:
            detail = "a request names its host once, in a Host header"
            return ProblemError(HTTPStatus.BAD_REQUEST, "host_invalid", detail)
        if host not in self.front.names:
            detail = "nobody of this name is here; ask at the address that you were given"
            return ProblemError(HTTPStatus.MISDIRECTED_REQUEST, "host_unknown", detail)
        return None

    def _in_time(self, receive: Receive) -> Receive:
        loop = asyncio.get_running_loop()
        deadline, is_coming = loop.time() + self.body_seconds, True

        async def receive_in_time() -> HTTPReceiveMessage:
            nonlocal is_coming
            if not is_coming:
                return await receive()  # type: ignore[return-value]  # this is no websocket
            try:
                async with asyncio.timeout_at(deadline):
                    message = await receive()
            except TimeoutError:
                raise body_too_slow() from None
            is_coming = message["type"] == "http.request" and message.get("more_body", False)
            return message  # type: ignore[return-value]  # this is no websocket

        return receive_in_time


def head_too_large() -> ProblemError:
    """Say that the headers are too many, or too long."""
    return ProblemError(
        HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE,
        "headers_too_large",
        f"send at most {HEADERS_MAX} headers, and {HEAD_BYTES_MAX // 1024} KiB of them",
    )


def body_too_slow() -> ProblemError:
    """Say that a request didn't come in time; whoever sent it begins a new connection."""
    return ProblemError(
        HTTPStatus.REQUEST_TIMEOUT,
        "request_too_slow",
        "the request took too long to come; send it again at once",
        headers={"Connection": "close"},
    )


def _size(scope: HTTPScope) -> int:
    address = len(scope["raw_path"]) + len(scope["query_string"])
    return address + sum(len(name) + len(value) for name, value in scope["headers"])
