"""What can be done to be forgotten: say what is given up, and erase a person."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from typing import ClassVar

from salesarck_domain.audit import Act, AuditNote
from salesarck_domain.deeds import EraseWallet
from salesarck_domain.erasure import Erasure
from salesarck_domain.errors import Refused
from salesarck_domain.ids import ActId, ConsumerId, TenantId, derived
from salesarck_domain.ledger.wallet import By, Cause
from salesarck_domain.people import Evidence, EvidenceKind
from salesarck_domain.ports.clock import Clock
from salesarck_domain.ports.directory import Directory
from salesarck_domain.ports.erasures import Erasures
from salesarck_domain.ports.identity import Identity
from salesarck_domain.ports.inbox import Inbox
from salesarck_domain.ports.push import Balance, Publisher
from salesarck_domain.ports.revocations import Revocation, Revocations
from salesarck_domain.ports.store import Account, Store, Work
from salesarck_domain.redemption.code import Peppers
from salesarck_domain.use_cases.contacts import ContactNotYours, Shown
from salesarck_domain.use_cases.platform import PersonMissing
from salesarck_domain.use_cases.sales import kept
from salesarck_domain.use_cases.sessions import evidence_of


@dataclass(eq=False)
class ErasureRefused(Refused):
    """Somebody can't be erased as things stand."""

    why: str
    code: ClassVar[str] = "erasure_refused"

    def __str__(self) -> str:
        return self.why


def act_of(erasure: Erasure, person: ConsumerId) -> ActId:
    """Name the act at a tenant: the erasure's own or, for an account absorbed before, one of it."""
    if person == erasure.people[0]:
        return erasure.id
    return ActId(derived(erasure.at, "erase", erasure.id, person))


async def close(work: Work, deed: EraseWallet, by: By) -> Balance:
    """Take the live codes of a wallet back, and forfeit what it holds."""
    wallet = (await work.wallets.lock([deed.consumer]))[deed.consumer]
    wallet.apply_due(by, work.tenant.grace)
    wallet.close(Cause(f"act:{deed.id}", by.at), by, work.tenant.grace)
    await work.wallets.append([wallet])
    await work.apply([kept(deed, by)])
    return Balance(wallet.tenant, wallet.consumer, wallet.balance, wallet.owed, wallet.seq)


async def take_out(
    work: Work, consumer: ConsumerId, contacts: Collection[Evidence]
) -> Collection[Evidence]:
    """Forget a person at one tenant; answers with what was theirs there, contacts and till ids.

    What somebody else has proved stays theirs, and so does a till customer whom a book knows by
    something of somebody else's.
    """
    said = {*contacts, *await work.people.said_of(consumer, contacts)}
    proofs = await work.people.proofs(said)
    others = {it for it, proof in proofs.items() if proof.consumer != consumer}
    ids = [it.value.split(":", 1) for it in said if it.kind is EvidenceKind.TILL]
    book = await work.people.customers((provider, id_) for provider, id_ in ids)
    for (provider, id_), known in book.items():
        values = {known.phone, known.email}
        if any(it.value in values for it in others if it.kind is not EvidenceKind.TILL):
            others.add(Evidence.till(provider, id_))
    theirs = said - others
    waiting = await work.sales.waiting_for(theirs)
    await work.people.forget(consumer, theirs)
    for sale in waiting:
        sale.waits_for = tuple(it for it in sale.waits_for if it not in theirs)
    await work.sales.save(waiting)
    return theirs


@dataclass(frozen=True, slots=True)
class EraseConsumer:
    """Erase a person everywhere, for good. The same act again goes on where it ended.

    Marks first, so that nothing told meanwhile is theirs; then tenant after tenant; then the
    identity and their sessions; what is known of them on the platform last, for all else is found
    by it.
    """

    identity: Identity
    directory: Directory
    erasures: Erasures
    inbox: Inbox
    store: Store
    revocations: Revocations
    clock: Clock
    real_clock: Clock
    push: Publisher
    peppers: Peppers

    async def gives_up(self, consumer: ConsumerId) -> Sequence[Account]:
        """Read what goes with a person: all wallets that still hold something."""
        people = await self._people(consumer)
        accounts = [it for who in people for it in await self.store.books.accounts_of(who)]
        return [account for account in accounts if account.balance]

    async def by_themselves(
        self,
        consumer: ConsumerId,
        shown: Shown,
        act: ActId,
        correlation: str = "",
        address: str = "",
    ) -> Erasure:
        """Erase whoever asks, and shows a contact of theirs by a code.

        Raises:
            ContactNotYours: the contact isn't on this account.
            CodeNotAccepted: the code is wrong, or no longer good.
            ErasureRefused: they work here, or another account took theirs in.
        """
        by = By(f"person:{consumer}", self.clock(), correlation)
        if await self.erasures.find(act) is None:
            if await self.directory.whose(evidence_of(shown.contact)) != consumer:
                raise ContactNotYours
            await self.identity.verify_code(shown.contact, shown.code, address)
        return await self(consumer, act, by)

    async def __call__(self, consumer: ConsumerId, act: ActId, by: By, reason: str = "") -> Erasure:
        """Erase somebody.

        Raises:
            PersonMissing: there is nobody of this id, or nobody any more.
            ErasureRefused: they work here, or another account took theirs in.
            StoreUnavailable: it is broken off; ask again.
        """
        found = await self.erasures.find(act) or await self._begin(consumer, act, by, reason)
        deed = Act(id=act, actor=found.actor, reason=reason, correlation=by.correlation)
        target = f"person:{found.people[0]}"
        await self.directory.note(deed.note("erase_consumer", target, found.at))
        contacts = await self._contacts(found.people)
        tenants = await self.erasures.tenants_that_know(found.people, contacts)
        for tenant in tenants if found.finished_at is None else ():
            for person in found.people:
                await self._at(tenant, person, contacts, found, by)
        for subject in await self.erasures.subjects(found.people):
            await self.identity.delete(subject)
        # Not sooner: who erases themselves asks again with the same token if this is broken off.
        for person in found.people:
            await self.revocations.revoke(Revocation.of_person(person, self.real_clock()))
        await self.erasures.end(act, by.at)
        return replace(found, finished_at=found.finished_at or by.at)

    async def _begin(self, consumer: ConsumerId, act: ActId, by: By, reason: str) -> Erasure:
        people = await self._people(consumer)
        contacts = await self._contacts(people)
        if not contacts:
            raise PersonMissing
        for person in people:
            if await self.directory.memberships(person):
                raise ErasureRefused("whoever works for a tenant leaves its team first")
        begun = Erasure(id=act, people=people, at=by.at, actor=by.actor, reason=reason)
        await self.erasures.begin(begun, [self.peppers.mark(it) for it in contacts])
        return begun

    async def _people(self, consumer: ConsumerId) -> tuple[ConsumerId, ...]:
        """Everybody who became one with this person."""
        merges = await self.erasures.merges_of(consumer)
        if any(merge.absorbed == consumer for merge in merges):
            raise ErasureRefused("this account is part of another now; erase that one")
        absorbed = [it for merge in merges for it in await self._people_of(merge.absorbed)]
        return tuple(dict.fromkeys((consumer, *absorbed)))

    async def _people_of(self, absorbed: ConsumerId) -> Sequence[ConsumerId]:
        merges = await self.erasures.merges_of(absorbed)
        earlier = [merge.absorbed for merge in merges if merge.survivor == absorbed]
        return [absorbed, *[it for each in earlier for it in await self._people_of(each)]]

    async def _contacts(self, people: Collection[ConsumerId]) -> Collection[Evidence]:
        proofs = [it for who in people for it in await self.directory.evidence_of(who)]
        return {proof.evidence for proof in proofs}

    async def _at(
        self,
        tenant: TenantId,
        person: ConsumerId,
        contacts: Collection[Evidence],
        erasure: Erasure,
        by: By,
    ) -> None:
        deed = EraseWallet(consumer=person, id=act_of(erasure, person))
        async with self.store.begin(tenant, alone=True) as work:
            account = await self.store.books.account(tenant, person)
            sales = [sale.id for sale in await work.sales.held_by(person)]
            rows = await work.people.rows_about(sales)
            theirs = await take_out(work, person, contacts)
            marks = [self.peppers.mark(it, tenant) for it in theirs]
            await work.people.keep_out(marks, by.at)
            balance = await self._close(work, account, deed, by)
        await self.inbox.erase(rows, [_text_of(it) for it in theirs])
        if balance:
            await self.push.publish(balance)

    async def _close(
        self, work: Work, account: Account, deed: EraseWallet, by: By
    ) -> Balance | None:
        if not account.seq or await work.noted(deed.id):
            return None
        await work.note(
            AuditNote(
                id=deed.id,
                actor=by.actor,
                action="erase_consumer",
                target=f"consumer:{deed.consumer}",
                reason="",
                at=by.at,
                correlation=by.correlation,
            )
        )
        return await close(work, deed, by)


def _text_of(evidence: Evidence) -> str:
    """What of it stands in a delivery."""
    is_till = evidence.kind is EvidenceKind.TILL
    return evidence.value.partition(":")[2] if is_till else evidence.value
