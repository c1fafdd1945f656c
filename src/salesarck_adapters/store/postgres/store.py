"""The store in Postgres: one pool, and everything that is asked of a store over it."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from typing import Self

import psycopg
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncEngine

from salesarck_adapters.store.postgres.answers import PostgresAnswers
from salesarck_adapters.store.postgres.books import PostgresBooks
from salesarck_adapters.store.postgres.connections import open_engine, transaction, translated
from salesarck_adapters.store.postgres.directory import PostgresDirectory
from salesarck_adapters.store.postgres.erasures import PostgresErasures
from salesarck_adapters.store.postgres.inbox import PostgresInbox
from salesarck_adapters.store.postgres.limits import PostgresLimits
from salesarck_adapters.store.postgres.migrate import newest
from salesarck_adapters.store.postgres.profiles import PostgresProfiles
from salesarck_adapters.store.postgres.revocations import PostgresRevocations
from salesarck_adapters.store.postgres.schema import PLATFORM_ROLE, SERVICE_ROLE
from salesarck_adapters.store.postgres.work import KnownRules, PostgresWork
from salesarck_domain.ids import TenantId
from salesarck_domain.ports.directory import StoreUnavailable

NOT_MADE = (psycopg.errors.UndefinedTable, psycopg.errors.InvalidParameterValue)
"""What a database says that lacks our tables, or our roles."""

MAY_NOT_WORK = (
    "the user that connects may not work as the program's roles; let an administrator run: "
    f"GRANT {SERVICE_ROLE}, {PLATFORM_ROLE} TO it"
)
VERSION = text("SELECT version_num FROM public.alembic_version")
STRONG_ROLE = text("""
SELECT min(rolname) FROM pg_catalog.pg_roles
WHERE rolname = ANY(:roles) AND (rolsuper OR rolbypassrls)
""").bindparams(roles=[SERVICE_ROLE, PLATFORM_ROLE])


class PostgresStore:
    """Everything that is kept, over one database."""

    def __init__(self, engine: AsyncEngine) -> None:
        self._engine = engine
        self._known: KnownRules = {}
        self.books = PostgresBooks(engine)
        self.directory = PostgresDirectory(engine)
        self.inbox = PostgresInbox(engine)
        self.answers = PostgresAnswers(engine)
        self.erasures = PostgresErasures(engine)
        self.profiles = PostgresProfiles(engine)
        self.revocations = PostgresRevocations(engine)
        self.limits = PostgresLimits(engine)

    @classmethod
    @asynccontextmanager
    async def open(
        cls,
        dsn: str,
        *,
        pool_size: int = 10,
        pool_timeout: float = 10.0,
        prepare_threshold: int | None = 5,
    ) -> AsyncGenerator[Self]:
        """Open a pool of at most `pool_size` connections, which connect when they are needed.

        Who waits longer than `pool_timeout` seconds for one gives up. `prepare_threshold` is how
        often a statement is seen before it is prepared; None, behind an old pgbouncer, for never.
        """
        engine = open_engine(
            dsn,
            pool_size=pool_size,
            pool_timeout=pool_timeout,
            prepare_threshold=prepare_threshold,
        )
        try:
            yield cls(engine)
        finally:
            await engine.dispose()

    @asynccontextmanager
    async def begin(self, tenant: TenantId, *, alone: bool = False) -> AsyncGenerator[PostgresWork]:
        """Open a work, and commit it if it ends well.

        Raises:
            TenantMissing: there is no such tenant.
            StoreUnavailable: the database isn't there, or it is not certain that it committed.
        """
        async with transaction(self._engine, tenant) as connection:
            yield await PostgresWork.begin(connection, tenant, self._known, alone=alone)

    async def is_current(self) -> bool:
        """Whether the database is there with the tables and roles that this program needs.

        Raises:
            StoreUnavailable: it isn't there, or its roles are not what they must be.
        """
        with translated():
            async with self._engine.connect() as connection:
                try:
                    version = await connection.scalar(VERSION)
                    strong = await connection.scalar(STRONG_ROLE)
                except DBAPIError as error:
                    if isinstance(error.orig, psycopg.errors.InsufficientPrivilege):
                        raise StoreUnavailable(MAY_NOT_WORK) from error
                    if isinstance(error.orig, NOT_MADE):
                        return False
                    raise
        if strong:
            raise StoreUnavailable(
                f"the role {strong} may pass by row security; let an administrator run: "
                f"ALTER ROLE {strong} NOSUPERUSER NOBYPASSRLS"
            )
        return bool(version == newest())
