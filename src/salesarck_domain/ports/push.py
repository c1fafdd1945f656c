"""Push: tell whoever watches a wallet that it changed. May be lost; the ledger may not."""

from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from typing import Protocol

from salesarck_domain.ids import ConsumerId, TenantId


@dataclass(frozen=True, slots=True)
class Balance:
    """What a wallet holds after a commit."""

    tenant: TenantId
    consumer: ConsumerId
    balance: int
    owed: int
    seq: int


class Publisher(Protocol):
    """What use cases need: somewhere to say a balance."""

    async def publish(self, balance: Balance) -> None:
        """Tell the watchers of this consumer, in whatever process they are.

        Called after the commit. It never fails and waits for nobody: whoever can't be told now
        may be told later, or never, and looks into the books by himself.
        """
        ...


class Push(Publisher, Protocol):
    """Publishes balances to those who watch now."""

    def watch(self, consumer: ConsumerId) -> AbstractAsyncContextManager[AsyncIterator[Balance]]:
        """Hear of every balance published for a consumer from now on.

        What is on its way already may be heard too, and after a lost connection one may be heard
        twice. Who does not read for long hears at least the newest of each wallet.
        """
        ...
