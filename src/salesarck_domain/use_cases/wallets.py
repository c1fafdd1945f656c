"""What can be done with wallets: give and take by hand, and apply what came due."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import ClassVar

from salesarck_domain.audit import AuditNote
from salesarck_domain.deeds import ApplyDue, DeductPoints, GrantPoints
from salesarck_domain.errors import Refused
from salesarck_domain.ids import ActId, ConsumerId, TenantId
from salesarck_domain.ledger.entry import EntryKind, ToldDifferently
from salesarck_domain.ledger.wallet import TIMETABLE, By, Cause, Wallet
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
    ) -> Balance:
        """Adjust, and leave an audit row under the deed's id.

        Raises:
            AdjustmentInvalid: no points, or no reason.
            InsufficientPoints: there are fewer to take.
            ToldDifferently: an adjustment of this id was made before.
        """
        if deed.points < 1 or not reason.strip():
            raise AdjustmentInvalid("an adjustment moves at least one point and says why")
        by = By(actor, self.clock(), correlation)
        async with self.begin(tenant) as work:
            if await work.noted(deed.id):
                raise ToldDifferently(f"act:{deed.id}")
            wallet = await adjust(work, deed, by)
            await work.note(_note(deed.id, deed.consumer, reason.strip(), wallet, by))
        balance = Balance(tenant, deed.consumer, wallet.balance, wallet.owed, wallet.seq)
        await self.push.publish(balance)
        return balance


def _note(act: ActId, consumer: ConsumerId, reason: str, wallet: Wallet, by: By) -> AuditNote:
    return AuditNote(
        id=act,
        actor=by.actor,
        action="adjust_wallet",
        target=f"consumer:{consumer}",
        reason=reason,
        at=by.at,
        after={"balance": wallet.balance, "owed": wallet.owed, "seq": wallet.seq},
        correlation=by.correlation,
    )


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
