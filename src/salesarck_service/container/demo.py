"""What the demo is made of: a server of its own, and what it sees of the database."""

import shlex
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import psycopg
from psycopg.sql import SQL, Identifier

from salesarck_adapters.clock.postgres import SharedClock
from salesarck_adapters.embedded.postgres import Postgres
from salesarck_adapters.embedded.postgres.account import account_for_server
from salesarck_adapters.embedded.postgres.programs import find_programs
from salesarck_adapters.push.memory import MemoryPush
from salesarck_adapters.store.memory import MemoryStore
from salesarck_adapters.store.postgres import PostgresStore, migrate
from salesarck_adapters.store.postgres.connections import why_unavailable
from salesarck_domain.ports.directory import Directory, StoreUnavailable
from salesarck_domain.ports.inbox import Inbox
from salesarck_domain.ports.push import Push
from salesarck_domain.ports.store import Store
from salesarck_service.container.books import DATABASE


@dataclass(frozen=True, slots=True)
class Backstage:
    """What the demo itself sees of the database, beside what HTTP shows to people."""

    store: Store
    directory: Directory
    inbox: Inbox


class Server(Protocol):
    """A database server of our own."""

    @property
    def process(self) -> int | None:
        """Its number while it runs."""
        ...

    def dsn(self, database: str = ...) -> str:
        """Give the address of a database."""
        ...

    def start(self) -> None:
        """Start it, where it was before."""
        ...

    def stop(self) -> None:
        """Stop it."""
        ...


def open_server(folder: Path) -> Server:
    """Name the server of a data folder, to be started."""
    return Postgres(folder)


def prepare_database(server: Server) -> str:
    """Make the database, if it isn't there, and its tables; give its address.

    Raises:
        StoreUnavailable: the server ends meanwhile, or has no room.
    """
    try:
        with psycopg.connect(server.dsn(), autocommit=True) as connection:
            there = connection.execute("SELECT FROM pg_database WHERE datname = %s", [DATABASE])
            if there.fetchone() is None:
                connection.execute(SQL("CREATE DATABASE {}").format(Identifier(DATABASE)))
    except psycopg.OperationalError as error:
        raise StoreUnavailable(why_unavailable(error) or str(error.sqlstate)) from error
    dsn = server.dsn(DATABASE)
    migrate(dsn)
    return dsn


def settle(server: Server) -> None:
    """Write everything down, so that stopping takes no time and leaves nothing to recover."""
    with suppress(psycopg.Error), psycopg.connect(server.dsn(), autocommit=True) as connection:
        connection.execute("CHECKPOINT")


def command_to_open(folder: Path) -> str:
    """Write the command that starts the server of a kept folder by itself."""
    account = account_for_server()
    program = shlex.quote(str(find_programs(account).folder / "postgres"))
    data = shlex.quote(str(folder / "data"))
    at = "-c listen_addresses=127.0.0.1 -c unix_socket_directories= -p 5433"
    if account.user is None:
        return f"{program} -D {data} {at}"
    become = f"setpriv --reuid={account.user} --regid={account.group} --clear-groups"
    # Its folder is ours alone, so that it gets it already open.
    return f"{become} {program} -D /proc/self/fd/3 {at} 3<{data}"


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
