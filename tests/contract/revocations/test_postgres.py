from collections.abc import AsyncGenerator
from contextlib import AbstractAsyncContextManager, asynccontextmanager

import pytest

from salesarck_adapters.store.postgres import PostgresStore
from salesarck_adapters.store.postgres.revocations import PostgresRevocations
from salesarck_domain.testing.revocations import RevocationsContract
from tests.postgres import Database


class TestPostgresRevocations(RevocationsContract):
    @pytest.fixture(autouse=True)
    def _database(self, database: Database) -> None:
        self.database = database

    def new_revocations(self) -> AbstractAsyncContextManager[PostgresRevocations]:
        return self._open()

    @asynccontextmanager
    async def _open(self) -> AsyncGenerator[PostgresRevocations]:
        async with PostgresStore.open(self.database.dsn(), pool_size=20) as store:
            yield store.revocations
