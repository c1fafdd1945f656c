"""Erasures in Postgres: tables of the platform. Each call is one transaction."""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import Row, delete, or_, select, tuple_, union, update
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from salesarck_adapters.store.postgres import schema
from salesarck_adapters.store.postgres.connections import transaction
from salesarck_adapters.store.postgres.directory import account_merge_of
from salesarck_adapters.store.postgres.rows import moment, moment_or_none
from salesarck_adapters.store.postgres.statements import add_missing, among, keyed, write
from salesarck_domain.erasure import Erasure
from salesarck_domain.ids import ActId, ConsumerId, TenantId
from salesarck_domain.people import AccountMerge, Evidence


@dataclass(frozen=True, slots=True)
class PostgresErasures:
    """All erasures."""

    engine: AsyncEngine

    async def begin(self, erasure: Erasure, marks: Iterable[str]) -> None:
        """Add what is missing."""
        row = {
            "id": erasure.id,
            "people": list(erasure.people),
            "at": erasure.at,
            "actor": erasure.actor,
            "reason": erasure.reason,
        }
        kept = [{"mark": mark, "at": erasure.at} for mark in sorted(set(marks))]
        async with transaction(self.engine) as connection:
            await add_missing(connection, schema.erasure, [row])
            await add_missing(connection, schema.erased_contact, kept)

    async def find(self, id_: ActId) -> Erasure | None:
        """Find it by its act."""
        found = select(schema.erasure).where(schema.erasure.c.id == id_)
        async with transaction(self.engine) as connection:
            row = (await connection.execute(found)).first()
        return _erasure_of(row) if row else None

    async def tenants_that_know(
        self, people: Collection[ConsumerId], evidence: Collection[Evidence]
    ) -> Sequence[TenantId]:
        """Look through wallets, adjustments, and the stand-ins and sales of this evidence."""
        rows = [{"kind": it.kind, "value": it.value} for it in evidence]
        key = ("kind", "value")
        found = [
            select(table.c.tenant_id).where(keyed(table, key, rows))
            for table in (schema.contact, schema.waiting)
        ]
        found += [
            select(table.c.tenant_id).where(among(table.c.consumer_id, people))
            for table in (schema.wallet, schema.adjustment)
        ]
        every = union(*found).order_by("tenant_id")
        async with transaction(self.engine) as connection:
            return [TenantId(it) for it in await connection.scalars(every)]

    async def end(self, id_: ActId, at: datetime) -> None:
        """Delete it all in one transaction with the note."""
        table = schema.erasure
        ending = update(table).where(table.c.id == id_, table.c.finished_at.is_(None))
        async with transaction(self.engine) as connection:
            found = select(table.c.people).where(table.c.id == id_)
            people: Sequence[UUID] = (await connection.execute(found)).scalar_one()
            await _forget_invitations(connection, people)
            for each in (schema.proof, schema.profile, schema.sign_in):
                await connection.execute(delete(each).where(among(each.c.consumer_id, people)))
            callers = [f"person:{person}" for person in people]
            command = schema.command
            await connection.execute(delete(command).where(among(command.c.caller, callers)))
            note = schema.platform_audit
            about = update(note).where(among(note.c.target, callers), note.c.reason != "")
            await connection.execute(about.values(reason=""))
            await connection.execute(ending.values(finished_at=at))

    async def merges_of(self, consumer: ConsumerId) -> Sequence[AccountMerge]:
        """Read those that nobody undid, by id."""
        table = schema.account_merge
        found = select(table).where(
            or_(table.c.absorbed_id == consumer, table.c.survivor_id == consumer),
            table.c.undone_at.is_(None),
        )
        async with transaction(self.engine) as connection:
            rows = await connection.execute(found.order_by(table.c.id))
            return [account_merge_of(row) for row in rows]

    async def note_sign_in(self, consumer: ConsumerId, subject: UUID) -> None:
        """Write it over what is there."""
        async with transaction(self.engine) as connection:
            row = {"subject": subject, "consumer_id": consumer}
            await write(connection, schema.sign_in, [row])

    async def subjects(self, people: Collection[ConsumerId]) -> Sequence[UUID]:
        """Read them by person."""
        table = schema.sign_in
        found = select(table.c.subject).where(among(table.c.consumer_id, people))
        async with transaction(self.engine) as connection:
            return list(await connection.scalars(found.order_by(table.c.subject)))


async def _forget_invitations(connection: AsyncConnection, people: Sequence[UUID]) -> None:
    proof, invitation = schema.proof, schema.invitation
    theirs = select(proof.c.kind, proof.c.value).where(among(proof.c.consumer_id, people))
    asked = tuple_(invitation.c.kind, invitation.c.value).in_(theirs)
    await connection.execute(delete(invitation).where(asked))


def _erasure_of(row: Row[tuple[object, ...]]) -> Erasure:
    return Erasure(
        id=ActId(row.id),
        people=tuple(map(ConsumerId, row.people)),
        at=moment(row.at),
        actor=row.actor,
        reason=row.reason,
        finished_at=moment_or_none(row.finished_at),
    )
