"""Adjustments in Postgres."""

from dataclasses import dataclass

from sqlalchemy import func, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncConnection

from salesarck_adapters.store.postgres import schema
from salesarck_adapters.store.postgres.rows import adjustment_of, adjustment_values
from salesarck_adapters.store.postgres.statements import add
from salesarck_domain.days import Span
from salesarck_domain.ids import ActId, ConsumerId, TenantId
from salesarck_domain.ledger.adjustment import Adjustment, AdjustmentState


@dataclass(frozen=True, slots=True)
class PostgresAdjustments:
    """Adjustments of one work."""

    connection: AsyncConnection
    tenant: TenantId

    async def made(self, consumer: ConsumerId, span: Span) -> int:
        """Add up what one admin alone has moved."""
        # Who adjusts one wallet does so one after another, or two get past the limit together.
        name = func.hashtextextended(f"adjust:{self.tenant}:{consumer}", 0)
        await self.connection.execute(select(func.pg_advisory_xact_lock(name)))
        table = schema.adjustment
        found = select(func.coalesce(func.sum(table.c.points), 0)).where(
            table.c.tenant_id == self.tenant,
            table.c.consumer_id == consumer,
            table.c.state == AdjustmentState.MADE.value,
        )
        if span.since is not None:
            found = found.where(table.c.requested_at >= span.since)
        if span.until is not None:
            found = found.where(table.c.requested_at < span.until)
        return int(await self.connection.scalar(found) or 0)

    async def add(self, adjustment: Adjustment) -> None:
        """Write an adjustment down."""
        rows = [adjustment_values(self.tenant, adjustment)]
        await add(self.connection, schema.adjustment, rows)

    async def lock(self, adjustment: ActId) -> Adjustment | None:
        """Find one, and lock its row."""
        table = schema.adjustment
        which = (table.c.tenant_id == self.tenant) & (table.c.id == adjustment)
        row = (await self.connection.execute(select(table).where(which).with_for_update())).first()
        return adjustment_of(row) if row else None

    async def decide(self, adjustment: Adjustment) -> None:
        """Write a decision over a pending request.

        Raises:
            ValueError: it was not pending, or ran out, or its decider is who requested it.
        """
        table = schema.adjustment
        deciding = (
            update(table)
            .where(
                table.c.tenant_id == self.tenant,
                table.c.id == adjustment.id,
                table.c.state == AdjustmentState.PENDING.value,
            )
            .values(
                state=adjustment.state.value,
                decided_by=adjustment.decided_by,
                decided_at=adjustment.decided_at,
            )
            .returning(table.c.id)
        )
        try:
            decided = (await self.connection.execute(deciding)).first()
        except IntegrityError as error:
            raise ValueError("an adjustment is decided in time, by somebody else") from error
        if decided is None:
            raise ValueError("an adjustment is decided once")
