from collections.abc import AsyncGenerator
from contextlib import AbstractAsyncContextManager, asynccontextmanager

import pytest

from salesarck_adapters.store.postgres import PostgresStore
from salesarck_adapters.store.postgres.limits import PostgresLimits
from salesarck_domain.ports.directory import StoreUnavailable
from salesarck_domain.testing.limits import ONE, LimitsContract
from tests.postgres import Database


class TestPostgresLimits(LimitsContract):
    @pytest.fixture(autouse=True)
    def _database(self, database: Database) -> None:
        self.database = database

    def new_limits(self) -> AbstractAsyncContextManager[PostgresLimits]:
        return self._open()

    @asynccontextmanager
    async def _open(self) -> AsyncGenerator[PostgresLimits]:
        async with self.database.open(pool_size=20) as store:
            yield store.limits


async def test_without_a_database_nobody_can_say() -> None:
    async with PostgresStore.open("postgresql://nobody@127.0.0.1:1/none") as away:
        with pytest.raises(StoreUnavailable):
            await away.limits.take([ONE])
