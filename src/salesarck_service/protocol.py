"""The HTTP of our servers: uvicorn's, which alone would wait for a slow or endless request forever.

What never becomes a request finds no application that could answer it, so it is answered here.
"""

import asyncio
import secrets
from asyncio import TimerHandle
from datetime import UTC, datetime
from http import HTTPStatus

import msgspec
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from salesarck_domain.ids import uuid7
from salesarck_service.problems import MEDIA_TYPE, ProblemError, problem_of
from salesarck_service.security.gate import (
    HEAD_BYTES_MAX,
    body_too_slow,
    head_too_large,
)
from salesarck_service.security.headers import SECURITY_HEADERS
from salesarck_service.telemetry.edge import REQUEST_ID

WAIT_SECONDS = 10.0
"""How long a head may take to come, and what follows it, also where nobody reads that."""

MESSAGE_BYTES_MAX = 8 * 1024 * 1024
"""More than the largest body that any route reads: nobody sends for the sake of sending."""


class BoundedProtocol(HttpToolsProtocol):
    """Ends what comes too slowly, or is never complete."""

    wait_seconds = WAIT_SECONDS

    _in_head = True
    _come = 0
    _unanswered = 0
    _timer: TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # as uvicorn has it
        super().connection_made(transport)
        self._wait()

    def connection_lost(self, exc: Exception | None) -> None:
        self._stop_waiting()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        if self.transport.is_closing():
            return
        self._come += len(data)
        if self._timer is None:
            self._wait()
        super().data_received(data)
        if self._in_head and self._come > HEAD_BYTES_MAX:
            self._refuse(head_too_large())
        elif self._come > MESSAGE_BYTES_MAX:
            self.transport.close()

    def on_header(self, name: bytes, value: bytes) -> None:
        """Take a header; what follows a body (RFC 9110, 6.5) would pass for one, and is ignored."""
        if self._in_head:
            super().on_header(name, value)

    def on_headers_complete(self) -> None:
        self._in_head, self._come = False, 0
        self._unanswered += 1
        self._stop_waiting()
        super().on_headers_complete()

    def on_message_complete(self) -> None:
        self._in_head, self._come = True, 0
        self._stop_waiting()
        super().on_message_complete()

    def on_response_complete(self) -> None:
        self._unanswered -= 1
        super().on_response_complete()

    def send_400_response(self, msg: str) -> None:
        """Say that this is no HTTP, as a problem."""
        self._refuse(ProblemError(HTTPStatus.BAD_REQUEST, "http_invalid", msg.lower()))

    def _wait(self) -> None:
        self._timer = self.loop.call_later(self.wait_seconds, self._give_up)

    def _stop_waiting(self) -> None:
        if self._timer:
            self._timer.cancel()
        self._timer = None

    def _give_up(self) -> None:
        """Close what came to nothing; whoever had begun to ask is told why."""
        self._timer = None
        if self._in_head and self._come:
            self._refuse(body_too_slow())
        elif not self.transport.is_closing():
            self.transport.close()

    def _refuse(self, refusal: ProblemError) -> None:
        """Answer, unless that would stand in the middle of another answer, and hang up."""
        if self.transport.is_closing():
            return
        if not self._unanswered or (self._unanswered == 1 and not self.cycle.response_started):
            correlation = str(uuid7(datetime.now(UTC), secrets.token_bytes(10)))
            body = msgspec.json.encode(problem_of(refusal, correlation))
            headers = {
                **SECURITY_HEADERS,
                REQUEST_ID: correlation,
                "content-type": MEDIA_TYPE,
                "content-length": str(len(body)),
                "connection": "close",
            }
            lines = [f"HTTP/1.1 {refusal.status} {HTTPStatus(refusal.status).phrase}"]
            lines += [f"{name}: {text}" for name, text in headers.items()]
            self.transport.write("\r\n".join([*lines, "", ""]).encode() + body)
        self.transport.close()
