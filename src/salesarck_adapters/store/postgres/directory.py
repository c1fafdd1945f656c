"""The directory in Postgres: tables with keys of their own. Each call is one transaction."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, fields
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import (
    ColumnElement,
    Executable,
    Row,
    Select,
    Table,
    any_,
    delete,
    literal,
    select,
    union_all,
    update,
)
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from salesarck_adapters.store.postgres import schema
from salesarck_adapters.store.postgres.answers import keep_answer
from salesarck_adapters.store.postgres.connections import enter, snapshot, transaction
from salesarck_adapters.store.postgres.people import add_proofs, proof_of
from salesarck_adapters.store.postgres.rows import (
    Values,
    invitation_of,
    member_of,
    moment,
    moment_or_none,
    note_of,
    platform_note_values,
    tenant_of,
    tenant_values,
)
from salesarck_adapters.store.postgres.statements import (
    add_missing,
    among,
    keyed,
    latest_notes,
)
from salesarck_domain.audit import AuditNote
from salesarck_domain.ids import ActId, ConsumerId, TenantId
from salesarck_domain.people import AccountMerge, Evidence, EvidenceKind, Invitation, Member, Proof
from salesarck_domain.ports.answers import Answered
from salesarck_domain.ports.directory import Link, LinkTaken, TenantMissing
from salesarck_domain.tenants import Tenant, TenantState


@dataclass(frozen=True, slots=True)
class PostgresDirectory:
    """Tenants, links and people."""

    engine: AsyncEngine

    async def add_tenant(self, tenant: Tenant) -> None:
        """Add a tenant, or write its terms anew."""
        values = tenant_values(tenant)
        statement = insert(schema.tenant).values(values)
        async with transaction(self.engine) as connection:
            await connection.execute(
                statement.on_conflict_do_update(index_elements=["id"], set_=values)
            )

    async def tenant(self, tenant: TenantId) -> Tenant:
        """Read one.

        Raises:
            TenantMissing: there is none.
        """
        rows = await self._rows(select(schema.tenant).where(schema.tenant.c.id == tenant))
        if not rows:
            raise TenantMissing(str(tenant))
        return tenant_of(rows[0])

    async def tenants(self) -> Sequence[Tenant]:
        """Read all, by name."""
        found = [tenant_of(row) for row in await self._rows(select(schema.tenant))]
        return sorted(found, key=lambda tenant: (tenant.name, tenant.id))

    async def add_link(self, link: Link) -> None:
        """Link a merchant, unless another tenant did.

        Raises:
            LinkTaken: another tenant did.
            TenantMissing: there is no such tenant.
        """
        values: Values = {it.name: getattr(link, it.name) for it in fields(link)}
        values |= {"tenant_id": values.pop("tenant"), "state": "active"}
        table = schema.link
        statement = insert(table).values(values)
        upsert = statement.on_conflict_do_update(
            constraint=table.primary_key,
            set_=values,
            where=table.c.tenant_id == statement.excluded.tenant_id,
        ).returning(table.c.tenant_id)
        try:
            async with transaction(self.engine) as connection:
                if (await connection.execute(upsert)).first() is None:
                    raise LinkTaken(link.provider, link.merchant)
        except IntegrityError as error:
            raise TenantMissing(str(link.tenant)) from error

    async def end_link(self, provider: str, merchant: str, state: str) -> None:
        """Note that a link no longer works."""
        table = schema.link
        which = (table.c.provider == provider) & (table.c.merchant == merchant)
        async with transaction(self.engine) as connection:
            await connection.execute(update(table).where(which).values(state=state))

    async def link(self, provider: str, merchant: str) -> Link | None:
        """Find whose a merchant account is."""
        table = schema.link
        which = (table.c.provider == provider) & (table.c.merchant == merchant)
        rows = await self._rows(select(table).where(which))
        return _link_of(rows[0]) if rows else None

    async def links(self, tenant: TenantId | None = None) -> Sequence[Link]:
        """Read the links of a tenant, or all, sorted by merchant."""
        table = schema.link
        found = select(table).order_by(table.c.provider, table.c.merchant)
        if tenant is not None:
            found = found.where(table.c.tenant_id == tenant)
        return [_link_of(row) for row in await self._rows(found, tenant)]

    async def prove(self, proofs: Iterable[Proof]) -> None:
        """Add proofs of phones and e-mails that nobody gave before."""
        async with transaction(self.engine) as connection:
            await add_proofs(connection, proofs)

    async def lift(self, consumer: ConsumerId, marks: Iterable[str]) -> None:
        """Delete the marks, unless the person is just going."""
        table, erasure = schema.erased_contact, schema.erasure
        going = (
            select(erasure.c.id)
            .where(any_(erasure.c.people) == consumer, erasure.c.finished_at.is_(None))
            .exists()
        )
        lifting = delete(table).where(among(table.c.mark, marks), ~going)
        async with transaction(self.engine) as connection:
            await connection.execute(lifting)

    async def let_go(self, consumer: ConsumerId, evidence: Iterable[Evidence]) -> None:
        """Delete the proofs that are this person's."""
        table = schema.proof
        rows = [{"kind": each.kind, "value": each.value} for each in evidence]
        theirs = (table.c.consumer_id == consumer) & keyed(table, ("kind", "value"), rows)
        async with transaction(self.engine) as connection:
            await connection.execute(delete(table).where(theirs))

    async def merge_accounts(self, merge: AccountMerge) -> None:
        """Move the proofs in the transaction that keeps the merge, unless it is kept already."""
        row = {
            "id": merge.id,
            "absorbed_id": merge.absorbed,
            "survivor_id": merge.survivor,
            "at": merge.at,
        }
        table, proof = schema.account_merge, schema.proof
        keeping = insert(table).values(row).on_conflict_do_nothing().returning(table.c.id)
        moving = update(proof).where(proof.c.consumer_id == merge.absorbed)
        async with transaction(self.engine) as connection:
            if (await connection.execute(keeping)).first():
                to = {"consumer_id": merge.survivor, "moved_from": merge.absorbed}
                await connection.execute(moving.values(to))

    async def part_accounts(self, id_: ActId, at: datetime) -> None:
        """Move the proofs back in the transaction that ends the merge, unless it has ended."""
        table, proof = schema.account_merge, schema.proof
        ending = (
            update(table)
            .where(table.c.id == id_, table.c.undone_at.is_(None))
            .values(undone_at=at)
            .returning(table.c.absorbed_id, table.c.survivor_id)
        )
        async with transaction(self.engine) as connection:
            if ended := (await connection.execute(ending)).first():
                moved = (proof.c.consumer_id == ended.survivor_id) & (
                    proof.c.moved_from == ended.absorbed_id
                )
                back = {"consumer_id": ended.absorbed_id, "moved_from": None}
                await connection.execute(update(proof).where(moved).values(back))

    async def account_merge(self, id_: ActId) -> AccountMerge | None:
        """Find a merge of accounts."""
        table = schema.account_merge
        rows = await self._rows(select(table).where(table.c.id == id_))
        return account_merge_of(rows[0]) if rows else None

    async def whose(self, evidence: Evidence) -> ConsumerId | None:
        """Find the person who proved a phone or an e-mail."""
        table = schema.proof
        which = (table.c.kind == evidence.kind.value) & (table.c.value == evidence.value)
        rows = await self._rows(select(table.c.consumer_id).where(which))
        return ConsumerId(rows[0].consumer_id) if rows else None

    async def evidence_of(self, consumer: ConsumerId) -> Sequence[Proof]:
        """Read the phones and e-mails that a person proved, sorted."""
        table = schema.proof
        found = select(table).where(table.c.consumer_id == consumer)
        rows = await self._rows(found.order_by(table.c.kind, table.c.value))
        return [proof_of(row) for row in rows]

    async def tenants_waiting_for(self, evidence: Iterable[Evidence]) -> Sequence[TenantId]:
        """Find tenants with sales that wait."""
        rows = [{"kind": each.kind, "value": each.value} for each in evidence]
        table, tenant = schema.waiting, schema.tenant
        found = select(table.c.tenant_id).where(
            keyed(table, ("kind", "value"), rows),
            tenant.c.id == table.c.tenant_id,
            tenant.c.state == TenantState.ACTIVE,
        )
        found = found.distinct()
        waiting = await self._rows(found.order_by(table.c.tenant_id))
        return [TenantId(row.tenant_id) for row in waiting]

    async def claimable(self, limit: int) -> Sequence[tuple[TenantId, Proof]]:
        """Find proofs that came in time for sales that still wait.

        Where something waits for a proof is seen across tenants; whether it came in time, in
        each tenant's own rows.
        """
        found: list[tuple[TenantId, Proof]] = []
        async with snapshot(self.engine) as connection:
            for tenant in map(TenantId, (await connection.scalars(_tenants_with_proofs())).all()):
                await enter(connection, tenant)
                rows = await connection.execute(_claims_at(tenant).limit(limit - len(found)))
                found += [(tenant, proof_of(row)) for row in rows]
                if len(found) == limit:
                    break
        return found

    async def add_member(self, member: Member) -> None:
        """Give a person a role, unless they have one there.

        Raises:
            TenantMissing: there is no such tenant.
        """
        row = {"person_id": member.person, "role": member.role, "tenant_id": member.tenant}
        try:
            async with transaction(self.engine) as connection:
                await add_missing(connection, schema.member, [row])
        except IntegrityError as error:
            raise TenantMissing(str(member.tenant)) from error

    async def memberships(self, person: ConsumerId) -> Sequence[Member]:
        """Read a person's roles: those on the platform first, then by tenant."""
        table = schema.member
        found = select(table).where(table.c.person_id == person)
        rows = await self._rows(found.order_by(table.c.tenant_id.nulls_first()))
        return [member_of(row) for row in rows]

    async def invitations(
        self, evidence: Iterable[Evidence], now: datetime
    ) -> Sequence[Invitation]:
        """Find open invitations of all tenants."""
        asked = [{"kind": each.kind, "value": each.value} for each in evidence]
        table = schema.invitation
        which = keyed(table, ("kind", "value"), asked) & (table.c.expires_at > now)
        rows = await self._rows(select(table).where(which).order_by(table.c.id.desc()))
        return [invitation_of(row) for row in rows]

    async def forget_invitations(self, now: datetime) -> int:
        """Delete those that ran out."""
        table = schema.invitation
        old = delete(table).where(table.c.expires_at <= now).returning(table.c.id)
        async with transaction(self.engine) as connection:
            return len((await connection.execute(old)).all())

    async def is_suspended(self, person: ConsumerId) -> bool:
        """Whether an admin has suspended a person."""
        table = schema.suspension
        found = select(table.c.person_id).where(table.c.person_id == person)
        return bool(await self._rows(found))

    async def suspend(
        self,
        person: ConsumerId,
        note: AuditNote,
        answered: Answered | None = None,
        *,
        suspended: bool,
    ) -> bool:
        """Change it, note it and answer in one transaction, or none of it.

        Raises:
            CommandLost: somebody else holds the command that this answers.
        """
        table = schema.suspension
        row = {"person_id": person, "at": note.at}
        change = (
            insert(table).values(row).on_conflict_do_nothing().returning(table.c.person_id)
            if suspended
            else delete(table).where(table.c.person_id == person).returning(table.c.person_id)
        )
        async with transaction(self.engine) as connection:
            changed = (await connection.execute(change)).first() is not None
            if changed:
                await _note(connection, note, answered)
        return changed

    async def note(self, note: AuditNote, answered: Answered | None = None) -> None:
        """Add an audit row, once.

        Raises:
            CommandLost: somebody else holds the command that this answers.
        """
        async with transaction(self.engine) as connection:
            await _note(connection, note, answered)

    async def notes(
        self, *, target: str | None = None, before: UUID | None = None, limit: int = 50
    ) -> Sequence[AuditNote]:
        """Read audit rows, latest id first."""
        found = latest_notes(schema.platform_audit, target, before, limit)
        return [note_of(row) for row in await self._rows(found)]

    async def _rows(self, found: Executable, tenant: TenantId | None = None) -> Sequence[Row[Any]]:
        async with snapshot(self.engine, tenant) as connection:
            return (await connection.execute(found)).all()


async def _note(connection: AsyncConnection, note: AuditNote, answered: Answered | None) -> None:
    await add_missing(connection, schema.platform_audit, [platform_note_values(note)])
    if answered:
        await keep_answer(connection, answered)


def _tenants_with_proofs() -> Select[UUID]:
    """Choose tenants where something waits for what somebody proved, in time or not."""
    table, proof, till = schema.waiting, schema.proof, schema.till_proof
    platform = select(proof.c.kind).where(
        proof.c.kind == table.c.kind, proof.c.value == table.c.value
    )
    own = select(till.c.value).where(
        till.c.tenant_id == table.c.tenant_id, till.c.value == table.c.value
    )
    of_a_till = table.c.kind == EvidenceKind.TILL.value
    found = select(table.c.tenant_id).where(platform.exists() | (of_a_till & own.exists()))
    return found.distinct().order_by(table.c.tenant_id)


def _claims_at(tenant: TenantId) -> Select[*tuple[Any, ...]]:
    """Choose proofs of all kinds that came in time for a tenant's sales, sorted."""
    proof = schema.till_proof
    till = _claims(tenant, proof, literal(EvidenceKind.TILL.value)).where(
        proof.c.tenant_id == tenant
    )
    either = union_all(_claims(tenant, schema.proof, schema.proof.c.kind), till).subquery("either")
    return select(either).distinct().order_by(either.c.kind, either.c.value)


def _claims(which: TenantId, proof: Table, proved: ColumnElement[str]) -> Select[*tuple[Any, ...]]:
    """Choose proofs of one kind that came in time for sales that nobody has claimed."""
    table, sale, tenant = schema.waiting, schema.sale, schema.tenant
    return select(
        proved.label("kind"), proof.c.value, proof.c.consumer_id, proof.c.proved_at
    ).where(
        table.c.tenant_id == which,
        table.c.kind == proved,
        table.c.value == proof.c.value,
        sale.c.tenant_id == table.c.tenant_id,
        sale.c.id == table.c.sale_id,
        tenant.c.id == table.c.tenant_id,
        tenant.c.state == TenantState.ACTIVE,
        sale.c.award["reason"].astext == "unclaimed",
        proof.c.proved_at - sale.c.moment <= tenant.c.claim_window,
    )


def account_merge_of(row: Row[Any]) -> AccountMerge:
    """A row as a merge of accounts."""
    return AccountMerge(
        id=ActId(row.id),
        absorbed=ConsumerId(row.absorbed_id),
        survivor=ConsumerId(row.survivor_id),
        at=moment(row.at),
        undone_at=moment_or_none(row.undone_at),
    )


def _link_of(row: Row[Any]) -> Link:
    return Link(
        tenant=TenantId(row.tenant_id),
        provider=row.provider,
        merchant=row.merchant,
        name=row.name,
        state=row.state,
        linked_at=moment(row.linked_at),
    )
