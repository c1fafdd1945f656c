"""What admins do about people and their wallets: suspend, freeze, find. All is audited."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import ClassVar

from salesarck_domain.audit import Act
from salesarck_domain.errors import Conflict, Forbidden, Missing
from salesarck_domain.ids import ConsumerId, TenantId
from salesarck_domain.people import Evidence
from salesarck_domain.ports.answers import Receipt, no_receipt
from salesarck_domain.ports.clock import Clock
from salesarck_domain.ports.directory import Directory
from salesarck_domain.ports.store import Account, Store
from salesarck_domain.tenants import Tenant
from salesarck_domain.use_cases.tenants import check_reason


@dataclass(eq=False)
class PersonMissing(Missing):
    """Nobody of that id, or nobody who proved that phone or e-mail."""

    code: ClassVar[str] = "person_unknown"

    def __str__(self) -> str:
        return "there is no such person"


@dataclass(eq=False)
class AlreadySo(Conflict):
    """Somebody asks for what is so already."""

    what: str
    code: ClassVar[str] = "already_so"

    def __str__(self) -> str:
        return f"{self.what} already; nothing was changed"


@dataclass(eq=False)
class SuspendsThemselves(Forbidden):
    """An admin would suspend or reinstate themselves."""

    code: ClassVar[str] = "own_suspension"

    def __str__(self) -> str:
        return "nobody suspends themselves; ask a colleague"


@dataclass(frozen=True, slots=True)
class Found:
    """A person, whether they are suspended, their wallets, and whose points are in them."""

    person: ConsumerId
    suspended: bool
    accounts: Sequence[Account]
    tenants: Mapping[TenantId, Tenant]


@dataclass(frozen=True, slots=True)
class PeopleDesk:
    """Finds people, and decides whether they and their wallets may go on."""

    store: Store
    directory: Directory
    clock: Clock

    async def find(
        self, evidence: Evidence, act: Act, receipt: Receipt[Found] = no_receipt
    ) -> Found:
        """Find whoever proved a phone or an e-mail. The look-up is noted, what was asked isn't.

        Raises:
            PersonMissing: nobody did. That somebody asked is noted all the same.
        """
        person = await self.directory.whose(evidence)
        target = f"person:{person}" if person else "person:"
        after = {"by": evidence.kind.value}
        note = act.note("look_up", target, self.clock(), after=after)
        if person is None:
            missing = PersonMissing()
            await self.directory.note(note, receipt(missing))
            raise missing
        found = await self.show(person)
        await self.directory.note(note, receipt(found))
        return found

    async def show(self, person: ConsumerId) -> Found:
        """Read a person's standing and wallets."""
        accounts = await self.store.books.accounts_of(person)
        suspended = await self.directory.is_suspended(person)
        theirs = {each.tenant: await self.directory.tenant(each.tenant) for each in accounts}
        return Found(person, suspended, accounts, theirs)

    async def suspend(
        self,
        person: ConsumerId,
        act: Act,
        *,
        suspended: bool,
        receipt: Receipt[Found] = no_receipt,
    ) -> Found:
        """Suspend a person, who can do nothing from their next request on; or reinstate them.

        Raises:
            ReasonMissing: nobody said why.
            SuspendsThemselves: it is the admin's own person.
            PersonMissing: there is nobody of that id.
            AlreadySo: they are, or aren't, suspended.
        """
        check_reason(act)
        target = f"person:{person}"
        if act.actor == target:
            raise SuspendsThemselves
        if not await self.directory.evidence_of(person):
            raise PersonMissing
        action = "suspend_person" if suspended else "reinstate_person"
        before, after = {"suspended": not suspended}, {"suspended": suspended}
        note = act.note(action, target, self.clock(), before, after)
        now = replace(await self.show(person), suspended=suspended)
        answered = receipt(now)
        if not await self.directory.suspend(person, note, answered, suspended=suspended):
            raise AlreadySo("this person is suspended" if suspended else "this person may go on")
        return now

    async def freeze(
        self,
        tenant: TenantId,
        consumer: ConsumerId,
        act: Act,
        *,
        frozen: bool,
        receipt: Receipt[bool] = no_receipt,
    ) -> bool:
        """Freeze a wallet, or let it go on; say whether it is frozen.

        Raises:
            ReasonMissing: nobody said why.
            PersonMissing: there is no such wallet.
            AlreadySo: it is, or isn't, frozen.
        """
        check_reason(act)
        if not await self.directory.evidence_of(consumer):
            raise PersonMissing
        async with self.store.begin(tenant) as work:
            wallet = (await work.wallets.lock([consumer]))[consumer]
            if wallet.frozen == frozen:
                raise AlreadySo("this wallet is frozen" if frozen else "this wallet goes on")
            await work.wallets.freeze(consumer, frozen=frozen)
            action = "freeze_wallet" if frozen else "unfreeze_wallet"
            before, after = {"frozen": not frozen}, {"frozen": frozen}
            note = act.note(action, f"consumer:{consumer}", self.clock(), before, after)
            await work.note(note)
            await work.answer(receipt(frozen))
        return frozen
