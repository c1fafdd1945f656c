"""Reads that lock nothing: each in a snapshot of its own."""

from collections.abc import AsyncIterator, Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import (
    ColumnElement,
    Executable,
    Row,
    Select,
    Table,
    exists,
    func,
    select,
    tuple_,
    union_all,
)
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from salesarck_adapters.store.postgres import schema
from salesarck_adapters.store.postgres.connections import enter, snapshot
from salesarck_adapters.store.postgres.people import merge_of
from salesarck_adapters.store.postgres.rows import (
    adjustment_of,
    code_of,
    entry_fields,
    lot_of,
    moment,
    note_of,
    taking_of,
)
from salesarck_adapters.store.postgres.sale_rows import load_sales
from salesarck_adapters.store.postgres.statements import among, latest_notes
from salesarck_adapters.store.postgres.veil import contacts
from salesarck_adapters.store.postgres.wallets import last_entries, read_code
from salesarck_adapters.store.postgres.work import read_rule_book
from salesarck_domain.audit import AuditNote
from salesarck_domain.deed_codec import deed_from_data
from salesarck_domain.deeds import Applied
from salesarck_domain.ids import ActId, CodeId, ConsumerId, SaleId, TenantId
from salesarck_domain.ledger.adjustment import Adjustment, AdjustmentState
from salesarck_domain.ledger.entry import LedgerEntry
from salesarck_domain.ledger.lots import Lot, age, soonest_first
from salesarck_domain.ledger.reconciliation import WalletBooks
from salesarck_domain.people import WalletMerge
from salesarck_domain.ports.store import Account
from salesarck_domain.redemption.code import RedemptionCode
from salesarck_domain.redemption.lifecycle import CodeState
from salesarck_domain.rules.version import RuleBook
from salesarck_domain.sales.sale import UNCLAIMED, Sale
from salesarck_domain.veil import renamed

PAGE = 500
"""Rows that a walk holds at a time."""


@dataclass(frozen=True, slots=True)
class PostgresBooks:
    """Everything that can be read without a work."""

    engine: AsyncEngine

    async def account(self, tenant: TenantId, consumer: ConsumerId) -> Account:
        """Read one wallet; an empty one if there is none."""
        async with snapshot(self.engine, tenant) as connection:
            return await _account(connection, tenant, consumer)

    async def accounts_of(self, consumer: ConsumerId) -> Sequence[Account]:
        """Read all wallets of a consumer, by tenant."""
        table = schema.wallet
        found = select(table.c.tenant_id).where(table.c.consumer_id == consumer)
        async with snapshot(self.engine) as connection:
            tenants = (await connection.scalars(found.order_by(table.c.tenant_id))).all()
            accounts = list[Account]()
            for tenant in map(TenantId, tenants):
                await enter(connection, tenant)
                accounts.append(await _account(connection, tenant, consumer))
        return [account for account in accounts if account.seq or account.frozen]

    async def history(
        self, tenant: TenantId, consumer: ConsumerId, before: int | None, limit: int
    ) -> Sequence[LedgerEntry]:
        """Read entries, newest first."""
        table = schema.ledger_entry
        found = select(table).where(table.c.tenant_id == tenant, table.c.consumer_id == consumer)
        if before is not None:
            found = found.where(table.c.seq < before)
        rows = await self._rows(found.order_by(table.c.seq.desc()).limit(limit), tenant)
        return [LedgerEntry.as_recorded(**entry_fields(row)) for row in rows]

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
        table = schema.sale
        found = _sales(tenant).where(_has_tenders())
        if consumer is not None:
            found = found.where(table.c.consumer_id == consumer)
        if unclaimed:
            found = found.where(table.c.award["reason"].astext.in_(sorted(UNCLAIMED)))
        if before is not None:
            found = found.where(table.c.id < before)
        async with snapshot(self.engine, tenant) as connection:
            rows = await connection.execute(found.order_by(table.c.id.desc()).limit(limit))
            return await load_sales(connection, tenant, rows.all())

    async def sale(self, tenant: TenantId, sale: SaleId) -> Sale | None:
        """Read one sale."""
        async with snapshot(self.engine, tenant) as connection:
            rows = await connection.execute(_sales(tenant).where(schema.sale.c.id == sale))
            return next(iter(await load_sales(connection, tenant, rows.all())), None)

    async def code(self, tenant: TenantId, code: CodeId) -> RedemptionCode | None:
        """Read one code."""
        async with snapshot(self.engine, tenant) as connection:
            return await read_code(connection, tenant, code)

    async def rules(self, tenant: TenantId) -> RuleBook:
        """Read the rule versions."""
        async with snapshot(self.engine, tenant) as connection:
            return await read_rule_book(connection, tenant)

    async def rule_hashes(self, tenant: TenantId) -> Mapping[int, str]:
        """Read the hashes written at publication."""
        table = schema.rule_version
        found = select(table.c.number, table.c.content_hash).where(table.c.tenant_id == tenant)
        return {row.number: row.content_hash for row in await self._rows(found, tenant)}

    async def due(self, now: datetime, limit: int) -> Sequence[tuple[TenantId, ConsumerId]]:
        """Find wallets in which lots or codes have ended, the longest ended first."""
        lot, code = schema.lot, schema.redemption_code
        ended = union_all(
            select(lot.c.tenant_id, lot.c.consumer_id, lot.c.ends_at.label("at")).where(
                lot.c.remaining > 0, lot.c.ends_at <= now
            ),
            select(code.c.tenant_id, code.c.consumer_id, code.c.expires_at.label("at")).where(
                code.c.state == CodeState.ISSUED.value, code.c.expires_at <= now
            ),
        ).subquery("ended")
        wallet = (ended.c.tenant_id, ended.c.consumer_id)
        found = select(*wallet).group_by(*wallet).order_by(func.min(ended.c.at), *wallet)
        rows = await self._rows(found.limit(limit))
        return [(TenantId(row.tenant_id), ConsumerId(row.consumer_id)) for row in rows]

    async def consumers(self, tenant: TenantId) -> Sequence[ConsumerId]:
        """List whose wallets have anything written about them, sorted."""
        table = schema.wallet
        written = [
            exists().where(it.c.tenant_id == tenant, it.c.consumer_id == table.c.consumer_id)
            for it in (schema.ledger_entry, schema.lot, schema.redemption_code)
        ]
        found = select(table.c.consumer_id).where(
            table.c.tenant_id == tenant, written[0] | written[1] | written[2]
        )
        rows = await self._rows(found.order_by(table.c.consumer_id), tenant)
        return [ConsumerId(row.consumer_id) for row in rows]

    async def wallet_books(
        self, tenant: TenantId, consumers: Sequence[ConsumerId]
    ) -> Sequence[WalletBooks]:
        """Read all that is written about some wallets, in one snapshot."""
        entry, lot = schema.ledger_entry, schema.lot
        taking, code = schema.lot_movement, schema.redemption_code

        async with snapshot(self.engine, tenant) as connection:
            read = _ReadByOwner(connection, tenant, consumers)
            entries = await read(entry, entry.c.seq)
            lots = await read(lot, lot.c.id)
            takings = await read(taking, taking.c.seq, taking.c.place)
            codes = await read(code, code.c.id)
        return [
            WalletBooks(
                consumer=it,
                entries=[LedgerEntry.as_recorded(**entry_fields(row)) for row in entries[it]],
                hashes=[row.hash for row in entries[it]],
                lots=sorted(map(lot_of, lots[it]), key=age),
                takings=[taking_of(row) for row in takings[it]],
                codes=[code_of(row) for row in codes[it]],
            )
            for it in consumers
        ]

    async def all_sales(self, tenant: TenantId) -> AsyncIterator[Sale]:
        """Walk over every sale, by key, in one snapshot."""
        table = schema.sale
        key = tuple_(table.c.provider, table.c.merchant, table.c.name)
        pages = _sales(tenant).order_by(table.c.provider, table.c.merchant, table.c.name)
        async with snapshot(self.engine, tenant) as connection:
            page = pages
            while rows := (await connection.execute(page.limit(PAGE))).all():
                for sale in await load_sales(connection, tenant, rows):
                    yield sale
                last = rows[-1]
                page = pages.where(key > (last.provider, last.merchant, last.name))

    async def applied(self, tenant: TenantId) -> AsyncIterator[Applied]:
        """Walk over everything that was applied, in its order, in one snapshot."""
        table = schema.applied
        pages = select(table).where(table.c.tenant_id == tenant).order_by(table.c.number)
        async with snapshot(self.engine, tenant) as connection:
            page = pages
            while rows := (await connection.execute(page.limit(PAGE))).all():
                page_of = [_applied_of(row) for row in rows]
                names = await contacts(connection, tenant, (it.deed for it in page_of))
                for applied in page_of:
                    yield replace(applied, deed=renamed(applied.deed, names))
                page = pages.where(table.c.number > rows[-1].number)

    async def acts(self, tenant: TenantId) -> Collection[UUID]:
        """List the ids of audit rows."""
        found = select(schema.audit.c.id).where(schema.audit.c.tenant_id == tenant)
        return {row.id for row in await self._rows(found, tenant)}

    async def merges(self, tenant: TenantId) -> Sequence[WalletMerge]:
        """Read the merges of wallets, by id."""
        table = schema.wallet_merge
        found = select(table).where(table.c.tenant_id == tenant).order_by(table.c.id)
        return [merge_of(row) for row in await self._rows(found, tenant)]

    async def notes(
        self,
        tenant: TenantId,
        *,
        target: str | None = None,
        before: UUID | None = None,
        limit: int = 50,
    ) -> Sequence[AuditNote]:
        """Read audit rows, latest id first."""
        found = latest_notes(schema.audit, target, before, limit)
        rows = await self._rows(found.where(schema.audit.c.tenant_id == tenant), tenant)
        return [note_of(row) for row in rows]

    async def adjustments(
        self,
        tenant: TenantId,
        *,
        state: AdjustmentState | None = None,
        before: ActId | None = None,
        limit: int = 50,
    ) -> Sequence[Adjustment]:
        """Read adjustments, latest id first."""
        table = schema.adjustment
        found = select(table).where(table.c.tenant_id == tenant)
        if state is not None:
            found = found.where(table.c.state == state.value)
        if before is not None:
            found = found.where(table.c.id < before)
        rows = await self._rows(found.order_by(table.c.id.desc()).limit(limit), tenant)
        return [adjustment_of(row) for row in rows]

    async def _rows(self, found: Executable, tenant: TenantId | None = None) -> Sequence[Row[Any]]:
        async with snapshot(self.engine, tenant) as connection:
            return (await connection.execute(found)).all()


@dataclass(frozen=True, slots=True)
class _ReadByOwner:
    """Reads the rows of some wallets from one table after another."""

    connection: AsyncConnection
    tenant: TenantId
    consumers: Sequence[ConsumerId]

    async def __call__(
        self, table: Table, *order: ColumnElement[Any]
    ) -> dict[ConsumerId, list[Row[Any]]]:
        owned = among(table.c.consumer_id, self.consumers)
        found = select(table).where(table.c.tenant_id == self.tenant, owned).order_by(*order)
        rows: dict[ConsumerId, list[Row[Any]]] = {it: [] for it in self.consumers}
        for row in await self.connection.execute(found):
            rows[row.consumer_id].append(row)
        return rows


async def _account(connection: AsyncConnection, tenant: TenantId, owner: ConsumerId) -> Account:
    last = next(iter(await last_entries(connection, tenant, [owner])), None)
    return Account(
        tenant=tenant,
        consumer=owner,
        balance=last.balance_after if last else 0,
        owed=last.owed_after if last else 0,
        seq=last.seq if last else 0,
        lots=soonest_first(await _open_lots(connection, tenant, owner)),
        frozen=bool(await connection.scalar(_frozen(tenant, owner))),
    )


def _frozen(tenant: TenantId, owner: ConsumerId) -> Select[bool]:
    table = schema.wallet
    which = (table.c.tenant_id == tenant) & (table.c.consumer_id == owner)
    return select(table.c.frozen).where(which)


async def _open_lots(
    connection: AsyncConnection, tenant: TenantId, owner: ConsumerId
) -> Sequence[Lot]:
    table = schema.lot
    found = select(table).where(
        table.c.tenant_id == tenant, table.c.consumer_id == owner, table.c.remaining > 0
    )
    return [lot_of(row) for row in await connection.execute(found)]


def _sales(tenant: TenantId) -> Select[Any]:
    """Choose a tenant's sales, without the rows that were only made to be locked."""
    table = schema.sale
    return select(table).where(table.c.tenant_id == tenant, table.c.award.is_not(None))


def _has_tenders() -> ColumnElement[bool]:
    sale, tender = schema.sale, schema.tender
    return exists().where(
        tender.c.tenant_id == sale.c.tenant_id,
        tender.c.provider == sale.c.provider,
        tender.c.merchant == sale.c.merchant,
        tender.c.sale_name == sale.c.name,
    )


def _applied_of(row: Row[Any]) -> Applied:
    return Applied(
        deed=deed_from_data(row.deed),
        at=moment(row.at),
        actor=row.actor,
        correlation=row.correlation,
        number=row.number,
    )
