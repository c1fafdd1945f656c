"""The worker: takes rows out of the inbox as they come due, and runs the timetable."""

import asyncio
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field

import structlog

from salesarck_domain.errors import SalesArckError, Unavailable
from salesarck_domain.ports.inbox import InboxRow
from salesarck_domain.use_cases.deliveries import Worked, WorkInbox
from salesarck_service.telemetry.line import WorkerMetrics

_log: structlog.stdlib.BoundLogger = structlog.get_logger()

Task = Callable[[], Awaitable[object]]


@dataclass(slots=True)
class InboxWorker:
    """Works on so many rows at once, each of another merchant.

    It looks into the inbox when it is rung for, when a row is done (its merchant's next may be
    due), and every `sweep_seconds`, for whatever nobody was told about.
    """

    work: WorkInbox
    heard: Callable[[float], Awaitable[bool]]
    metrics: WorkerMetrics
    rows_max: int = 8
    sweep_seconds: float = 5.0
    drain_seconds: float = 10.0
    _working: set[asyncio.Task[None]] = field(default_factory=set[asyncio.Task[None]])

    async def run(self, stop: asyncio.Event) -> None:
        """Work until told to stop, and finish what is held then, if that doesn't take too long."""
        stopping = asyncio.ensure_future(stop.wait())
        ear = asyncio.ensure_future(self.heard(self.sweep_seconds))
        try:
            while not stop.is_set():
                await self._take_up()
                awaited = {stopping, ear, *self._working}
                await asyncio.wait(awaited, return_when=asyncio.FIRST_COMPLETED)
                if ear.done():
                    ear = asyncio.ensure_future(self.heard(self.sweep_seconds))
        finally:
            for task in (stopping, ear):
                task.cancel()
            await self._drain()

    async def _take_up(self) -> None:
        # Only now, so that a row that ended while the inbox was looked into ends the next wait.
        self._working -= {task for task in self._working if task.done()}
        free = self.rows_max - len(self._working)
        for row in await self._claim(free) if free else ():
            self._working.add(asyncio.create_task(self._work_on(row)))

    async def _claim(self, limit: int) -> Sequence[InboxRow]:
        try:
            return await self.work.claim(limit)
        except Unavailable as error:
            _log.warning("nothing claimed", error=str(error))
            return ()

    async def _work_on(self, row: InboxRow) -> None:
        began = time.perf_counter()
        worked = await self.work(row)
        self.metrics.row_seconds.labels(row.provider).observe(time.perf_counter() - began)
        self.metrics.rows.labels(row.provider, worked.end).inc()
        _tell(worked)

    async def _drain(self) -> None:
        if self._working:
            await asyncio.wait(self._working, timeout=self.drain_seconds)
        for task in self._working:
            task.cancel()
        await asyncio.gather(*self._working, return_exceptions=True)


def timetable(**tasks: Task) -> Mapping[str, Task]:
    """What is done every few seconds, by whichever worker is first."""
    return {name: _told(name, task) for name, task in tasks.items()}


def _told(name: str, task: Task) -> Task:
    async def run() -> None:
        try:
            count = await task()
        except Unavailable as error:
            _log.warning("timetable put off", task=name, error=str(error))
            return
        except SalesArckError as error:
            _log.error("timetable stuck", task=name, error=str(error))
            return
        if count:
            _log.info("timetable", task=name, count=count)

    return run


def _tell(worked: Worked) -> None:
    row = worked.row
    tell = _log.error if worked.end == "parked" else _log.warning if worked.error else _log.info
    tell(
        "inbox row",
        end=worked.end,
        row=str(row.id),
        provider=row.provider,
        merchant=row.merchant,
        attempt=row.attempts,
        error=worked.error,
        correlation=row.correlation,
    )
