"""What can be done with adjustments that one admin may not make alone: request, approve, reject."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import ClassVar

from salesarck_domain.audit import Act
from salesarck_domain.deeds import DeductPoints, GrantPoints
from salesarck_domain.errors import Missing
from salesarck_domain.ids import ActId, TenantId
from salesarck_domain.ledger.adjustment import REQUEST_LIFETIME, Adjustment, AdjustmentState
from salesarck_domain.ledger.wallet import By
from salesarck_domain.ports.answers import Receipt, no_receipt
from salesarck_domain.ports.clock import Clock
from salesarck_domain.ports.directory import Directory
from salesarck_domain.ports.push import Publisher
from salesarck_domain.ports.store import BeginWork, Work
from salesarck_domain.use_cases.platform import PersonMissing
from salesarck_domain.use_cases.wallets import (
    Adjusted,
    AdjustWallet,
    SecondAdminNeeded,
    adjust_and_tell,
    new_adjustment,
)


@dataclass(eq=False)
class AdjustmentMissing(Missing):
    """The tenant has no such adjustment."""

    code: ClassVar[str] = "adjustment_unknown"

    def __str__(self) -> str:
        return "there is no such adjustment here"


@dataclass(frozen=True, slots=True)
class AdjustmentDesk:
    """Adjustments beyond what one admin moves alone: one requests, another decides."""

    begin: BeginWork
    directory: Directory
    clock: Clock
    push: Publisher

    async def adjust(
        self,
        tenant: TenantId,
        deed: GrantPoints | DeductPoints,
        act: Act,
        receipt: Receipt[Adjusted] = no_receipt,
    ) -> Adjusted:
        """Make an adjustment or, where it is more than one admin moves alone, request it.

        Raises:
            AdjustmentInvalid: no points, or no reason.
            OwnWallet: it is the actor's.
            InsufficientPoints: there are fewer to take.
            WalletFrozen: the wallet takes none.
        """
        make = AdjustWallet(self.begin, self.clock, self.push)
        try:
            return await make(tenant, deed, act.reason, act.actor, act.correlation, receipt)
        except SecondAdminNeeded:
            return await self.request(tenant, deed, act, receipt)

    async def request(
        self,
        tenant: TenantId,
        deed: GrantPoints | DeductPoints,
        act: Act,
        receipt: Receipt[Adjusted] = no_receipt,
    ) -> Adjusted:
        """Ask for a second admin; what the deed's id names is made when one approves.

        Raises:
            AdjustmentInvalid: no points, or no reason.
            OwnWallet: it is the actor's.
        """
        now = self.clock()
        new = replace(
            new_adjustment(deed, act.reason, act.actor, now),
            state=AdjustmentState.PENDING,
            expires_at=now + REQUEST_LIFETIME,
        )
        async with self.begin(tenant) as work:
            await work.adjustments.add(new)
            after = {"kind": new.kind, "points": new.points}
            target = f"consumer:{new.consumer}"
            await work.note(act.note("request_adjustment", target, now, after=after))
            requested = Adjusted(new)
            await work.answer(receipt(requested))
        return requested

    async def approve(
        self,
        tenant: TenantId,
        adjustment: ActId,
        act: Act,
        receipt: Receipt[Adjustment] = no_receipt,
    ) -> Adjustment:
        """Make what another admin requested.

        Raises:
            AdjustmentMissing: the tenant has no such request.
            AdjustmentDecided: it was decided before.
            AdjustmentExpired: it waited too long.
            OwnRequest: they requested it.
            OwnWallet: it is for them.
            PersonMissing: whom it is for has no account any more.
            InsufficientPoints: there are fewer to take.
            WalletFrozen: the wallet takes none.
        """
        by = By(act.actor, self.clock(), act.correlation)
        async with self.begin(tenant) as work:
            found = await _locked(work, adjustment)
            approved = found.decide(AdjustmentState.APPROVED, act.actor, by.at)
            if not await self.directory.evidence_of(found.consumer):
                raise PersonMissing
            kind = GrantPoints if found.kind == "grant" else DeductPoints
            deed = kind(consumer=found.consumer, points=found.points, id=found.id)
            whose = replace(act, on_behalf_of=found.requested_by, reason=found.reason)
            balance = await adjust_and_tell(work, deed, by, "approve_adjustment", whose)
            await work.adjustments.decide(approved)
            await work.answer(receipt(approved))
        await self.push.publish(balance)
        return approved

    async def reject(
        self,
        tenant: TenantId,
        adjustment: ActId,
        act: Act,
        receipt: Receipt[Adjustment] = no_receipt,
    ) -> Adjustment:
        """Turn down what another admin requested. Nothing moves.

        Raises:
            AdjustmentMissing: the tenant has no such request.
            AdjustmentDecided: it was decided before.
            AdjustmentExpired: it waited too long.
            OwnRequest: they requested it.
            OwnWallet: it is for them.
        """
        async with self.begin(tenant) as work:
            found = await _locked(work, adjustment)
            rejected = found.decide(AdjustmentState.REJECTED, act.actor, self.clock())
            await work.adjustments.decide(rejected)
            whose = replace(act, on_behalf_of=found.requested_by)
            before, after = _state(found), _state(rejected)
            target = f"consumer:{found.consumer}"
            note = whose.note("reject_adjustment", target, self.clock(), before, after)
            await work.note(note)
            await work.answer(receipt(rejected))
        return rejected


def _state(adjustment: Adjustment) -> Mapping[str, object]:
    return {"adjustment": str(adjustment.id), "state": adjustment.state.value}


async def _locked(work: Work, adjustment: ActId) -> Adjustment:
    found = await work.adjustments.lock(adjustment)
    if found is None:
        raise AdjustmentMissing
    return found
