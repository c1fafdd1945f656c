"""One work in Postgres: one transaction, one tenant, and the locks that keep judgements true."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from uuid import UUID

from sqlalchemy import func, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from salesarck_adapters.store.postgres import schema
from salesarck_adapters.store.postgres.adjustments import PostgresAdjustments
from salesarck_adapters.store.postgres.answers import keep_answer
from salesarck_adapters.store.postgres.people import PostgresPeople
from salesarck_adapters.store.postgres.rows import (
    moment,
    note_of,
    note_values,
    tenant_of,
    tenant_values,
    version_of,
    version_values,
)
from salesarck_adapters.store.postgres.sales import PostgresSales
from salesarck_adapters.store.postgres.statements import add, among, told
from salesarck_adapters.store.postgres.team import PostgresTeam, check_alone
from salesarck_adapters.store.postgres.veil import stand_ins
from salesarck_adapters.store.postgres.wallets import PostgresCodes, PostgresWallets
from salesarck_domain.audit import AuditNote
from salesarck_domain.deed_codec import deed_as_data
from salesarck_domain.deeds import Applied
from salesarck_domain.ids import SaleId, TenantId
from salesarck_domain.ports.answers import Answered
from salesarck_domain.ports.directory import TenantMissing
from salesarck_domain.ports.inbox import LeaseLost, RowState
from salesarck_domain.ports.store import Finished
from salesarck_domain.rules.version import Retirement, RuleBook, RuleVersion
from salesarck_domain.tenants import Tenant
from salesarck_domain.veil import renamed

KnownRules = dict[TenantId, RuleBook]
"""What works have read of rules. Both lists of a book only grow, so their lengths tell its age."""


@dataclass(slots=True)
class PostgresWork:
    """One open transaction."""

    connection: AsyncConnection
    tenant: Tenant
    rules: RuleBook
    alone: bool
    sales: PostgresSales = field(init=False)
    wallets: PostgresWallets = field(init=False)
    codes: PostgresCodes = field(init=False)
    people: PostgresPeople = field(init=False)
    team: PostgresTeam = field(init=False)
    adjustments: PostgresAdjustments = field(init=False)

    def __post_init__(self) -> None:
        self.sales = PostgresSales(self.connection, self.tenant.id)
        self.wallets = PostgresWallets(self.connection, self.tenant.id)
        self.codes = PostgresCodes(self.connection, self.tenant.id)
        self.people = PostgresPeople(self.connection, self.tenant.id)
        self.team = PostgresTeam(self.connection, self.tenant.id, self.alone)
        self.adjustments = PostgresAdjustments(self.connection, self.tenant.id)

    @classmethod
    async def begin(
        cls, connection: AsyncConnection, tenant: TenantId, known: KnownRules, *, alone: bool
    ) -> "PostgresWork":
        """Wait for the tenant's turn, and read its terms and rules afterwards.

        Raises:
            TenantMissing: there is no such tenant.
        """
        lock = func.pg_advisory_xact_lock if alone else func.pg_advisory_xact_lock_shared
        await connection.execute(select(lock(func.hashtextextended(f"tenant:{tenant}", 0))))
        version, retirement = schema.rule_version, schema.retirement
        found = select(
            schema.tenant,
            select(func.count())
            .where(version.c.tenant_id == tenant)
            .scalar_subquery()
            .label("versions"),
            select(func.count())
            .where(retirement.c.tenant_id == tenant)
            .scalar_subquery()
            .label("retirements"),
        ).where(schema.tenant.c.id == tenant)
        row = (await connection.execute(found)).first()
        if row is None:
            raise TenantMissing(str(tenant))
        book = known.get(tenant, RuleBook())
        if (len(book.versions), len(book.retirements)) != (row.versions, row.retirements):
            book = known[tenant] = await read_rule_book(connection, tenant)
        return cls(connection, tenant_of(row), book, alone)

    async def change_tenant(self, tenant: Tenant) -> None:
        """Write the tenant's row anew."""
        check_alone(alone=self.alone)
        table = schema.tenant
        values = tenant_values(tenant)
        changing = update(table).where(table.c.id == self.tenant.id).values(values)
        await self.connection.execute(changing)
        self.tenant = tenant

    async def publish(self, version: RuleVersion) -> None:
        """Add a rule version."""
        check_alone(alone=self.alone)
        rows = [version_values(self.tenant.id, version)]
        await add(self.connection, schema.rule_version, rows)
        self.rules = self.rules.having(version)

    async def retire(self, retirement: Retirement) -> None:
        """End the versions so far."""
        check_alone(alone=self.alone)
        row = {
            "tenant_id": self.tenant.id,
            "number": len(self.rules.retirements) + 1,
            "at": retirement.at,
            "up_to": retirement.up_to,
        }
        await add(self.connection, schema.retirement, [row])
        self.rules = self.rules.having(retirement)

    async def note(self, note: AuditNote) -> None:
        """Add an audit row."""
        await add(self.connection, schema.audit, [note_values(self.tenant.id, note)])

    async def noted(self, id_: UUID) -> AuditNote | None:
        """Find an audit row."""
        table = schema.audit
        found = select(table).where(table.c.tenant_id == self.tenant.id, table.c.id == id_)
        row = (await self.connection.execute(found)).first()
        return note_of(row) if row else None

    async def apply(self, deeds: Sequence[Applied]) -> None:
        """Add deeds, behind the veil. Their numbers are drawn now, while every lock is held."""
        names = await stand_ins(self.connection, self.tenant.id, (it.deed for it in deeds))
        rows = [
            {
                "tenant_id": self.tenant.id,
                "deed": deed_as_data(renamed(deed.deed, names)),
                "at": deed.at,
                "actor": deed.actor,
                "correlation": deed.correlation,
            }
            for deed in deeds
        ]
        await add(self.connection, schema.applied, rows)

    async def finish(self, rows: Sequence[Finished]) -> None:
        """Mark rows done whose lease still holds.

        Raises:
            LeaseLost: somebody else holds one of them now.
        """
        if not rows:
            return
        finished = [
            {
                "id": row.row,
                "token": row.token,
                "outcome": row.outcome,
                "clock_ahead": row.clock_ahead,
            }
            for row in rows
        ]
        table = schema.inbox
        source = told(table, ("id", "token", "outcome", "clock_ahead"), finished)
        marking = (
            update(table)
            .where(
                table.c.id == source.c.id,
                table.c.token == source.c.token,
                table.c.state == RowState.LEASED.value,
            )
            .values(
                state=RowState.DONE.value,
                outcome=source.c.outcome,
                clock_ahead=source.c.clock_ahead,
                token=None,
                error=None,
                done_at=func.now(),
            )
            .returning(table.c.id)
        )
        done = {row.id for row in await self.connection.execute(marking)}
        for row in rows:
            if row.row not in done:
                raise LeaseLost(row.row)
        about = [
            {"tenant_id": self.tenant.id, "sale_id": sale, "row_id": row.row}
            for row in rows
            for sale in row.sales
        ]
        await add(self.connection, schema.inbox_sale, about)

    async def claimed(self, sales: Iterable[SaleId]) -> None:
        """Change the outcome of rows that told of these sales."""
        table, about = schema.inbox, schema.inbox_sale
        told_of = select(about.c.row_id).where(
            about.c.tenant_id == self.tenant.id, among(about.c.sale_id, sales)
        )
        await self.connection.execute(
            update(table)
            .where(table.c.id.in_(told_of), table.c.outcome == "unclaimed")
            .values(outcome="applied")
        )

    async def answer(self, answered: Answered | None) -> None:
        """Keep an answer, if the command is still held.

        Raises:
            CommandLost: somebody else holds it now.
        """
        if answered:
            await keep_answer(self.connection, answered)

    async def announce(self, topic: str, content: Mapping[str, object]) -> None:
        """Put a message into the outbox."""
        row = {"tenant_id": self.tenant.id, "topic": topic, "content": content}
        await add(self.connection, schema.outbox, [row])


async def read_rule_book(connection: AsyncConnection, tenant: TenantId) -> RuleBook:
    """Read all that a tenant published and retired, in its order."""
    table = schema.rule_version
    found = select(table).where(table.c.tenant_id == tenant).order_by(table.c.number)
    versions = tuple(version_of(row) for row in await connection.execute(found))
    table = schema.retirement
    found = select(table).where(table.c.tenant_id == tenant).order_by(table.c.number)
    retirements = tuple(
        Retirement(moment(row.at), row.up_to) for row in await connection.execute(found)
    )
    return RuleBook(versions, retirements)
