import asyncio
import time
from collections.abc import AsyncGenerator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import replace

import pytest
from redis.asyncio import Redis

from salesarck_adapters.push.redis import CHANNEL, RedisPush, open_redis_push
from salesarck_domain.ports.push import Balance
from salesarck_domain.testing.examples import ADA, CAFE
from salesarck_domain.testing.push import SharedPushContract, publish_at_once
from tests.valkey import Valkey

ONE = Balance(CAFE.id, ADA, 10, 0, 1)
SOON = 10.0


@asynccontextmanager
async def pair(url: str) -> AsyncGenerator[tuple[RedisPush, RedisPush]]:
    async with open_redis_push(url) as here, open_redis_push(url) as there:
        yield here, there


class TestRedisPush(SharedPushContract):
    @pytest.fixture(autouse=True)
    def _redis(self, valkey: Valkey) -> None:
        self.valkey = valkey

    def new_push(self) -> AbstractAsyncContextManager[RedisPush]:
        return open_redis_push(self.valkey.url)

    def new_pair(self) -> AbstractAsyncContextManager[tuple[RedisPush, RedisPush]]:
        return pair(self.valkey.url)

    async def cut(self) -> None:
        async with Redis.from_url(self.valkey.url) as client:
            for kind in ("normal", "pubsub"):
                await client.client_kill_filter(_type=kind)


async def test_nobody_waits_for_a_redis_that_hangs_and_the_newest_is_heard_afterwards(
    valkey: Valkey,
) -> None:
    async with (
        open_redis_push(valkey.url, quiet_seconds=0.2, answer_seconds=0.2) as push,
        push.watch(ADA) as heard,
    ):
        await push.publish(ONE)
        assert await asyncio.wait_for(anext(heard), SOON) == ONE
        valkey.hang()
        for first in range(2, 2_000 + 2, 100):
            told = [replace(ONE, seq=seq) for seq in range(first, first + 100)]
            await publish_at_once(push, told)
        await asyncio.sleep(1)  # it is found out, and given up
        valkey.go_on()
        async with asyncio.timeout(SOON):
            while (await anext(heard)).seq < 2_001:
                pass


async def test_it_opens_and_closes_without_redis_and_hears_once_it_is_there(valkey: Valkey) -> None:
    valkey.kill()
    async with open_redis_push(valkey.url) as push, push.watch(ADA) as heard:
        await push.publish(ONE)
        began = time.monotonic()
        async with open_redis_push(valkey.url) as other:
            await other.publish(ONE)
        assert time.monotonic() - began < 1
        valkey.start()
        assert await asyncio.wait_for(anext(heard), SOON) == ONE


async def test_the_last_balance_of_a_process_that_ends_is_sent(valkey: Valkey) -> None:
    async with open_redis_push(valkey.url) as push, push.watch(ADA) as heard:
        async with open_redis_push(valkey.url) as other, other.watch(ADA):
            await other.publish(ONE)
        assert await asyncio.wait_for(anext(heard), SOON) == ONE


async def test_nonsense_on_its_channel_disturbs_nobody(valkey: Valkey) -> None:
    async with open_redis_push(valkey.url) as push, push.watch(ADA) as heard:
        async with Redis.from_url(valkey.url) as client:
            for said in (b"", b"nonsense", b'[["a",1]]', b"[[1,2,3,4,5]]", b"\xff"):
                await client.publish(CHANNEL, said)
        await push.publish(ONE)
        assert await asyncio.wait_for(anext(heard), SOON) == ONE
