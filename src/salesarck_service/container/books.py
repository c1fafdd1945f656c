"""Which stores the commands about books open: a database by its address, a kept folder, memory."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from salesarck_adapters.embedded.postgres import Postgres
from salesarck_adapters.store.memory.store import MemoryStore
from salesarck_adapters.store.postgres import PostgresStore
from salesarck_adapters.store.postgres.migrate import migrate
from salesarck_domain.ports.directory import Directory
from salesarck_domain.ports.inbox import Inbox
from salesarck_domain.ports.store import Store

SERVER_FOLDER = "postgres"
DATABASE = "salesarck"


@dataclass(frozen=True, slots=True)
class OpenBooks:
    """A store, and the directory that says whose books are in it."""

    store: Store
    directory: Directory
    inbox: Inbox


def make_tables(url: str) -> None:
    """Make a database's tables, or bring them up to date."""
    migrate(url)


@asynccontextmanager
async def open_database(url: str) -> AsyncGenerator[OpenBooks]:
    """Open the books of a running database."""
    async with PostgresStore.open(url) as store:
        yield OpenBooks(store, store.directory, store.inbox)


@asynccontextmanager
async def open_folder(folder: Path) -> AsyncGenerator[OpenBooks]:
    """Start the server of a data folder that a demo kept, for as long as its books are open."""
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
