"""Commands are all tenants': a tenant's work sees the one that it answers, and answers it once."""

from collections.abc import AsyncGenerator
from typing import Any

import psycopg
import pytest
from sqlalchemy import func, select, text, update
from sqlalchemy.exc import ProgrammingError
from sqlalchemy.ext.asyncio import AsyncConnection

from salesarck_adapters.store.postgres.answers import keep_answer
from salesarck_adapters.store.postgres.connections import transaction
from salesarck_adapters.store.postgres.schema import METADATA, SERVICE_ROLE, command
from salesarck_domain.ids import derived
from salesarck_domain.ports.answers import Answer, Answered, Asked
from salesarck_domain.testing.examples import CAFE, NOON
from tests.contract.store.two_tenants import engine_of
from tests.postgres import Database

MINE, THEIRS = (Asked(who, "POST /codes", "key", "digest") for who in ("ada", "grace"))
TOKENS = {asked: derived(NOON, asked.caller) for asked in (MINE, THEIRS)}


@pytest.fixture
async def connection(database: Database) -> AsyncGenerator[AsyncConnection]:
    """A transaction of the café, while two commands are held."""
    async with database.open(pool_size=1) as store:
        for asked, token in TOKENS.items():
            await store.answers.begin(asked, token, NOON, NOON)
    async with engine_of(database) as engine, transaction(engine, CAFE.id) as connection:
        yield connection


async def callers(connection: AsyncConnection) -> list[str]:
    return [row.caller for row in await connection.execute(select(command.c.caller))]


async def test_a_work_that_answers_nothing_sees_no_command(connection: AsyncConnection) -> None:
    assert await callers(connection) == []
    spoiling = update(command).values(status=200, answer=b"{}")
    assert (await connection.execute(spoiling)).rowcount == 0


async def test_a_work_that_answers_sees_its_command_and_forgets_no_filter(
    connection: AsyncConnection,
) -> None:
    await keep_answer(connection, Answered(MINE, TOKENS[MINE], Answer(200, b"{}")))
    assert await callers(connection) == ["ada"]
    spoiling = update(command).values(status=500, answer=b"{}")
    assert (await connection.execute(spoiling)).rowcount == 1


async def test_what_a_work_shows_ends_with_it(database: Database) -> None:
    async with database.open(pool_size=1) as store:
        await store.answers.begin(MINE, TOKENS[MINE], NOON, NOON)
        await store.directory.add_tenant(CAFE)
        async with store.begin(CAFE.id) as work:
            await work.answer(Answered(MINE, TOKENS[MINE], Answer(200, b"{}")))
        async with store.begin(CAFE.id) as work:
            found = await work.connection.scalar(select(func.count()).select_from(command))
        assert found == 0


@pytest.mark.parametrize(
    "statement",
    [
        "SELECT answer FROM command",
        "SELECT body FROM command",
        "DELETE FROM command",
        "UPDATE command SET token = gen_random_uuid()",
        "UPDATE command SET kept_until = now()",
        "INSERT INTO command (caller, route, key) VALUES ('a', 'b', 'c')",
    ],
)
async def test_a_work_does_nothing_else_with_commands(
    connection: AsyncConnection, statement: str
) -> None:
    with pytest.raises(ProgrammingError, match="permission denied"):
        async with connection.begin_nested():
            await connection.execute(text(statement))


def test_row_security_of_commands_is_on_for_the_owner_too(database: Database) -> None:
    asked = "SELECT relrowsecurity, relforcerowsecurity FROM pg_class WHERE oid = %s::regclass"
    with psycopg.connect(database.dsn()) as catalog:
        assert catalog.execute(asked, ["public.command"]).fetchone() == (True, True)


def test_the_role_of_works_has_these_rights_on_commands_and_no_more(database: Database) -> None:
    def may(catalog: psycopg.Connection[tuple[Any, ...]], right: str) -> set[str]:
        asked = "SELECT has_column_privilege(%s, 'command', %s, %s)"
        return {
            name
            for name in METADATA.tables["command"].columns.keys()  # noqa: SIM118 - a collection of columns
            if catalog.execute(asked, [SERVICE_ROLE, name, right]).fetchone() == (True,)
        }

    with psycopg.connect(database.dsn()) as catalog:
        assert may(catalog, "SELECT") == {"caller", "route", "key", "token", "status"}
        assert may(catalog, "UPDATE") == {"status", "answer"}
        assert may(catalog, "INSERT") == set()
