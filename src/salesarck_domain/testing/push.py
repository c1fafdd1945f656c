"""What every push promises: whoever watches hears, whoever does not watch costs nothing."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager

from salesarck_domain.ids import ConsumerId
from salesarck_domain.ports.push import Balance, Push
from salesarck_domain.testing.examples import ADA, BAKERY, CAFE, GRACE

SOON = 5.0
"""Seconds in which a balance is heard, with room for a busy machine."""


class PushContract:
    """Subclass it, say how to open a push, and inherit the tests."""

    def new_push(self) -> AbstractAsyncContextManager[Push]:
        """Open a push that nobody watches; called once a test."""
        raise NotImplementedError

    async def test_who_watches_hears_every_balance_in_order(self) -> None:
        async with self.new_push() as push, push.watch(ADA) as heard:
            told = [_balance(seq) for seq in (1, 2, 3)]
            for balance in told:
                await push.publish(balance)
            assert [await _next(heard) for _ in told] == told

    async def test_who_waits_is_woken(self) -> None:
        async with self.new_push() as push, push.watch(ADA) as heard:
            waiting = asyncio.create_task(_next(heard))
            await asyncio.sleep(0.01)
            await push.publish(_balance(1))
            assert await waiting == _balance(1)

    async def test_all_who_watch_hear(self) -> None:
        async with self.new_push() as push, push.watch(ADA) as one, push.watch(ADA) as other:
            await push.publish(_balance(1))
            assert [await _next(one), await _next(other)] == [_balance(1)] * 2

    async def test_a_watcher_hears_of_all_tenants_and_of_nobody_else(self) -> None:
        async with self.new_push() as push, push.watch(ADA) as heard:
            here, there = _balance(1), Balance(BAKERY.id, ADA, 7, 0, 3)
            for balance in (_balance(9, GRACE), here, there):
                await push.publish(balance)
            assert [await _next(heard), await _next(heard)] == [here, there]

    async def test_nobody_hears_what_was_said_before_or_after(self) -> None:
        async with self.new_push() as push:
            await push.publish(_balance(1))
            async with push.watch(ADA) as first:
                await push.publish(_balance(2))
                assert await _next(first) == _balance(2)
            await push.publish(_balance(3))
            async with push.watch(ADA) as second:
                await push.publish(_balance(4))
                assert await _next(second) == _balance(4)

    async def test_one_who_leaves_does_not_disturb_the_others(self) -> None:
        async with self.new_push() as push, push.watch(ADA) as staying:
            async with push.watch(ADA):
                pass
            await push.publish(_balance(1))
            assert await _next(staying) == _balance(1)


def _balance(seq: int, who: ConsumerId = ADA) -> Balance:
    return Balance(CAFE.id, who, balance=10 * seq, owed=0, seq=seq)


async def _next(heard: AsyncIterator[Balance]) -> Balance:
    return await asyncio.wait_for(anext(heard), SOON)
