"""What happens, as it happens: sales and points read from the books, a line each."""

from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass, field
from datetime import datetime

from salesarck_domain.ids import ConsumerId, SaleId, TenantId
from salesarck_domain.ledger.entry import INCOMING, LedgerEntry
from salesarck_domain.money import Money
from salesarck_domain.people import Evidence
from salesarck_domain.sales.sale import Sale
from salesarck_domain.tenants import Tenant
from salesarck_service.container.demo import Backstage
from salesarck_service.demo.world import PEOPLE, SHOPS

AT_A_TIME = 20


@dataclass(frozen=True, slots=True)
class Line:
    """Something that happened: when, where, and a sentence. `kind` says how to show it."""

    at: datetime
    where: str
    what: str
    kind: str


@dataclass(frozen=True, slots=True)
class Holding:
    """What somebody holds with a tenant."""

    name: str
    tenant: str
    balance: int
    owed: int


@dataclass(slots=True)
class Feed:
    """Looks into the books again and again, and tells what is new."""

    backstage: Backstage
    names: dict[ConsumerId, str] = field(default_factory=dict[ConsumerId, str])
    seen: dict[tuple[TenantId, ConsumerId], int] = field(
        default_factory=dict[tuple[TenantId, ConsumerId], int]
    )
    told: dict[SaleId, bool] = field(default_factory=dict[SaleId, bool])

    async def open(self) -> None:
        """Learn people's names, and pass over what happened before."""
        for somebody in PEOPLE:
            known = await self.backstage.directory.whose(Evidence.phone(somebody.phone))
            self.names[known or somebody.id] = somebody.name
        for _ in range(2):
            async for _line in self.news():
                pass

    async def news(self) -> AsyncIterator[Line]:
        """Tell what was written since the last time."""
        for shop in SHOPS:
            tenant = shop.tenant
            sales = await self.backstage.store.books.sales_of(tenant.id, limit=AT_A_TIME)
            for sale in reversed(sales):
                for line in self._of_sale(tenant, sale):
                    yield line
            for consumer in await self.backstage.store.books.consumers(tenant.id):
                for entry in await self._entries(tenant.id, consumer):
                    yield self._of_entry(tenant, entry)

    async def holdings(self) -> list[Holding]:
        """Read what everybody holds."""
        books = self.backstage.store.books
        return [
            Holding(self._name(consumer), shop.tenant.name, account.balance, account.owed)
            for shop in SHOPS
            for consumer in await books.consumers(shop.tenant.id)
            for account in [await books.account(shop.tenant.id, consumer)]
        ]

    def _of_sale(self, tenant: Tenant, sale: Sale) -> Iterator[Line]:
        """Tell of a sale when it is seen for the second time: its payments come one by one."""
        if sale.id not in self.told:
            self.told[sale.id] = False
            return
        if self.told[sale.id] or sale.happened_at is None:
            return
        self.told[sale.id] = True
        who = self._name(sale.consumer) if sale.consumer else "somebody"
        reason = sale.award.get("reason")
        worth = f"{reason}".replace("_", " ") if reason else f"worth {sale.worth} pts"
        what = f"{who} pays {_paid(sale)} ({sale.key.provider}), {worth}"
        yield Line(sale.happened_at, tenant.name, what, "sale")

    async def _entries(self, tenant: TenantId, consumer: ConsumerId) -> list[LedgerEntry]:
        last = self.seen.get((tenant, consumer), 0)
        found = await self.backstage.store.books.history(tenant, consumer, None, AT_A_TIME)
        new = [entry for entry in reversed(found) if entry.seq > last]
        if new:
            self.seen[tenant, consumer] = new[-1].seq
        return new

    def _of_entry(self, tenant: Tenant, entry: LedgerEntry) -> Line:
        sign = "+" if entry.kind in INCOMING else "-"
        what = (
            f"{self._name(entry.consumer)} {sign}{entry.points} pts ({entry.kind}), "
            f"holds {entry.balance_after}"
        )
        owed = f", owes {entry.owed_after}" if entry.owed_after else ""
        return Line(entry.recorded_at, tenant.name, what + owed, entry.kind.value)

    def _name(self, consumer: ConsumerId) -> str:
        return self.names.get(consumer, f"…{str(consumer)[-4:]}")


def _paid(sale: Sale) -> str:
    paid = [
        Money(tender.state.spend + tender.state.tip, tender.state.currency)
        for tender in sale.tenders.values()
        if tender.state
    ]
    return " + ".join(str(money) for money in paid)
