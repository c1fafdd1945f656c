"""Ready means: the database, its tables and the queue answer, and soon. Alive asks nobody."""

import asyncio
import os
import signal
import time
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

import httpx
import psycopg

from salesarck_service.app import create_app
from salesarck_service.container.service import open_parts
from salesarck_service.routes.health import GIVE_UP_SECONDS, Readiness
from salesarck_service.settings import Settings
from tests.line.bench import until
from tests.line.processes import PEPPER
from tests.postgres import Database
from tests.valkey import Valkey

NOBODY = "postgresql://nobody@127.0.0.1:1/nothing"
SOON = 20.0
ALL = {"database": "ok", "migrations": "ok", "queue": "ok"}


@asynccontextmanager
async def web(database_url: str, redis_url: str = "") -> AsyncGenerator[httpx.AsyncClient]:
    settings = Settings(
        environment="development",
        database_url=database_url,
        redis_url=redis_url,
        peppers={1: PEPPER},
        drain_seconds=1,
    )
    async with open_parts(settings) as parts:
        transport = httpx.ASGITransport(create_app(parts))  # type: ignore[arg-type] # Litestar's own words
        async with httpx.AsyncClient(transport=transport, base_url="http://test") as client:
            yield client


async def ask(client: httpx.AsyncClient) -> dict[str, str]:
    """Ask whether it is ready, and see that the answer is soon there and true."""
    alive = await client.get("/health/live")
    assert alive.json() == {"status": "alive"}
    began = time.monotonic()
    answer = await client.get("/health/ready")
    assert time.monotonic() - began < 1.5  # 0.8, and a busy machine
    checks: dict[str, str] = answer.json()["checks"]
    is_ready = set(checks.values()) == {"ok"}
    assert answer.status_code == (200 if is_ready else 503)
    assert answer.json()["status"] == ("ready" if is_ready else "not ready")
    return checks


async def until_it_says(client: httpx.AsyncClient, wanted: dict[str, str]) -> None:
    async def says_so() -> bool:
        return await ask(client) == wanted

    await until(says_so, SOON)


async def test_it_is_ready_when_all_are_there_on_postgres(database: Database) -> None:
    async with web(database.dsn()) as client:
        await until_it_says(client, ALL)


async def test_without_its_database_nothing_but_redis_is_ready(valkey: Valkey) -> None:
    async with web(NOBODY, valkey.url) as client:
        await until_it_says(client, {"database": "failed", "migrations": "failed", "queue": "ok"})


async def test_without_any_database_nothing_is_ready() -> None:
    async with web(NOBODY) as client:
        assert await ask(client) == dict.fromkeys(ALL, "failed")


async def test_tables_of_another_version_are_not_ready(database: Database) -> None:
    with psycopg.connect(database.dsn(), autocommit=True) as connection:
        connection.execute("UPDATE alembic_version SET version_num = '0001'")
    async with web(database.dsn()) as client:
        await until_it_says(client, {**ALL, "migrations": "failed"})


async def test_a_redis_that_is_away_or_hangs_is_not_ready_and_then_is_again(
    database: Database, valkey: Valkey
) -> None:
    async with web(database.dsn(), valkey.url) as client:
        await until_it_says(client, ALL)
        valkey.hang()
        assert await ask(client) == {**ALL, "queue": "failed"}
        valkey.go_on()
        await until_it_says(client, ALL)
        valkey.kill()
        assert await ask(client) == {**ALL, "queue": "failed"}
        valkey.start()
        await until_it_says(client, ALL)


async def test_a_postgres_that_hangs_is_not_ready_and_then_is_again(database: Database) -> None:
    async with web(database.dsn()) as client:
        await until_it_says(client, ALL)
        with psycopg.connect(database.dsn(), autocommit=True) as connection:
            found = connection.execute(
                "SELECT pid FROM pg_stat_activity "
                "WHERE datname = current_database() AND pid <> pg_backend_pid()"
            )
            backends = [int(pid) for (pid,) in found]
        for backend in backends:
            os.kill(backend, signal.SIGSTOP)
        try:
            assert set((await ask(client)).values()) == {"failed"}
        finally:
            for backend in backends:
                os.kill(backend, signal.SIGCONT)
        await until_it_says(client, ALL)


async def test_what_hangs_is_asked_once_however_many_probes_come() -> None:
    asked = 0

    async def hangs() -> None:
        nonlocal asked
        asked += 1
        await asyncio.sleep(GIVE_UP_SECONDS)

    readiness = Readiness({"it": hangs})
    assert await readiness.failed() == {"it"}
    assert await asyncio.gather(*(readiness.failed() for _ in range(9))) == [{"it"}] * 9
    assert asked == 1
