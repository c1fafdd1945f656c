"""Twelve processes that count together never let more than the limit through."""

import multiprocessing
import time
from collections.abc import AsyncGenerator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from datetime import timedelta
from functools import partial

import anyio
import pytest

from salesarck_adapters.store.postgres import PostgresStore
from salesarck_adapters.store.postgres.limits import PostgresLimits
from salesarck_domain.ports.limits import Count, Limit, Limits
from tests.contract.limits.test_redis import PATIENT_SECONDS, at
from tests.postgres import Database
from tests.valkey import Valkey

PROCESSES = 12
TRIES = 60
LIMIT = Limit("crowd", most=100, within=timedelta(hours=1), at_once=100)
FAST = Limit("fast", most=60, within=timedelta(seconds=1), at_once=20)
SECONDS = 2.5

Passed = list[tuple[float, float]]
"""When somebody asked, and when they were let through, by the clock of the machine."""


async def crowd(open_limits: Callable[[], AbstractAsyncContextManager[Limits]]) -> Passed:
    passed: Passed = []
    async with open_limits() as limits:
        ends = time.monotonic() + SECONDS
        for number in range(10_000):
            if number >= TRIES and time.monotonic() > ends:
                break
            asked = time.monotonic()
            slow, fast = await limits.take([Count(LIMIT, "all"), Count(FAST, "all")])
            told = time.monotonic()
            passed += [(asked, told)] * fast.granted + [(0.0, 0.0)] * slow.granted
    return passed


def on_redis(url: str) -> Passed:
    return anyio.run(crowd, partial(at, url, PATIENT_SECONDS))


@asynccontextmanager
async def in_store(dsn: str) -> AsyncGenerator[PostgresLimits]:
    async with PostgresStore.open(dsn, pool_size=1) as store:
        yield store.limits


def on_postgres(dsn: str) -> Passed:
    return anyio.run(crowd, partial(in_store, dsn))


def together(work: Callable[[str], Passed], url: str) -> Passed:
    with multiprocessing.get_context("spawn").Pool(PROCESSES) as pool:
        return [each for passed in pool.map(work, [url] * PROCESSES, 1) for each in passed]


@pytest.mark.parametrize("place", ["postgres", "redis"])
def test_twelve_processes_together_never_let_more_than_the_limit_through(
    place: str, request: pytest.FixtureRequest
) -> None:
    if place == "redis":
        valkey: Valkey = request.getfixturevalue("listening")
        passed = together(on_redis, valkey.url)
    else:
        database: Database = request.getfixturevalue("database")
        passed = together(on_postgres, database.dsn())
    slow = passed.count((0.0, 0.0))
    assert slow == LIMIT.most
    fast = sorted(each for each in passed if each != (0.0, 0.0))
    assert len(fast) > FAST.most
    for asked, _ in fast:
        # Certainly within one second: asked after it began, told before it ended.
        assert sum(asked <= a and t < asked + 1 for a, t in fast) <= FAST.most
