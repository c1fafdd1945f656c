"""What was there before a migration is still there after it, in its new shape."""

from typing import Any

import psycopg
import pytest
from alembic import command
from psycopg import sql
from sqlalchemy import NullPool, create_engine

from salesarck_adapters.embedded.postgres import Postgres
from salesarck_adapters.store.postgres.connections import DRIVER
from salesarck_adapters.store.postgres.migrate import config, migrate
from salesarck_domain.testing.examples import ADA, BAKERY, CAFE, GRACE

TENANT = """
INSERT INTO tenant VALUES (%s, 'x', 'USD', 'US', 'UTC', '15 min', '90 days', '7 days', '{}', %s)
"""


@pytest.fixture
def old(postgres: Postgres) -> str:
    """A database as version 4 made it."""
    with psycopg.connect(postgres.dsn(), autocommit=True) as connection:
        connection.execute(sql.SQL("DROP DATABASE IF EXISTS old WITH (FORCE)"))
        connection.execute(sql.SQL("CREATE DATABASE old"))
    dsn = postgres.dsn("old")
    engine = create_engine(DRIVER, creator=lambda: psycopg.connect(dsn), poolclass=NullPool)
    with engine.begin() as connection:
        command.upgrade(config(connection), "0004")
    return dsn


def test_tenants_and_teams_keep_their_standing(old: str) -> None:
    with psycopg.connect(old) as connection:
        for tenant, suspended in ((CAFE.id, False), (BAKERY.id, True)):
            connection.execute(TENANT, [tenant, suspended])
        for person, role, where in (
            (ADA, "cashier", CAFE.id),
            (ADA, "owner", CAFE.id),
            (ADA, "manager", CAFE.id),
            (ADA, "cashier", BAKERY.id),
            (ADA, "admin", None),
            (GRACE, "admin", CAFE.id),
        ):
            connection.execute("INSERT INTO member VALUES (%s, %s, %s)", [person, role, where])
        connection.execute("INSERT INTO wallet VALUES (%s, %s)", [CAFE.id, ADA])
    migrate(old)
    with psycopg.connect(old) as connection:
        assert _all(connection, "SELECT id, state FROM tenant") == {
            (CAFE.id, "active"),
            (BAKERY.id, "suspended"),
        }
        assert _all(connection, "SELECT person_id, role, tenant_id FROM member") == {
            (ADA, "owner", CAFE.id),
            (ADA, "cashier", BAKERY.id),
            (ADA, "admin", None),
        }
        assert _all(connection, "SELECT frozen FROM wallet") == {(False,)}


def _all(connection: psycopg.Connection[Any], question: Any) -> set[Any]:  # noqa: ANN401 - rows
    return set(connection.execute(question).fetchall())
