"""Migrations: from whatever is there to the tables of this version. They only go forward."""

from pathlib import Path

import psycopg
from alembic import command
from alembic.config import Config
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, NullPool, create_engine
from sqlalchemy.exc import DBAPIError

from salesarck_adapters.store.postgres.connections import DRIVER, check_address, translated
from salesarck_adapters.store.postgres.schema import PLATFORM_ROLE, SERVICE_ROLE
from salesarck_domain.ports.directory import StoreUnavailable

MIGRATIONS = Path(__file__).parent / "migrations"
VERSION_MIN = 15
TURN = 7_253_772_512
"""The number of the advisory lock that lets one migration run at a time."""

LOCK_SECONDS = 5
AS_OWNER = (
    "connect as the tables' owner, and let an administrator run: "
    f"GRANT {SERVICE_ROLE}, {PLATFORM_ROLE} TO it"
)


def migrate(dsn: str) -> str:
    """Bring a database up to date, as its owner; say its version. Twice is once.

    Everything happens in one transaction. It waits for another migration, but not long for
    anybody else: a change of tables that waits keeps all others waiting behind it.

    Raises:
        StoreUnavailable: the database isn't there, is too old or too busy now, or lets us not.
    """
    check_address(dsn)
    engine = create_engine(DRIVER, creator=lambda: psycopg.connect(dsn), poolclass=NullPool)
    with translated(), engine.begin() as connection:
        _check_version(connection)
        connection.exec_driver_sql(f"SELECT pg_advisory_xact_lock({TURN})")
        connection.exec_driver_sql(f"SET LOCAL lock_timeout = '{LOCK_SECONDS}s'")
        try:
            command.upgrade(config(connection), "head")
        except DBAPIError as error:
            if isinstance(error.orig, psycopg.errors.InsufficientPrivilege):
                raise StoreUnavailable(_what_it_may_not(error.orig)) from error
            raise
    return newest()


def newest() -> str:
    """Name the version that this program needs."""
    return str(ScriptDirectory.from_config(config()).get_current_head())


def config(connection: Connection | None = None) -> Config:
    """Say where the migrations are, and over which connection they go."""
    found = Config(attributes={"connection": connection})
    found.set_main_option("script_location", str(MIGRATIONS).replace("%", "%%"))
    return found


def _what_it_may_not(error: psycopg.Error) -> str:
    """Say what is missing, and who helps: our own migrations name it in their hint."""
    said, hint = error.diag.message_primary, error.diag.message_hint
    return f"{said}; {hint or AS_OWNER}"


def _check_version(connection: Connection) -> None:
    major = int(connection.exec_driver_sql("SHOW server_version_num").scalar_one()) // 10_000
    if major < VERSION_MIN:
        raise StoreUnavailable(f"it is Postgres {major}; use {VERSION_MIN} or newer")
