from contextlib import AbstractAsyncContextManager

import pytest

from salesarck_adapters.store.postgres import PostgresStore
from salesarck_domain.rules.version import Retirement
from salesarck_domain.testing.examples import NOON
from salesarck_domain.testing.store import SideBySideContract, StoreContract
from tests.postgres import Database


class TestPostgresStore(StoreContract, SideBySideContract):
    @pytest.fixture(autouse=True)
    def _database(self, database: Database) -> None:
        self.database = database

    def new_store(self) -> AbstractAsyncContextManager[PostgresStore]:
        return self.database.open(pool_size=20)

    async def test_rules_do_not_change_in_company(self) -> None:
        async with self.cafe() as cafe, cafe.begin() as work:
            with pytest.raises(ValueError, match="alone"):
                await work.retire(Retirement(NOON, 0))
