"""Connections: a pool of them, whose transactions each have a role, and the truth about commits."""

import asyncio
import json
import re
from collections.abc import AsyncGenerator, Coroutine, Generator
from contextlib import asynccontextmanager, contextmanager
from typing import Any
from uuid import UUID

import psycopg
from psycopg.conninfo import conninfo_to_dict
from psycopg.pq import TransactionStatus
from psycopg.types.json import set_json_dumps
from sqlalchemy import Connection, event
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine
from sqlalchemy.pool import ConnectionPoolEntry

from salesarck_adapters.store.postgres.schema import (
    PLATFORM_ROLE,
    SERVICE_ROLE,
    TENANT_SETTING,
)
from salesarck_domain.ids import TenantId
from salesarck_domain.ports.directory import StoreUnavailable

DRIVER = "postgresql+psycopg://"
WARNINGS = "warnings"
UNSURE = "01000"
"""SQLSTATE of the warning that a commit did not reach the standby it was waiting for."""

READ_ONLY = "25006"

TENANT = "salesarck_tenant"
ENTER = f"SELECT set_config('role', %s, true), set_config('{TENANT_SETTING}', %s, true)"
"""Both end with the transaction: a pooler gives the next one to somebody else."""


class StatementFailed(Exception):
    """A statement that the database refused for good: its kind, code and constraint, no row."""

    def __init__(self, error: DBAPIError) -> None:
        cause = error.orig
        state = cause.sqlstate if isinstance(cause, psycopg.Error) else None
        super().__init__(f"{type(cause).__name__} {state or ''} {constraint_of(error)[0]}".rstrip())


def open_engine(
    dsn: str, *, pool_size: int, pool_timeout: float, prepare_threshold: int | None
) -> AsyncEngine:
    """Open a pool. Nothing is connected before it is needed.

    READ COMMITTED is pinned, whatever the server's default: rows are locked first and what rests
    on them is read afterwards, by statements that see what was committed meanwhile.

    Raises:
        StoreUnavailable: the address is none.
    """
    check_address(dsn)

    async def connect() -> psycopg.AsyncConnection:
        connection = await psycopg.AsyncConnection.connect(
            dsn, autocommit=True, prepare_threshold=prepare_threshold
        )
        set_json_dumps(as_json, connection)
        await connection.execute("SET TIME ZONE 'UTC'")
        await connection.set_autocommit(False)
        return connection

    engine = create_async_engine(
        DRIVER,
        async_creator=connect,
        isolation_level="READ COMMITTED",
        pool_size=pool_size,
        max_overflow=0,
        pool_timeout=pool_timeout,
        use_native_hstore=False,
        hide_parameters=True,
    )
    event.listen(engine.sync_engine, "connect", _collect_warnings)
    event.listen(engine.sync_engine, "begin", _enter_as_told)
    return engine


def check_address(dsn: str) -> None:
    """Find out before anything is tried whether an address can be read.

    Raises:
        StoreUnavailable: it can't. It isn't repeated: a password may stand in it.
    """
    try:
        conninfo_to_dict(dsn)
    except psycopg.ProgrammingError:
        raise StoreUnavailable(
            "its address can't be read; write it like postgresql://user:password@host/salesarck"
        ) from None


def as_json(value: object) -> str:
    """Write rows and documents for the database; ids and moments as text."""
    return json.dumps(value, default=str, ensure_ascii=False, separators=(",", ":"))


async def commit(connection: AsyncConnection) -> None:
    """Commit, and be sure of it.

    A task that is cancelled meanwhile waits for the commit: cancelling it would leave everybody
    guessing whether it happened, and can make a commit succeed that no standby has.

    Raises:
        StoreUnavailable: it did not happen, or nobody can say.
    """
    if _status(connection) is TransactionStatus.INERROR:
        raise StoreUnavailable("a statement failed before, so nothing of its work can stand")
    warnings: list[str | None] = (await connection.get_raw_connection()).info[WARNINGS]
    warnings.clear()
    await _to_the_end(connection.commit())
    if UNSURE in warnings:
        raise StoreUnavailable("the commit may not have reached a standby")


@asynccontextmanager
async def transaction(
    engine: AsyncEngine, tenant: TenantId | None = None
) -> AsyncGenerator[AsyncConnection]:
    """Open a transaction of one tenant or of the platform, and commit it if it ends well.

    Raises:
        StoreUnavailable: the database isn't there, or it is not certain that it committed.
    """
    with translated():
        async with engine.connect() as connection:
            yield await connection.execution_options(**{TENANT: tenant})
            await commit(connection)


@asynccontextmanager
async def snapshot(
    engine: AsyncEngine, tenant: TenantId | None = None
) -> AsyncGenerator[AsyncConnection]:
    """Open a transaction whose statements all see what was committed when it began.

    Raises:
        StoreUnavailable: the database isn't there.
    """
    with translated():
        async with engine.connect() as connection:
            yield await connection.execution_options(
                isolation_level="REPEATABLE READ", postgresql_readonly=True, **{TENANT: tenant}
            )


async def enter(connection: AsyncConnection, tenant: TenantId) -> None:
    """Go on in an open transaction as one tenant's."""
    await connection.exec_driver_sql(ENTER, _entry(tenant))


@contextmanager
def translated() -> Generator[None]:
    """Say in our words that the database isn't there, or gave up.

    What the server says of a row (`DETAIL: Key (phone)=(...)`) stays with it: it holds people.

    Raises:
        StoreUnavailable: it can be tried again.
        StatementFailed: it can't, and somebody should look.
    """
    try:
        yield
    except PoolTimeout as error:
        raise StoreUnavailable("no connection became free in time") from error
    except DBAPIError as error:
        if what := why_unavailable(error.orig):
            raise StoreUnavailable(what) from error
        raise StatementFailed(error) from None


def constraint_of(error: DBAPIError) -> tuple[str, str]:
    """Name the constraint that a statement broke, and what the server says of the row.

    On a cluster the name has the number of a shard at its end.
    """
    if not isinstance(error.orig, psycopg.Error):
        return "", ""
    found = error.orig.diag
    return re.sub(r"_\d+$", "", found.constraint_name or ""), found.message_detail or ""


def why_unavailable(error: BaseException | None) -> str | None:
    """Tell what passes by itself from what is wrong with the statement."""
    if isinstance(error, psycopg.errors.DeadlockDetected | psycopg.errors.SerializationFailure):
        return "two works stood in each other's way"
    if isinstance(error, psycopg.Error) and error.sqlstate == READ_ONLY:
        return "the database takes no writes now"
    if isinstance(error, psycopg.errors.UndefinedTable) or _lacks_roles(error):
        return "its tables are not there; run: salesarck migrate"
    if isinstance(error, psycopg.errors.DiskFull):
        return "its disk is full; make room there"
    if isinstance(error, psycopg.OperationalError | psycopg.InterfaceError):
        return f"the connection failed ({error.sqlstate or type(error).__name__})"
    return None


def _lacks_roles(error: BaseException | None) -> bool:
    """Tell a role that was never made from other values that a statement may not have."""
    if not isinstance(error, psycopg.errors.InvalidParameterValue):
        return False
    said = error.diag.message_primary or ""
    return SERVICE_ROLE in said or PLATFORM_ROLE in said


def _enter_as_told(connection: Connection) -> None:
    """Begin with a role and a tenant, whoever begins: who says nothing has none."""
    connection.exec_driver_sql(ENTER, _entry(connection.get_execution_options().get(TENANT)))


def _entry(tenant: TenantId | None) -> tuple[str, str]:
    if tenant is None:
        return PLATFORM_ROLE, ""
    return SERVICE_ROLE, str(UUID(str(tenant)))


def _collect_warnings(_adapted: object, entry: ConnectionPoolEntry) -> None:
    found: list[str | None] = []
    entry.info[WARNINGS] = found
    driver = entry.driver_connection
    if isinstance(driver, psycopg.AsyncConnection):
        driver.add_notice_handler(lambda notice: found.append(notice.sqlstate))


def _status(connection: AsyncConnection) -> TransactionStatus:
    driver: Any = connection.sync_connection and connection.sync_connection.connection
    status: TransactionStatus = driver.driver_connection.info.transaction_status
    return status


async def _to_the_end(doing: Coroutine[object, object, None]) -> None:
    task = asyncio.ensure_future(doing)
    cancelled = False
    while not task.done():
        try:
            await asyncio.shield(task)
        except asyncio.CancelledError:
            cancelled = True
    if cancelled:
        raise asyncio.CancelledError
