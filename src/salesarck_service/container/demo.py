"""What the demo is made of: a server of its own, simulated tills, and a clock for all."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import psycopg
from litestar import Litestar
from msgspec import Struct
from psycopg.sql import SQL, Identifier

from salesarck_adapters.clock.postgres import SharedClock
from salesarck_adapters.embedded.postgres import Postgres
from salesarck_adapters.push.memory import MemoryPush
from salesarck_adapters.simulators.clover.app import create_clover
from salesarck_adapters.simulators.clover.world import CloverWorld
from salesarck_adapters.simulators.square.app import create_square
from salesarck_adapters.simulators.square.world import SquareWorld
from salesarck_adapters.store.memory import MemoryStore
from salesarck_adapters.store.postgres import PostgresStore, migrate
from salesarck_domain.ports.clock import Clock
from salesarck_domain.ports.directory import Directory
from salesarck_domain.ports.inbox import Inbox
from salesarck_domain.ports.push import Push
from salesarck_domain.ports.store import Store
from salesarck_service.container.books import DATABASE


class Till(Struct, frozen=True):
    """A merchant of a simulated provider."""

    name: str
    merchant: str
    currency: str = "USD"


class TillsPlan(Struct, frozen=True):
    """What the simulated providers are to be. `clock_url` names the database of a shared clock."""

    seed: str
    square_url: str
    square_key: str
    clover_url: str
    clover_auth_code: str
    clover_token: str
    square: tuple[Till, ...]
    clover: tuple[Till, ...]
    clock_url: str = ""

    def __repr__(self) -> str:
        return f"TillsPlan({self.seed!r})"


@dataclass(frozen=True, slots=True)
class Backstage:
    """What the demo itself sees of the database, beside what HTTP shows to people."""

    store: Store
    directory: Directory
    inbox: Inbox


def open_server(folder: Path) -> Postgres:
    """Name the server of a data folder, to be started."""
    return Postgres(folder)


def prepare_database(server: Postgres) -> str:
    """Make the database, if it isn't there, and its tables; give its address."""
    with psycopg.connect(server.dsn(), autocommit=True) as connection:
        there = connection.execute("SELECT FROM pg_database WHERE datname = %s", [DATABASE])
        if there.fetchone() is None:
            connection.execute(SQL("CREATE DATABASE {}").format(Identifier(DATABASE)))
    dsn = server.dsn(DATABASE)
    migrate(dsn)
    return dsn


@asynccontextmanager
async def open_backstage(dsn: str) -> AsyncGenerator[Backstage]:
    """Look into a database, with few connections."""
    async with PostgresStore.open(dsn, pool_size=4) as store:
        yield Backstage(store, store.directory, store.inbox)


def empty_store() -> tuple[Store, Directory]:
    """A store in memory, to apply everything in again."""
    store = MemoryStore()
    return store, store.directory


def nobody_watches() -> Push:
    """A push for deeds of the demo itself, before anybody can watch."""
    return MemoryPush()


def shared_clock(dsn: str) -> SharedClock:
    """The clock that all processes of a database tell."""
    return SharedClock(dsn)


def till_servers(plan: TillsPlan) -> tuple[Litestar, Litestar]:
    """Square and Clover as servers, with their merchants."""
    clock: Clock = SharedClock(plan.clock_url) if plan.clock_url else _now
    # Providers never give an id twice, so a new start by real time makes new ones.
    seed = plan.seed if plan.clock_url else f"{plan.seed}/{_now().isoformat()}"
    square = SquareWorld(clock, seed=f"square/{seed}")
    for till in plan.square:
        square.add_seller(till.name, merchant=till.merchant, currency=till.currency)
    clover = CloverWorld(clock, seed=f"clover/{seed}")
    for till in plan.clover:
        clover.add_shop(
            till.name, merchant=till.merchant, currency=till.currency, token=plan.clover_token
        )
    return (
        create_square(square, webhook_url=plan.square_url, signature_key=plan.square_key),
        create_clover(clover, webhook_url=plan.clover_url, auth_code=plan.clover_auth_code),
    )


def _now() -> datetime:
    return datetime.now(UTC)
