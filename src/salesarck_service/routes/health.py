"""Whether the process lives, and whether it can work."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Literal

import structlog
from litestar import Controller, Response, get
from litestar.openapi.datastructures import ResponseSpec
from msgspec import Struct

from salesarck_service.given import Given
from salesarck_service.problems import problems
from salesarck_service.security.guards import PUBLIC
from salesarck_service.security.limits import Traffic, is_traffic

CHECK_SECONDS = 0.8
"""So long a probe waits for what it asks: what hangs isn't ready."""

GIVE_UP_SECONDS = 5.0

_log: structlog.stdlib.BoundLogger = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Readiness:
    """What has to answer before this process can work, by name."""

    checks: Mapping[str, Callable[[], Awaitable[object]]]
    _asking: dict[str, asyncio.Task[bool]] = field(default_factory=dict[str, asyncio.Task[bool]])

    async def failed(self) -> set[str]:
        """Ask all at once, and name those that don't answer, or not in time.

        A question that hangs is asked once, however many probes come: each would hold a
        connection more.
        """
        for name, check in self.checks.items():
            if name not in self._asking or self._asking[name].done():
                self._asking[name] = asyncio.create_task(_passes(name, check))
        asked = {name: self._asking[name] for name in self.checks}
        await asyncio.wait(asked.values(), timeout=CHECK_SECONDS)
        return {name for name, asking in asked.items() if not (asking.done() and asking.result())}


class Alive(Struct):
    """The process runs."""

    status: Literal["alive"] = "alive"


class Ready(Struct):
    """What was asked, and what it said."""

    status: Literal["ready", "not ready"]
    checks: Mapping[str, Literal["ok", "failed"]]


class HealthController(Controller):
    """For probes."""

    path = "/health"
    tags = ("health",)
    opt = PUBLIC | is_traffic(Traffic.PROBES)

    @get("/live", summary="Is it running?", responses=problems())
    async def live(self) -> Alive:
        """Answer, which is all that this asks."""
        return Alive()

    @get(
        "/ready",
        summary="Can it work?",
        responses={
            **problems(),
            503: ResponseSpec(Ready, description="Not now", generate_examples=False),
        },
    )
    async def ready(self, readiness: Given[Readiness]) -> Response[Ready]:
        """Ask the database, its migrations and the queue."""
        failed = await readiness.failed()
        checks: dict[str, Literal["ok", "failed"]] = {
            name: "failed" if name in failed else "ok" for name in readiness.checks
        }
        return Response(
            Ready("not ready" if failed else "ready", checks), status_code=503 if failed else 200
        )


async def _passes(name: str, check: Callable[[], Awaitable[object]]) -> bool:
    try:
        async with asyncio.timeout(GIVE_UP_SECONDS):
            await check()
    except Exception as error:  # noqa: BLE001 - whatever goes wrong, the answer is: not ready
        _log.warning("not ready", check=name, error=type(error).__name__)
        return False
    return True
