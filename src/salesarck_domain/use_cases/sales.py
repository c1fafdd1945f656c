"""What can be done with sales: tell what a till said, and judge again."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from salesarck_domain.deeds import Applied, Deed, TellNews
from salesarck_domain.ids import SaleId, TenantId
from salesarck_domain.ledger.wallet import By
from salesarck_domain.news import CustomerNews, RefundNews, SaleNews
from salesarck_domain.people import Evidence, Proof
from salesarck_domain.ports.clock import Clock
from salesarck_domain.ports.push import Balance, Publisher
from salesarck_domain.ports.store import BeginWork, Finished, LockedSales, Wanted, Work
from salesarck_domain.redemption.code import Peppers
from salesarck_domain.sales.sale import PaymentKey, Sale, SaleKey, Tender
from salesarck_domain.use_cases.judging import Judging
from salesarck_domain.use_cases.standing import BeginUnlessSuspended
from salesarck_domain.use_cases.tombstones import without_erased

CLOCK_AHEAD_MAX = timedelta(minutes=5)


@dataclass(frozen=True, slots=True)
class Told:
    """What became of one piece of news: the outcome's word and the sale it is about."""

    outcome: str
    sale: SaleId | None = None


def in_time(news: SaleNews | RefundNews, received_at: datetime) -> SaleNews | RefundNews:
    """Put moments that lie more than five minutes ahead of the receipt at the receipt."""
    latest = received_at + CLOCK_AHEAD_MAX
    return replace(
        news,
        happened_at=news.happened_at if news.happened_at <= latest else received_at,
        changed_at=news.changed_at if news.changed_at <= latest else received_at,
    )


@dataclass(frozen=True, slots=True)
class RecordNews:
    """Take in what tills said, judge the sales it is about, and post the differences.

    All of it happens in one work, with the inbox rows that brought it marked done.
    """

    begin: BeginWork
    clock: Clock
    push: Publisher
    peppers: Peppers

    async def __call__(
        self,
        tenant: TenantId,
        deeds: Sequence[TellNews],
        row: Finished | None = None,
        correlation: str = "",
        actor: str = "till",
    ) -> Sequence[Told]:
        """Record news in the order given.

        `row` is finished with the outcome that comes out, whatever outcome it holds.

        Raises:
            LeaseLost: somebody else has the row now; nothing was recorded.
            TenantSuspended: the tenant was suspended since the row was looked at.
            StoreUnavailable: nothing was recorded.
        """
        by = By(actor, self.clock(), correlation)
        async with BeginUnlessSuspended(self.begin)(tenant) as work:
            named = await without_erased(work, deeds, self.peppers)
            told, balances = await tell(work, named, by)
            if row:
                sales = tuple({found.sale for found in told if found.sale})
                await work.finish([replace(row, outcome=outcome_of(told), sales=sales)])
        for balance in balances:
            await self.push.publish(balance)
        return told


def outcome_of(told: Sequence[Told]) -> str:
    """Choose the word for a row: what needs looking at before what went well."""
    found = {each.outcome for each in told}
    order = ("test_sale", "other_currency", "unclaimed", "applied")
    return next((word for word in order if word in found), "nothing")


async def tell(
    work: Work, deeds: Sequence[TellNews], by: By, seen: Iterable[Proof] | None = None
) -> tuple[Sequence[Told], Sequence[Balance]]:
    """Tell news inside a work. Till customers come first: they say whose the sales are.

    `seen` are the proofs to go by in place of those that stand now, for news told again.
    """
    customers = [deed for deed in deeds if isinstance(deed.news, CustomerNews)]
    others = [deed for deed in deeds if not isinstance(deed.news, CustomerNews)]
    await work.people.prove(proof for deed in deeds for proof in deed.proofs)
    waiting = await _tell_customers(work, customers)
    locked = await work.sales.lock([_wanted(deed) for deed in others], by.at)
    sales = {sale.key: sale for sale in (*waiting, *locked.sales.values())}
    coming = [_tender_of(deed.provider, deed.news) for deed in others]
    judging = await Judging.begin(work, by, list(sales.values()), coming, seen)
    told = [Told("applied")] * len(customers)
    claimable = [sales[sale.key] for sale in waiting]
    rested_on = judging.proofs_behind(claimable)
    applied = [replace(deed, proofs=rested_on) for deed in customers]
    for sale in claimable:
        await judging.judge(sale, by.at)
    told += [await _tell_one(judging, locked, deed, by.at, applied) for deed in others]
    await judging.save()
    await work.sales.keep(tender for tender in locked.tenders.values() if tender.sale is None)
    await work.claimed(sale.id for sale in claimable if sale.consumer)
    await work.apply([kept(deed, by) for deed in applied])
    return told, balances_of(judging)


def kept(deed: Deed, by: By) -> Applied:
    """Write a deed down as it was applied."""
    return Applied(deed=deed, at=by.at, actor=by.actor, correlation=by.correlation)


def balances_of(judging: Judging) -> Sequence[Balance]:
    """What to push once the work is committed."""
    return [
        Balance(wallet.tenant, wallet.consumer, wallet.balance, wallet.owed, wallet.seq)
        for wallet in judging.wallets.values()
        if wallet.entries
    ]


async def _tell_customers(work: Work, deeds: Iterable[TellNews]) -> Sequence[Sale]:
    """Note what till customer books say, and find the sales that may have waited for it."""
    evidence: list[Evidence] = []
    for deed in deeds:
        if isinstance(deed.news, CustomerNews):
            await work.people.tell_customer(deed.provider, deed.news)
            ids = (deed.news.id, *deed.news.merged_from)
            evidence += [Evidence.till(deed.provider, id_) for id_ in ids]
    return await work.sales.waiting_for(evidence) if evidence else ()


async def _tell_one(
    judging: Judging, locked: LockedSales, deed: TellNews, now: datetime, applied: list[TellNews]
) -> Told:
    news = deed.news
    tender = locked.tenders[_payment_of(deed)]
    changed = tender.refund(news) if isinstance(news, RefundNews) else _tell_tender(tender, news)
    left, sale = _move(locked, tender)
    if not changed:
        return _told(sale)
    fact_at = news.happened_at if isinstance(news, RefundNews) else _changed_at(news, now)
    if left:
        await judging.judge(left, fact_at)
    if sale:
        await judging.judge(sale, fact_at)
    applied.append(replace(deed, proofs=judging.proofs_of(sale) if sale else ()))
    return _told(sale)


def _tell_tender(tender: Tender, news: SaleNews | CustomerNews) -> bool:
    return isinstance(news, SaleNews) and tender.tell(news)


def _changed_at(news: SaleNews | CustomerNews, now: datetime) -> datetime:
    return news.changed_at if isinstance(news, SaleNews) else now


def _move(locked: LockedSales, tender: Tender) -> tuple[Sale | None, Sale | None]:
    """Put a tender into the sale of its order; say which sale it left, and where it is."""
    if tender.state is None:
        return None, None
    before = locked.sales.get(tender.sale) if tender.sale else None
    if before and tender.state.order is None:
        return None, before
    after = locked.sales[SaleKey.of(tender.key, tender.state.order)]
    tender.sale = after.key
    after.tenders[tender.key.payment] = tender
    if before is None or before is after:
        return None, after
    del before.tenders[tender.key.payment]
    return before, after


def _told(sale: Sale | None) -> Told:
    if sale is None:
        return Told("applied")
    if sale.is_unclaimed:
        return Told("unclaimed", sale.id)
    reason = str(sale.award.get("reason"))
    return Told(reason if reason in {"other_currency", "test_sale"} else "applied", sale.id)


def _payment_of(deed: TellNews) -> PaymentKey:
    news = deed.news
    if isinstance(news, CustomerNews):
        raise TypeError("a till customer is no payment")
    payment = news.sale if isinstance(news, RefundNews) else news.reference
    return PaymentKey(deed.provider, news.merchant, payment)


def _wanted(deed: TellNews) -> Wanted:
    payment = _payment_of(deed)
    if isinstance(deed.news, SaleNews):
        return Wanted(payment, SaleKey.of(payment, deed.news.order))
    return Wanted(payment)


def _tender_of(provider: str, news: SaleNews | RefundNews | CustomerNews) -> Tender:
    state = news if isinstance(news, SaleNews) else None
    return Tender(key=PaymentKey(provider, news.merchant, ""), state=state)
