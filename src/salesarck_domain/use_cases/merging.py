"""What can be done with two accounts of one person: make them one, and part them again."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import ClassVar

from salesarck_domain.audit import AuditNote
from salesarck_domain.deeds import MergeWallets, UndoMerge
from salesarck_domain.errors import Missing, Refused
from salesarck_domain.ids import ActId, ConsumerId, TenantId
from salesarck_domain.ledger.lots import Lot, soonest_first
from salesarck_domain.ledger.wallet import By, Cause, Wallet, WalletFrozen
from salesarck_domain.people import AccountMerge, WalletMerge
from salesarck_domain.ports.clock import Clock
from salesarck_domain.ports.directory import Directory
from salesarck_domain.ports.identity import Identity
from salesarck_domain.ports.push import Balance, Publisher
from salesarck_domain.ports.store import Account, Store, Work
from salesarck_domain.redemption.lifecycle import CodeState
from salesarck_domain.sales.sale import Sale
from salesarck_domain.use_cases.contacts import ContactNotYours, Shown
from salesarck_domain.use_cases.sales import kept
from salesarck_domain.use_cases.sessions import evidence_of

UNDO_WITHIN = timedelta(days=30)


@dataclass(eq=False)
class MergeRefused(Refused):
    """Two accounts can't become one, or can't be parted again."""

    why: str
    code: ClassVar[str] = "merge_refused"

    def __str__(self) -> str:
        return self.why


@dataclass(eq=False)
class MergeUnknown(Missing):
    """No merge of this id made the account that asks."""

    code: ClassVar[str] = "merge_unknown"

    def __str__(self) -> str:
        return "your account did not come out of such a merge"


async def merge(work: Work, deed: MergeWallets, by: By) -> Sequence[Balance]:
    """Hand over what the absorbed wallet holds, with the sales that it came from.

    Its codes are taken back first. What it owes is paid out of the survivor's wallet.

    Raises:
        MergeRefused: it owes more than the survivor holds.
        WalletFrozen: one of them is frozen.
    """
    sales = await work.sales.held_by(deed.absorbed)
    absorbed, survivor = await _open(work, deed.absorbed, deed.survivor, by)
    for code in [it for it in absorbed.codes.values() if it.state is CodeState.ISSUED]:
        cancelled = code.follow(CodeState.CANCELLED, by.at)
        absorbed.release(cancelled, by.at, by, work.tenant.grace)
    _check_owed(absorbed.owed, survivor.balance)
    cause = Cause(f"act:{deed.id}", by.at)
    _hand_over(survivor, absorbed, absorbed.owed, cause, by)
    seq = _hand_over(absorbed, survivor, absorbed.balance, cause, by)
    await _give(work, sales, deed.survivor)
    moved = WalletMerge(
        id=deed.id,
        absorbed=deed.absorbed,
        survivor=deed.survivor,
        seq=seq,
        sales=tuple(sale.id for sale in sales),
    )
    await work.people.keep_merge(moved)
    return await _keep(work, deed, (absorbed, survivor), by)


async def undo_merge(work: Work, deed: UndoMerge, by: By) -> Sequence[Balance]:
    """Hand back what is still there of what a merge brought, with the sales that it moved.

    Raises:
        MergeUnknown: nothing was merged here, or it was undone.
        WalletFrozen: one of them is frozen.
    """
    moved = await work.people.merge(deed.merge)
    if moved is None or moved.is_undone:
        raise MergeUnknown
    held = await work.sales.held_by(moved.survivor)
    sales = [sale for sale in held if sale.id in moved.sales]
    absorbed, survivor = await _open(work, moved.absorbed, moved.survivor, by)
    lots = [lot for lot in survivor.lots.values() if moved.seq and lot.opened_by == moved.seq]
    points = sum(lot.remaining for lot in lots)
    cause = Cause(f"act:{deed.id}", by.at)
    _hand_over(survivor, absorbed, points, cause, by, soonest_first(lots))
    await _give(work, sales, moved.absorbed)
    await work.people.keep_merge(replace(moved, is_undone=True))
    return await _keep(work, deed, (absorbed, survivor), by)


async def _open(
    work: Work, absorbed: ConsumerId, survivor: ConsumerId, by: By
) -> tuple[Wallet, Wallet]:
    wallets = await work.wallets.lock([absorbed, survivor])
    for wallet in wallets.values():
        # One that is empty too: what it earns would come to the other from now on.
        wallet.check_not_frozen()
        wallet.apply_due(by, work.tenant.grace)
    return wallets[absorbed], wallets[survivor]


def _hand_over(
    giver: Wallet,
    taker: Wallet,
    points: int,
    cause: Cause,
    by: By,
    out_of: Sequence[Lot] | None = None,
) -> int:
    """Move points; answers with the seq of the grant, 0 where there are none to move."""
    return taker.take_in(giver.hand_out(points, cause, by, out_of), cause, by) if points else 0


async def _give(work: Work, sales: Iterable[Sale], to: ConsumerId) -> None:
    given = list(sales)
    for sale in given:
        sale.consumer = to
        sale.award = {**sale.award, "owner": str(to)}
    await work.sales.save(given)


async def _keep(
    work: Work, deed: MergeWallets | UndoMerge, wallets: tuple[Wallet, Wallet], by: By
) -> Sequence[Balance]:
    await work.wallets.append(wallets)
    await work.apply([kept(deed, by)])
    moved = [wallet for wallet in wallets if wallet.entries]
    return [Balance(it.tenant, it.consumer, it.balance, it.owed, it.seq) for it in moved]


def _check_owed(owed: int, held: int) -> None:
    if owed > held:
        why = f"the other account owes {owed:,} pts and yours holds {held:,} pts; merge the other"
        raise MergeRefused(f"{why} way round, or pay it back first")


@dataclass(frozen=True, slots=True)
class MergeAccounts:
    """Make two accounts one, for whoever shows a contact of each; and part them again.

    Proofs move first, so that sales told meanwhile go to the survivor; then wallet after wallet.
    The same act again goes on where it ended.
    """

    identity: Identity
    directory: Directory
    store: Store
    clock: Clock
    push: Publisher

    async def __call__(
        self,
        survivor: ConsumerId,
        mine: Shown,
        other: Shown,
        act: ActId,
        correlation: str = "",
        address: str = "",
    ) -> AccountMerge:
        """Merge the other account into one's own.

        Raises:
            ContactNotYours: the first contact isn't on this account.
            CodeNotAccepted: one of the codes is wrong, or no longer good.
            MergeRefused: they are one already, or the other works here, or owes too much, or
                is suspended.
            WalletFrozen: one of their wallets is frozen.
        """
        found = await self.directory.account_merge(act)
        if found is None:
            absorbed = await self._other(survivor, mine, other, address)
            await self._check(absorbed, survivor)
            found = AccountMerge(id=act, absorbed=absorbed, survivor=survivor, at=self.clock())
            await self.directory.merge_accounts(found)
        by = By(f"person:{survivor}", self.clock(), correlation)
        deed = MergeWallets(absorbed=found.absorbed, survivor=survivor, id=act)
        for account in await self.store.books.accounts_of(found.absorbed):
            await self._merge(account.tenant, deed, by)
        return found

    async def undo(
        self, survivor: ConsumerId, merge: ActId, act: ActId, correlation: str = ""
    ) -> AccountMerge:
        """Part two accounts, within thirty days.

        Raises:
            MergeUnknown: this account did not come out of that merge.
            MergeRefused: it is too long ago.
            WalletFrozen: one of their wallets is frozen.
        """
        found = await self.directory.account_merge(merge)
        if found is None or found.survivor != survivor:
            raise MergeUnknown
        by = By(f"person:{survivor}", self.clock(), correlation)
        if by.at - found.at > UNDO_WITHIN and found.undone_at is None:
            raise MergeRefused(f"accounts are parted within {UNDO_WITHIN.days} days of their merge")
        for account in await self.store.books.accounts_of(found.absorbed):
            await self._check_not_frozen(account, survivor)
        await self.directory.part_accounts(merge, by.at)
        for account in await self.store.books.accounts_of(found.absorbed):
            await self._undo(account.tenant, found, UndoMerge(merge=merge, id=act), by)
        return found

    async def _other(
        self, survivor: ConsumerId, mine: Shown, other: Shown, address: str
    ) -> ConsumerId:
        if await self.directory.whose(evidence_of(mine.contact)) != survivor:
            raise ContactNotYours
        await self.identity.verify_code(mine.contact, mine.code, address)
        await self.identity.verify_code(other.contact, other.code, address)
        absorbed = await self.directory.whose(evidence_of(other.contact))
        if absorbed is None or absorbed == survivor:
            raise MergeRefused("that phone or e-mail is on no other account")
        return absorbed

    async def _check(self, absorbed: ConsumerId, survivor: ConsumerId) -> None:
        if await self.directory.memberships(absorbed):
            raise MergeRefused("the other account works for a tenant; merge the other way round")
        if await self.directory.is_suspended(absorbed):
            raise MergeRefused("the other account is suspended; ask support why")
        for account in await self.store.books.accounts_of(absorbed):
            own = await self._check_not_frozen(account, survivor)
            _check_owed(account.owed, own.balance)

    async def _check_not_frozen(self, account: Account, survivor: ConsumerId) -> Account:
        """Look at both before proofs move; each work looks again. Answers with the survivor's."""
        own = await self.store.books.account(account.tenant, survivor)
        if account.frozen or own.frozen:
            raise WalletFrozen
        return own

    async def _merge(self, tenant: TenantId, deed: MergeWallets, by: By) -> None:
        async with self.store.begin(tenant, alone=True) as work:
            if await work.people.merge(deed.id):
                return
            balances = await merge(work, deed, by)
            await work.note(_note(deed.id, "merge_wallets", deed.absorbed, deed.survivor, by))
        await self._tell(balances)

    async def _undo(self, tenant: TenantId, merged: AccountMerge, deed: UndoMerge, by: By) -> None:
        async with self.store.begin(tenant, alone=True) as work:
            moved = await work.people.merge(deed.merge)
            if moved is None or moved.is_undone:
                return
            balances = await undo_merge(work, deed, by)
            await work.note(_note(deed.id, "undo_merge", merged.absorbed, merged.survivor, by))
        await self._tell(balances)

    async def _tell(self, balances: Sequence[Balance]) -> None:
        for balance in balances:
            await self.push.publish(balance)


def _note(act: ActId, action: str, absorbed: ConsumerId, survivor: ConsumerId, by: By) -> AuditNote:
    return AuditNote(
        id=act,
        actor=by.actor,
        action=action,
        target=f"consumer:{absorbed}",
        reason="",
        at=by.at,
        after={"survivor": str(survivor)},
        correlation=by.correlation,
    )
