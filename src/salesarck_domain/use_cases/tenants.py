"""What can be done with tenants: sign one up, change its terms, let it take part or not."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import ClassVar
from uuid import UUID

from salesarck_domain.atlas import COUNTRIES, CURRENCIES
from salesarck_domain.audit import Act
from salesarck_domain.deeds import ChangeTerms
from salesarck_domain.errors import Refused
from salesarck_domain.ids import ConsumerId, TenantId
from salesarck_domain.ledger.wallet import By
from salesarck_domain.people import Member, Role
from salesarck_domain.ports.answers import Receipt, no_receipt
from salesarck_domain.ports.clock import Clock
from salesarck_domain.ports.directory import Directory
from salesarck_domain.ports.store import Store, Work
from salesarck_domain.tenants import (
    Tenant,
    TenantState,
    TenantStateRefused,
    terms_as_data,
    with_terms,
)
from salesarck_domain.use_cases.sales import kept
from salesarck_domain.use_cases.standing import BeginUnlessSuspended

PENDING_MAX = 5
UNNAMED = "?"
FIXED_BY_SALES = ("currency", "time_zone")
"""Terms that every judgement so far rests on."""


@dataclass(eq=False)
class TermsInvalid(Refused):
    """A tenant's terms mean nothing, or can't be changed any more."""

    what: str
    code: ClassVar[str] = "terms_invalid"

    def __str__(self) -> str:
        return self.what


@dataclass(eq=False)
class TooManyPending(Refused):
    """Somebody has signed up more tenants than they can wait for."""

    code: ClassVar[str] = "too_many_pending"

    def __str__(self) -> str:
        return f"{PENDING_MAX} of your businesses wait for approval; sign up more afterwards"


@dataclass(eq=False)
class ReasonMissing(Refused):
    """Somebody wants to do what is only done with a reason."""

    code: ClassVar[str] = "reason_missing"

    def __str__(self) -> str:
        return "say why: the reason is kept"


async def change_terms(work: Work, deed: ChangeTerms, by: By) -> None:
    """Write a tenant's terms anew, in a work that is alone."""
    await work.change_tenant(with_terms(work.tenant, deed.after))
    await work.apply([kept(deed, by)])


def check_reason(act: Act) -> None:
    """Let nobody do without a reason what takes one.

    Raises:
        ReasonMissing: there is none.
    """
    if not act.reason.strip():
        raise ReasonMissing


@dataclass(frozen=True, slots=True)
class SignUpTenant:
    """Make a tenant whose owner is whoever signs it up.

    By policy it is active at once, or pending until an admin approves it: until then it can be
    set up, and its tills' sales wait.
    """

    store: Store
    directory: Directory
    clock: Clock
    at_once: bool = False

    async def __call__(
        self,
        tenant: TenantId,
        terms: Mapping[str, object],
        act: Act,
        receipt: Receipt[Tenant] = no_receipt,
    ) -> Tenant:
        """Sign up, under an id that the caller made.

        Until it has its owner, which is one with the answer, nobody can do anything with it.

        Raises:
            TermsInvalid: the terms mean nothing.
            TooManyPending: they wait for others already.
        """
        state = TenantState.ACTIVE if self.at_once else TenantState.PENDING
        new = _checked(Tenant(id=tenant, name=UNNAMED, state=state), terms)
        person = ConsumerId(UUID(act.actor.removeprefix("person:")))
        await self._check_few(await self.directory.memberships(person))
        await self.directory.add_tenant(new)
        async with self.store.begin(tenant, alone=True) as work:
            await work.team.employ(Member(person, Role.OWNER, tenant))
            after = {"state": state.value, **terms_as_data(new)}
            await work.note(act.note("sign_up", f"tenant:{tenant}", self.clock(), after=after))
            await work.answer(receipt(new))
        return new

    async def _check_few(self, theirs: Sequence[Member]) -> None:
        pending = 0
        for member in theirs:
            if member.tenant and member.role is Role.OWNER:
                there = await self.directory.tenant(member.tenant)
                pending += there.state is TenantState.PENDING
        if pending >= PENDING_MAX:
            raise TooManyPending


@dataclass(frozen=True, slots=True)
class TenantDesk:
    """Everything that is decided about a tenant, each with an audit row in the same work."""

    store: Store
    clock: Clock

    async def change_terms(
        self,
        tenant: TenantId,
        changes: Mapping[str, object],
        act: Act,
        receipt: Receipt[Tenant] = no_receipt,
    ) -> Tenant:
        """Change some terms. What was judged stays judged.

        Raises:
            TermsInvalid: they mean nothing, or sales rest on them.
            TenantSuspended: it is suspended.
        """
        by = By(act.actor, self.clock(), act.correlation)
        async with BeginUnlessSuspended(self.store.begin)(tenant, alone=True) as work:
            before = terms_as_data(work.tenant)
            after = terms_as_data(_checked(work.tenant, changes))
            if any(before[name] != after[name] for name in FIXED_BY_SALES):
                await self._check_unsold(tenant)
            if before != after:
                await change_terms(work, ChangeTerms(before=before, after=after), by)
            told = {name for name in after if before[name] != after[name]}
            note = act.note(
                "change_terms",
                f"tenant:{tenant}",
                by.at,
                {name: before[name] for name in sorted(told)},
                {name: after[name] for name in sorted(told)},
            )
            await work.note(note)
            changed = with_terms(work.tenant, after)
            await work.answer(receipt(changed))
        return changed

    async def approve(
        self, tenant: TenantId, act: Act, receipt: Receipt[Tenant] = no_receipt
    ) -> Tenant:
        """Let a pending tenant take part: from now on its tills' sales are judged.

        Raises:
            ReasonMissing: nobody said why.
            TenantStateRefused: it isn't pending.
        """
        return await self._move(tenant, "approve_tenant", TenantState.PENDING, act, receipt)

    async def suspend(
        self, tenant: TenantId, act: Act, receipt: Receipt[Tenant] = no_receipt
    ) -> Tenant:
        """Stop everything with a tenant, from the next request on; its deliveries are kept.

        Raises:
            ReasonMissing: nobody said why.
            TenantStateRefused: it is suspended.
        """
        return await self._move(tenant, "suspend_tenant", None, act, receipt)

    async def reinstate(
        self, tenant: TenantId, act: Act, receipt: Receipt[Tenant] = no_receipt
    ) -> Tenant:
        """Let a suspended tenant take part again.

        Raises:
            ReasonMissing: nobody said why.
            TenantStateRefused: it isn't suspended.
        """
        return await self._move(tenant, "reinstate_tenant", TenantState.SUSPENDED, act, receipt)

    async def _move(
        self,
        tenant: TenantId,
        action: str,
        come_from: TenantState | None,
        act: Act,
        receipt: Receipt[Tenant],
    ) -> Tenant:
        check_reason(act)
        wanted = TenantState.ACTIVE if come_from else TenantState.SUSPENDED
        async with self.store.begin(tenant, alone=True) as work:
            if come_from and work.tenant.state is not come_from:
                raise TenantStateRefused(work.tenant.state, wanted)
            moved = work.tenant.follow(wanted)
            before, after = {"state": work.tenant.state.value}, {"state": wanted.value}
            await work.change_tenant(moved)
            await work.note(act.note(action, f"tenant:{tenant}", self.clock(), before, after))
            await work.answer(receipt(moved))
        return moved

    async def _check_unsold(self, tenant: TenantId) -> None:
        if await self.store.books.sales_of(tenant, limit=1):
            raise TermsInvalid("a tenant with sales keeps its currency and its time zone")


def _checked(tenant: Tenant, terms: Mapping[str, object]) -> Tenant:
    try:
        changed = with_terms(tenant, terms)
    except ValueError as error:
        raise TermsInvalid(str(error)) from error
    if changed.currency not in CURRENCIES:
        raise TermsInvalid(
            f"there is no currency {changed.currency}, use one of ISO 4217, like USD"
        )
    if changed.country not in COUNTRIES:
        raise TermsInvalid(f"there is no country {changed.country}, use one of ISO 3166, like US")
    return changed
