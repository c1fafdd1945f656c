"""The directory in memory."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from itertools import islice
from uuid import UUID

from salesarck_adapters.store.memory.answers import MemoryAnswers
from salesarck_adapters.store.memory.shelf import (
    Room,
    Shelf,
    copy_note,
    happened,
    latest_notes,
)
from salesarck_domain.audit import AuditNote
from salesarck_domain.ids import ActId, ConsumerId, TenantId
from salesarck_domain.people import (
    AccountMerge,
    Evidence,
    EvidenceKind,
    Invitation,
    Member,
    Proof,
    Role,
)
from salesarck_domain.ports.answers import Answered
from salesarck_domain.ports.directory import Link, LinkTaken, TenantMissing
from salesarck_domain.sales.sale import Sale
from salesarck_domain.tenants import Tenant, TenantState


@dataclass(frozen=True, slots=True)
class MemoryDirectory:
    """Tenants, links and people."""

    room: Room
    answers: MemoryAnswers
    links_by_merchant: dict[tuple[str, str], Link] = field(
        default_factory=dict[tuple[str, str], Link]
    )
    admins: set[ConsumerId] = field(default_factory=set[ConsumerId])
    suspended: set[ConsumerId] = field(default_factory=set[ConsumerId])
    platform_notes: dict[UUID, AuditNote] = field(default_factory=dict[UUID, AuditNote])

    async def add_tenant(self, tenant: Tenant) -> None:
        """Put it in its place."""
        self.room.tenants[tenant.id] = tenant

    async def tenant(self, tenant: TenantId) -> Tenant:
        """Read one.

        Raises:
            TenantMissing: there is none.
        """
        found = self.room.tenants.get(tenant)
        if found is None:
            raise TenantMissing(str(tenant))
        return found

    async def tenants(self) -> Sequence[Tenant]:
        """Read all, by name."""
        return sorted(self.room.tenants.values(), key=lambda each: (each.name, each.id))

    async def add_link(self, link: Link) -> None:
        """Put it in its place.

        Raises:
            LinkTaken: another tenant has it.
        """
        await self.tenant(link.tenant)
        there = self.links_by_merchant.get((link.provider, link.merchant))
        if there and there.tenant != link.tenant:
            raise LinkTaken(link.provider, link.merchant)
        self.links_by_merchant[link.provider, link.merchant] = replace(link, state="active")

    async def end_link(self, provider: str, merchant: str, state: str) -> None:
        """Note that a link no longer works."""
        there = self.links_by_merchant.get((provider, merchant))
        if there:
            self.links_by_merchant[provider, merchant] = replace(there, state=state)

    async def link(self, provider: str, merchant: str) -> Link | None:
        """Find whose a merchant account is."""
        return self.links_by_merchant.get((provider, merchant))

    async def links(self, tenant: TenantId | None = None) -> Sequence[Link]:
        """Read the links of a tenant, or all, sorted by merchant."""
        found = (self.links_by_merchant[key] for key in sorted(self.links_by_merchant))
        return [link for link in found if tenant in {None, link.tenant}]

    async def prove(self, proofs: Iterable[Proof]) -> None:
        """Keep each unless somebody was first."""
        for proof in proofs:
            if proof.evidence.kind is not EvidenceKind.TILL:
                self.room.proofs.setdefault(proof.evidence, proof)

    async def lift(self, consumer: ConsumerId, marks: Iterable[str]) -> None:
        """Take the marks away, unless the person is just going."""
        open_ = (it for it in self.room.erasures.values() if it.finished_at is None)
        if not any(consumer in erasure.people for erasure in open_):
            self.room.marks.difference_update(marks)

    async def let_go(self, consumer: ConsumerId, evidence: Iterable[Evidence]) -> None:
        """Take away the proofs that are this person's."""
        for each in evidence:
            if (proof := self.room.proofs.get(each)) and proof.consumer == consumer:
                del self.room.proofs[each]
                self.room.moved.pop(each, None)

    async def merge_accounts(self, merge: AccountMerge) -> None:
        """Move the proofs, and remember whose they were."""
        if merge.id in self.room.merges:
            return
        self.room.merges[merge.id] = merge
        for proof in await self.evidence_of(merge.absorbed):
            self.room.proofs[proof.evidence] = replace(proof, consumer=merge.survivor)
            self.room.moved[proof.evidence] = merge.absorbed

    async def part_accounts(self, id_: ActId, at: datetime) -> None:
        """Move back what was moved and not let go of."""
        merge = self.room.merges[id_]
        if merge.undone_at:
            return
        self.room.merges[id_] = replace(merge, undone_at=at)
        for proof in await self.evidence_of(merge.survivor):
            if self.room.moved.get(proof.evidence) == merge.absorbed:
                del self.room.moved[proof.evidence]
                self.room.proofs[proof.evidence] = replace(proof, consumer=merge.absorbed)

    async def account_merge(self, id_: ActId) -> AccountMerge | None:
        """Take it from its place."""
        return self.room.merges.get(id_)

    async def whose(self, evidence: Evidence) -> ConsumerId | None:
        """Find the person who proved a phone or an e-mail."""
        proof = self.room.proofs.get(evidence)
        return proof.consumer if proof else None

    async def evidence_of(self, consumer: ConsumerId) -> Sequence[Proof]:
        """Read the phones and e-mails that a person proved, sorted."""
        found = (proof for proof in self.room.proofs.values() if proof.consumer == consumer)
        return sorted(found, key=lambda proof: proof.evidence)

    async def tenants_waiting_for(self, evidence: Iterable[Evidence]) -> Sequence[TenantId]:
        """Look through all sales that wait."""
        asked = set(evidence)
        return sorted(
            tenant
            for tenant, shelf in self.room.shelves.items()
            if self.room.tenants[tenant].state is TenantState.ACTIVE
            and any(not asked.isdisjoint(_waits_for(sale)) for sale in shelf.sales.values())
        )

    async def claimable(self, limit: int) -> Sequence[tuple[TenantId, Proof]]:
        """Look through all sales that wait."""
        found = {
            (tenant, proof)
            for tenant in self.room.shelves
            for sale in self.room.shelf(tenant).sales.values()
            for proof in self._claims(self.room.tenants[tenant], sale)
        }
        return list(islice(sorted(found, key=_rank), limit))

    async def add_member(self, member: Member) -> None:
        """Give a person a role, unless they have one there."""
        if member.tenant is None:
            self.admins.add(member.person)
            return
        await self.tenant(member.tenant)
        team = self.room.shelves.setdefault(member.tenant, Shelf()).members
        team[member.person] = team.get(member.person) or member

    async def memberships(self, person: ConsumerId) -> Sequence[Member]:
        """Read a person's roles: that on the platform first, then by tenant."""
        found = [Member(person, Role.ADMIN)] if person in self.admins else []
        for tenant in sorted(self.room.shelves):
            member = self.room.shelves[tenant].members.get(person)
            found += [member] if member else []
        return found

    async def invitations(
        self, evidence: Iterable[Evidence], now: datetime
    ) -> Sequence[Invitation]:
        """Look through the invitations of all tenants."""
        asked = set(evidence)
        found = [
            each
            for shelf in self.room.shelves.values()
            for each in shelf.open_invitations(now)
            if each.evidence in asked
        ]
        return sorted(found, key=lambda each: each.id, reverse=True)

    async def forget_invitations(self, now: datetime) -> int:
        """Take those away that ran out."""
        count = 0
        for shelf in self.room.shelves.values():
            there = list(shelf.invitations.items())
            for id_ in [key for key, each in there if each and each.expires_at <= now]:
                del shelf.invitations[id_]
                count += 1
        return count

    async def is_suspended(self, person: ConsumerId) -> bool:
        """Whether an admin has suspended a person."""
        return person in self.suspended

    async def suspend(
        self,
        person: ConsumerId,
        note: AuditNote,
        answered: Answered | None = None,
        *,
        suspended: bool,
    ) -> bool:
        """Change it, note it and answer, or none of it.

        Raises:
            CommandLost: somebody else holds the command that this answers.
        """
        if (person in self.suspended) == suspended:
            return False
        await self.note(note, answered)
        (self.suspended.add if suspended else self.suspended.remove)(person)
        return True

    async def note(self, note: AuditNote, answered: Answered | None = None) -> None:
        """Add an audit row, once.

        Raises:
            CommandLost: somebody else holds the command that this answers.
        """
        if answered:
            self.answers.check(answered)
            self.answers.write(answered)
        self.platform_notes.setdefault(note.id, copy_note(note))

    async def notes(
        self, *, target: str | None = None, before: UUID | None = None, limit: int = 50
    ) -> Sequence[AuditNote]:
        """Read audit rows, latest id first."""
        return latest_notes(self.platform_notes, target, before, limit)

    def _claims(self, tenant: Tenant, sale: Sale) -> Iterable[Proof]:
        moment = happened(sale)
        if moment is None or tenant.state is not TenantState.ACTIVE or not sale.is_claimable:
            return
        shelf = self.room.shelf(tenant.id)
        for evidence in _waits_for(sale):
            proof = shelf.till_proofs.get(evidence) or self.room.proofs.get(evidence)
            if proof and proof.proved_at - moment <= tenant.claim_window:
                yield proof


def _waits_for(sale: Sale) -> Sequence[Evidence]:
    return () if sale.consumer else sale.waits_for


def _rank(found: tuple[TenantId, Proof]) -> tuple[TenantId, Evidence]:
    tenant, proof = found
    return (tenant, proof.evidence)
