"""Revocations in Postgres, which is the truth about them.

A faster copy elsewhere may be believed only while it has a lease. Taking the lease says how far
the copy must have come, and revoking says how long somebody may still believe an older one.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Row, delete, select, text
from sqlalchemy.ext.asyncio import AsyncEngine

from salesarck_adapters.store.postgres.connections import snapshot, transaction
from salesarck_adapters.store.postgres.rows import moment
from salesarck_adapters.store.postgres.schema.revocations import revocation
from salesarck_domain.ports.revocations import Ended, Revocation, Shown

REVOKE = text("""
WITH head AS (
    UPDATE public.revocation_head
    SET number = greatest(number + 1, (extract(epoch FROM clock_timestamp()) * 1000000)::bigint)
    WHERE id = 1
    RETURNING number, extract(epoch FROM leased_until - clock_timestamp()) AS leased
), kept AS (
    INSERT INTO public.revocation AS there (kind, id, before, kept_until, number)
    SELECT :kind, CAST(:id AS uuid), :before, :kept_until, number FROM head
    ON CONFLICT (kind, id) DO UPDATE SET
        before = greatest(there.before, excluded.before),
        kept_until = greatest(there.kept_until, excluded.kept_until),
        number = excluded.number
)
SELECT leased FROM head
""")
"""The head is locked until the commit, so numbers become visible in their order. They are moments
as well: a database that was set back gives none for a second time."""

LEASE = text("""
UPDATE public.revocation_head
SET leased_until = clock_timestamp() + CAST(:length AS interval)
WHERE id = 1
RETURNING number
""")

STANDS = text("""
SELECT NOT EXISTS (
    SELECT FROM public.revocation
    WHERE before > CASE kind WHEN 'person' THEN :signed_in_at ELSE :issued_at END
        AND (kind, id) IN (
            ('session', CAST(:session AS uuid)),
            ('person', CAST(:person AS uuid)),
            ('tenant', CAST(:tenant AS uuid))
        )
)
""")


@dataclass(frozen=True, slots=True)
class PostgresRevocations:
    """A row each, and a head that counts them."""

    engine: AsyncEngine

    async def revoke(self, revocation: Revocation) -> None:
        """Write it down."""
        await self.revoke_before_copies(revocation)

    async def revoke_before_copies(self, revocation: Revocation) -> timedelta:
        """Write it down; say for how long copies may be believed that haven't heard of it."""
        values = {
            "kind": revocation.kind.value,
            "id": revocation.id,
            "before": revocation.before,
            "kept_until": revocation.kept_until,
        }
        async with transaction(self.engine) as connection:
            leased = await connection.scalar(REVOKE, values)
        return timedelta(seconds=max(0.0, float(leased or 0)))

    async def stands(self, shown: Shown) -> bool:
        """Whether nothing has ended it."""
        values = {
            "session": shown.session,
            "person": shown.person,
            "tenant": shown.tenant,
            "signed_in_at": shown.signed_in_at,
            "issued_at": shown.issued_at,
        }
        async with snapshot(self.engine) as connection:
            return bool(await connection.scalar(STANDS, values))

    async def forget(self, now: datetime) -> int:
        """Forget what is kept no longer."""
        async with transaction(self.engine) as connection:
            old = delete(revocation).where(revocation.c.kept_until <= now)
            return (await connection.execute(old)).rowcount

    async def lease(self, length: timedelta) -> int:
        """Let a copy be believed for so long, if it has everything up to this number."""
        async with transaction(self.engine) as connection:
            return int(await connection.scalar(LEASE, {"length": length}) or 0)

    async def since(self, number: int, limit: int) -> Sequence[tuple[int, Revocation]]:
        """Read the revocations after a number, in their order, so many at a time."""
        table = revocation
        found = select(table).where(table.c.number > number).order_by(table.c.number).limit(limit)
        async with snapshot(self.engine) as connection:
            return [(row.number, _revocation_of(row)) for row in await connection.execute(found)]


def _revocation_of(row: Row[Any]) -> Revocation:
    return Revocation(Ended(row.kind), row.id, moment(row.before), moment(row.kept_until))
