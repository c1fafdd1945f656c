"""Two tenants with a row in every table, where nothing but row security refuses anything."""

from collections.abc import AsyncGenerator, Generator, Mapping
from contextlib import asynccontextmanager, contextmanager
from datetime import datetime, timedelta
from uuid import UUID

import psycopg
from sqlalchemy import Connection, NullPool, Table, create_engine, insert
from sqlalchemy.ext.asyncio import AsyncEngine

from salesarck_adapters.store.postgres.connections import open_engine
from salesarck_adapters.store.postgres.schema import METADATA
from salesarck_adapters.store.postgres.schema.walls import OWNER_COLUMN
from salesarck_domain.ids import TenantId
from salesarck_domain.testing.examples import NOON
from tests.postgres import Database

OURS, THEIRS = TenantId(UUID(int=1)), TenantId(UUID(int=2))

OWNERS: Mapping[str, str] = {
    table.name: OWNER_COLUMN.get(table.name, "tenant_id")
    for table in METADATA.sorted_tables
    if table.name in OWNER_COLUMN or "tenant_id" in table.columns
}
"""Every table of tenants, with the column that says whose a row is."""

NO_OTHER_WALL = """
SET LOCAL client_min_messages = 'warning';
GRANT ALL ON ALL TABLES IN SCHEMA public TO salesarck_service, salesarck_platform;
DO $$
DECLARE
    found record;
BEGIN
    FOR found IN
        SELECT CAST(conrelid AS regclass) AS name, conname FROM pg_constraint
        WHERE connamespace = CAST('public' AS regnamespace) AND contype IN ('c', 'f')
    LOOP
        EXECUTE format('ALTER TABLE %s DROP CONSTRAINT %I', found.name, found.conname);
        EXECUTE format('ALTER TABLE %s DISABLE TRIGGER USER', found.name);
    END LOOP;
    FOR found IN
        SELECT DISTINCT CAST(tgrelid AS regclass) AS name FROM pg_trigger WHERE NOT tgisinternal
    LOOP
        EXECUTE format('ALTER TABLE %s DISABLE TRIGGER USER', found.name);
    END LOOP;
END $$;
"""


def row_of(table: Table, tenant: UUID) -> dict[str, object]:
    """Make up a row that is this tenant's and like no other tenant's."""
    made: dict[type, object] = {
        UUID: tenant,
        str: str(tenant),
        int: tenant.int,
        bytes: tenant.bytes,
        bool: False,
        object: {},
        list: [],
        datetime: NOON,
        timedelta: timedelta(0),
    }
    return {
        column.name: made[column.type.python_type]
        for column in table.columns
        if column.identity is None
    }


@contextmanager
def as_superuser(database: Database) -> Generator[Connection]:
    """Open a transaction to which no wall applies."""
    engine = create_engine(
        "postgresql+psycopg://",
        creator=lambda: psycopg.connect(database.dsn()),
        poolclass=NullPool,
    )
    with engine.begin() as connection:
        yield connection


def fill(database: Database) -> None:
    """Take every other wall down, and give both tenants a row in every table of tenants."""
    with as_superuser(database) as connection:
        connection.execution_options(no_parameters=True).exec_driver_sql(NO_OTHER_WALL)
        for name in OWNERS:
            table = METADATA.tables[name]
            connection.execute(insert(table), [row_of(table, it) for it in (OURS, THEIRS)])


@asynccontextmanager
async def engine_of(database: Database, pool_size: int = 1) -> AsyncGenerator[AsyncEngine]:
    """Open a pool as the store does."""
    engine = open_engine(
        database.address,
        pool_size=pool_size,
        pool_timeout=10,
        prepare_threshold=database.prepare_threshold,
    )
    yield engine
    await engine.dispose()
