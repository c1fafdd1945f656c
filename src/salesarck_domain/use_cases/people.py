"""What can be done about people: prove what is theirs, and claim what waited for it."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace

from salesarck_domain.deeds import ProveEvidence
from salesarck_domain.ids import ConsumerId, TenantId
from salesarck_domain.ledger.wallet import TIMETABLE, By
from salesarck_domain.people import Evidence, Proof
from salesarck_domain.ports.clock import Clock
from salesarck_domain.ports.directory import Directory
from salesarck_domain.ports.push import Balance, Publisher
from salesarck_domain.ports.store import BeginWork, Work
from salesarck_domain.redemption.code import Peppers
from salesarck_domain.tenants import TenantState
from salesarck_domain.use_cases.apart import each_apart
from salesarck_domain.use_cases.judging import Judging
from salesarck_domain.use_cases.sales import balances_of, kept


async def prove(work: Work, deed: ProveEvidence, by: By) -> Sequence[Balance]:
    """Note proofs, and judge the tenant's sales that waited for them."""
    await work.people.prove(deed.proofs)
    waiting = await work.sales.waiting_for(proof.evidence for proof in deed.proofs)
    judging = await Judging.begin(work, by, waiting, seen=deed.rested_on)
    rested_on = judging.proofs_behind(waiting)
    for sale in waiting:
        await judging.judge(sale, by.at)
    await judging.save()
    await work.claimed(sale.id for sale in waiting if sale.consumer)
    await work.apply([kept(replace(deed, rested_on=rested_on), by)])
    return balances_of(judging)


@dataclass(frozen=True, slots=True)
class Prove:
    """Take in that a person showed a phone, an e-mail or a till customer to be theirs.

    At every tenant where sales wait for it they are judged, if the proof came in time.
    """

    begin: BeginWork
    directory: Directory
    clock: Clock
    push: Publisher
    peppers: Peppers

    async def __call__(
        self,
        consumer: ConsumerId,
        evidence: Sequence[Evidence],
        tenants: Sequence[TenantId] = (),
        correlation: str = "",
    ) -> None:
        """Prove; at `tenants` in any case, and wherever sales wait.

        Raises:
            StoreUnavailable: some tenants' sales may still wait; asking again goes on.
        """
        now = self.clock()
        proofs = tuple(Proof(found, consumer, now) for found in evidence)
        await self.directory.prove(proofs)
        await self.directory.lift(
            consumer, [it for each in evidence for it in self.peppers.marks(each)]
        )
        waiting = await self.directory.tenants_waiting_for(evidence)
        by = By(f"person:{consumer}", now, correlation)
        for tenant in dict.fromkeys((*tenants, *waiting)):
            await self._claim(tenant, ProveEvidence(consumer=consumer, proofs=proofs), by)

    async def claim_leftovers(self) -> int:
        """Claim what a proof and a delivery at the same moment left behind; say how many.

        Raises:
            Stuck: some can't be claimed; all others were.
        """
        return await each_apart(self.directory.claimable, self._claim_leftover, at_a_time=1)

    async def _claim_leftover(self, tenant: TenantId, proofs: Sequence[Proof]) -> Collection[Proof]:
        for proof in proofs:
            deed = ProveEvidence(consumer=proof.consumer, proofs=(proof,))
            await self._claim(tenant, deed, By(TIMETABLE, self.clock()))
        return proofs

    async def _claim(self, tenant: TenantId, deed: ProveEvidence, by: By) -> None:
        async with self.begin(tenant, alone=True) as work:
            if work.tenant.state is not TenantState.ACTIVE:
                return  # suspended just now: what waits is claimable afterwards
            balances = await prove(work, deed, by)
        for balance in balances:
            await self.push.publish(balance)
