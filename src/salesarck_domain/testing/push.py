"""What every push promises: whoever watches hears, whoever does not watch costs nothing."""

import asyncio
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import AbstractAsyncContextManager

from salesarck_domain.ids import ConsumerId
from salesarck_domain.ports.push import Balance, Push
from salesarck_domain.testing.examples import ADA, BAKERY, CAFE, GRACE

SOON = 5.0
"""Seconds in which a balance is heard, with room for a busy machine."""

AT_ONCE = 1.0
"""Seconds in which a hundred balances are published, whoever does not listen.

It takes far less; but a machine may be busy.
"""

MANY = 5_000


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

    async def test_who_comes_later_does_not_hear_what_others_have_heard(self) -> None:
        async with self.new_push() as push, push.watch(ADA) as always:
            for seq in (1, 2):
                await push.publish(_balance(seq))
                assert await _next(always) == _balance(seq)
            async with push.watch(ADA) as later:
                await push.publish(_balance(3))
                assert await _next(later) == _balance(3)

    async def test_one_who_leaves_does_not_disturb_the_others(self) -> None:
        async with self.new_push() as push, push.watch(ADA) as staying:
            async with push.watch(ADA):
                pass
            await push.publish(_balance(1))
            assert await _next(staying) == _balance(1)

    async def test_publishing_to_nobody_takes_no_time(self) -> None:
        async with self.new_push() as push:
            await publish_at_once(push, [_balance(seq) for seq in range(1, 100)])

    async def test_a_slow_watcher_holds_nobody_up_and_hears_the_newest_of_each_wallet(self) -> None:
        async with self.new_push() as push, push.watch(ADA) as slow, push.watch(ADA) as quick:
            elsewhere = Balance(BAKERY.id, ADA, 7, 0, 3)
            await push.publish(elsewhere)
            assert await _next(quick) == elsewhere
            for first in range(1, MANY, 100):
                told = [_balance(seq) for seq in range(first, first + 100)]
                await publish_at_once(push, told)
                assert [await _next(quick) for _ in told] == told
            heard = [await _next(slow)]
            while heard[-1].seq < MANY:
                heard.append(await _next(slow))
            assert len(heard) < MANY
            assert elsewhere in heard
            here = [balance.seq for balance in heard if balance.tenant == CAFE.id]
            assert here == sorted(here)


class SharedPushContract(PushContract):
    """For a push between processes: say also how to open two, and how to cut their lines."""

    def new_pair(self) -> AbstractAsyncContextManager[tuple[Push, Push]]:
        """Open the pushes of two processes; called once a test."""
        raise NotImplementedError

    async def cut(self) -> None:
        """End every connection that a push has now."""
        raise NotImplementedError

    async def test_what_another_process_publishes_is_heard_in_order(self) -> None:
        async with self.new_pair() as (here, there), here.watch(ADA) as heard:
            told = [_balance(seq) for seq in range(1, 101)]
            await publish_at_once(there, told)
            assert [await _next(heard) for _ in told] == told

    async def test_both_processes_hear_each_other_and_themselves(self) -> None:
        async with (
            self.new_pair() as (here, there),
            here.watch(ADA) as one,
            there.watch(ADA) as other,
        ):
            for seq, push in enumerate((here, there), 1):
                await push.publish(_balance(seq))
                assert [await _next(one), await _next(other)] == [_balance(seq)] * 2

    async def test_nobody_hears_of_another_consumer_in_another_process(self) -> None:
        async with (
            self.new_pair() as (here, there),
            here.watch(ADA) as ada,
            here.watch(GRACE) as grace,
        ):
            await there.publish(_balance(1, GRACE))
            assert await _next(grace) == _balance(1, GRACE)
            await there.publish(_balance(1))
            assert await _next(ada) == _balance(1)

    async def test_a_watcher_hears_again_after_a_lost_connection(self) -> None:
        async with self.new_pair() as (here, there), here.watch(ADA) as heard:
            await there.publish(_balance(1))
            assert await _next(heard) == _balance(1)
            await self.cut()
            await publish_at_once(there, [_balance(2)])
            hearing = asyncio.create_task(_next(heard))
            seq = 3
            while not hearing.done():  # what was said while nobody heard may be lost
                await there.publish(_balance(seq))
                seq += 1
                await asyncio.sleep(0.02)
            assert (await hearing).seq > 1


def _balance(seq: int, who: ConsumerId = ADA) -> Balance:
    return Balance(CAFE.id, who, balance=10 * seq, owed=0, seq=seq)


async def _next(heard: AsyncIterator[Balance]) -> Balance:
    return await asyncio.wait_for(anext(heard), SOON)


async def publish_at_once(push: Push, balances: Sequence[Balance]) -> None:
    """Publish up to a hundred balances, and see that nobody is waited for."""
    began = time.monotonic()
    for balance in balances:
        await push.publish(balance)
    assert time.monotonic() - began < AT_ONCE
