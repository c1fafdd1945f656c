"""`/metrics`, on a port of its own that no stranger reaches: what this process counts."""

import asyncio
import socket
from collections.abc import AsyncGenerator, Awaitable, Callable, Generator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, ClassVar

from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, Gauge, generate_latest

from salesarck_domain.errors import Conflict, SalesArckError
from salesarck_domain.ports.clock import Clock
from salesarck_domain.ports.inbox import Inbox, RowState
from salesarck_service.security.headers import SECURITY_HEADERS
from salesarck_service.server import server_of
from salesarck_service.settings import Settings

PATH = "/metrics"
LOOK_SECONDS = 1.0
"""So long a scrape waits for the inbox; it is told the rest without it."""

STATES = tuple(state.value for state in RowState if state is not RowState.DONE)

Send = Callable[[dict[str, Any]], Awaitable[None]]


@dataclass(eq=False)
class MetricsPortTaken(Conflict):
    """Somebody else uses the port for `/metrics`."""

    host: str
    port: int
    code: ClassVar[str] = "metrics_port_taken"

    def __str__(self) -> str:
        return (
            f"/metrics can't be served at {self.host}:{self.port}; set SALESARCK_METRICS_PORT to "
            "a free port, another one for each process of a machine, or to 0 for none"
        )


@dataclass(frozen=True)
class InboxGauges:
    """What waits in the inbox, as it is when somebody looks. The same from every process."""

    inbox: Inbox
    clock: Clock
    registry: CollectorRegistry
    rows: Gauge = field(init=False)
    due_seconds: Gauge = field(init=False)

    def __post_init__(self) -> None:
        rows = Gauge(
            "salesarck_inbox_open_rows",
            "Inbox rows that are not done, by state",
            ("state",),
            registry=self.registry,
        )
        due_seconds = Gauge(
            "salesarck_inbox_due_seconds",
            "How long the oldest row that somebody should work on has been due",
            (),
            registry=self.registry,
        )
        object.__setattr__(self, "rows", rows)
        object.__setattr__(self, "due_seconds", due_seconds)

    async def look(self) -> None:
        """Look into the inbox; where it doesn't answer, say nothing about it."""
        try:
            async with asyncio.timeout(LOOK_SECONDS):
                found = await self.inbox.open_rows()
        except (SalesArckError, TimeoutError):
            self.rows.clear()
            self.due_seconds.set(float("nan"))
            return
        for state in STATES:
            self.rows.labels(state).set(found.states.get(state, 0))
        self.due_seconds.set(_since(found.due_at, self.clock()))


def _since(moment: datetime | None, now: datetime) -> float:
    return max(0.0, (now - moment).total_seconds()) if moment else 0.0


@dataclass(frozen=True, slots=True)
class Exposition:
    """An application of one page."""

    registry: CollectorRegistry
    gauges: InboxGauges

    async def __call__(self, scope: dict[str, Any], _receive: object, send: Send) -> None:
        """Answer who asks for the metrics."""
        found = scope["path"] == PATH and scope["method"] == "GET"
        if found:
            await self.gauges.look()
        body = generate_latest(self.registry) if found else b"ask for /metrics\n"
        kind = CONTENT_TYPE_LATEST if found else "text/plain"
        headers = [(b"content-type", kind.encode()), (b"content-length", str(len(body)).encode())]
        start = {"type": "http.response.start", "headers": headers}
        await send({**start, "status": 200 if found else 404})
        await send({"type": "http.response.body", "body": body})


@asynccontextmanager
async def expose(
    settings: Settings, registry: CollectorRegistry, inbox: Inbox, clock: Clock
) -> AsyncGenerator[None]:
    """Serve a process' metrics, where the settings name a port for them.

    Raises:
        MetricsPortTaken: somebody else uses it.
    """
    if not settings.metrics_port:
        yield
        return
    with _listening(settings.metrics_host, settings.metrics_port) as port:
        app = Exposition(registry, InboxGauges(inbox, clock, registry))
        server = server_of(app, drain_seconds=1, headers=SECURITY_HEADERS, lifespan="off")
        serving = asyncio.create_task(server.serve(sockets=[port]))
        try:
            yield
        finally:
            server.should_exit = True
            await serving


@contextmanager
def _listening(host: str, number: int) -> Generator[socket.socket]:
    try:
        port = socket.create_server((host, number))
    except OSError as taken:
        raise MetricsPortTaken(host, number) from taken
    with port:
        yield port
