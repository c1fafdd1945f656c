"""What all keepers of limits promise: never more than the limit, and nobody is counted for others.

The time is the keeper's own, so these tests wait; their limits are so slow or so quick that a busy
machine changes nothing.
"""

import asyncio
from contextlib import AbstractAsyncContextManager
from dataclasses import replace
from datetime import timedelta

from salesarck_domain.ports.limits import Count, Left, Limit, Limits
from salesarck_domain.testing.examples import DAY

SLOW = Limit("slow", most=5, within=DAY, at_once=5)
MIXED = Limit("mixed", most=10, within=DAY, at_once=6)
QUICK = Limit("quick", most=2, within=timedelta(seconds=0.4), at_once=2)
ONE = Count(SLOW, "ada")


class LimitsContract:
    """Subclass it, say how to open a keeper that has counted nothing, and inherit the tests."""

    def new_limits(self) -> AbstractAsyncContextManager[Limits]:
        """Open one; called once a test."""
        raise NotImplementedError

    async def test_so_many_pass_and_no_more(self) -> None:
        async with self.new_limits() as limits:
            told = [await one(limits, ONE) for _ in range(7)]
            assert [left.granted for left in told] == [1, 1, 1, 1, 1, 0, 0]
            assert [left.left for left in told] == [4, 3, 2, 1, 0, 0, 0]

    async def test_nobody_is_counted_for_others(self) -> None:
        async with self.new_limits() as limits:
            await limits.take([replace(ONE, many=5)])
            for other in (Count(SLOW, "grace"), Count(MIXED, "ada")):
                assert (await one(limits, other)).granted == 1

    async def test_several_are_counted_each_for_itself(self) -> None:
        async with self.new_limits() as limits:
            await limits.take([replace(ONE, many=5)])
            told = await limits.take([Count(SLOW, "grace"), ONE, Count(MIXED, "ada")])
            assert [left.limit for left in told] == [SLOW, SLOW, MIXED]
            assert [left.granted for left in told] == [1, 0, 1]
            assert [left.left for left in told] == [4, 0, 5]

    async def test_as_many_are_granted_as_there_are(self) -> None:
        async with self.new_limits() as limits:
            assert (await one(limits, replace(ONE, many=3))).granted == 3
            assert (await one(limits, replace(ONE, many=3))).granted == 2
            assert (await one(limits, replace(ONE, many=3))).granted == 0
            assert (await one(limits, Count(SLOW, "grace", 9))).granted == 5

    async def test_it_is_said_when_to_come_again(self) -> None:
        async with self.new_limits() as limits:
            first = await one(limits, ONE)
            assert first.retry_after == 0
            assert 0 < first.full_in <= DAY.total_seconds()
            last = await one(limits, replace(ONE, many=9))
            day = DAY.total_seconds()
            assert day - 60 < last.retry_after <= day
            assert 5 * day - 60 < last.full_in <= 5 * day

    async def test_what_comes_back_in_a_stretch_is_part_of_its_limit(self) -> None:
        """Ten a day, of which six at once: the other four come back over the day, one by one."""
        async with self.new_limits() as limits:
            assert (await one(limits, Count(MIXED, "ada", 10))).granted == 6
            again = await one(limits, Count(MIXED, "ada"))
            assert again.granted == 0
            assert abs(again.retry_after - DAY.total_seconds() / 5) < 60

    async def test_who_waits_may_come_again(self) -> None:
        async with self.new_limits() as limits:
            count = Count(QUICK, "ada", 2)
            for _ in range(3):
                assert (await one(limits, count)).granted == 2
                await asyncio.sleep((await one(limits, replace(count, many=0))).full_in + 0.01)

    async def test_looking_takes_nothing(self) -> None:
        async with self.new_limits() as limits:
            for _ in range(3):
                assert await one(limits, replace(ONE, many=0)) == Left(SLOW, 0, 5, 0.0)

    async def test_what_did_not_happen_is_given_back(self) -> None:
        async with self.new_limits() as limits:
            await limits.take([replace(ONE, many=5), Count(SLOW, "grace", 5)])
            await limits.give_back([replace(ONE, many=2)])
            assert (await one(limits, replace(ONE, many=9))).granted == 2
            assert (await one(limits, Count(SLOW, "grace"))).granted == 0

    async def test_more_than_all_is_never_given_back(self) -> None:
        async with self.new_limits() as limits:
            await limits.give_back([Count(SLOW, "nobody", 3)])
            await limits.take([ONE])
            await limits.give_back([replace(ONE, many=50)])
            for whose in ("ada", "nobody"):
                assert (await one(limits, Count(SLOW, whose, 50))).granted == 5

    async def test_of_many_at_once_only_so_many_pass(self) -> None:
        async with self.new_limits() as limits:
            told = await asyncio.gather(*(one(limits, ONE) for _ in range(40)))
            assert sum(left.granted for left in told) == 5

    async def test_those_who_count_several_in_any_order_do_not_wait_for_each_other(self) -> None:
        async with self.new_limits() as limits:
            counts = [Count(MIXED, str(number)) for number in range(4)]
            turns = [counts[number % 4 :] + counts[: number % 4] for number in range(40)]
            told = await asyncio.gather(*(limits.take(turn) for turn in turns))
            assert sum(left.granted for each in told for left in each) == 4 * 6

    async def test_what_is_full_again_is_forgotten(self) -> None:
        async with self.new_limits() as limits:
            await limits.take([Count(QUICK, "ada"), ONE])
            await asyncio.sleep(0.5)
            assert await limits.forget() <= 1
            assert await limits.forget() == 0
            assert (await one(limits, replace(ONE, many=9))).granted == 4


async def one(limits: Limits, count: Count) -> Left:
    """Count one thing."""
    (left,) = await limits.take([count])
    return left
