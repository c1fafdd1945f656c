"""Which stores the commands about books open: a database by its address, a kept folder, memory."""

import os
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

from salesarck_adapters.embedded.postgres import Postgres
from salesarck_adapters.store.memory.store import MemoryStore
from salesarck_adapters.store.postgres import PostgresStore
from salesarck_adapters.store.postgres.migrate import migrate
from salesarck_domain.errors import Missing
from salesarck_domain.ports.directory import Directory, StoreUnavailable
from salesarck_domain.ports.inbox import Inbox
from salesarck_domain.ports.store import Store

SERVER_FOLDER = "postgres"
DATABASE = "salesarck"


@dataclass(eq=False)
class NothingKept(Missing):
    """The folder is not one in which a demo kept its data, or we may not look into it."""

    folder: Path
    code: ClassVar[str] = "kept_folder_missing"

    def __str__(self) -> str:
        return (
            f"no demo has kept its data in {self.folder}, or you may not read it; name the folder "
            "that `salesarck demo` was given with --data or --keep"
        )


@dataclass(frozen=True, slots=True)
class OpenBooks:
    """A store, and the directory that says whose books are in it."""

    store: Store
    directory: Directory
    inbox: Inbox


def make_tables(url: str) -> None:
    """Make a database's tables, or bring them up to date."""
    migrate(url)


async def check_tables(store: PostgresStore) -> None:
    """Ask whether a database is there, with the tables that this program needs.

    Raises:
        StoreUnavailable: it isn't, or hasn't.
    """
    if not await store.is_current():
        raise StoreUnavailable("its tables are of another version; run: salesarck migrate")


@asynccontextmanager
async def open_database(url: str) -> AsyncGenerator[OpenBooks]:
    """Open the books of a running database.

    Raises:
        StoreUnavailable: it isn't there, or lacks the tables that this program needs.
    """
    async with PostgresStore.open(url) as store:
        await check_tables(store)
        yield OpenBooks(store, store.directory, store.inbox)


@asynccontextmanager
async def open_folder(folder: Path) -> AsyncGenerator[OpenBooks]:
    """Start the server of a data folder that a demo kept, for as long as its books are open.

    Raises:
        NothingKept: there is none. It isn't made: who looks for books changes nothing.
    """
    if not os.access(folder / SERVER_FOLDER / "data", os.R_OK):
        raise NothingKept(folder)
    with Postgres(folder / SERVER_FOLDER) as server:
        async with open_database(server.dsn(DATABASE)) as books:
            yield books


@asynccontextmanager
async def open_empty(into: str) -> AsyncGenerator[OpenBooks]:
    """Open an empty store: `memory`, or a database by its address, whose tables are made.

    Raises:
        ValueError: the database holds tenants already.
    """
    if into == "memory":
        store = MemoryStore()
        yield OpenBooks(store, store.directory, store.inbox)
        return
    migrate(into)
    async with open_database(into) as books:
        if await books.directory.tenants():
            raise ValueError("that database is not empty; name one that is, or memory")
        yield books
