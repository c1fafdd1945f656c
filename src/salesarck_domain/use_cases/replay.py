"""Replay: do everything again that was applied, in an empty store, and compare the ledgers."""

from collections.abc import Sequence
from dataclasses import dataclass

from salesarck_domain.deeds import (
    Applied,
    ApplyDue,
    CancelCode,
    ChangeTerms,
    DeductPoints,
    Deed,
    EraseWallet,
    GrantPoints,
    IssueCode,
    MergeWallets,
    ProveEvidence,
    PublishRules,
    RedeemCode,
    RetireRules,
    TellNews,
    UndoMerge,
    UndoRedemption,
)
from salesarck_domain.ids import ConsumerId, TenantId
from salesarck_domain.ledger.entry import LedgerEntry
from salesarck_domain.ledger.wallet import By
from salesarck_domain.ports.directory import Directory
from salesarck_domain.ports.store import Books, Store, Work
from salesarck_domain.tenants import Tenant, with_terms
from salesarck_domain.use_cases.codes import cancel, issue, redeem, undo
from salesarck_domain.use_cases.erasing import close
from salesarck_domain.use_cases.merging import merge, undo_merge
from salesarck_domain.use_cases.people import prove
from salesarck_domain.use_cases.rules import publish, retire
from salesarck_domain.use_cases.sales import tell
from salesarck_domain.use_cases.tenants import change_terms
from salesarck_domain.use_cases.wallets import adjust, apply_due

WALLETS_AT_A_TIME = 200


async def do_again(work: Work, deed: Deed, by: By) -> None:
    """Do one deed in a work, as it was done at first."""
    match deed:
        case TellNews():
            await tell(work, [deed], by, deed.proofs)
        case PublishRules():
            await publish(work, deed, by)
        case RetireRules():
            await retire(work, deed, by)
        case ProveEvidence():
            await prove(work, deed, by)
        case ChangeTerms():
            await change_terms(work, deed, by)
        case GrantPoints() | DeductPoints() | MergeWallets() | UndoMerge() | EraseWallet():
            await _do_with_wallets(work, deed, by)
        case ApplyDue():
            await apply_due(work, deed, by)
        case _:
            await _do_with_code(work, deed, by)


async def _do_with_wallets(
    work: Work, deed: GrantPoints | DeductPoints | MergeWallets | UndoMerge | EraseWallet, by: By
) -> None:
    match deed:
        case GrantPoints() | DeductPoints():
            await adjust(work, deed, by)
        case MergeWallets():
            await merge(work, deed, by)
        case UndoMerge():
            await undo_merge(work, deed, by)
        case EraseWallet():
            await close(work, deed, by)


async def _do_with_code(
    work: Work, deed: IssueCode | RedeemCode | UndoRedemption | CancelCode, by: By
) -> None:
    match deed:
        case IssueCode():
            await issue(work, deed, by)
        case RedeemCode():
            await redeem(work, deed, by)
        case UndoRedemption():
            await undo(work, deed, by)
        case CancelCode():
            await cancel(work, deed, by)


def is_alone(deed: Deed) -> bool:
    """Whether a deed changes what every judgement rests on."""
    return isinstance(
        deed,
        PublishRules
        | RetireRules
        | ProveEvidence
        | MergeWallets
        | UndoMerge
        | ChangeTerms
        | EraseWallet,
    )


@dataclass(frozen=True, slots=True)
class Difference:
    """Where two ledgers part: the first entry that is not the same in both."""

    tenant: TenantId
    consumer: ConsumerId
    seq: int
    there: LedgerEntry | None
    here: LedgerEntry | None

    def __str__(self) -> str:
        return (
            f"tenant {self.tenant} wallet {self.consumer} entry {self.seq}: "
            f"was {_say(self.there)}, comes out as {_say(self.here)}"
        )


@dataclass(frozen=True, slots=True)
class Replay:
    """Applies the deeds of one store in another and names every wallet that comes out otherwise."""

    source: Store
    directory: Directory
    into: Store
    into_directory: Directory

    async def __call__(self) -> list[Difference]:
        """Replay every tenant; an empty list means that the ledgers are equal.

        Equal are entries with the same owner, seq, kind, points, owed, reference, rule version
        and moment.
        """
        found: list[Difference] = []
        for tenant in await self.directory.tenants():
            await self.into_directory.add_tenant(await self._as_it_began(tenant))
            async for applied in self.source.books.applied(tenant.id):
                await self._do(tenant.id, applied)
            found += await compare(tenant.id, self.source.books, self.into.books)
        return found

    async def _as_it_began(self, tenant: Tenant) -> Tenant:
        """Find the terms that stood before the first change of them."""
        async for applied in self.source.books.applied(tenant.id):
            if isinstance(applied.deed, ChangeTerms):
                return with_terms(tenant, applied.deed.before)
        return tenant

    async def _do(self, tenant: TenantId, applied: Applied) -> None:
        by = By(applied.actor, applied.at, applied.correlation)
        async with self.into.begin(tenant, alone=is_alone(applied.deed)) as work:
            await do_again(work, applied.deed, by)


async def compare(tenant: TenantId, there: Books, here: Books) -> list[Difference]:
    """Name the first difference of every wallet that is not the same in both."""
    owners = sorted({*await there.consumers(tenant), *await here.consumers(tenant)})
    found: list[Difference] = []
    for start in range(0, len(owners), WALLETS_AT_A_TIME):
        some = owners[start : start + WALLETS_AT_A_TIME]
        olds = {books.consumer: books for books in await there.wallet_books(tenant, some)}
        news = {books.consumer: books for books in await here.wallet_books(tenant, some)}
        for owner in some:
            old = olds[owner].entries if owner in olds else ()
            new = news[owner].entries if owner in news else ()
            first = _first_difference(old, new)
            if first is not None:
                found.append(Difference(tenant, owner, first + 1, _at(old, first), _at(new, first)))
    return found


def essence(entry: LedgerEntry) -> tuple[object, ...]:
    """What has to be equal in an entry that was replayed."""
    return (
        entry.consumer,
        entry.seq,
        entry.kind,
        entry.points,
        entry.owed_change,
        entry.reference,
        entry.rule_version,
        entry.happened_at,
    )


def _first_difference(old: Sequence[LedgerEntry], new: Sequence[LedgerEntry]) -> int | None:
    for place, (there, here) in enumerate(zip(old, new, strict=False)):
        if essence(there) != essence(here):
            return place
    return min(len(old), len(new)) if len(old) != len(new) else None


def _at(entries: Sequence[LedgerEntry], place: int) -> LedgerEntry | None:
    return entries[place] if place < len(entries) else None


def _say(entry: LedgerEntry | None) -> str:
    if entry is None:
        return "nothing"
    return f"{entry.kind} {entry.points} ({entry.reference}, rules {entry.rule_version})"
