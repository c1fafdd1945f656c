"""What can be done with wallets: give and take by hand, and apply what came due."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import ClassVar

from salesarck_domain.audit import Act
from salesarck_domain.days import day_of, zone
from salesarck_domain.deeds import ApplyDue, DeductPoints, GrantPoints
from salesarck_domain.errors import Refused
from salesarck_domain.ids import ConsumerId, TenantId
from salesarck_domain.ledger.adjustment import Adjustment, AdjustmentState
from salesarck_domain.ledger.entry import EntryKind, ToldDifferently
from salesarck_domain.ledger.wallet import TIMETABLE, By, Cause, Wallet
from salesarck_domain.ports.answers import Receipt, no_receipt
from salesarck_domain.ports.clock import Clock
from salesarck_domain.ports.push import Balance, Publisher
from salesarck_domain.ports.store import BeginWork, Store, Work
from salesarck_domain.use_cases.apart import each_apart
from salesarck_domain.use_cases.sales import kept


@dataclass(eq=False)
class AdjustmentInvalid(Refused):
    """An adjustment moves nothing, or nobody said why."""

    what: str
    code: ClassVar[str] = "adjustment_invalid"

    def __str__(self) -> str:
        return self.what


@dataclass(eq=False)
class SecondAdminNeeded(Refused):
    """An adjustment is more than one admin moves alone."""

    limit: int
    code: ClassVar[str] = "second_admin_needed"

    def __str__(self) -> str:
        return (
            f"one admin adjusts a wallet by at most {self.limit:,} pts a day; "
            "request it, and let a second one approve"
        )


async def adjust(work: Work, deed: GrantPoints | DeductPoints, by: By) -> Wallet:
    """Give or take points by hand.

    Raises:
        InsufficientPoints: there are fewer to take.
        ToldDifferently: the same act was told before.
    """
    wallet = (await work.wallets.lock([deed.consumer]))[deed.consumer]
    wallet.apply_due(by, work.tenant.grace)
    cause = Cause(f"act:{deed.id}", by.at)
    if isinstance(deed, GrantPoints):
        wallet.give(EntryKind.GRANT, deed.points, cause, by)
    else:
        wallet.deduct(deed.points, cause, by)
    await work.wallets.append([wallet])
    await work.apply([kept(deed, by)])
    return wallet


@dataclass(frozen=True, slots=True)
class Adjusted:
    """An adjustment, and what the wallet holds after it: nothing is said while it is pending."""

    adjustment: Adjustment
    balance: Balance | None = None


@dataclass(frozen=True, slots=True)
class AdjustWallet:
    """Give points to a consumer, or take them, with a reason that is kept."""

    begin: BeginWork
    clock: Clock
    push: Publisher

    async def __call__(
        self,
        tenant: TenantId,
        deed: GrantPoints | DeductPoints,
        reason: str,
        actor: str,
        correlation: str = "",
        receipt: Receipt[Adjusted] = no_receipt,
    ) -> Adjusted:
        """Adjust, and leave an audit row under the deed's id.

        Raises:
            AdjustmentInvalid: no points, or no reason.
            OwnWallet: it is the actor's.
            SecondAdminNeeded: it is more than one admin moves alone in a day.
            InsufficientPoints: there are fewer to take.
            WalletFrozen: the wallet takes none.
            ToldDifferently: an adjustment of this id was made before.
        """
        by = By(actor, self.clock(), correlation)
        made = new_adjustment(deed, reason, actor, by.at)
        act = Act(id=deed.id, actor=actor, reason=made.reason, correlation=correlation)
        async with self.begin(tenant) as work:
            if await work.noted(deed.id):
                raise ToldDifferently(f"act:{deed.id}")
            await _check_limit(work, deed, by.at)
            balance = await adjust_and_tell(work, deed, by, "adjust_wallet", act)
            await work.adjustments.add(made)
            adjusted = Adjusted(made, balance)
            await work.answer(receipt(adjusted))
        await self.push.publish(balance)
        return adjusted


def new_adjustment(
    deed: GrantPoints | DeductPoints, reason: str, actor: str, at: datetime
) -> Adjustment:
    """Write an adjustment down as made at once.

    Raises:
        AdjustmentInvalid: no points, or no reason.
        OwnWallet: it is the actor's.
    """
    if deed.points < 1 or not reason.strip():
        raise AdjustmentInvalid("an adjustment moves at least one point and says why")
    return Adjustment(
        id=deed.id,
        consumer=deed.consumer,
        kind="grant" if isinstance(deed, GrantPoints) else "deduct",
        points=deed.points,
        reason=reason.strip(),
        state=AdjustmentState.MADE,
        requested_by=actor,
        requested_at=at,
    )


async def adjust_and_tell(
    work: Work, deed: GrantPoints | DeductPoints, by: By, action: str, act: Act
) -> Balance:
    """Adjust, with an audit row of what the wallet held before, and a notice to its owner.

    Raises:
        InsufficientPoints: there are fewer to take.
        WalletFrozen: the wallet takes none.
    """
    wallet = await adjust(work, deed, by)
    moved = next(entry for entry in wallet.entries if entry.reference == f"act:{deed.id}")
    before = {
        "balance": moved.balance_after - moved.delta,
        "owed": moved.owed_after - moved.owed_change,
        "seq": moved.seq - 1,
    }
    after = {"balance": wallet.balance, "owed": wallet.owed, "seq": wallet.seq}
    await work.note(act.note(action, f"consumer:{deed.consumer}", by.at, before, after))
    told = {"consumer": str(deed.consumer), "act": str(deed.id), "kind": moved.kind.value}
    await work.announce("wallet_adjusted", told)
    return Balance(wallet.tenant, wallet.consumer, wallet.balance, wallet.owed, wallet.seq)


async def _check_limit(work: Work, deed: GrantPoints | DeductPoints, at: datetime) -> None:
    today = day_of(at, zone(work.tenant.time_zone))
    made = await work.adjustments.made(deed.consumer, today)
    if made + deed.points > work.tenant.adjustment_limit:
        raise SecondAdminNeeded(work.tenant.adjustment_limit)


async def apply_due(work: Work, deed: ApplyDue, by: By) -> Sequence[Balance]:
    """Apply what came due in some wallets."""
    wallets = await work.wallets.lock(deed.consumers)
    for wallet in wallets.values():
        wallet.apply_due(by, work.tenant.grace)
    moved = [wallet for wallet in wallets.values() if wallet.entries]
    balances = [Balance(w.tenant, w.consumer, w.balance, w.owed, w.seq) for w in moved]
    await work.wallets.append(moved)
    if moved:
        found = ApplyDue(consumers=tuple(wallet.consumer for wallet in moved))
        await work.apply([kept(found, by)])
    return balances


@dataclass(frozen=True, slots=True)
class RunTimetable:
    """Apply what came due in wallets that nobody touches: points and codes that ran out."""

    store: Store
    clock: Clock
    push: Publisher
    at_a_time: int = 100

    async def __call__(self) -> int:
        """Apply all that is due now; say in how many wallets something was.

        Raises:
            Stuck: some wallets are broken; all others had theirs.
        """
        return await each_apart(self._due, self._apply, self.at_a_time)

    async def _due(self, limit: int) -> Sequence[tuple[TenantId, ConsumerId]]:
        return await self.store.books.due(self.clock(), limit)

    async def _apply(
        self, tenant: TenantId, consumers: Sequence[ConsumerId]
    ) -> Collection[ConsumerId]:
        by = By(TIMETABLE, self.clock())
        async with self.store.begin(tenant) as work:
            deed = ApplyDue(consumers=tuple(sorted(consumers)))
            balances = await apply_due(work, deed, by)
        for balance in balances:
            await self.push.publish(balance)
        return {balance.consumer for balance in balances}
