"""Migrations: from whatever is there to the tables of this version. They only go forward."""

from pathlib import Path

import psycopg
from alembic import command
from alembic.config import Config
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, NullPool, create_engine

from salesarck_adapters.store.postgres.connections import DRIVER, check_address, translated
from salesarck_domain.ports.directory import StoreUnavailable

MIGRATIONS = Path(__file__).parent / "migrations"
VERSION_MIN = 15
TURN = 7_253_772_512
"""The number of the advisory lock that lets one migration run at a time."""

LOCK_SECONDS = 5


def migrate(dsn: str) -> str:
    """Bring a database up to date, as its owner; say its version. Twice is once.

    Everything happens in one transaction. It waits for another migration, but not long for
    anybody else: a change of tables that waits keeps all others waiting behind it.

    Raises:
        StoreUnavailable: the database isn't there, is too old, or is too busy now.
    """
    check_address(dsn)
    engine = create_engine(DRIVER, creator=lambda: psycopg.connect(dsn), poolclass=NullPool)
    with translated(), engine.begin() as connection:
        _check_version(connection)
        connection.exec_driver_sql(f"SELECT pg_advisory_xact_lock({TURN})")
        connection.exec_driver_sql(f"SET LOCAL lock_timeout = '{LOCK_SECONDS}s'")
        command.upgrade(config(connection), "head")
    return newest()


def newest() -> str:
    """Name the version that this program needs."""
    return str(ScriptDirectory.from_config(config()).get_current_head())


def config(connection: Connection | None = None) -> Config:
    """Say where the migrations are, and over which connection they go."""
    found = Config(attributes={"connection": connection})
    found.set_main_option("script_location", str(MIGRATIONS).replace("%", "%%"))
    return found


def _check_version(connection: Connection) -> None:
    major = int(connection.exec_driver_sql("SHOW server_version_num").scalar_one()) // 10_000
    if major < VERSION_MIN:
        raise StoreUnavailable(f"it is Postgres {major}; use {VERSION_MIN} or newer")
