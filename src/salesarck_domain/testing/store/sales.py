"""Sales: a payment is in one sale at a time, and whoever holds it holds that sale."""

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta

from salesarck_domain.days import Span
from salesarck_domain.ids import ConsumerId, SaleId, derived
from salesarck_domain.news import SaleNews, TenderKind, TenderState, TillCustomer
from salesarck_domain.people import Evidence
from salesarck_domain.ports.store import Wanted
from salesarck_domain.sales.sale import PaymentKey, Sale, SaleKey, Tender
from salesarck_domain.testing.examples import (
    ADA,
    ADAS_EMAIL,
    ADAS_PHONE,
    BAKERY,
    CAFE,
    DAY,
    GRACE,
    GRACES_PHONE,
    MINUTE,
    NOON,
    paid,
    refunded,
)
from salesarck_domain.testing.store.bench import Shop, StoreBench, all_of

PAYMENT = PaymentKey("square", "M1", "P1")
ALONE = SaleKey("square", "M1", "payment:P1")
ORDER = SaleKey("square", "M1", "order:O1")
EVER = Span(None, None)
EVERYTHING_SAID = SaleNews(
    merchant="M1",
    reference="P1",
    order="O1",
    location="L-é",
    state=TenderState.COMPLETED,
    spend=12_34,
    tip=200,
    tax=0,
    refunded=5,
    currency="USD",
    tender=TenderKind.GIFT_CARD,
    happened_at=NOON + timedelta(microseconds=123_457),
    changed_at=NOON + MINUTE,
    customer=TillCustomer("C1", "+15555550100", "ada@example.test"),
    test=True,
    receipt="#0042",
)


class SalesContract(StoreBench):
    """What `Sales` promises."""

    async def test_what_was_never_heard_of_begins_empty_under_a_derived_id(self) -> None:
        async with self.cafe() as cafe, cafe.begin() as work:
            locked = await work.sales.lock([Wanted(PAYMENT, ORDER)], NOON)
            parts = ("sale", CAFE.id, ORDER.provider, ORDER.merchant, ORDER.name)
            assert locked.tenders == {PAYMENT: Tender(key=PAYMENT)}
            assert locked.sales == {ORDER: Sale(id=SaleId(derived(NOON, *parts)), key=ORDER)}

    async def test_a_sale_is_kept_as_it_was_judged(self) -> None:
        async with self.cafe() as cafe:
            tender = Tender(key=PAYMENT, state=EVERYTHING_SAID, sale=ORDER)
            tender.refund(refunded("R1", "P1", 1))
            tender.refund(replace(refunded("R2", "P1", 2), state=TenderState.PENDING))
            sale = await self._save(cafe, tender, judged)
            async with cafe.begin() as work:
                locked = await work.sales.lock([Wanted(PAYMENT, ORDER)], NOON + DAY)
            assert locked.sales == {ORDER: sale}
            assert locked.tenders == {PAYMENT: tender}
            assert locked.sales[ORDER].tenders["P1"] is locked.tenders[PAYMENT]
            assert await cafe.books.sale(CAFE.id, sale.id) == sale

    async def test_a_tender_that_says_little_is_kept_as_it_is(self) -> None:
        async with self.cafe() as cafe:
            tender = Tender(key=PAYMENT, state=paid("P1", 5, order="O1"), sale=ORDER)
            sale = await self._save(cafe, tender, lambda _: None)
            assert await cafe.books.sale(CAFE.id, sale.id) == sale

    async def test_a_sale_is_found_by_any_of_its_payments(self) -> None:
        async with self.cafe() as cafe:
            for name in ("P1", "P2"):
                await cafe.tell(paid(name, 5, order="O1"))
            async with cafe.begin() as work:
                locked = await work.sales.lock([Wanted(PAYMENT)], NOON)
            assert set(locked.sales) == {ORDER}
            assert set(locked.sales[ORDER].tenders) == {"P1", "P2"}
            assert locked.tenders[PAYMENT].sale == ORDER

    async def test_one_batch_may_want_the_same_things_twice(self) -> None:
        async with self.cafe() as cafe:
            other = PaymentKey("square", "M1", "P2")
            async with cafe.begin() as work:
                wanted = [Wanted(each, ORDER) for each in (other, PAYMENT, other)]
                locked = await work.sales.lock([*wanted, Wanted(PAYMENT)], NOON)
                assert set(locked.tenders) == {PAYMENT, other}
                assert set(locked.sales) == {ORDER}
            async with cafe.begin() as work:
                empty = await work.sales.lock([], NOON)
                assert (empty.tenders, empty.sales) == ({}, {})

    async def test_a_payment_moves_to_the_order_it_names(self) -> None:
        async with self.cafe() as cafe:
            await cafe.tell(paid("P1", 5))
            async with cafe.begin() as work:
                locked = await work.sales.lock([Wanted(PAYMENT, ORDER)], NOON)
                assert set(locked.sales) == {ALONE, ORDER}
                tender = locked.sales[ALONE].tenders.pop("P1")
                locked.sales[ORDER].tenders["P1"] = tender
                tender.sale = ORDER
                await work.sales.save(locked.sales.values())
            async with cafe.begin() as work:
                locked = await work.sales.lock([Wanted(PAYMENT, ALONE)], NOON)
            assert locked.tenders[PAYMENT].sale == ORDER
            assert {key: list(sale.tenders) for key, sale in locked.sales.items()} == {
                ALONE: [],
                ORDER: ["P1"],
            }

    async def test_refunds_wait_for_their_payment(self) -> None:
        async with self.cafe() as cafe:
            news = refunded("R1", "P1", 2)
            async with cafe.begin() as work:
                locked = await work.sales.lock([Wanted(PAYMENT)], NOON)
                assert locked.sales == {}
                locked.tenders[PAYMENT].refund(news)
                await work.sales.keep(locked.tenders.values())
            sale = await cafe.tell(paid("P1", 5))
            read = await cafe.books.sale(CAFE.id, sale)
            assert read
            assert read.tenders["P1"].refunds == {"R1": news}
            assert read.tenders["P1"].refunded == 200

    async def test_a_newer_state_takes_the_place_of_the_older(self) -> None:
        async with self.cafe() as cafe:
            await cafe.tell(paid("P1", 5, state=TenderState.PENDING))
            void = paid("P1", 5, changed_at=NOON + MINUTE, state=TenderState.VOID)
            sale = await cafe.tell(void)
            read = await cafe.books.sale(CAFE.id, sale)
            assert read
            assert read.states() == [void]

    async def test_merchants_and_providers_are_kept_apart(self) -> None:
        async with self.cafe() as cafe:
            await cafe.tell(paid("P1", 5, order="O1"))
            others = [PaymentKey("square", "M2", "P1"), PaymentKey("clover", "M1", "P1")]
            async with cafe.begin() as work:
                wanted = [
                    Wanted(it, SaleKey(it.provider, it.merchant, ORDER.name)) for it in others
                ]
                locked = await work.sales.lock(wanted, NOON)
            assert [locked.tenders[it].state for it in others] == [None, None]
            assert [sale.tenders for sale in locked.sales.values()] == [{}, {}]

    async def test_all_who_tell_of_one_sale_take_turns(self) -> None:
        async with self.cafe() as cafe:
            news = [paid(f"P{number % 4}", 5, order="O1") for number in range(12)]
            ends = await all_of(*(cafe.tell(each, _count) for each in news))
            assert len(set(ends)) == 1
            (sale,) = await cafe.books.sales_of(CAFE.id)
            assert (sale.posted, sorted(sale.tenders)) == (12, ["P0", "P1", "P2", "P3"])

    async def test_unclaimed_sales_are_found_by_what_they_wait_for_in_order(self) -> None:
        async with self.cafe() as cafe:
            both = (ADAS_PHONE, ADAS_EMAIL)
            await self._waiting(cafe, "b", NOON, both)
            await self._waiting(cafe, "B", NOON, (ADAS_PHONE,))
            await self._waiting(cafe, "late", NOON + MINUTE, (ADAS_EMAIL,))
            await self._waiting(cafe, "early", NOON - MINUTE, (Evidence.till("square", "C1"),))
            await self._waiting(cafe, "hers", NOON, (GRACES_PHONE,))
            await self._waiting(cafe, "taken", NOON, both, GRACE)
            assert await _waiting_for(cafe, *both) == ["B", "b", "late"]
            assert await _waiting_for(cafe, ADAS_EMAIL) == ["b", "late"]
            assert await _waiting_for(cafe, Evidence.till("square", "C1")) == ["early"]
            assert await _waiting_for(cafe, Evidence.till("clover", "C1")) == []
            assert await _waiting_for(cafe) == []

    async def test_a_sale_stops_waiting_when_somebody_has_it_or_it_points_elsewhere(self) -> None:
        async with self.cafe() as cafe:
            await self._waiting(cafe, "one", NOON, (ADAS_PHONE,))
            await self._waiting(cafe, "two", NOON, (ADAS_PHONE,))
            await self._waiting(cafe, "one", NOON, (), ADA)
            await self._waiting(cafe, "two", NOON, (GRACES_PHONE,))
            assert await _waiting_for(cafe, ADAS_PHONE) == []
            assert await _waiting_for(cafe, GRACES_PHONE) == ["two"]

    async def test_what_waits_comes_with_all_that_is_known_of_it(self) -> None:
        async with self.cafe() as cafe:
            tender = Tender(key=PAYMENT, state=EVERYTHING_SAID, sale=ORDER)
            tender.refund(refunded("R1", "P1", 1))

            def unclaimed(sale: Sale) -> None:
                judged(sale)
                sale.consumer, sale.waits_for = None, (ADAS_EMAIL, ADAS_PHONE)

            sale = await self._save(cafe, tender, unclaimed)
            async with cafe.begin() as work:
                assert await work.sales.waiting_for([ADAS_PHONE, ADAS_EMAIL]) == [sale]

    async def test_sales_are_found_by_when_they_happened(self) -> None:
        async with self.cafe() as cafe:
            for name, minutes in (("c", 2), ("b", 1), ("B", 1), ("a", 0)):
                await self._waiting(cafe, name, NOON + minutes * MINUTE, ())
            spans = {
                Span(NOON, NOON + MINUTE): ["a"],
                Span(NOON + MINUTE, None): ["B", "b", "c"],
                Span(None, NOON + 2 * MINUTE): ["a", "B", "b"],
                Span(NOON + 3 * MINUTE, None): [],
                EVER: ["a", "B", "b", "c"],
            }
            async with cafe.begin() as work:
                for span, names in spans.items():
                    assert [_name(sale) for sale in await work.sales.happened_in(span)] == names

    async def test_a_consumers_sales_are_worth_what_was_judged_last(self) -> None:
        async with self.cafe() as cafe:
            for name, minutes, who in (("a", 0, ADA), ("b", 1, ADA), ("c", 0, GRACE)):
                await self._waiting(cafe, name, NOON + minutes * MINUTE, (), who, worth=3)
            await self._waiting(cafe, "a", NOON, (), ADA, worth=5)
            await self._waiting(cafe, "nobody's", NOON, (ADAS_PHONE,), None, worth=7)
            async with cafe.begin() as work:
                found = await work.sales.worths(ADA, Span(NOON, NOON + MINUTE))
                assert [(worth.happened_at, worth.points) for worth in found] == [(NOON, 5)]
                assert sorted(it.points for it in await work.sales.worths(ADA, EVER)) == [3, 5]

    async def test_tenants_do_not_see_each_others_sales(self) -> None:
        async with self.cafe() as cafe:
            bakery = cafe.at(BAKERY)
            for shop, who in ((cafe, ADA), (bakery, None)):
                await self._waiting(shop, "one", NOON, (ADAS_PHONE,), who, worth=5)
            await cafe.tell(paid("P1", 5, order="O1"))
            assert await _waiting_for(cafe, ADAS_PHONE) == []
            assert await _waiting_for(bakery, ADAS_PHONE) == ["one"]
            async with bakery.begin() as work:
                locked = await work.sales.lock([Wanted(PAYMENT, ORDER)], NOON)
                assert locked.tenders[PAYMENT].state is None
                assert locked.sales[ORDER].tenders == {}
                assert await work.sales.worths(ADA, EVER) == []
                assert len(await work.sales.happened_in(EVER)) == 1

    async def _save(self, cafe: Shop, tender: Tender, judge: Callable[[Sale], None]) -> Sale:
        async with cafe.begin() as work:
            locked = await work.sales.lock([Wanted(PAYMENT, ORDER)], NOON)
            sale = locked.sales[ORDER]
            sale.tenders["P1"] = tender
            judge(sale)
            await work.sales.save([sale])
        return sale

    async def _waiting(
        self,
        shop: Shop,
        name: str,
        at: datetime,
        evidence: tuple[Evidence, ...],
        consumer: ConsumerId | None = None,
        worth: int = 0,
    ) -> None:
        """Keep a sale that waits for evidence, or belongs to somebody."""

        def judge(sale: Sale) -> None:
            sale.happened_at, sale.waits_for = at, evidence
            sale.consumer, sale.worth = consumer, worth

        await shop.tell(paid(name, 5, at=at), judge)


async def _waiting_for(shop: Shop, *evidence: Evidence) -> list[str]:
    async with shop.begin() as work:
        return [_name(sale) for sale in await work.sales.waiting_for(evidence)]


def _name(sale: Sale) -> str:
    return sale.key.name.removeprefix("payment:")


def _count(sale: Sale) -> None:
    sale.posted += 1


def judged(sale: Sale) -> None:
    """Judge a sale in some way that fills every field."""
    sale.consumer, sale.posted, sale.earned, sale.clawed, sale.worth = ADA, 3, 20, 8, 12
    sale.happened_at = EVERYTHING_SAID.happened_at
    sale.award = {"points": 12, "reason": None, "steps": [{"saw": {"net": 1234}, "é": True}]}
