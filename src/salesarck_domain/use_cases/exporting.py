"""What can be done to take data out: everything that is known of a person, by tenant."""

from collections.abc import AsyncIterator, Collection, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Protocol
from uuid import UUID

from salesarck_domain.audit import AuditNote
from salesarck_domain.ids import ActId, ConsumerId, TenantId
from salesarck_domain.ledger.reconciliation import WalletBooks
from salesarck_domain.ledger.wallet import By
from salesarck_domain.people import (
    AccountMerge,
    Evidence,
    EvidenceKind,
    Invitation,
    Member,
    Proof,
)
from salesarck_domain.ports.clock import Clock
from salesarck_domain.ports.directory import Directory
from salesarck_domain.ports.erasures import Erasures
from salesarck_domain.ports.profiles import Profiles
from salesarck_domain.ports.store import Account, Store
from salesarck_domain.profile import Profile
from salesarck_domain.sales.sale import Sale
from salesarck_domain.tenants import Tenant
from salesarck_domain.use_cases.platform import PersonMissing

AT_A_TIME = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class Person:
    """What the platform knows of a person. `notes` say what admins did about them."""

    id: ConsumerId
    profile: Profile
    contacts: Sequence[Proof]
    works: Sequence[Member]
    invitations: Sequence[Invitation]
    merges: Sequence[AccountMerge]
    notes: Sequence[AuditNote]


@dataclass(frozen=True, slots=True, kw_only=True)
class Held:
    """What one tenant's books say of a person. `linked` are till customers that are theirs."""

    tenant: Tenant
    account: Account
    books: WalletBooks
    sales: Sequence[Sale]
    linked: Collection[Evidence]
    notes: Sequence[AuditNote]


class ReadNotes(Protocol):
    """Reads some audit rows, latest id first, from before one of them on."""

    async def __call__(self, *, before: UUID | None, limit: int) -> Sequence[AuditNote]:
        """Read them."""
        ...


@dataclass(frozen=True, slots=True)
class ExportPerson:
    """Read everything that is kept of a person, for themselves or for an admin who answers them."""

    store: Store
    directory: Directory
    erasures: Erasures
    profiles: Profiles
    clock: Clock

    async def person(self, consumer: ConsumerId) -> Person:
        """Read what is no tenant's.

        Raises:
            PersonMissing: there is nobody of this id, or nobody any more.
        """
        contacts = await self.directory.evidence_of(consumer)
        if not contacts:
            raise PersonMissing
        return Person(
            id=consumer,
            profile=await self.profiles.profile(consumer),
            contacts=contacts,
            works=await self.directory.memberships(consumer),
            invitations=await self.directory.invitations(
                [proof.evidence for proof in contacts], self.clock()
            ),
            merges=await self.erasures.merges_of(consumer),
            notes=await _all_notes(partial(self.directory.notes, target=f"person:{consumer}")),
        )

    async def tenants(self, person: Person) -> AsyncIterator[Held]:
        """Read tenant after tenant, so that no more than one's rows are held at a time."""
        known = {proof.evidence for proof in person.contacts}
        for tenant in await self.erasures.tenants_that_know([person.id], known):
            yield await self._held(tenant, person.id)

    async def note(self, consumer: ConsumerId, act: ActId, by: By) -> None:
        """Write down that an admin took somebody's data out, at every tenant it came from."""
        for account in await self.store.books.accounts_of(consumer):
            note = AuditNote(
                id=act,
                actor=by.actor,
                action="export_consumer",
                target=f"consumer:{consumer}",
                reason="",
                at=by.at,
                correlation=by.correlation,
            )
            async with self.store.begin(account.tenant) as work:
                await work.note(note)

    async def _held(self, tenant: TenantId, consumer: ConsumerId) -> Held:
        books = self.store.books
        found = await books.wallet_books(tenant, [consumer])
        empty = WalletBooks(consumer=consumer, entries=(), hashes=(), lots=(), takings=(), codes=())
        async with self.store.begin(tenant) as work:
            said = await work.people.said_of(consumer, ())
            tills = [it for it in said if it.kind is EvidenceKind.TILL]
            proofs = await work.people.proofs(tills)
        return Held(
            tenant=await self.directory.tenant(tenant),
            account=await books.account(tenant, consumer),
            books=found[0] if found else empty,
            sales=await self._sales(tenant, consumer),
            linked=sorted(it for it, proof in proofs.items() if proof.consumer == consumer),
            notes=await _all_notes(partial(books.notes, tenant, target=f"consumer:{consumer}")),
        )

    async def _sales(self, tenant: TenantId, consumer: ConsumerId) -> Sequence[Sale]:
        found: list[Sale] = []
        while page := await self.store.books.sales_of(
            tenant,
            consumer=consumer,
            before=found[-1].id if found else None,
            limit=AT_A_TIME,
        ):
            found += page
        return found


async def _all_notes(read: ReadNotes) -> Sequence[AuditNote]:
    found: list[AuditNote] = []
    while page := await read(before=found[-1].id if found else None, limit=AT_A_TIME):
        found += page
    return found
