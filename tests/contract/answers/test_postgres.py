from collections.abc import AsyncGenerator
from contextlib import AbstractAsyncContextManager, asynccontextmanager

import pytest

from salesarck_adapters.store.postgres.answers import PostgresAnswers
from salesarck_domain.testing.answers import AnswersContract
from tests.postgres import Database


class TestPostgresAnswers(AnswersContract):
    @pytest.fixture(autouse=True)
    def _database(self, database: Database) -> None:
        self.database = database

    def new_answers(self) -> AbstractAsyncContextManager[PostgresAnswers]:
        return self._open()

    @asynccontextmanager
    async def _open(self) -> AsyncGenerator[PostgresAnswers]:
        async with self.database.open(pool_size=20) as store:
            yield store.answers
