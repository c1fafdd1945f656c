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
        """Tell the watchers of this consumer. Never fails: nobody may be listening."""
        ...


class Push(Publisher, Protocol):
    """Publishes balances to those who watch now."""

    def watch(self, consumer: ConsumerId) -> AbstractAsyncContextManager[AsyncIterator[Balance]]:
        """Hear of every balance published for a consumer from now on."""
        ...
