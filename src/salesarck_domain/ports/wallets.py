"""Wallets and codes of one work: what we ask of whatever keeps them."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Protocol

from salesarck_domain.ids import CodeId, ConsumerId, SaleId
from salesarck_domain.ledger.wallet import Wallet
from salesarck_domain.redemption.code import RedemptionCode


class Wallets(Protocol):
    """Wallets of one tenant."""

    async def lock(
        self,
        consumers: Iterable[ConsumerId],
        *,
        sales: Iterable[SaleId] = (),
        codes: Iterable[CodeId] = (),
    ) -> Mapping[ConsumerId, Wallet]:
        """Lock wallets in sorted order, in a statement of their own, and load them.

        A wallet that isn't there begins empty. Loaded are its last entry, its open lots, its
        issued codes and those in `codes` with what they took from which lots, and how many
        points of `sales` ran out, in whichever wallet. To be called once in a work.
        """
        ...

    async def append(self, wallets: Iterable[Wallet]) -> None:
        """Write what wallets decided: entries, takings, lots, codes; all or nothing.

        Raises:
            ToldDifferently: an entry's (reference, kind) is there already.
        """
        ...

    async def freeze(self, consumer: ConsumerId, *, frozen: bool) -> None:
        """Freeze a locked wallet, or let it go on."""
        ...


class Codes(Protocol):
    """Redemption codes of one tenant. Written through their wallet."""

    async def find(self, lookups: Sequence[str]) -> RedemptionCode | None:
        """Find the code that reads so: one that is issued, else the latest."""
        ...

    async def get(self, code: CodeId) -> RedemptionCode | None:
        """Find a code by its id."""
        ...

    async def wrong_tries(self, place: str, since: datetime) -> Sequence[datetime]:
        """Read when wrong codes were typed at a place (a till, a cashier), oldest first."""
        ...

    async def note_wrong_try(self, places: Iterable[str], at: datetime) -> None:
        """Note that a wrong code was typed at these places."""
        ...
