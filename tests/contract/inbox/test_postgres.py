from contextlib import AbstractAsyncContextManager

import pytest

from salesarck_adapters.store.postgres import PostgresStore
from salesarck_domain.testing.inbox import InboxContract
from salesarck_domain.testing.retention import RetentionContract
from tests.postgres import Database


class TestPostgresInbox(InboxContract, RetentionContract):
    @pytest.fixture(autouse=True)
    def _database(self, database: Database) -> None:
        self.database = database

    def new_store(self) -> AbstractAsyncContextManager[PostgresStore]:
        return self.database.open(pool_size=20)
