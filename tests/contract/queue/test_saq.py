"""SAQ rings and keeps the timetable, on Postgres and on Redis, and nothing hangs on it."""

import asyncio
import time
from collections.abc import AsyncGenerator
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager
from dataclasses import dataclass

import psycopg
import pytest
from psycopg.sql import SQL

from salesarck_adapters.queue.saq import (
    SaqDoorbell,
    SaqEar,
    open_doorbell,
    open_queue,
    open_timetable,
)
from salesarck_adapters.store.postgres.schema import SERVICE_ROLE
from salesarck_domain.testing.queue import DoorbellContract
from tests.line.bench import until
from tests.postgres import Database
from tests.valkey import Valkey


@dataclass
class RungAndHeard:
    """A process that rings and one that hears, in one."""

    bell: SaqDoorbell
    ear: SaqEar

    async def heard(self, seconds: float) -> bool:
        return await self.ear.heard(seconds)


@asynccontextmanager
async def at(url: str, role: str | None) -> AsyncGenerator[RungAndHeard]:
    async with AsyncExitStack() as opened:
        bell = await opened.enter_async_context(open_doorbell(open_queue(url, role=role)))
        queue = open_queue(url, role=role)
        ear = await opened.enter_async_context(open_timetable(queue, {}, every_seconds=1))
        yield RungAndHeard(bell, ear)


class TestSaqOnPostgres(DoorbellContract):
    @pytest.fixture(autouse=True)
    def _database(self, database: Database) -> None:
        self.database = database

    def new_bell(self) -> AbstractAsyncContextManager[RungAndHeard]:
        return at(self.database.dsn(), SERVICE_ROLE)


class TestSaqOnRedis(DoorbellContract):
    @pytest.fixture(autouse=True)
    def _redis(self, valkey: Valkey) -> None:
        self.url = valkey.url

    def new_bell(self) -> AbstractAsyncContextManager[RungAndHeard]:
        return at(self.url, None)


@dataclass
class Counted:
    """A task that counts how often it ran, and fails the first time."""

    runs: int = 0

    async def __call__(self) -> None:
        self.runs += 1
        if self.runs == 1:
            raise ValueError("not yet")


async def _two_workers(url: str, role: str | None) -> None:
    task = Counted()
    async with AsyncExitStack() as opened:
        for _ in range(2):
            queue = open_queue(url, role=role)
            await opened.enter_async_context(open_timetable(queue, {"it": task}, every_seconds=1))

        async def ran_often() -> bool:
            return task.runs >= 4

        began = time.monotonic()
        await until(ran_often, 20)
        assert time.monotonic() - began > 1.5  # once a second for both, not for each


async def test_a_timetable_is_kept_once_for_all_workers_and_after_a_failure_on_postgres(
    database: Database,
) -> None:
    await _two_workers(database.dsn(), SERVICE_ROLE)


async def test_a_timetable_is_kept_once_for_all_workers_and_after_a_failure_on_redis(
    valkey: Valkey,
) -> None:
    await _two_workers(valkey.url, None)


async def _is_heard_again(it: RungAndHeard) -> None:
    async def heard() -> bool:
        await it.bell.ring()
        return await it.heard(0.5)

    await until(heard, 20)


@pytest.mark.parametrize("seconds", [0, 0.01, 0.05])
async def test_what_ends_while_it_connects_leaves_nothing_behind(
    database: Database, seconds: float
) -> None:
    before = asyncio.all_tasks()
    queue = open_queue(database.dsn(), role=SERVICE_ROLE)
    async with open_timetable(queue, {}, every_seconds=1):
        await asyncio.sleep(seconds)
    assert asyncio.all_tasks() - before == set()


async def test_it_hears_again_after_its_connections_were_cut(database: Database) -> None:
    async with at(database.dsn(), SERVICE_ROLE) as it:
        await _is_heard_again(it)
        cut = SQL(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
            "WHERE datname = current_database() AND pid <> pg_backend_pid()"
        )
        async with await psycopg.AsyncConnection.connect(database.dsn()) as connection:
            await connection.execute(cut)
        await _is_heard_again(it)


async def test_it_hears_again_after_redis_was_killed_and_lost_everything(valkey: Valkey) -> None:
    async with at(valkey.url, None) as it:
        await _is_heard_again(it)
        valkey.kill()
        await it.bell.ring()
        assert not await it.heard(0.5)
        valkey.start()
        await _is_heard_again(it)


async def test_nobody_waits_for_a_redis_that_is_not_there(valkey: Valkey) -> None:
    valkey.kill()
    began = time.monotonic()
    async with at(valkey.url, None) as it:
        for _ in range(100):
            await it.bell.ring()
        assert not await it.heard(0.1)
    assert time.monotonic() - began < 5
