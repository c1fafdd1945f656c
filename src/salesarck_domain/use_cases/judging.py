"""Judging in a work: lock what a judgement touches, judge, and post the difference.

One way for all that changes what a sale is worth: news, a late proof, rules for an empty stretch.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from salesarck_domain.days import Span
from salesarck_domain.ids import ConsumerId
from salesarck_domain.judgement import Owner, judge, owner_of
from salesarck_domain.ledger.wallet import By, Cause, Wallet
from salesarck_domain.people import Evidence, Proof
from salesarck_domain.ports.store import Work, Worth
from salesarck_domain.rules.award import Award, period_of
from salesarck_domain.sales.sale import Bill, CustomerBook, Sale, Tender


@dataclass(slots=True)
class Judging:
    """Sales of one work with all that judging them needs, locked in the house's order."""

    work: Work
    by: By
    sales: list[Sale]
    book: CustomerBook
    proofs: Mapping[Evidence, Proof]
    wallets: Mapping[ConsumerId, Wallet]
    worths: dict[tuple[ConsumerId, Span], list[Worth]] = field(
        default_factory=dict[tuple[ConsumerId, Span], list[Worth]]
    )

    @classmethod
    async def begin(
        cls,
        work: Work,
        by: By,
        sales: Sequence[Sale],
        coming: Iterable[Tender] = (),
        seen: Iterable[Proof] | None = None,
    ) -> "Judging":
        """Find everybody whom these locked sales can belong to, and lock their wallets.

        `coming` are tenders as news will make them: whom they point to counts too. `seen` are
        the proofs to go by in place of those that stand now, for what is judged again.
        """
        tenders = [tender for sale in sales for tender in sale.tenders.values()] + list(coming)
        told = [tender.state.customer for tender in tenders if tender.state]
        providers = {tender.key.provider for tender in tenders}
        ids = {(provider, who.id) for provider in providers for who in told if who and who.id}
        book = await work.people.customers(sorted(ids))
        evidence = {found for tender in tenders for found in tender.evidence(book)}
        known = await work.people.proofs(sorted(evidence))
        proofs = known if seen is None else {proof.evidence: proof for proof in seen}
        owners = {proof.consumer for proof in proofs.values()}
        owners |= {sale.consumer for sale in sales if sale.consumer}
        wallets = await work.wallets.lock(sorted(owners), sales=[sale.id for sale in sales])
        for wallet in wallets.values():
            wallet.apply_due(by, work.tenant.grace)
        return cls(work, by, list(sales), book, proofs, wallets)

    async def judge(self, sale: Sale, fact_at: datetime) -> Award:
        """Judge one sale anew and post the difference to what stands in the ledger.

        `fact_at` is when the fact happened that made this necessary: the moment of a clawback.

        Raises:
            TooManyPoints: more points than the books can hold.
        """
        tenant = self.work.tenant
        bill = Bill.of(sale, tenant.currency)
        owner = owner_of(sale, bill, tenant, self.proofs, self.book)
        worths = await self._worths_of_others(sale, bill, owner)
        award = judge(sale, bill, owner, tenant, self.work.rules, worths.__getitem__)
        sale.happened_at = bill.happened_at or sale.happened_at or sale.first_happened()
        self._post(sale, owner, award, fact_at)
        sale.worth = award.points
        whose = str(owner.consumer) if owner.consumer else None
        sale.award = {"owner": whose, **award.explain()}
        sale.waits_for = () if sale.consumer else tuple(sale.evidence(self.book))
        return award

    async def save(self) -> None:
        """Write the sales and what their wallets decided."""
        await self.work.sales.save(self.sales)
        await self.work.wallets.append(self.wallets.values())

    def proofs_behind(self, sales: Iterable[Sale]) -> tuple[Proof, ...]:
        """The proofs that judgements of these sales rest on, each once."""
        return tuple(dict.fromkeys(proof for sale in sales for proof in self.proofs_of(sale)))

    def proofs_of(self, sale: Sale) -> tuple[Proof, ...]:
        """The proofs that a judgement of this sale rests on."""
        found = (self.proofs.get(evidence) for evidence in sale.evidence(self.book))
        return tuple(proof for proof in found if proof)

    def _post(self, sale: Sale, owner: Owner, award: Award, fact_at: datetime) -> None:
        if owner.consumer is None or sale.happened_at is None:
            return
        wallet = self.wallets[owner.consumer]
        more = award.points - sale.standing
        if more > 0:
            cause = self._cause(sale, award, sale.happened_at)
            wallet.earn(more, cause, self.by, award.ends_at, self.work.tenant.grace)
            sale.earned += more
            sale.consumer = owner.consumer
        elif less := min(-more, wallet.not_run_out(sale.id, sale.standing)):
            wallet.claw_back(less, self._cause(sale, award, fact_at), self.by)
            sale.clawed += less

    def _cause(self, sale: Sale, award: Award, happened_at: datetime) -> Cause:
        sale.posted += 1
        return Cause(f"sale:{sale.id}:{sale.posted}", happened_at, award.version, sale.id)

    async def _worths_of_others(self, sale: Sale, bill: Bill, owner: Owner) -> dict[str, int]:
        """Add up, for each period that a limit looks at, what the owner's other sales are worth."""
        happened_at, consumer = bill.happened_at, owner.consumer
        version = self.work.rules.in_force(happened_at) if happened_at else None
        if version is None or consumer is None or happened_at is None:
            return {}
        zone = self.work.tenant.time_zone
        spans = {
            limit.period: period_of(limit.period, happened_at, zone) for limit in version.limits
        }
        return {
            period: sum(
                worth.points
                for worth in await self._worths(consumer, span)
                if worth.sale != sale.id
            )
            for period, span in spans.items()
        }

    async def _worths(self, consumer: ConsumerId, span: Span) -> list[Worth]:
        """What the store says, but for the sales of this work, which it doesn't know anew yet."""
        if (consumer, span) not in self.worths:
            self.worths[consumer, span] = list(await self.work.sales.worths(consumer, span))
        here = {sale.id for sale in self.sales}
        elsewhere = [worth for worth in self.worths[consumer, span] if worth.sale not in here]
        return elsewhere + [
            Worth(sale.id, sale.happened_at, sale.worth)
            for sale in self.sales
            if sale.consumer == consumer and sale.happened_at and sale.happened_at in span
        ]
