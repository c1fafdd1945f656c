"""SAQ as doorbell and timetable, on Postgres or on Redis.

It never holds work: losing it costs a few seconds and nothing else.
One job has the name `ring`. While it waits further rings add nothing; it is deleted when it is
done, and the worker is woken after that, so that no ring falls between two chairs.
"""

import asyncio
import logging
from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager, suppress
from typing import Any

from psycopg import AsyncConnection
from psycopg import Error as PostgresError
from psycopg.sql import SQL, Identifier
from psycopg_pool import AsyncConnectionPool
from redis import RedisError
from saq import CronJob, Job, Queue, Worker
from saq.queue.postgres import PostgresQueue
from saq.queue.redis import RedisQueue

RING = "ring"
RING_PAUSE = 0.02
"""So long after a ring the next one waits: a storm of deliveries is no storm of rings."""

NAME = "salesarck"
SCHEMA = "saq"
"""SAQ makes its own tables, so it has a schema in which it may."""

ENQUEUE_SECONDS = 5.0
AWAY_PAUSE = 1.0
DEQUEUE_SECONDS = 1.0
JOB_SECONDS = 300
ATTEMPTS_MAX = 5
STOP_SECONDS = 1

AWAY = (PostgresError, RedisError, OSError)

Task = Callable[[], Awaitable[object]]

_log = logging.getLogger(__name__)


def open_queue(url: str, *, role: str | None = None) -> Queue:
    """Make a queue at a `redis://` or a `postgresql://` address. It connects when it is used.

    In Postgres it works as `role`; it needs sessions, so the address may not be that of a
    transaction pooler.
    """
    if url.startswith(("redis://", "rediss://", "unix://")):
        return _PatientRedisQueue.from_url(url, name=NAME)

    async def configure(connection: AsyncConnection[Any]) -> None:
        if role:
            await connection.execute(SQL("SET ROLE {}").format(Identifier(role)))
        await connection.execute(SQL("SET search_path = {}").format(Identifier(SCHEMA)))

    pool: AsyncConnectionPool[Any] = AsyncConnectionPool(
        url,
        kwargs={"autocommit": True},
        configure=configure,
        check=AsyncConnectionPool.check_connection,
        timeout=ENQUEUE_SECONDS,
        open=False,
        min_size=1,
        max_size=5,
    )
    return _PatientPostgresQueue(
        pool, name=NAME, min_size=1, max_size=5, manage_pool_lifecycle=True
    )


class _PatientRedisQueue(RedisQueue):
    async def dequeue(
        self,
        timeout: float = 0.0,  # noqa: ASYNC109 - SAQ's own signature
        poll_interval: float = 0.0,
    ) -> Job | None:
        return await _patiently(super().dequeue(timeout, poll_interval))


class _PatientPostgresQueue(PostgresQueue):
    async def disconnect(self) -> None:
        """Close the pool also where connecting was broken off: SAQ itself forgets it then."""
        await super().disconnect()
        await self.pool.close()

    async def dequeue(
        self,
        timeout: float = 0.0,  # noqa: ASYNC109 - SAQ's own signature
        poll_interval: float = 0.0,
    ) -> Job | None:
        return await _patiently(super().dequeue(timeout, poll_interval))


async def _patiently(dequeuing: Awaitable[Job | None]) -> Job | None:
    """Wait a moment when the queue isn't there: a worker asks again at once, and for ever."""
    try:
        return await dequeuing
    except AWAY as error:
        _log.warning("the queue isn't answering: %r", error)
        await asyncio.sleep(AWAY_PAUSE)
        return None


class SaqDoorbell:
    """Rings for whichever worker comes first. Ringing takes no time: a task does it."""

    def __init__(self, queue: Queue) -> None:
        self._queue = queue
        self._wanted = asyncio.Event()

    async def ring(self) -> None:
        """Let the next ring be rung."""
        self._wanted.set()

    async def keep_ringing(self) -> None:
        """Ring whenever somebody wants it, until cancelled."""
        while True:
            await self._wanted.wait()
            self._wanted.clear()
            if await self._ring():
                await asyncio.sleep(RING_PAUSE)
            else:
                await asyncio.sleep(AWAY_PAUSE)
                self._wanted.set()

    async def check(self) -> None:
        """Ask the queue whether it is there; it raises whatever its client does if it isn't."""
        await self._queue.connect()
        await self._queue.count("queued")

    async def last_ring(self) -> None:
        """Ring what was wanted and not rung."""
        if self._wanted.is_set():
            await self._ring()

    async def _ring(self) -> bool:
        try:
            async with asyncio.timeout(ENQUEUE_SECONDS):
                await self._queue.connect()
                await self._queue.enqueue(
                    RING, key=f"{NAME}:{RING}", timeout=5, retries=ATTEMPTS_MAX, ttl=-1
                )
        except Exception as error:  # noqa: BLE001 - a ring may be lost; who rings may not
            _log.warning("nobody heard the doorbell; a sweep finds the row: %r", error)
            return False
        return True


@asynccontextmanager
async def open_doorbell(queue: Queue) -> AsyncGenerator[SaqDoorbell]:
    """Open a doorbell for a process that rings."""
    bell = SaqDoorbell(queue)
    ringing = asyncio.create_task(bell.keep_ringing())
    try:
        yield bell
    finally:
        ringing.cancel()
        with suppress(asyncio.CancelledError):
            await ringing
        await bell.last_ring()
        with suppress(*AWAY):
            await queue.disconnect()


class SaqEar:
    """What a worker process hears: rings, since somebody last asked."""

    def __init__(self) -> None:
        self._rung = asyncio.Event()

    async def heard(self, seconds: float) -> bool:
        """Wait until it is rung, or so long; say whether it was."""
        try:
            await asyncio.wait_for(self._rung.wait(), seconds)
        except TimeoutError:
            return False
        self._rung.clear()
        return True

    async def after_job(self, context: Mapping[str, Any]) -> None:
        """Wake who listens, once a ring is no longer in the queue."""
        if context["job"].function == RING:
            self._rung.set()


class _Worker(Worker[Any]):
    SIGNALS = []  # noqa: RUF012 - SAQ's own list; the process has a plan of its own for signals


@asynccontextmanager
async def open_timetable(
    queue: Queue, tasks: Mapping[str, Task], *, every_seconds: int
) -> AsyncGenerator[SaqEar]:
    """Listen for rings and run each task every few seconds, in one process of all at a time."""
    ear = SaqEar()
    cron = f"* * * * * */{every_seconds}"
    worker = _Worker(
        queue,
        [(RING, _nothing)],
        concurrency=2 + len(tasks),
        cron_jobs=[
            CronJob(_job(name, task), cron, timeout=JOB_SECONDS, retries=ATTEMPTS_MAX, ttl=60)
            for name, task in tasks.items()
        ],
        after_process=ear.after_job,
        dequeue_timeout=DEQUEUE_SECONDS,
        timers={"schedule": 1, "worker_info": 10, "sweep": 5, "abort": 5},
        shutdown_grace_period_s=STOP_SECONDS,
    )
    working = asyncio.create_task(_start(queue, worker))
    try:
        yield ear
    finally:
        await worker.stop()
        working.cancel()
        with suppress(asyncio.CancelledError):
            await working
        with suppress(*AWAY):
            await queue.disconnect()


async def _start(queue: Queue, worker: _Worker) -> None:
    """Connect, however long that takes, and listen. The inbox is swept in the meantime."""
    connected = False
    while not connected:
        try:
            await queue.connect()
            connected = True
        except AWAY as error:
            _log.warning("the queue isn't there yet: %r", error)
            await asyncio.sleep(AWAY_PAUSE)
    await worker.start()


async def _nothing(_: Mapping[str, Any]) -> None:
    """A ring has no work in it."""


def _job(name: str, task: Task) -> Callable[[Mapping[str, Any]], Awaitable[None]]:
    async def job(_: Mapping[str, Any]) -> None:
        await task()

    job.__qualname__ = name
    return job
