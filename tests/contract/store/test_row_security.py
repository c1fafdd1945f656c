"""The second wall: in every table of tenants, for every right that a transaction could have."""

import asyncio
from collections.abc import AsyncGenerator, Generator, Sequence
from contextlib import asynccontextmanager
from typing import Any

import psycopg
import pytest
from psycopg import sql
from sqlalchemy import Column, Table, delete, func, insert, select, text, update
from sqlalchemy.exc import ProgrammingError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from salesarck_adapters.store.postgres.connections import enter, snapshot, transaction
from salesarck_adapters.store.postgres.schema import METADATA, PLATFORM_ROLE, SERVICE_ROLE
from salesarck_adapters.store.postgres.schema.walls import BEFORE_A_TENANT, KEYS
from salesarck_domain.ids import TenantId
from salesarck_domain.ports.directory import StoreUnavailable
from tests.contract.store.two_tenants import (
    OURS,
    OWNERS,
    THEIRS,
    as_superuser,
    engine_of,
    fill,
    row_of,
)
from tests.postgres import Database, OpenDatabase

Connection = psycopg.Connection[tuple[Any, ...]]

THEIR_OWN = "({} = (NULLIF(current_setting('salesarck.tenant'::text, true), ''::text))::uuid)"
WHERE_WE_ARE = text("SELECT current_user, current_setting('salesarck.tenant', true)")

every_table = pytest.mark.parametrize("name", sorted(OWNERS))


@pytest.fixture(scope="module")
def two_tenants(open_database: OpenDatabase) -> Generator[Database]:
    """Two tenants with a row each, which no test here can change."""
    with open_database() as database:
        fill(database)
        yield database


@pytest.fixture
async def engine(two_tenants: Database) -> AsyncGenerator[AsyncEngine]:
    async with engine_of(two_tenants) as engine:
        yield engine


@pytest.fixture
def catalog(database: Database) -> Generator[Connection]:
    with psycopg.connect(database.dsn(), autocommit=True) as connection:
        yield connection


def owner_of(name: str) -> tuple[Table, Column[Any]]:
    table = METADATA.tables[name]
    return table, table.c[OWNERS[name]]


@asynccontextmanager
async def refusal(connection: AsyncConnection) -> AsyncGenerator[None]:
    with pytest.raises(ProgrammingError, match="row-level security"):
        async with connection.begin_nested():
            yield


def policies(catalog: Connection, name: str) -> Sequence[tuple[Any, ...]]:
    return catalog.execute(
        "SELECT policyname, permissive, roles::text, cmd, qual, with_check FROM pg_policies"
        " WHERE schemaname = 'public' AND tablename = %s ORDER BY policyname DESC",
        [name],
    ).fetchall()


class TestWhatTheDatabaseHolds:
    """A migration that makes a table of tenants raises the wall; see CONTRIBUTING."""

    def test_the_program_names_every_table_of_tenants(self, catalog: Connection) -> None:
        found = catalog.execute(
            "SELECT DISTINCT table_name FROM information_schema.columns"
            " WHERE table_schema = 'public' AND column_name = 'tenant_id'"
        )
        assert {name for (name,) in found} | {"tenant"} == set(OWNERS)

    @every_table
    def test_row_security_is_on_for_the_owner_too(self, catalog: Connection, name: str) -> None:
        found = catalog.execute(
            "SELECT relrowsecurity, relforcerowsecurity FROM pg_class WHERE oid = %s::regclass",
            [f"public.{name}"],
        )
        assert found.fetchone() == (True, True)

    @every_table
    def test_nothing_but_the_tenants_own_rows_is_let_through(
        self, catalog: Connection, name: str
    ) -> None:
        own = THEIR_OWN.format(OWNERS[name])
        expected = [("tenant", "PERMISSIVE", "{public}", "ALL", own, own)]
        platform = f"{{{PLATFORM_ROLE}}}"
        if name in BEFORE_A_TENANT:
            expected.append(("platform", "PERMISSIVE", platform, "ALL", "true", "true"))
        if name in KEYS:
            expected.append(("platform", "PERMISSIVE", platform, "SELECT", "true", None))
        assert policies(catalog, name) == expected

    @every_table
    def test_the_platform_reads_keys_and_no_more(self, catalog: Connection, name: str) -> None:
        table = METADATA.tables[name]
        every = frozenset(table.columns.keys())
        seen = every if name in BEFORE_A_TENANT else KEYS.get(name, frozenset())
        asked = "SELECT has_column_privilege(%s, %s, %s, 'SELECT')"
        found = {
            it for it in every if catalog.execute(asked, [PLATFORM_ROLE, name, it]).fetchone()[0]
        }
        assert found == seen
        changing = "SELECT has_any_column_privilege(%s, %s, 'INSERT, UPDATE') OR"
        changing += " has_table_privilege(%s, %s, 'DELETE, TRUNCATE')"
        may_change = catalog.execute(changing, [PLATFORM_ROLE, name] * 2).fetchone()
        assert may_change == (name in BEFORE_A_TENANT,)

    def test_views_show_what_whoever_asks_may_see(self, catalog: Connection) -> None:
        found = catalog.execute(
            "SELECT relname FROM pg_class WHERE relnamespace = 'public'::regnamespace"
            " AND relkind IN ('v', 'm')"
            " AND NOT coalesce('security_invoker=true' = ANY(reloptions), false)"
        )
        assert found.fetchall() == []

    def test_nothing_runs_with_its_makers_rights(self, catalog: Connection) -> None:
        found = catalog.execute(
            "SELECT proname FROM pg_proc WHERE pronamespace = 'public'::regnamespace AND prosecdef"
        )
        assert found.fetchall() == []

    def test_no_role_of_the_program_owns_or_bypasses_anything(self, catalog: Connection) -> None:
        roles = [SERVICE_ROLE, PLATFORM_ROLE]
        strong = "SELECT rolname FROM pg_roles WHERE rolname = ANY(%s) AND (rolsuper OR"
        strong += " rolbypassrls OR rolcreaterole OR rolcreatedb OR rolreplication OR rolcanlogin)"
        assert catalog.execute(strong, [roles]).fetchall() == []
        member = "SELECT roleid::regrole FROM pg_auth_members WHERE member::regrole::text = ANY(%s)"
        assert catalog.execute(member, [roles]).fetchall() == []
        owned = "SELECT relname FROM pg_class WHERE relowner::regrole::text = ANY(%s)"
        assert catalog.execute(owned, [roles]).fetchall() == []

    @pytest.mark.parametrize("column", ["body", "headers", "answers", "merchant", "key"])
    def test_a_tenants_work_cannot_read_deliveries(self, catalog: Connection, column: str) -> None:
        asked = "SELECT has_column_privilege(%s, 'inbox', %s, 'SELECT')"
        assert catalog.execute(asked, [SERVICE_ROLE, column]).fetchone() == (False,)


class TestRows:
    """Every other wall is down here: the roles may do anything, and no constraint is left."""

    @every_table
    async def test_a_tenant_sees_its_own_rows(self, engine: AsyncEngine, name: str) -> None:
        table, owner = owner_of(name)
        async with transaction(engine, OURS) as connection:
            found = (await connection.execute(select(table))).mappings().all()
        assert [row[owner.name] for row in found] == [OURS]

    @every_table
    async def test_who_asks_for_anothers_rows_finds_none(
        self, engine: AsyncEngine, name: str
    ) -> None:
        table, owner = owner_of(name)
        async with transaction(engine, OURS) as connection:
            asked = select(func.count()).select_from(table).where(owner == THEIRS)
            assert await connection.scalar(asked) == 0

    @every_table
    async def test_without_a_tenant_there_are_no_rows(
        self, two_tenants: Database, name: str
    ) -> None:
        """The role of a tenant's works, in a transaction that is nobody's."""
        counting = sql.SQL("SELECT count(*) FROM {}").format(sql.Identifier(name))
        with psycopg.connect(two_tenants.dsn()) as connection:
            connection.execute(sql.SQL("SET ROLE {}").format(sql.Identifier(SERVICE_ROLE)))
            assert connection.execute(counting).fetchone() == (0,)
            connection.execute("SET LOCAL salesarck.tenant = ''")
            assert connection.execute(counting).fetchone() == (0,)

    @every_table
    async def test_nobody_writes_for_another(self, engine: AsyncEngine, name: str) -> None:
        table, owner = owner_of(name)
        async with transaction(engine, OURS) as connection:
            async with refusal(connection):
                await connection.execute(insert(table).values(row_of(table, THEIRS)))
            async with refusal(connection):
                await connection.execute(update(table).values({owner.name: THEIRS}))

    @every_table
    async def test_nobody_changes_or_removes_anothers(
        self, engine: AsyncEngine, two_tenants: Database, name: str
    ) -> None:
        table, owner = owner_of(name)
        async with transaction(engine, OURS) as connection:
            same = {owner.name: owner}
            changing = update(table).where(owner == THEIRS).values(same).returning(owner)
            removing = delete(table).where(owner == THEIRS).returning(owner)
            for statement in (changing, removing):
                assert (await connection.execute(statement)).all() == []
            nested = await connection.begin_nested()
            assert (await connection.scalars(delete(table).returning(owner))).all() == [OURS]
            await nested.rollback()
        with as_superuser(two_tenants) as connection:
            assert sorted(connection.scalars(select(owner))) == [OURS, THEIRS]


class TestTransactions:
    async def test_what_a_transaction_was_set_to_ends_with_it(self, engine: AsyncEngine) -> None:
        for keep in (True, False):
            async with engine.connect() as connection:
                await connection.execution_options(salesarck_tenant=OURS)
                row = (await connection.execute(WHERE_WE_ARE)).one()
                assert row == (SERVICE_ROLE, str(OURS))
                await (connection.commit() if keep else connection.rollback())
                raw: Any = (await connection.get_raw_connection()).driver_connection
                found = await raw.execute(WHERE_WE_ARE.text)
                assert await found.fetchone() == ("salesarck", "")
                await raw.rollback()

    async def test_the_next_transaction_of_a_connection_has_no_tenant(
        self, engine: AsyncEngine
    ) -> None:
        async with transaction(engine, OURS) as connection:
            assert len((await connection.execute(select(METADATA.tables["sale"]))).all()) == 1
        async with engine.connect() as connection:
            assert (await connection.execute(WHERE_WE_ARE)).one() == (PLATFORM_ROLE, "")
            assert (await connection.execute(select(METADATA.tables["sale"]))).all() == []

    @pytest.mark.parametrize("tenant", ["", "1", "' OR true --", f"{OURS}0"])
    async def test_a_tenant_that_is_no_id_is_refused(
        self, engine: AsyncEngine, tenant: TenantId
    ) -> None:
        with pytest.raises(ValueError, match="hexadecimal"):
            async with transaction(engine, tenant) as connection:
                await connection.execute(WHERE_WE_ARE)

    async def test_a_walk_goes_on_as_one_tenant_after_another(self, engine: AsyncEngine) -> None:
        table, owner = owner_of("ledger_entry")
        async with snapshot(engine) as connection:
            for tenant in (OURS, THEIRS):
                await enter(connection, tenant)
                assert (await connection.scalars(select(owner))).all() == [tenant]
                nested = await connection.begin_nested()
                await enter(connection, THEIRS)
                await nested.rollback()
                assert (await connection.scalars(select(table.c.tenant_id))).all() == [tenant]

    async def test_side_by_side_all_see_their_own(self, two_tenants: Database) -> None:
        _, owner = owner_of("wallet")

        async def look(engine: AsyncEngine, tenant: TenantId | None) -> None:
            async with snapshot(engine, tenant) as connection:
                found = (await connection.scalars(select(owner).order_by(owner))).all()
                assert found == ([tenant] if tenant else [OURS, THEIRS])

        async with engine_of(two_tenants, pool_size=24) as engine:
            await asyncio.gather(*(look(engine, it) for it in (OURS, THEIRS, None) * 100))


class TestWhetherAStoreIsCurrent:
    async def test_a_role_that_bypasses_the_wall_is_no_role_for_the_program(
        self, database: Database, catalog: Connection
    ) -> None:
        async with database.open() as store:
            assert await store.is_current()
            catalog.execute(f"ALTER ROLE {PLATFORM_ROLE} BYPASSRLS")
            try:
                with pytest.raises(StoreUnavailable, match="NOBYPASSRLS"):
                    await store.is_current()
            finally:
                catalog.execute(f"ALTER ROLE {PLATFORM_ROLE} NOBYPASSRLS")

    async def test_a_database_without_our_tables_is_not_current(
        self, database: Database, catalog: Connection
    ) -> None:
        catalog.execute("DROP TABLE alembic_version")
        async with database.open() as store:
            assert not await store.is_current()
