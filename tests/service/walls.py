"""What the walls cost: a wallet read by its owner against the same read with the walls off.

Run it with `nox -s walls`. Both are asked in turn, in one process, so that a busy machine slows
both alike.
"""

import asyncio
import statistics
import sys
import time
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory

import click
import httpx
import psycopg
from litestar import Litestar
from litestar.types import ASGIApp

from salesarck_adapters.embedded.postgres import NOT_DURABLE, Postgres
from salesarck_adapters.store.postgres import PostgresStore, migrate
from salesarck_domain.ids import derived
from salesarck_domain.people import Role
from salesarck_domain.ports.revocations import Shown
from salesarck_domain.testing.examples import CAFE
from salesarck_service.app import create_app
from salesarck_service.caller import Caller
from salesarck_service.container.shared import open_shared, request_limits
from salesarck_service.security.guards import Connection
from salesarck_service.settings import Settings
from salesarck_service.telemetry.edge import Edge
from tests.service.desk import ADA, Desk
from tests.valkey import Valkey, free_valkey

SHARE_MIN = 0.6
READS, ROUNDS = 200, 7
LOOKS = 2_000
MANY = 10_000_000


def without_walls(desk: Desk) -> ASGIApp:
    """The same application, that takes whoever asks for Ada at the café."""
    wrapped = create_app(desk.parts)
    assert isinstance(wrapped, Edge)
    assert isinstance(wrapped.app, Litestar)

    async def let_in(connection: Connection, _: object) -> None:
        connection.scope["state"]["caller"] = Caller(
            person=desk.people[ADA], role=Role.CONSUMER, tenant=CAFE, correlation="walls off"
        )

    for route in wrapped.app.routes:
        for handler in getattr(route, "route_handlers", ()):
            handler._resolved_guards = [let_in]  # noqa: SLF001 - no setting takes walls away
    return wrapped


@asynccontextmanager
async def reading(app: ASGIApp, token: str) -> AsyncGenerator[Callable[[], Awaitable[None]]]:
    transport = httpx.ASGITransport(app)  # type: ignore[arg-type] # Litestar's own words
    headers = {"Authorization": f"Bearer {token}"}
    async with httpx.AsyncClient(
        transport=transport, base_url="http://test", headers=headers
    ) as client:

        async def read() -> None:
            answer = await client.get(f"/v1/consumer/wallets/{CAFE.id}")
            assert answer.status_code == 200, answer.text

        yield read


async def seconds_of(read: Callable[[], Awaitable[None]]) -> float:
    began = time.perf_counter()
    for _ in range(READS):
        await read()
    return time.perf_counter() - began


async def share(desk: Desk) -> float:
    """Compare in turns; the median of the rounds."""
    token = desk.tokens[ADA]
    async with (
        reading(desk.app, token) as walled,
        reading(without_walls(desk), token) as bare,
    ):
        found = list[float]()
        for number in range(ROUNDS + 1):
            on, off = await seconds_of(walled), await seconds_of(bare)
            if number:
                found.append(off / on)
                click.echo(
                    f"  {READS / on:6.0f} reads/s behind the walls, {READS / off:6.0f} without"
                )
    return statistics.median(found)


async def looks(desk: Desk) -> list[float]:
    """How long it takes to ask whether somebody's token stands, in milliseconds."""
    session = derived(desk.now, "session")
    shown = Shown(session, desk.people[ADA], CAFE.id, desk.now, desk.now)
    took = list[float]()
    for _ in range(LOOKS):
        began = time.perf_counter()
        assert await desk.parts.revocations.stands(shown)
        took.append((time.perf_counter() - began) * 1000)
    return sorted(took)


async def measure_at(dsn: str, redis_url: str) -> float:
    settings = Settings(
        database_url=dsn,
        peppers={},
        redis_url=redis_url,
        caller_limit=MANY,
        address_limit=MANY,
        sign_in_limit=MANY,
    )
    async with AsyncExitStack() as opened:
        store = await opened.enter_async_context(PostgresStore.open(dsn))
        desk = await Desk.open(store)
        shared = await opened.enter_async_context(open_shared(settings, store))
        limits = request_limits(settings, shared.limits, desk.parts.peppers)
        desk.parts = replace(desk.parts, revocations=shared.revocations, limits=limits)
        desk.app = create_app(desk.parts)
        await asyncio.sleep(1)  # until the copy is believed
        took = await looks(desk)
        middle, late = took[LOOKS // 2], took[LOOKS * 99 // 100]
        click.echo(f"  a look-up of revocations: p50 {middle:.2f} ms, p99 {late:.2f} ms")
        return await share(desk)


def main() -> None:
    shares = dict[str, float]()
    with TemporaryDirectory(prefix="salesarck-walls-") as folder:
        valkey: Valkey = free_valkey(Path(folder))
        with Postgres(Path(folder) / "postgres", settings=NOT_DURABLE) as server:
            try:
                valkey.start()
                valkey.wait()
                for name, redis_url in (("Postgres", ""), ("Redis", valkey.url)):
                    with psycopg.connect(server.dsn(), autocommit=True) as connection:
                        connection.execute(f"CREATE DATABASE walls_{name.lower()}".encode())
                    dsn = server.dsn(f"walls_{name.lower()}")
                    migrate(dsn)
                    click.echo(f"counted and revoked in {name}:")
                    shares[name] = asyncio.run(measure_at(dsn, redis_url))
            finally:
                valkey.kill()
    for name, found in shares.items():
        click.echo(f"{name}: {found:.2f} of the reads without walls, {SHARE_MIN} asked")
    sys.exit(min(shares.values()) < SHARE_MIN)


if __name__ == "__main__":
    main()
