"""Redis answers for Postgres only where it is certain to know everything."""

import asyncio
import time
from collections.abc import AsyncGenerator, Sequence
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field, replace

import pytest
from redis import Redis
from sqlalchemy.ext.asyncio import AsyncEngine

from salesarck_adapters.bounded_redis import open_redis
from salesarck_adapters.revocations.redis import (
    BELIEVED,
    COPIED,
    LEASE,
    PREFIX,
    RedisRevocations,
    open_redis_revocations,
)
from salesarck_adapters.store.postgres import PostgresStore
from salesarck_adapters.store.postgres.revocations import PostgresRevocations
from salesarck_domain.ids import derived
from salesarck_domain.ports.directory import StoreUnavailable
from salesarck_domain.ports.revocations import Revocation, Shown
from salesarck_domain.testing.examples import ADA, CAFE, NOON
from salesarck_domain.testing.revocations import RevocationsContract
from tests.line.bench import until
from tests.postgres import Database
from tests.valkey import Valkey

SESSION = derived(NOON, "session", 1)
SHOWN = Shown(SESSION, ADA, CAFE.id, NOON, NOON)
END = Revocation.of_session(SESSION, NOON)
NOBODY_THERE = "redis://127.0.0.1:1"


@dataclass(frozen=True)
class Counted(PostgresRevocations):
    """Postgres, and how often it was asked whether something stands."""

    engine: AsyncEngine
    asked: list[Shown] = field(default_factory=list[Shown])

    async def stands(self, shown: Shown) -> bool:
        self.asked.append(shown)
        return await super().stands(shown)


@asynccontextmanager
async def process(database: Database, url: str) -> AsyncGenerator[RedisRevocations]:
    """One process of several: a store of its own, a Redis of all."""
    async with AsyncExitStack() as opened:
        store = await opened.enter_async_context(PostgresStore.open(database.dsn(), pool_size=9))
        redis = await opened.enter_async_context(open_redis(url))
        counted = Counted(store.revocations.engine)
        yield await opened.enter_async_context(open_redis_revocations(redis, counted))


async def asks_postgres(it: RedisRevocations) -> bool:
    """Whether a question goes to Postgres just now."""
    assert isinstance(it.durable, Counted)
    before = len(it.durable.asked)
    await it.stands(SHOWN)
    return len(it.durable.asked) > before


async def believed(it: RedisRevocations) -> None:
    async def is_believed() -> bool:
        return not await asks_postgres(it)

    await until(is_believed, 20)


class TestRedisRevocations(RevocationsContract):
    @pytest.fixture(autouse=True)
    def _servers(self, database: Database, listening: Valkey) -> None:
        self.database, self.valkey = database, listening

    def new_revocations(self) -> AbstractAsyncContextManager[RedisRevocations]:
        return process(self.database, self.valkey.url)


class TestWithoutRedis(RevocationsContract):
    @pytest.fixture(autouse=True)
    def _server(self, database: Database) -> None:
        self.database = database

    def new_revocations(self) -> AbstractAsyncContextManager[RedisRevocations]:
        return process(self.database, NOBODY_THERE)


async def test_a_redis_that_knows_everything_spares_postgres_the_question(
    database: Database, listening: Valkey
) -> None:
    async with process(database, listening.url) as it:
        await it.revoke(END)
        await believed(it)
        for _ in range(8):  # longer than a lease, which is renewed
            await asyncio.sleep(LEASE.total_seconds() / 4)
            assert not await it.stands(SHOWN)
        await believed(it)


@pytest.mark.parametrize("flushed_twice", [False, True])
async def test_a_flushed_redis_brings_nothing_back(
    database: Database, listening: Valkey, *, flushed_twice: bool
) -> None:
    client = Redis.from_url(listening.url)
    async with process(database, listening.url) as it:
        await it.revoke(END)
        for _ in range(1 + flushed_twice):
            await believed(it)
            client.flushall()
            assert not await it.stands(SHOWN)
        await believed(it)
        assert not await it.stands(SHOWN)
    client.close()


async def test_a_redis_that_lost_its_data_in_a_restart_brings_nothing_back(
    database: Database, listening: Valkey
) -> None:
    async with process(database, listening.url) as it:
        await it.revoke(END)
        await believed(it)
        listening.kill()
        assert not await it.stands(SHOWN)
        listening.start()
        listening.wait()
        assert not await it.stands(SHOWN)
        await believed(it)
        assert not await it.stands(SHOWN)


async def test_more_than_one_step_of_copying_copies_everything(
    database: Database, listening: Valkey, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("salesarck_adapters.revocations.redis.CHUNK", 3)
    sessions = [derived(NOON, "session", number) for number in range(10)]
    async with process(database, NOBODY_THERE) as before:
        for session in sessions:
            await before.revoke(Revocation.of_session(session, NOON))
    async with process(database, listening.url) as it:
        await believed(it)
        for session in sessions:
            assert not await it.stands(replace(SHOWN, session=session))


@dataclass(frozen=True)
class FlushedMeanwhile(Counted):
    """Postgres, and a Redis that is flushed while the second step is read."""

    url: str = ""

    async def since(self, number: int, limit: int) -> Sequence[tuple[int, Revocation]]:
        if number:
            client = Redis.from_url(self.url)
            client.flushall()
            client.close()
        return await super().since(number, limit)


async def test_a_copy_that_lost_everything_while_it_was_filled_is_not_believed(
    database: Database, listening: Valkey, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("salesarck_adapters.revocations.redis.CHUNK", 1)
    async with process(database, NOBODY_THERE) as other:
        await other.revoke(END)
        await other.revoke(Revocation.of_person(ADA, NOON))
    async with PostgresStore.open(database.dsn()) as store, open_redis(listening.url) as redis:
        flushed = FlushedMeanwhile(store.revocations.engine, url=listening.url)
        it = RedisRevocations(redis, flushed)
        await it.renew()
        assert await asks_postgres(it)
        assert not await it.stands(SHOWN)


async def test_what_a_process_without_redis_ends_is_over_for_those_with_one(
    database: Database, listening: Valkey
) -> None:
    async with process(database, listening.url) as near, process(database, NOBODY_THERE) as far:
        for number in range(5):
            shown = replace(SHOWN, session=derived(NOON, "far", number))
            await believed(near)
            assert await near.stands(shown)
            await far.revoke(Revocation.of_session(shown.session, NOON))
            assert not await near.stands(shown)


async def test_a_redis_that_hangs_costs_a_moment_and_nothing_is_brought_back_when_it_goes_on(
    database: Database, listening: Valkey
) -> None:
    async with process(database, listening.url) as one, process(database, listening.url) as other:
        await believed(one)
        await believed(other)
        listening.hang()
        try:
            took = [await _seconds_of(one) for _ in range(5)]
            await one.revoke(END)
        finally:
            listening.go_on()
        assert not await other.stands(SHOWN)
        assert sorted(took)[-2] < 0.05, took  # the first waits, the rest don't even ask
        assert took[0] < 0.1, took  # 50 ms, and a busy machine
        await believed(other)
        assert not await other.stands(SHOWN)


async def _seconds_of(it: RedisRevocations) -> float:
    began = time.monotonic()
    await it.stands(SHOWN)
    return time.monotonic() - began


async def test_a_redis_that_throws_keys_away_is_not_believed(
    database: Database, listening: Valkey
) -> None:
    listening.kill()
    listening.start("--maxmemory", "50mb", "--maxmemory-policy", "allkeys-lru")
    listening.wait()
    async with process(database, listening.url) as it:
        await asyncio.sleep(0.5)
        assert await asks_postgres(it)
        client = Redis.from_url(listening.url)
        client.config_set("maxmemory-policy", "noeviction")
        client.close()
        await believed(it)


async def test_keys_in_redis_name_nobody_and_do_not_last_for_ever(
    database: Database, listening: Valkey
) -> None:
    client = Redis.from_url(listening.url, decode_responses=True)
    async with process(database, listening.url) as it:
        await it.revoke(END)
        await it.revoke(Revocation.of_person(ADA, NOON))
    for key in set(client.keys()) - {COPIED, BELIEVED}:
        assert key.startswith(PREFIX)
        assert client.ttl(key) > 0
    client.close()


async def test_where_nobody_can_say_nobody_is_let_in() -> None:
    async with (
        PostgresStore.open("postgresql://nobody@127.0.0.1:1/none") as away,
        open_redis(NOBODY_THERE) as redis,
    ):
        it = RedisRevocations(redis, away.revocations)
        with pytest.raises(StoreUnavailable):
            await it.stands(SHOWN)
        with pytest.raises(StoreUnavailable):
            await it.revoke(END)
