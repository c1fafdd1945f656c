"""What was applied before there were stand-ins is put behind the veil, and comes back as it was."""

import json

import psycopg
import pytest
from alembic import command
from psycopg import sql
from sqlalchemy import NullPool, create_engine

from salesarck_adapters.embedded.postgres import Postgres
from salesarck_adapters.store.postgres import PostgresStore
from salesarck_adapters.store.postgres.connections import DRIVER
from salesarck_adapters.store.postgres.migrate import config, migrate
from salesarck_domain.deed_codec import deed_as_data
from salesarck_domain.testing.examples import ADAS_EMAIL, ADAS_PHONE, BAKERY, CAFE, NOON
from salesarck_domain.testing.store.forgetting import DEEDS

TENANT = """
INSERT INTO tenant VALUES (%s, 'x', 'USD', 'US', 'UTC', '15 min', '90 days', '7 days', %s, 'active')
"""
APPLIED = (
    "INSERT INTO applied (tenant_id, deed, at, actor, correlation) VALUES (%s, %s, %s, '', '')"
)


@pytest.fixture
def old(postgres: Postgres) -> str:
    """A database without stand-ins, in which two tenants have applied the same."""
    with psycopg.connect(postgres.dsn(), autocommit=True) as connection:
        connection.execute(sql.SQL("DROP DATABASE IF EXISTS without_veil WITH (FORCE)"))
        connection.execute(sql.SQL("CREATE DATABASE without_veil"))
    dsn = postgres.dsn("without_veil")
    engine = create_engine(DRIVER, creator=lambda: psycopg.connect(dsn), poolclass=NullPool)
    with engine.begin() as alembic:
        command.upgrade(config(alembic), "0017")
    with psycopg.connect(dsn) as connection:
        for tenant in (CAFE.id, BAKERY.id):
            connection.execute(TENANT, [tenant, '{"catalogue": []}'])
            for deed in DEEDS:
                connection.execute(APPLIED, [tenant, json.dumps(deed_as_data(deed)), NOON])
    return dsn


async def test_the_veil_is_drawn_over_what_was_applied_before(old: str) -> None:
    migrate(old)
    with psycopg.connect(old) as connection:
        kept = str(connection.execute("SELECT deed::text FROM applied").fetchall())
        with pytest.raises(psycopg.errors.RestrictViolation):
            connection.execute("UPDATE applied SET actor = 'somebody'")
    for contact in (ADAS_PHONE.value, ADAS_EMAIL.value, "C1", "C2"):
        assert contact not in kept
    async with PostgresStore.open(old, pool_size=2) as store:
        for tenant in (CAFE.id, BAKERY.id):
            deeds = [each.deed async for each in store.books.applied(tenant)]
            assert deeds == list(DEEDS)
