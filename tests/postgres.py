"""A fresh database for every test that asks, all on one server per test process."""

import os
from collections.abc import Callable, Generator
from contextlib import AbstractAsyncContextManager, AbstractContextManager, contextmanager
from dataclasses import dataclass, replace
from itertools import count
from pathlib import Path
from tempfile import TemporaryDirectory

import psycopg
import pytest
from psycopg import sql

from salesarck_adapters.embedded.postgres import NOT_DURABLE, Postgres
from salesarck_adapters.store.postgres import PostgresStore, migrate
from tests.pooler import Pooler

PROGRAMS = os.environ.get("SALESARCK_TEST_POSTGRES")
"""A folder with another Postgres's programs, to hold everything to an older version."""

POOLER = os.environ.get("SALESARCK_TEST_PGBOUNCER")
"""The program pgbouncer, to hold stores to everything through it."""

SETTINGS = {**NOT_DURABLE, "max_connections": "200", "autovacuum": "off"}


@dataclass(frozen=True, slots=True)
class Database:
    """A database of its own. It may be left in any state, with connections open."""

    server: Postgres
    name: str
    pooler: Pooler | None = None

    def dsn(self, user: str = "salesarck") -> str:
        """Build its address: the superuser's, or that of a role with the server's password."""
        return self.server.dsn(self.name, user)

    @property
    def address(self) -> str:
        """The program's own way in: through the pooler, where there is one."""
        return self.pooler.dsn(self.name) if self.pooler else self.dsn()

    @property
    def prepare_threshold(self) -> int | None:
        """What an old pooler needs, or what is usual."""
        return None if self.pooler else 5

    def open(self, pool_size: int = 10) -> AbstractAsyncContextManager[PostgresStore]:
        """Open a store over it, as the program does."""
        return PostgresStore.open(
            self.address, pool_size=pool_size, prepare_threshold=self.prepare_threshold
        )


OpenDatabase = Callable[[], AbstractContextManager[Database]]


def ask(server: Postgres, statement: sql.SQL | sql.Composed) -> None:
    with psycopg.connect(server.dsn(), autocommit=True) as connection:
        connection.execute(statement)


@pytest.fixture(scope="session")
def postgres() -> Generator[Postgres]:
    """A running server: fast, not durable, with room for 200 connections."""
    programs = Path(PROGRAMS) if PROGRAMS else None
    with (
        TemporaryDirectory(prefix="salesarck-test-") as folder,
        Postgres(Path(folder), settings=SETTINGS, programs=programs) as server,
    ):
        yield server


@pytest.fixture(scope="session")
def pooler(postgres: Postgres) -> Generator[Pooler | None]:
    """A pgbouncer before the server, if one is asked for."""
    if POOLER is None:
        yield None
        return
    with Pooler(Path(POOLER), postgres) as running:
        yield running


@pytest.fixture(scope="session")
def migrated(postgres: Postgres, pooler: Pooler | None) -> Database:
    """A database with our tables and nothing in them: the one that all others are copies of."""
    database = Database(postgres, "migrated", pooler)
    ask(postgres, sql.SQL("CREATE DATABASE migrated"))
    migrate(database.dsn())
    return database


@pytest.fixture(scope="session")
def open_database(migrated: Database) -> OpenDatabase:
    """Makes databases, for tests that need several: one per example of a property, say."""
    numbers = count(1)

    @contextmanager
    def open_one() -> Generator[Database]:
        database = replace(migrated, name=f"test_{next(numbers)}")
        name = sql.Identifier(database.name)
        copy = "CREATE DATABASE {} TEMPLATE migrated STRATEGY FILE_COPY"
        ask(database.server, sql.SQL(copy).format(name))
        try:
            yield database
        finally:
            ask(database.server, sql.SQL("DROP DATABASE {} WITH (FORCE)").format(name))

    return open_one


@pytest.fixture
def database(open_database: OpenDatabase) -> Generator[Database]:
    """A migrated database for this test alone."""
    with open_database() as fresh:
        yield fresh
