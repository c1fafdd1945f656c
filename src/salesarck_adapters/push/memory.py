"""Push in memory: for one process that serves and works."""

from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager

from salesarck_adapters.balances import Watchers
from salesarck_domain.ids import ConsumerId
from salesarck_domain.ports.push import Balance


class MemoryPush:
    """Whoever publishes puts it into the rows of those who watch."""

    def __init__(self) -> None:
        self._watchers = Watchers()
        self._watchers.hearing.set()

    async def publish(self, balance: Balance) -> None:
        """Put it at the end of every watcher's row."""
        self._watchers.tell([balance])

    def watch(self, consumer: ConsumerId) -> AbstractAsyncContextManager[AsyncIterator[Balance]]:
        """Keep a row while somebody watches."""
        return self._watchers.watch(consumer)
