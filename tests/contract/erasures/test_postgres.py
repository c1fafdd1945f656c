from contextlib import AbstractAsyncContextManager

import pytest

from salesarck_adapters.store.postgres import PostgresStore
from salesarck_domain.testing.erasures import ErasuresContract
from tests.postgres import Database


class TestPostgresErasures(ErasuresContract):
    @pytest.fixture(autouse=True)
    def _database(self, database: Database) -> None:
        self.database = database

    def new_store(self) -> AbstractAsyncContextManager[PostgresStore]:
        return PostgresStore.open(self.database.dsn(), pool_size=20)
