"""What the database itself refuses, whoever asks it, and what the service's role may not do."""

import asyncio
from collections.abc import Generator
from typing import Any
from uuid import UUID

import psycopg
import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from psycopg import errors, sql
from sqlalchemy import NullPool, create_engine

from salesarck_adapters.store.postgres.migrate import migrate
from salesarck_adapters.store.postgres.schema import METADATA, SERVICE_ROLE
from salesarck_domain.testing.examples import ADA, CAFE, DAY, NOON
from tests.postgres import Database

Connection = psycopg.Connection[tuple[Any, ...]]

WRITTEN_ONCE = (
    "applied",
    "audit",
    "ledger_entry",
    "lot_movement",
    "platform_audit",
    "retirement",
    "rule_version",
)
FIRST: dict[str, object] = {
    "tenant_id": CAFE.id,
    "consumer_id": ADA,
    "seq": 1,
    "kind": "grant",
    "points": 10,
    "owed_change": 0,
    "balance_after": 10,
    "owed_after": 0,
    "reference": "act:1",
    "actor": "admin",
    "happened_at": NOON,
    "recorded_at": NOON,
    "previous_hash": "",
    "hash": "h1",
    "correlation": "",
}
SECOND = {
    **FIRST,
    "seq": 2,
    "reference": "act:2",
    "balance_after": 20,
    "previous_hash": "h1",
    "hash": "h2",
}


@pytest.fixture
def connection(database: Database) -> Generator[Connection]:
    asyncio.run(open_cafe(database))
    with psycopg.connect(database.dsn(), autocommit=True) as connection:
        insert(connection, "wallet", {"tenant_id": CAFE.id, "consumer_id": ADA})
        yield connection


async def open_cafe(database: Database) -> None:
    async with database.open(pool_size=1) as store:
        await store.directory.add_tenant(CAFE)


def insert(connection: Connection, table: str, *rows: dict[str, object]) -> None:
    names = list(rows[0])
    values = sql.SQL(", ").join(
        sql.SQL("({})").format(sql.SQL(", ").join(map(sql.Literal, row.values()))) for row in rows
    )
    connection.execute(
        sql.SQL("INSERT INTO {} ({}) VALUES {}").format(
            sql.Identifier(table), sql.SQL(", ").join(map(sql.Identifier, names)), values
        )
    )


def test_entries_that_follow_one_another_are_taken(connection: Connection) -> None:
    insert(connection, "ledger_entry", FIRST, SECOND)
    counted = connection.execute("SELECT count(*) FROM ledger_entry").fetchone()
    assert counted == (2,)


@pytest.mark.parametrize(
    "wrong",
    [
        {"seq": 3},
        {"balance_after": 21},
        {"owed_after": 1},
        {"previous_hash": "h0"},
        {"previous_hash": ""},
        {"kind": "gift"},
        {"points": -1},
        {"balance_after": -1, "kind": "redeem", "points": 11},
        {"kind": "redeem", "points": 10, "balance_after": 20},
        {"seq": 0},
    ],
    ids=str,
)
def test_an_entry_that_does_not_follow_is_refused(
    connection: Connection, wrong: dict[str, object]
) -> None:
    insert(connection, "ledger_entry", FIRST)
    with pytest.raises(errors.CheckViolation):
        insert(connection, "ledger_entry", {**SECOND, **wrong})


def test_of_several_entries_in_one_statement_none_may_be_wrong(connection: Connection) -> None:
    with pytest.raises(errors.CheckViolation):
        insert(connection, "ledger_entry", FIRST, {**SECOND, "balance_after": 19})


@pytest.mark.parametrize("wrong", [{"reference": "act:1"}, {"seq": 1}], ids=str)
def test_nothing_stands_twice(connection: Connection, wrong: dict[str, object]) -> None:
    insert(connection, "ledger_entry", FIRST)
    with pytest.raises((errors.UniqueViolation, errors.CheckViolation)):
        insert(connection, "ledger_entry", {**SECOND, **wrong})


def test_a_first_entry_follows_nothing(connection: Connection) -> None:
    with pytest.raises(errors.CheckViolation):
        insert(connection, "ledger_entry", {**FIRST, "previous_hash": "h0"})


def test_an_entry_belongs_to_a_wallet(connection: Connection) -> None:
    with pytest.raises(errors.ForeignKeyViolation):
        insert(connection, "ledger_entry", {**FIRST, "consumer_id": UUID(int=7)})


@pytest.mark.parametrize("table", WRITTEN_ONCE)
@pytest.mark.parametrize("statement", ["DELETE FROM {}", "TRUNCATE {} CASCADE"])
def test_what_is_written_once_stays(connection: Connection, table: str, statement: str) -> None:
    with pytest.raises(errors.RestrictViolation):
        connection.execute(sql.SQL(statement).format(sql.Identifier(table)))


def test_an_entry_is_not_changed(connection: Connection) -> None:
    with pytest.raises(errors.RestrictViolation):
        connection.execute("UPDATE ledger_entry SET points = 1")


NOTE: dict[str, object] = {
    "tenant_id": CAFE.id,
    "id": UUID(int=1),
    "actor": "admin",
    "action": "adjust_wallet",
    "target": "consumer:1",
    "reason": "she called",
    "at": NOON,
    "before": "{}",
    "after": '{"balance": 1}',
    "correlation": "",
}


@pytest.mark.parametrize("table", ["audit", "platform_audit"])
def test_of_an_audit_row_the_reason_can_go_and_nothing_else(
    connection: Connection, table: str
) -> None:
    row = NOTE if table == "audit" else {**NOTE, "on_behalf_of": ""}
    names = [name for name in row if table == "audit" or name != "tenant_id"]
    insert(connection, table, {name: row[name] for name in names})
    name = sql.Identifier(table)
    for change in ("reason = 'another'", "actor = ''", "reason = '', after = '{}'"):
        with pytest.raises(errors.RestrictViolation):
            connection.execute(sql.SQL("UPDATE {} SET {}").format(name, sql.SQL(change)))
    connection.execute(sql.SQL("UPDATE {} SET reason = ''").format(name))
    asked = sql.SQL("SELECT reason, after ->> 'balance' FROM {}").format(name)
    assert connection.execute(asked).fetchall() == [("", "1")]


@pytest.mark.parametrize("table", WRITTEN_ONCE)
@pytest.mark.parametrize("right", ["UPDATE", "DELETE", "TRUNCATE"])
def test_the_service_has_no_right_to_change_it(
    connection: Connection, table: str, right: str
) -> None:
    has = connection.execute("SELECT has_table_privilege(%s, %s, %s)", [SERVICE_ROLE, table, right])
    assert has.fetchone() == (False,)


def test_the_service_owns_nothing(connection: Connection) -> None:
    mine = "SELECT tablename FROM pg_tables WHERE tableowner = %s AND schemaname = 'public'"
    assert connection.execute(mine, [SERVICE_ROLE]).fetchall() == []
    connection.execute(sql.SQL("SET ROLE {}").format(sql.Identifier(SERVICE_ROLE)))
    for statement in ("UPDATE ledger_entry SET points = 1", "DELETE FROM audit"):
        with pytest.raises(errors.InsufficientPrivilege):
            connection.execute(sql.SQL(statement))
    with pytest.raises(errors.InsufficientPrivilege):
        connection.execute("ALTER TABLE ledger_entry DISABLE TRIGGER ALL")


def test_every_key_of_a_tenants_table_begins_with_the_tenant(connection: Connection) -> None:
    found = connection.execute(
        """
        SELECT table_.relname, constraint_.conname FROM pg_constraint AS constraint_
        JOIN pg_class AS table_ ON table_.oid = constraint_.conrelid
        JOIN pg_attribute AS tenant ON tenant.attrelid = table_.oid
            AND tenant.attname = 'tenant_id' AND tenant.attnotnull
        WHERE constraint_.contype IN ('p', 'u', 'f')
            AND table_.relname NOT IN ('invitation', 'link', 'member', 'waiting')
            AND constraint_.conkey[1] <> tenant.attnum
        """
    )
    assert found.fetchall() == []


ASKED: dict[str, object] = {
    "tenant_id": CAFE.id,
    "id": UUID(int=1),
    "consumer_id": ADA,
    "kind": "grant",
    "points": 5,
    "reason": "a spilt coffee",
    "state": "pending",
    "requested_by": "person:1",
    "requested_at": NOON,
    "expires_at": NOON + 36_500 * DAY,
}
DECIDED = {**ASKED, "state": "approved", "decided_by": "person:2", "decided_at": NOON}


@pytest.mark.parametrize(
    "wrong",
    [
        {"decided_by": "person:1"},
        {"decided_by": f"person:{ADA}"},
        {"requested_by": f"person:{ADA}"},
        {"decided_by": None},
        {"decided_at": None},
        {"expires_at": None},
        {"expires_at": NOON},
        {"state": "made"},
        {"state": "pending"},
        {"points": 0},
        {"kind": "bonus"},
        {"state": "expired"},
    ],
    ids=str,
)
def test_an_adjustment_takes_two_admins_whatever_a_program_says(
    connection: Connection, wrong: dict[str, object]
) -> None:
    with pytest.raises(errors.CheckViolation):
        insert(connection, "adjustment", {**DECIDED, **wrong})
    insert(connection, "adjustment", DECIDED)


@pytest.mark.parametrize("row", [ASKED, DECIDED], ids=["asked", "decided"])
def test_of_an_adjustment_the_reason_can_go_and_no_other_comes(
    connection: Connection, row: dict[str, object]
) -> None:
    insert(connection, "adjustment", row)
    with pytest.raises(errors.RestrictViolation):
        connection.execute("UPDATE adjustment SET reason = 'another'")
    connection.execute("UPDATE adjustment SET reason = ''")
    left = connection.execute("SELECT reason, points, state FROM adjustment").fetchall()
    assert left == [("", row["points"], row["state"])]
    if row is DECIDED:
        with pytest.raises(errors.RestrictViolation):
            connection.execute("UPDATE adjustment SET points = 9")


def test_an_adjustment_is_decided_once(connection: Connection) -> None:
    insert(connection, "adjustment", ASKED)
    decide = "UPDATE adjustment SET state = %s, decided_by = %s, decided_at = now()"
    with pytest.raises(errors.CheckViolation):
        connection.execute(decide, ["approved", "person:1"])
    connection.execute(decide, ["approved", "person:2"])
    with pytest.raises(errors.RestrictViolation):
        connection.execute(decide, ["rejected", "person:3"])
    connection.execute(sql.SQL("SET ROLE {}").format(sql.Identifier(SERVICE_ROLE)))
    for statement in ("UPDATE adjustment SET points = 9", "DELETE FROM adjustment"):
        with pytest.raises(errors.InsufficientPrivilege):
            connection.execute(sql.SQL(statement))


@pytest.mark.parametrize(
    ("role", "tenant"), [("admin", CAFE.id), ("owner", None), ("consumer", CAFE.id)]
)
def test_a_member_has_a_role_that_fits_the_place(
    connection: Connection, role: str, tenant: UUID | None
) -> None:
    with pytest.raises(errors.CheckViolation):
        insert(connection, "member", {"person_id": ADA, "role": role, "tenant_id": tenant})


def test_a_member_has_one_role_a_tenant(connection: Connection) -> None:
    row: dict[str, object] = {"person_id": ADA, "role": "owner", "tenant_id": CAFE.id}
    insert(connection, "member", row)
    with pytest.raises(errors.UniqueViolation):
        insert(connection, "member", {**row, "role": "cashier"})


def test_migrations_make_the_tables_that_the_program_names(database: Database) -> None:
    dsn = database.dsn()
    engine = create_engine(
        "postgresql+psycopg://", creator=lambda: psycopg.connect(dsn), poolclass=NullPool
    )
    with engine.connect() as connection:
        context = MigrationContext.configure(
            connection, opts={"compare_type": True, "compare_server_default": True}
        )
        assert compare_metadata(context, METADATA) == []


def test_migrating_twice_is_migrating_once(database: Database) -> None:
    assert migrate(database.dsn()) == migrate(database.dsn())
