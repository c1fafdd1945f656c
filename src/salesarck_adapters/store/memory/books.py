"""Reads in memory: each sees what was kept when it began, and gets copies."""

from collections.abc import AsyncIterator, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from itertools import islice
from uuid import UUID

from salesarck_adapters.store.memory.shelf import (
    KeptWallet,
    Room,
    Shelf,
    copy_whole,
    latest_notes,
)
from salesarck_domain.audit import AuditNote
from salesarck_domain.deeds import Applied
from salesarck_domain.ids import ActId, CodeId, ConsumerId, SaleId, TenantId
from salesarck_domain.ledger.adjustment import Adjustment, AdjustmentState
from salesarck_domain.ledger.entry import LedgerEntry
from salesarck_domain.ledger.lots import age, soonest_first
from salesarck_domain.ledger.reconciliation import WalletBooks
from salesarck_domain.people import WalletMerge
from salesarck_domain.ports.store import Account
from salesarck_domain.redemption.code import RedemptionCode
from salesarck_domain.redemption.lifecycle import CodeState
from salesarck_domain.rules.version import RuleBook
from salesarck_domain.sales.sale import Sale
from salesarck_domain.veil import renamed, stand_in


@dataclass(frozen=True, slots=True)
class MemoryBooks:
    """Everything that can be read without a work."""

    room: Room

    async def account(self, tenant: TenantId, consumer: ConsumerId) -> Account:
        """Read one wallet; an empty one if there is none."""
        kept = self.room.shelf(tenant).wallets.get(consumer, KeptWallet())
        last = kept.entries[-1] if kept.entries else None
        return Account(
            tenant=tenant,
            consumer=consumer,
            balance=last.balance_after if last else 0,
            owed=last.owed_after if last else 0,
            seq=last.seq if last else 0,
            lots=soonest_first(kept.open_lots),
            frozen=self.room.shelf(tenant).frozen.get(consumer, False),
        )

    async def accounts_of(self, consumer: ConsumerId) -> Sequence[Account]:
        """Read all wallets of a consumer, by tenant."""
        tenants = [
            key
            for key, shelf in self.room.shelves.items()
            if consumer in shelf.wallets or shelf.frozen.get(consumer)
        ]
        return [await self.account(tenant, consumer) for tenant in sorted(tenants)]

    async def history(
        self, tenant: TenantId, consumer: ConsumerId, before: int | None, limit: int
    ) -> Sequence[LedgerEntry]:
        """Read entries, newest first."""
        kept = self.room.shelf(tenant).wallets.get(consumer, KeptWallet())
        found = (entry for entry in reversed(kept.entries) if before is None or entry.seq < before)
        return list(islice(found, limit))

    async def sales_of(
        self,
        tenant: TenantId,
        *,
        consumer: ConsumerId | None = None,
        unclaimed: bool = False,
        before: SaleId | None = None,
        limit: int = 50,
    ) -> Sequence[Sale]:
        """Read sales, latest id first."""
        shelf = self.room.shelf(tenant)
        newest = (shelf.sales[shelf.sale_keys[id_]] for id_ in sorted(shelf.sale_keys)[::-1])
        found = (
            copy_whole(sale)
            for sale in newest
            if (before is None or sale.id < before)
            and (consumer is None or sale.consumer == consumer)
            and (sale.is_unclaimed or not unclaimed)
            and sale.tenders
        )
        return list(islice(found, limit))

    async def sale(self, tenant: TenantId, sale: SaleId) -> Sale | None:
        """Read one sale."""
        shelf = self.room.shelf(tenant)
        key = shelf.sale_keys.get(sale)
        return copy_whole(shelf.sales[key]) if key else None

    async def code(self, tenant: TenantId, code: CodeId) -> RedemptionCode | None:
        """Read one code."""
        return self.room.shelf(tenant).codes.get(code)

    async def rules(self, tenant: TenantId) -> RuleBook:
        """Read the rule versions."""
        return self.room.shelf(tenant).rule_book()

    async def due(self, now: datetime, limit: int) -> Sequence[tuple[TenantId, ConsumerId]]:
        """Look through all lots and codes."""
        first: dict[tuple[TenantId, ConsumerId], datetime] = {}
        for tenant, shelf in self.room.shelves.items():
            for consumer, moment in _ends(shelf):
                key = (tenant, consumer)
                first[key] = min(moment, first.get(key, moment))
        found = sorted((moment, *key) for key, moment in first.items() if moment <= now)
        return [(tenant, consumer) for _, tenant, consumer in islice(found, limit)]

    async def consumers(self, tenant: TenantId) -> Sequence[ConsumerId]:
        """List the owners of wallets, sorted."""
        return sorted(self.room.shelf(tenant).wallets)

    async def wallet_books(
        self, tenant: TenantId, consumers: Sequence[ConsumerId]
    ) -> Sequence[WalletBooks]:
        """Read all that is written about some wallets."""
        shelf = self.room.shelf(tenant)
        return [_books(shelf, consumer) for consumer in consumers]

    async def all_sales(self, tenant: TenantId) -> AsyncIterator[Sale]:
        """Walk over a copy of every sale, by key."""
        sales = self.room.shelf(tenant).sales
        for sale in [sales[key] for key in sorted(sales)]:
            yield copy_whole(sale)

    async def applied(self, tenant: TenantId) -> AsyncIterator[Applied]:
        """Walk over everything that was applied, in its order."""
        shelf = self.room.shelf(tenant)
        names = {stand_in(it, number): it for it, number in shelf.contacts.items()}
        for applied in list(shelf.applied.values()):
            yield replace(applied, deed=renamed(applied.deed, names))

    async def rule_hashes(self, tenant: TenantId) -> Mapping[int, str]:
        """Hash the versions, which nobody can have changed since."""
        versions = self.room.shelf(tenant).versions
        return {number: version.content_hash for number, version in versions.items()}

    async def acts(self, tenant: TenantId) -> Collection[UUID]:
        """List the ids of audit rows."""
        return set(self.room.shelf(tenant).notes)

    async def merges(self, tenant: TenantId) -> Sequence[WalletMerge]:
        """Read the merges of wallets, by id."""
        merges = self.room.shelf(tenant).merges
        return [merges[id_] for id_ in sorted(merges)]

    async def notes(
        self,
        tenant: TenantId,
        *,
        target: str | None = None,
        before: UUID | None = None,
        limit: int = 50,
    ) -> Sequence[AuditNote]:
        """Read audit rows, latest id first."""
        return latest_notes(self.room.shelf(tenant).notes, target, before, limit)

    async def adjustments(
        self,
        tenant: TenantId,
        *,
        state: AdjustmentState | None = None,
        before: ActId | None = None,
        limit: int = 50,
    ) -> Sequence[Adjustment]:
        """Read adjustments, latest id first."""
        there = self.room.shelf(tenant).adjustments
        latest = (there[id_] for id_ in sorted(there, reverse=True))
        found = (
            each
            for each in latest
            if (before is None or each.id < before) and state in {None, each.state}
        )
        return list(islice(found, limit))


def _ends(shelf: Shelf) -> Iterable[tuple[ConsumerId, datetime]]:
    for consumer, kept in shelf.wallets.items():
        for lot in kept.lots.values():
            if lot.remaining and lot.ends_at:
                yield consumer, lot.ends_at
    for code in shelf.codes.values():
        if code.state is CodeState.ISSUED:
            yield code.consumer, code.expires_at


def _books(shelf: Shelf, consumer: ConsumerId) -> WalletBooks:
    kept = shelf.wallets.get(consumer, KeptWallet())
    codes = [code for code in shelf.codes.values() if code.consumer == consumer]
    return WalletBooks(
        consumer=consumer,
        entries=kept.entries,
        hashes=[entry.hash for entry in kept.entries],
        lots=sorted((replace(lot) for lot in kept.lots.values()), key=age),
        takings=[taking for seq in sorted(kept.takings) for taking in kept.takings[seq]],
        codes=sorted(codes, key=lambda code: code.id),
    )
