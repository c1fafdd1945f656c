"""Sales in Postgres: payments are locked first, then sales, then everything is read."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import ColumnElement, Row, delete, select, true
from sqlalchemy.ext.asyncio import AsyncConnection

from salesarck_adapters.store.postgres import schema
from salesarck_adapters.store.postgres.rows import moment
from salesarck_adapters.store.postgres.sale_rows import (
    PAYMENT_KEY,
    SALE_KEY,
    load_refunds,
    load_sales,
    payment_of,
    payment_values,
    refund_values,
    sale_key_values,
    sale_values,
    tender_of,
    tender_values,
)
from salesarck_adapters.store.postgres.statements import (
    add,
    add_missing,
    among,
    keyed,
    write,
)
from salesarck_domain.days import Span
from salesarck_domain.ids import ConsumerId, SaleId, TenantId, derived
from salesarck_domain.people import Evidence
from salesarck_domain.ports.store import LockedSales, Wanted, Worth
from salesarck_domain.sales.sale import PaymentKey, Sale, SaleKey, Tender

NEVER = datetime.max.replace(tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class PostgresSales:
    """Sales of one work.

    A tender's row is its payment's lock. Tenders that a sale brings along are not locked, and
    are not written: whoever wants to change one waits for the sale.
    """

    connection: AsyncConnection
    tenant: TenantId
    brought: set[PaymentKey] = field(default_factory=set[PaymentKey])
    waiting: dict[SaleId, Sequence[Evidence]] = field(
        default_factory=dict[SaleId, Sequence[Evidence]]
    )

    async def lock(self, wanted: Sequence[Wanted], at: datetime) -> LockedSales:
        """Lock payments and then sales, making the rows of those that are new."""
        tenders = await self._lock_payments({each.payment for each in wanted})
        asked = {each.sale for each in wanted} | {tender.sale for tender in tenders.values()}
        keys = sorted(filter(None, asked))
        await add_missing(self.connection, schema.sale, [self._new(key, at) for key in keys])
        rows = [sale_key_values(self.tenant, key) for key in keys]
        found = await self._lock_sales(keyed(schema.sale, SALE_KEY, rows))
        sales = await self._load(found, tenders)
        self.brought.difference_update(tenders)
        return LockedSales(tenders, {sale.key: sale for sale in sales})

    async def waiting_for(self, evidence: Iterable[Evidence]) -> Sequence[Sale]:
        """Lock the sales that are noted as waiting, and leave out those that no longer do."""
        asked = set(evidence)
        rows = [{"kind": each.kind, "value": each.value} for each in asked]
        table = schema.waiting
        noted = select(table.c.sale_id).where(
            table.c.tenant_id == self.tenant, keyed(table, ("kind", "value"), rows)
        )
        found = await self._lock_sales(schema.sale.c.id.in_(noted))
        sales = [sale for sale in await self._load(found) if not asked.isdisjoint(sale.waits_for)]
        return _in_order(sale for sale in sales if sale.consumer is None)

    async def happened_in(self, span: Span) -> Sequence[Sale]:
        """Lock the sales of a span."""
        found = await self._lock_sales(_within(span))
        return _in_order(await self._load(found))

    async def held_by(self, consumer: ConsumerId) -> Sequence[Sale]:
        """Lock the sales of a consumer."""
        found = await self._lock_sales(schema.sale.c.consumer_id == consumer)
        return _in_order(await self._load(found))

    async def worths(self, consumer: ConsumerId, span: Span) -> Sequence[Worth]:
        """Read what the sales of a consumer are worth, without a lock of their own."""
        table = schema.sale
        found = select(table.c.id, table.c.moment, table.c.worth).where(
            table.c.tenant_id == self.tenant, table.c.consumer_id == consumer, _within(span)
        )
        return [
            Worth(SaleId(row.id), moment(row.moment), row.worth)
            for row in await self.connection.execute(found)
        ]

    async def save(self, sales: Iterable[Sale]) -> None:
        """Write sales over their rows, with the tenders that are theirs to change."""
        saved = list(sales)
        rows = [sale_values(self.tenant, sale) for sale in saved]
        await write(self.connection, schema.sale, rows)
        tenders = [(tender, sale.key) for sale in saved for tender in sale.tenders.values()]
        await self._write_tenders([it for it in tenders if it[0].key not in self.brought])
        await self._note_waiting(saved)

    async def keep(self, tenders: Iterable[Tender]) -> None:
        """Write tenders that are in no sale."""
        await self._write_tenders([(tender, None) for tender in tenders])

    async def _lock_payments(self, asked: set[PaymentKey]) -> dict[PaymentKey, Tender]:
        rows = [payment_values(self.tenant, key) for key in sorted(asked)]
        if not rows:
            return {}
        table = schema.tender
        await add_missing(self.connection, table, rows)
        found = (
            select(table)
            .where(keyed(table, PAYMENT_KEY, rows))
            .order_by(table.c.provider, table.c.merchant, table.c.payment)
            .with_for_update(of=table)
        )
        tenders = {payment_of(row): tender_of(row) for row in await self.connection.execute(found)}
        await load_refunds(self.connection, self.tenant, tenders)
        return tenders

    async def _lock_sales(self, which: ColumnElement[bool]) -> Sequence[Row[Any]]:
        """Lock sales in the order of their keys. A row holds its newest state by then."""
        table = schema.sale
        found = (
            select(table)
            .where(table.c.tenant_id == self.tenant, which)
            .order_by(table.c.provider, table.c.merchant, table.c.name)
            .with_for_update(of=table)
        )
        return (await self.connection.execute(found)).all()

    async def _load(
        self, rows: Sequence[Row[Any]], locked: dict[PaymentKey, Tender] | None = None
    ) -> list[Sale]:
        here = locked or {}
        sales = await load_sales(self.connection, self.tenant, rows, here)
        for sale in sales:
            self.waiting[sale.id] = sale.waits_for
            self.brought.update(it.key for it in sale.tenders.values() if it.key not in here)
        return sales

    async def _write_tenders(self, tenders: Sequence[tuple[Tender, SaleKey | None]]) -> None:
        rows = [tender_values(self.tenant, tender, sale) for tender, sale in tenders]
        await write(self.connection, schema.tender, rows)
        refunds = [row for tender, _ in tenders for row in refund_values(self.tenant, tender)]
        await write(self.connection, schema.refund, refunds)

    async def _note_waiting(self, saved: Iterable[Sale]) -> None:
        """Note anew what sales wait for, where that changed."""
        changed = [sale for sale in saved if self.waiting.get(sale.id, ()) != sale.waits_for]
        if not changed:
            return
        table = schema.waiting
        which = among(table.c.sale_id, [sale.id for sale in changed])
        await self.connection.execute(delete(table).where(table.c.tenant_id == self.tenant, which))
        rows = {
            (each, sale.id): {
                "kind": each.kind,
                "value": each.value,
                "tenant_id": self.tenant,
                "sale_id": sale.id,
            }
            for sale in changed
            for each in sale.waits_for
        }
        await add(self.connection, table, list(rows.values()))

    def _new(self, key: SaleKey, at: datetime) -> dict[str, object]:
        parts = (self.tenant, key.provider, key.merchant, key.name)
        return {
            **sale_key_values(self.tenant, key),
            "id": derived(at, "sale", *parts),
        }


def _within(span: Span) -> ColumnElement[bool]:
    column = schema.sale.c.moment
    since = column >= span.since if span.since else true()
    return column.is_not(None) & since & (column < span.until if span.until else true())


def _in_order(sales: Iterable[Sale]) -> list[Sale]:
    def rank(sale: Sale) -> tuple[datetime, SaleKey]:
        return (sale.happened_at or sale.first_happened() or NEVER, sale.key)

    return sorted(sales, key=rank)
