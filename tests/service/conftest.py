"""The desk on both stores: what people see may not depend on where it is kept."""

from collections.abc import AsyncGenerator

import pytest

from salesarck_adapters.store.memory import MemoryStore
from salesarck_adapters.store.postgres import PostgresStore
from tests.postgres import Database
from tests.service.desk import Desk

CONNECTIONS = 20


@pytest.fixture(params=["memory", "postgres"])
async def desk(request: pytest.FixtureRequest) -> AsyncGenerator[Desk]:
    """A desk where everybody has signed in and nothing has happened yet."""
    if request.param == "memory":
        yield await Desk.open(MemoryStore())
        return
    database: Database = request.getfixturevalue("database")
    async with PostgresStore.open(database.dsn(), pool_size=CONNECTIONS) as store:
        yield await Desk.open(store)


@pytest.fixture(params=[pytest.param(1, id="all", marks=pytest.mark.long), 7])
def every(request: pytest.FixtureRequest) -> int:
    """Try each, or at every check each seventh: a number that fits into none of the lists."""
    step: int = request.param
    return step
