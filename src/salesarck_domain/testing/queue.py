"""What every doorbell promises: it wakes who waits, and never troubles who rings."""

import asyncio
from collections.abc import Awaitable
from contextlib import AbstractAsyncContextManager
from typing import Protocol

from salesarck_domain.ports.queue import Doorbell


class Listening(Protocol):
    """A doorbell, with the ear of a worker beside it."""

    @property
    def bell(self) -> Doorbell:
        """What is rung."""
        ...

    def heard(self, seconds: float) -> Awaitable[bool]:
        """Wait until it is rung, or so long; say whether it was since somebody last asked."""
        ...


SOON, BRIEFLY = 5.0, 0.2


class DoorbellContract:
    """Subclass it, say how to open a doorbell and an ear, and inherit the tests."""

    def new_bell(self) -> AbstractAsyncContextManager[Listening]:
        """Open a doorbell that nobody rang; called once a test."""
        raise NotImplementedError

    async def test_a_ring_wakes_who_waits(self) -> None:
        async with self.new_bell() as it:
            waiting = asyncio.ensure_future(it.heard(SOON))
            await asyncio.sleep(0.01)
            await it.bell.ring()
            assert await waiting

    async def test_a_ring_is_heard_by_who_comes_later(self) -> None:
        async with self.new_bell() as it:
            await it.bell.ring()
            assert await it.heard(SOON)

    async def test_one_ring_wakes_once(self) -> None:
        async with self.new_bell() as it:
            await it.bell.ring()
            assert [await it.heard(SOON), await it.heard(BRIEFLY)] == [True, False]

    async def test_who_is_not_rung_for_goes_on_after_a_while(self) -> None:
        async with self.new_bell() as it:
            assert not await it.heard(BRIEFLY)

    async def test_a_bell_can_be_rung_again(self) -> None:
        async with self.new_bell() as it:
            for _ in range(2):
                await it.bell.ring()
                assert await it.heard(SOON)

    async def test_ringing_often_and_with_nobody_there_is_no_trouble(self) -> None:
        async with self.new_bell() as it:
            for _ in range(50):
                await it.bell.ring()
            assert await it.heard(SOON)
