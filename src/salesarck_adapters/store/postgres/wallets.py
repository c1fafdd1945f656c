"""Wallets and codes in Postgres: locked by a statement of their own, read by those after it."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import Row, func, or_, select, true, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncConnection

from salesarck_adapters.store.postgres import schema
from salesarck_adapters.store.postgres.connections import constraint_of
from salesarck_adapters.store.postgres.rows import (
    code_of,
    code_values,
    entry_values,
    lot_of,
    lot_values,
    moment,
    taking_of,
    taking_values,
)
from salesarck_adapters.store.postgres.statements import add, add_missing, among, told, write
from salesarck_domain.ids import CodeId, ConsumerId, SaleId, TenantId
from salesarck_domain.ledger.entry import EntryKind, LedgerEntry, ToldDifferently
from salesarck_domain.ledger.lots import Taking
from salesarck_domain.ledger.wallet import Wallet
from salesarck_domain.redemption.code import RedemptionCode
from salesarck_domain.redemption.lifecycle import CodeState

TOLD_BEFORE = "ledger_entry_tenant_id_reference_kind_key"
DO_NOT_FOLLOW = frozenset({"ledger_entry_follows", "ledger_entry_pkey"})
SETTLED = ("state", "settled_at", "till")


@dataclass(frozen=True, slots=True)
class PostgresWallets:
    """Wallets of one work. `known` are the states in which codes were loaded."""

    connection: AsyncConnection
    tenant: TenantId
    known: dict[CodeId, CodeState] = field(default_factory=dict[CodeId, CodeState])

    async def lock(
        self,
        consumers: Iterable[ConsumerId],
        *,
        sales: Iterable[SaleId] = (),
        codes: Iterable[CodeId] = (),
    ) -> Mapping[ConsumerId, Wallet]:
        """Lock the rows of wallets, making those that are missing; then read what they hold."""
        owners = sorted(set(consumers))
        if not owners:
            return {}
        table = schema.wallet
        rows = [{"tenant_id": self.tenant, "consumer_id": owner} for owner in owners]
        await add_missing(self.connection, table, rows)
        locking = (
            select(table.c.consumer_id, table.c.frozen, table.c.is_closed)
            .where(table.c.tenant_id == self.tenant, among(table.c.consumer_id, owners))
            .order_by(table.c.consumer_id)
            .with_for_update()
        )
        wallets = {
            ConsumerId(row.consumer_id): Wallet(
                tenant=self.tenant,
                consumer=ConsumerId(row.consumer_id),
                frozen=row.frozen,
                is_closed=row.is_closed,
            )
            for row in await self.connection.execute(locking)
        }
        for row in await last_entries(self.connection, self.tenant, owners):
            wallet = wallets[row.consumer_id]
            wallet.seq, wallet.balance, wallet.owed = row.seq, row.balance_after, row.owed_after
            wallet.head = row.hash
        await self._load_codes(wallets, set(codes))
        await self._load_lots(wallets)
        await self._load_run_out(wallets, set(sales))
        return wallets

    async def append(self, wallets: Iterable[Wallet]) -> None:
        """Write entries, then lots, then what moved between them, then codes.

        Raises:
            ToldDifferently: an entry's reference was told before, or a code is not what it was.
            ValueError: an entry does not follow what its wallet holds.
        """
        decided = list(wallets)
        await self._add_entries([entry for wallet in decided for entry in wallet.entries])
        lots = [
            lot_values(self.tenant, wallet.consumer, lot)
            for wallet in decided
            for lot in wallet.changed_lots.values()
        ]
        await write(self.connection, schema.lot, lots)
        takings = [
            row
            for wallet in decided
            for row in taking_values(self.tenant, wallet.consumer, wallet.takings)
        ]
        await add(self.connection, schema.lot_movement, takings)
        await self._write_codes(
            [code for wallet in decided for code in wallet.changed_codes.values()]
        )
        await self._close([wallet.consumer for wallet in decided if wallet.is_closed])

    async def _close(self, consumers: Sequence[ConsumerId]) -> None:
        if consumers:
            table = schema.wallet
            which = (table.c.tenant_id == self.tenant) & among(table.c.consumer_id, consumers)
            await self.connection.execute(update(table).where(which).values(is_closed=True))

    async def freeze(self, consumer: ConsumerId, *, frozen: bool) -> None:
        """Note it in the wallet's row."""
        table = schema.wallet
        which = (table.c.tenant_id == self.tenant) & (table.c.consumer_id == consumer)
        await self.connection.execute(update(table).where(which).values(frozen=frozen))

    async def _add_entries(self, entries: Sequence[LedgerEntry]) -> None:
        try:
            rows = [entry_values(entry) for entry in entries]
            await add(self.connection, schema.ledger_entry, rows)
        except IntegrityError as error:
            name, detail = constraint_of(error)
            if name in DO_NOT_FOLLOW:
                raise ValueError(
                    f"an entry does not follow what its wallet holds: {name}"
                ) from error
            if name != TOLD_BEFORE:
                raise
            told_before = (it.reference for it in entries if it.reference in detail)
            raise ToldDifferently(next(told_before, entries[0].reference)) from error

    async def _write_codes(self, codes: Sequence[RedemptionCode]) -> None:
        """Add new codes, and let others take their step from the state in which they were read.

        Raises:
            ToldDifferently: a code was there before, or has taken another step.
        """
        new = [code for code in codes if code.id not in self.known]
        try:
            rows = [code_values(self.tenant, code) for code in new]
            await add(self.connection, schema.redemption_code, rows)
        except IntegrityError as error:
            raise ToldDifferently(f"code:{new[0].id}") from error
        for state in CodeState:
            await self._settle([it for it in codes if self.known.get(it.id) is state], state)

    async def _settle(self, codes: Sequence[RedemptionCode], known: CodeState) -> None:
        if not codes:
            return
        table = schema.redemption_code
        rows = [code_values(self.tenant, code) for code in codes]
        source = told(table, ("id", *SETTLED), rows)
        step = (
            update(table)
            .where(
                table.c.tenant_id == self.tenant,
                table.c.id == source.c.id,
                table.c.state == known.value,
            )
            .values({name: source.c[name] for name in SETTLED})
            .returning(table.c.id)
        )
        settled = {row.id for row in await self.connection.execute(step)}
        for code in codes:
            if code.id not in settled:
                raise ToldDifferently(f"code:{code.id}")

    async def _load_codes(self, wallets: Mapping[ConsumerId, Wallet], asked: set[CodeId]) -> None:
        table = schema.redemption_code
        issued = table.c.state == CodeState.ISSUED.value
        found = select(table).where(
            table.c.tenant_id == self.tenant,
            among(table.c.consumer_id, wallets),
            or_(issued, among(table.c.id, asked)) if asked else issued,
        )
        for row in await self.connection.execute(found):
            code = code_of(row)
            wallets[code.consumer].codes[code.id] = code
            self.known[code.id] = code.state
        codes = [code for wallet in wallets.values() for code in wallet.codes]
        taken = await self._taken_for(codes) if codes else {}
        for wallet in wallets.values():
            wallet.taken_for = {code: taken.get(code, ()) for code in wallet.codes}

    async def _taken_for(self, codes: Sequence[CodeId]) -> dict[CodeId, list[Taking]]:
        """Find what the entries that issued these codes took from which lots, in order."""
        entry, movement = schema.ledger_entry, schema.lot_movement
        references = {f"code:{code}": code for code in codes}
        found = (
            select(entry.c.reference, movement)
            .join(
                movement,
                (movement.c.tenant_id == entry.c.tenant_id)
                & (movement.c.consumer_id == entry.c.consumer_id)
                & (movement.c.seq == entry.c.seq),
            )
            .where(
                entry.c.tenant_id == self.tenant,
                among(entry.c.reference, references),
                entry.c.kind == EntryKind.REDEEM.value,
            )
            .order_by(entry.c.reference, movement.c.place)
        )
        taken: dict[CodeId, list[Taking]] = {}
        for row in await self.connection.execute(found):
            taken.setdefault(references[row.reference], []).append(taking_of(row))
        return taken

    async def _load_lots(self, wallets: Mapping[ConsumerId, Wallet]) -> None:
        table = schema.lot
        promised = {
            taking.lot
            for wallet in wallets.values()
            for taken in wallet.taken_for.values()
            for taking in taken
        }
        is_open = table.c.remaining > 0
        found = select(table).where(
            table.c.tenant_id == self.tenant,
            among(table.c.consumer_id, wallets),
            or_(is_open, among(table.c.id, promised)) if promised else is_open,
        )
        for row in await self.connection.execute(found):
            lot = lot_of(row)
            wallets[row.consumer_id].lots[lot.id] = lot

    async def _load_run_out(
        self, wallets: Mapping[ConsumerId, Wallet], sales: Collection[SaleId]
    ) -> None:
        if not sales:
            return
        table = schema.lot
        found = (
            select(table.c.sale_id, func.sum(table.c.run_out).label("points"))
            .where(
                table.c.tenant_id == self.tenant,
                among(table.c.sale_id, sales),
                table.c.run_out > 0,
            )
            .group_by(table.c.sale_id)
        )
        rows = (await self.connection.execute(found)).all()
        for wallet in wallets.values():
            wallet.run_out = {SaleId(row.sale_id): int(row.points) for row in rows}


async def last_entries(
    connection: AsyncConnection, tenant: TenantId, consumers: Iterable[ConsumerId]
) -> Sequence[Row[Any]]:
    """Read the last entry of each wallet, by its key."""
    table = schema.ledger_entry
    rows = [{"consumer_id": consumer} for consumer in consumers]
    asked = told(schema.wallet, ("consumer_id",), rows)
    last = (
        select(table)
        .where(table.c.tenant_id == tenant, table.c.consumer_id == asked.c.consumer_id)
        .order_by(table.c.seq.desc())
        .limit(1)
        .lateral("last")
    )
    found = select(last).select_from(asked.join(last, true()))
    return (await connection.execute(found)).all()


@dataclass(frozen=True, slots=True)
class PostgresCodes:
    """Codes of one work."""

    connection: AsyncConnection
    tenant: TenantId

    async def find(self, lookups: Sequence[str]) -> RedemptionCode | None:
        """Find by what a cashier typed."""
        table = schema.redemption_code
        found = (
            select(table)
            .where(table.c.tenant_id == self.tenant, among(table.c.lookup, lookups))
            .order_by(
                (table.c.state == CodeState.ISSUED.value).desc(),
                table.c.issued_at.desc(),
                table.c.id.desc(),
            )
            .limit(1)
        )
        row = (await self.connection.execute(found)).first()
        return code_of(row) if row else None

    async def get(self, code: CodeId) -> RedemptionCode | None:
        """Find by id."""
        return await read_code(self.connection, self.tenant, code)

    async def wrong_tries(self, place: str, since: datetime) -> Sequence[datetime]:
        """Read one place's moments."""
        # Who types at one place types one after another, or a burst gets past the count.
        name = func.hashtextextended(f"tries:{self.tenant}:{place}", 0)
        await self.connection.execute(select(func.pg_advisory_xact_lock(name)))
        table = schema.wrong_try
        found = (
            select(table.c.at)
            .where(table.c.tenant_id == self.tenant, table.c.place == place, table.c.at >= since)
            .order_by(table.c.at)
        )
        return [moment(at) for at in await self.connection.scalars(found)]

    async def note_wrong_try(self, places: Iterable[str], at: datetime) -> None:
        """Add a moment to each place."""
        rows = [{"tenant_id": self.tenant, "place": place, "at": at} for place in places]
        await add(self.connection, schema.wrong_try, rows)


async def read_code(
    connection: AsyncConnection, tenant: TenantId, code: CodeId
) -> RedemptionCode | None:
    """Read one code by its id."""
    table = schema.redemption_code
    found = select(table).where(table.c.tenant_id == tenant, table.c.id == code)
    row = (await connection.execute(found)).first()
    return code_of(row) if row else None
