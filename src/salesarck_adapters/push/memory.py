"""Push in memory: for one process that serves and works."""

import asyncio
from collections import defaultdict
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import asynccontextmanager

from salesarck_domain.ids import ConsumerId
from salesarck_domain.ports.push import Balance

HELD_MAX = 1_000
"""Balances held for a watcher that does not read; then the oldest go, which the next one tells."""


class MemoryPush:
    """A row of balances for each who watches."""

    def __init__(self) -> None:
        self._watchers: defaultdict[ConsumerId, set[asyncio.Queue[Balance]]] = defaultdict(set)

    async def publish(self, balance: Balance) -> None:
        """Put it at the end of every watcher's row."""
        for held in self._watchers.get(balance.consumer, ()):
            if held.full():
                held.get_nowait()
            held.put_nowait(balance)

    @asynccontextmanager
    async def watch(self, consumer: ConsumerId) -> AsyncGenerator[AsyncIterator[Balance]]:
        """Keep a row while somebody watches."""
        held = asyncio.Queue[Balance](HELD_MAX)
        self._watchers[consumer].add(held)
        try:
            yield _taken_from(held)
        finally:
            self._watchers[consumer].discard(held)
            if not self._watchers[consumer]:
                del self._watchers[consumer]


async def _taken_from(held: asyncio.Queue[Balance]) -> AsyncIterator[Balance]:
    while True:
        yield await held.get()
