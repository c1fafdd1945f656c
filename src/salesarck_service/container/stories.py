"""Empty stores for stories: as many as there are stories, and nothing left of them after."""

from collections.abc import AsyncGenerator, Callable, Generator
from contextlib import AbstractAsyncContextManager, asynccontextmanager, contextmanager
from itertools import count
from pathlib import Path
from tempfile import TemporaryDirectory

import psycopg
from psycopg import sql

from salesarck_adapters.embedded.postgres import NOT_DURABLE, Postgres
from salesarck_adapters.store.memory import MemoryStore
from salesarck_adapters.store.postgres import PostgresStore, migrate
from salesarck_service.container.books import OpenBooks

OpenEmpty = Callable[[], AbstractAsyncContextManager[OpenBooks]]
"""Opens a store that nobody else has."""

TEMPLATE = "stories"


@asynccontextmanager
async def in_memory() -> AsyncGenerator[OpenBooks]:
    """Open a store that forgets."""
    store = MemoryStore()
    yield OpenBooks(store, store.directory, store.inbox)


@contextmanager
def on_postgres() -> Generator[OpenEmpty]:
    """Start a server of our own, whatever database the settings name; each store is a database."""
    with (
        TemporaryDirectory(prefix="salesarck-stories-") as folder,
        Postgres(Path(folder), settings=NOT_DURABLE) as server,
    ):
        _create(server, TEMPLATE, "template0")
        migrate(server.dsn(TEMPLATE))
        numbers = count(1)

        @asynccontextmanager
        async def open_empty() -> AsyncGenerator[OpenBooks]:
            name = f"story_{next(numbers)}"
            _create(server, name, TEMPLATE)
            async with PostgresStore.open(server.dsn(name), pool_size=2) as store:
                yield OpenBooks(store, store.directory, store.inbox)

        yield open_empty


def _create(server: Postgres, name: str, template: str) -> None:
    create = sql.SQL("CREATE DATABASE {} TEMPLATE {} STRATEGY FILE_COPY")
    with psycopg.connect(server.dsn(), autocommit=True) as connection:
        connection.execute(create.format(sql.Identifier(name), sql.Identifier(template)))
