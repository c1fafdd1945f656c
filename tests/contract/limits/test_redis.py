import time
from collections.abc import AsyncGenerator
from contextlib import AbstractAsyncContextManager, asynccontextmanager

import pytest
from redis import Redis

from salesarck_adapters.bounded_redis import ANSWER_SECONDS, open_redis
from salesarck_adapters.limits.redis import PREFIX, RedisLimits
from salesarck_domain.ports.limits import Count, LimitsUnavailable
from salesarck_domain.testing.limits import ONE, QUICK, LimitsContract
from tests.valkey import Valkey

PATIENT_SECONDS = 10.0
"""For a machine that is busy with other tests."""


@asynccontextmanager
async def at(url: str, answer_seconds: float = ANSWER_SECONDS) -> AsyncGenerator[RedisLimits]:
    async with open_redis(url, answer_seconds=answer_seconds) as redis:
        yield RedisLimits(redis)


class TestRedisLimits(LimitsContract):
    @pytest.fixture(autouse=True)
    def _server(self, listening: Valkey) -> None:
        self.valkey = listening

    def new_limits(self) -> AbstractAsyncContextManager[RedisLimits]:
        return at(self.valkey.url, PATIENT_SECONDS)


async def test_a_redis_that_hangs_costs_a_moment(listening: Valkey) -> None:
    async with at(listening.url) as limits:
        await limits.take([ONE])
        listening.hang()
        took = list[float]()
        try:
            for _ in range(5):
                began = time.monotonic()
                with pytest.raises(LimitsUnavailable):
                    await limits.take([ONE])
                took.append(time.monotonic() - began)
        finally:
            listening.go_on()
    assert took[0] < 0.1, took  # 50 ms, and a busy machine
    assert sorted(took)[-2] < 0.05, took  # the first waits, the rest don't even ask


async def test_counts_do_not_last_for_ever(listening: Valkey) -> None:
    client = Redis.from_url(listening.url, decode_responses=True)
    async with at(listening.url, PATIENT_SECONDS) as limits:
        await limits.take([ONE, Count(QUICK, "ada")])
        await limits.give_back([Count(QUICK, "ada")])
        assert client.keys() == [f"{PREFIX}:{ONE.name}"]
        assert 0 < client.pttl(f"{PREFIX}:{ONE.name}") <= 86_400_000
    client.close()
