"""Sales in memory."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from salesarck_adapters.store.memory.shelf import (
    Shelf,
    copy_sale,
    copy_tender,
    copy_whole,
    happened,
)
from salesarck_domain.days import Span
from salesarck_domain.ids import ConsumerId, SaleId, TenantId, derived
from salesarck_domain.people import Evidence
from salesarck_domain.ports.store import LockedSales, Wanted, Worth
from salesarck_domain.sales.sale import PaymentKey, Sale, SaleKey, Tender

NEVER = datetime.max.replace(tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class MemorySales:
    """Sales of a draft. The work's turn is the lock."""

    tenant: TenantId
    shelf: Shelf

    async def lock(self, wanted: Sequence[Wanted], at: datetime) -> LockedSales:
        """Copy the tenders, and each sale around the same copies."""
        copies: dict[PaymentKey, Tender] = {}
        for key in sorted({each.payment for each in wanted}):
            kept = self.shelf.tenders.get(key)
            copies[key] = copy_tender(kept) if kept else Tender(key=key)
        asked = {each.sale for each in wanted} | {tender.sale for tender in copies.values()}
        sales = {key: self._load(key, at, copies) for key in sorted(filter(None, asked))}
        return LockedSales({each.payment: copies[each.payment] for each in wanted}, sales)

    async def waiting_for(self, evidence: Iterable[Evidence]) -> Sequence[Sale]:
        """Look through all sales that wait."""
        asked = set(evidence)
        return self._in_order(
            sale
            for sale in self.shelf.sales.values()
            if sale.consumer is None and not asked.isdisjoint(sale.waits_for)
        )

    async def happened_in(self, span: Span) -> Sequence[Sale]:
        """Look through all sales."""
        return self._in_order(
            sale
            for sale in self.shelf.sales.values()
            if (moment := happened(sale)) and moment in span
        )

    async def held_by(self, consumer: ConsumerId) -> Sequence[Sale]:
        """Look through all sales."""
        return self._in_order(it for it in self.shelf.sales.values() if it.consumer == consumer)

    async def worths(self, consumer: ConsumerId, span: Span) -> Sequence[Worth]:
        """Look through all sales."""
        return [
            Worth(sale.id, moment, sale.worth)
            for sale in self.shelf.sales.values()
            if sale.consumer == consumer and (moment := happened(sale)) and moment in span
        ]

    async def save(self, sales: Iterable[Sale]) -> None:
        """Keep copies of the sales and of their tenders."""
        for sale in sales:
            tenders = {name: copy_tender(each) for name, each in sale.tenders.items()}
            self.shelf.sales[sale.key] = copy_sale(sale, tenders)
            self.shelf.sale_keys[sale.id] = sale.key
            for tender in tenders.values():
                self.shelf.tenders[tender.key] = tender

    async def keep(self, tenders: Iterable[Tender]) -> None:
        """Keep copies."""
        for tender in tenders:
            self.shelf.tenders[tender.key] = copy_tender(tender)

    def _load(self, key: SaleKey, at: datetime, copies: dict[PaymentKey, Tender]) -> Sale:
        kept = self.shelf.sales.get(key)
        if kept is None:
            parts = (self.tenant, key.provider, key.merchant, key.name)
            return Sale(id=SaleId(derived(at, "sale", *parts)), key=key)
        tenders = {
            name: copies.setdefault(tender.key, copy_tender(tender))
            for name, tender in kept.tenders.items()
        }
        return copy_sale(kept, tenders)

    def _in_order(self, sales: Iterable[Sale]) -> list[Sale]:
        found = sorted(sales, key=lambda sale: (happened(sale) or NEVER, sale.key))
        return [copy_whole(sale) for sale in found]
