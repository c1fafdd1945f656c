"""A fresh database for every test that asks, all on one server per test process."""

import os
from collections.abc import Callable, Generator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from tempfile import TemporaryDirectory

import psycopg
import pytest
from psycopg import sql

from salesarck_adapters.embedded.postgres import NOT_DURABLE, Postgres
from salesarck_adapters.store.postgres.migrate import migrate

PROGRAMS = os.environ.get("SALESARCK_TEST_POSTGRES")
"""A folder with another Postgres's programs, to hold everything to an older version."""

SETTINGS = {**NOT_DURABLE, "max_connections": "200", "autovacuum": "off"}


@dataclass(frozen=True, slots=True)
class Database:
    """A database of its own. It may be left in any state, with connections open."""

    server: Postgres
    name: str

    def dsn(self, user: str = "salesarck") -> str:
        """Build its address: the superuser's, or that of a role with the server's password."""
        return self.server.dsn(self.name, user)


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
def migrated(postgres: Postgres) -> Database:
    """A database with our tables and nothing in them: the one that all others are copies of."""
    database = Database(postgres, "migrated")
    ask(postgres, sql.SQL("CREATE DATABASE migrated"))
    migrate(database.dsn())
    return database


@pytest.fixture(scope="session")
def open_database(migrated: Database) -> OpenDatabase:
    """Makes databases, for tests that need several: one per example of a property, say."""
    numbers = count(1)

    @contextmanager
    def open_one() -> Generator[Database]:
        database = Database(migrated.server, f"test_{next(numbers)}")
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
