"""The edge: what holds for every answer, also where no route was found.

Litestar's own middleware doesn't run for unknown paths, so this wraps the whole application.
"""

import re
import time
from dataclasses import dataclass, field
from typing import Any

import structlog
from litestar.datastructures import MutableScopeHeaders
from litestar.enums import ScopeType
from litestar.types import ASGIApp, HTTPScope, Message, Receive, Scope, Send

from salesarck_domain.ids import Randomness, uuid7
from salesarck_domain.ports.clock import Clock
from salesarck_service.problems import send_problem
from salesarck_service.security.headers import headers_for
from salesarck_service.security.limits import LEFT, limit_headers
from salesarck_service.security.proxies import Origin, Proxies
from salesarck_service.telemetry.metrics import Metrics

REQUEST_ID = "request-id"
GIVEN_ID = re.compile(r"[A-Za-z0-9._-]{8,64}")
UNMATCHED = "unmatched"

_log: structlog.stdlib.BoundLogger = structlog.get_logger("salesarck.access")


@dataclass(frozen=True, slots=True)
class Edge:
    """Gives every request an id and its origin, every answer its headers, and notes how it went.

    Whoever looks at a request later finds its origin where a server without proxies would show it:
    in `client` and `scheme`.
    """

    app: ASGIApp
    real_clock: Clock
    randomness: Randomness
    metrics: Metrics
    proxies: Proxies = field(default_factory=Proxies)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on."""
        if scope["type"] != ScopeType.HTTP:
            await self.app(scope, receive, send)
            return
        correlation = self._correlation(scope)
        known: dict[str, Any] = dict(scope)
        state: dict[str, Any] = {**known.get("state", {}), "correlation": correlation}
        scope["state"] = state
        origin = self.proxies.origin(scope)
        scope["client"] = (origin.address, 0)
        scope["scheme"] = origin.scheme
        status, has_begun = 500, False

        async def send_on(message: Message) -> None:
            nonlocal status, has_begun
            if message["type"] == "http.response.start":
                status, has_begun = message["status"], True
                headers = MutableScopeHeaders.from_message(message)
                headers[REQUEST_ID] = correlation
                kind = headers.getall("content-type", [])
                for name, value in headers_for("".join(kind)).items():
                    if name not in headers:
                        headers[name] = value
                for name, value in limit_headers(state.get(LEFT, ())).items():
                    headers[name] = value
                if state.get("replayed"):
                    headers["idempotency-replayed"] = "true"
            await send(message)

        began = time.perf_counter()
        with structlog.contextvars.bound_contextvars(correlation=correlation):
            try:
                await self.app(scope, receive, send_on)
            except Exception as error:
                if has_begun:
                    raise
                await send_problem(scope, send_on, error)
            finally:
                self._note(scope, origin, status, time.perf_counter() - began)

    def _correlation(self, scope: HTTPScope) -> str:
        """Take the id that a proxy gave the request, if it looks like one; else make one."""
        given = dict(scope["headers"]).get(REQUEST_ID.encode(), b"").decode("latin-1")
        made = uuid7(self.real_clock(), self.randomness(10))
        return given if GIVEN_ID.fullmatch(given) else str(made)

    def _note(self, scope: HTTPScope, origin: Origin, status: int, seconds: float) -> None:
        known: dict[str, Any] = dict(scope)
        route = str(known.get("path_template") or UNMATCHED)
        method = str(scope["method"])
        self.metrics.requests.labels(method, route, str(status)).observe(seconds)
        _log.info(
            "request",
            method=method,
            route=route,
            status=status,
            ms=round(seconds * 1000, 1),
            network=origin.network,
        )
