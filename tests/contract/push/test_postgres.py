import asyncio
import os
import signal
import time
from collections.abc import AsyncGenerator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import replace

import psycopg
import pytest

from salesarck_adapters.push.postgres import CHANNEL, LISTEN, PostgresPush, open_postgres_push
from salesarck_domain.ports.push import Balance
from salesarck_domain.testing.examples import ADA, CAFE
from salesarck_domain.testing.push import SharedPushContract, publish_at_once
from tests.postgres import Database

ONE = Balance(CAFE.id, ADA, 10, 0, 1)
SOON = 20.0


@asynccontextmanager
async def pair(dsn: str) -> AsyncGenerator[tuple[PostgresPush, PostgresPush]]:
    async with open_postgres_push(dsn) as here, open_postgres_push(dsn) as there:
        yield here, there


class TestPostgresPush(SharedPushContract):
    @pytest.fixture(autouse=True)
    def _database(self, database: Database) -> None:
        self.dsn = database.dsn()

    def new_push(self) -> AbstractAsyncContextManager[PostgresPush]:
        return open_postgres_push(self.dsn)

    def new_pair(self) -> AbstractAsyncContextManager[tuple[PostgresPush, PostgresPush]]:
        return pair(self.dsn)

    async def cut(self) -> None:
        await ask(
            self.dsn,
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
            "WHERE datname = current_database() AND pid <> pg_backend_pid()",
        )


async def ask(dsn: str, statement: str, *given: object) -> list[tuple[object, ...]]:
    async with await psycopg.AsyncConnection.connect(dsn, autocommit=True) as connection:
        cursor = await connection.execute(statement.encode(), given)
        return await cursor.fetchall() if cursor.description else []


async def test_nobody_waits_for_a_postgres_that_hangs_and_the_newest_is_heard_afterwards(
    database: Database,
) -> None:
    dsn = database.dsn()
    async with (
        open_postgres_push(dsn, quiet_seconds=0.2, answer_seconds=0.2) as push,
        push.watch(ADA) as heard,
    ):
        ((backend,),) = await ask(
            dsn,
            "SELECT pid FROM pg_stat_activity "
            "WHERE datname = current_database() AND pid <> pg_backend_pid()",
        )
        os.kill(int(str(backend)), signal.SIGSTOP)
        try:
            for first in range(1, 2_000 + 1, 100):
                told = [replace(ONE, seq=seq) for seq in range(first, first + 100)]
                await publish_at_once(push, told)
            async with asyncio.timeout(SOON):
                while (await anext(heard)).seq < 2_000:
                    pass
        finally:
            os.kill(int(str(backend)), signal.SIGCONT)


async def test_it_opens_and_closes_without_a_database() -> None:
    began = time.monotonic()
    async with open_postgres_push("postgresql://nobody@127.0.0.1:1/nothing") as push:
        await push.publish(ONE)
        async with push.watch(ADA):
            pass
    assert time.monotonic() - began < 5


async def test_the_last_balance_of_a_process_that_ends_is_sent(database: Database) -> None:
    dsn = database.dsn()
    async with open_postgres_push(dsn) as push, push.watch(ADA) as heard:
        async with open_postgres_push(dsn) as other, other.watch(ADA):
            await other.publish(ONE)
        assert await asyncio.wait_for(anext(heard), SOON) == ONE


async def test_many_are_sent_together_and_hold_ids_and_numbers_only(database: Database) -> None:
    dsn = database.dsn()
    async with await psycopg.AsyncConnection.connect(dsn, autocommit=True) as spy:
        await spy.execute(LISTEN)
        async with open_postgres_push(dsn) as push, push.watch(ADA):
            for seq in range(100):
                await push.publish(replace(ONE, seq=seq))
        said = [found.payload async for found in spy.notifies(timeout=0.5)]
    assert len(said) == 2
    assert said[0].startswith(f'[["{CAFE.id}","{ADA}",10,0,0],')


async def test_nonsense_on_its_channel_disturbs_nobody(database: Database) -> None:
    dsn = database.dsn()
    async with open_postgres_push(dsn) as push, push.watch(ADA) as heard:
        for said in ("", "nonsense", '[["a",1]]', "[[1,2,3,4,5]]"):
            await ask(dsn, "SELECT pg_notify(%s, %s)", CHANNEL, said)
        await push.publish(ONE)
        assert await asyncio.wait_for(anext(heard), SOON) == ONE
