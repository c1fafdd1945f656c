"""What the simulated tills post is what our readers read: neither knows the other."""

from collections.abc import Sequence
from datetime import UTC, datetime

import httpx

from salesarck_adapters.pos.clover import CloverApp, CloverCheckout, CloverFetcher
from salesarck_adapters.pos.square import Square, Subscription
from salesarck_adapters.simulation import NewCustomer, Part, Purchase, SignedDelivery
from salesarck_adapters.simulators.clover.till import CloverTill
from salesarck_adapters.simulators.clover.webhooks import clover_courier
from salesarck_adapters.simulators.clover.world import CloverWorld
from salesarck_adapters.simulators.square.till import SquareTill
from salesarck_adapters.simulators.square.webhooks import square_courier
from salesarck_adapters.simulators.square.world import SquareWorld
from salesarck_domain.news import (
    ChangedNews,
    CustomerNews,
    News,
    RefundNews,
    SaleNews,
    TenderKind,
    TenderState,
    TillCustomer,
    UnlinkedNews,
    VerificationNews,
)
from salesarck_domain.ports.pos import Delivery, Question, WebhookReader

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)
URL = "https://hooks.example.test/v1/webhooks"


def read(reader: WebhookReader, deliveries: Sequence[SignedDelivery]) -> Sequence[News]:
    """Read them all as if they arrived at noon."""
    return [
        piece
        for sent in deliveries
        for piece in reader.read(
            reader.authenticate(Delivery(sent.body, sent.headers, received_at=NOON)), "US"
        )
    ]


class TestSquare:
    def test_a_day_reads_as_it_was_rung_up(self, square_world: SquareWorld) -> None:
        till = SquareTill(square_world)
        courier = square_courier(square_world, webhook_url=URL, signature_key="key")
        reader = Square([Subscription(b"key", URL)])
        ada = till.add_customer(NewCustomer(merchant="CAFE", phone="(555) 555-0100"))
        rung = till.ring_up(
            Purchase(
                merchant="CAFE",
                amount=1000,
                split=(Part(600, tip=50), Part(400, "gift_card")),
                customer=ada,
                test=True,
                at=datetime(2026, 3, 2, 8, tzinfo=UTC),
            )
        )
        refund = till.refund(rung.payments[0], 200)
        till.void(till.ring_up(Purchase(merchant="CAFE", amount=1, outcome="approved")).payments[0])
        merged = till.merge_customers([ada, till.add_customer(NewCustomer(merchant="CAFE"))])
        till.unlink("CAFE")
        news = read(reader, courier.deliveries())

        sales = {one.reference: one for one in news if isinstance(one, SaleNews)}
        card, gift = (sales[payment] for payment in rung.payments)
        assert (card.spend, card.tip, card.refunded) == (600, 50, 200)
        assert (card.state, card.tender) == (TenderState.COMPLETED, TenderKind.CARD)
        assert (gift.tender, gift.order, gift.test) == (TenderKind.GIFT_CARD, rung.order, True)
        assert card.happened_at == datetime(2026, 3, 2, 8, tzinfo=UTC)
        assert card.customer == TillCustomer(id=ada)
        assert [one.state for one in sales.values()][-1] is TenderState.VOID
        refunds = [one for one in news if isinstance(one, RefundNews)]
        assert [(one.reference, one.sale, one.state, one.amount) for one in refunds] == [
            (refund, rung.payments[0], TenderState.PENDING, 200),
            (refund, rung.payments[0], TenderState.COMPLETED, 200),
        ]
        book = [one for one in news if isinstance(one, CustomerNews)]
        assert book[0].phone == "+15555550100"
        (survivor,) = [one for one in book if one.id == merged]
        assert ada in survivor.merged_from
        assert sum(one.deleted for one in book) == 2
        assert news[-1] == UnlinkedNews(merchant="CAFE", by="merchant")


class TestClover:
    async def test_a_day_reads_as_it_was_rung_up(
        self, clover_world: CloverWorld, clover: httpx.AsyncClient
    ) -> None:
        till = CloverTill(clover_world)
        courier = clover_courier(clover_world, webhook_url=URL, auth_code="code")
        reader = CloverApp([b"code"])
        ada = till.add_customer(
            NewCustomer(merchant="CAFE", phone="(555) 555-0100", email="A@B.CO")
        )
        rung = till.ring_up(
            Purchase(
                merchant="CAFE",
                amount=1000,
                tax=81,
                split=(Part(600, tip=50), Part(400, "cash")),
                customer=ada,
                at=datetime(2026, 3, 2, 8, tzinfo=UTC),
            )
        )
        refund = till.refund(rung.payments[0], 200)
        till.void(rung.payments[1])
        notices = read(reader, courier.deliveries())
        assert {one.id for one in notices if isinstance(one, ChangedNews)} == {
            ada,
            rung.order,
            *rung.payments,
        }
        fetcher = CloverFetcher(clover, "http://clover.test", lambda shop: f"{shop.lower()}-token")
        fetched = await fetcher.fetch(Question("CAFE", "order", rung.order), "US")
        sales = {one.reference: one for one in fetched.news if isinstance(one, SaleNews)}
        card, cash = (sales[payment] for payment in rung.payments)
        assert (card.spend, card.tip, card.tax, card.currency) == (600, 50, 48, "USD")
        assert (card.tender, card.state) == (TenderKind.CARD, TenderState.COMPLETED)
        assert (cash.tender, cash.state) == (TenderKind.CASH, TenderState.VOID)
        assert card.happened_at == datetime(2026, 3, 2, 8, tzinfo=UTC)
        assert card.customer == TillCustomer(ada, "+15555550100", "a@b.co")
        (given,) = [one for one in fetched.news if isinstance(one, RefundNews)]
        assert (given.reference, given.sale, given.amount) == (refund, rung.payments[0], 200)
        assert given.state is TenderState.COMPLETED
        person = await fetcher.fetch(Question("CAFE", "customer", ada), "US")
        assert [one.phone for one in person.news if isinstance(one, CustomerNews)] == [
            "+15555550100"
        ]
        nothing = await fetcher.fetch(Question("CAFE", "payment", "NOTHING"), "US")
        assert nothing.news == ()

    def test_the_other_posts_are_read_too(self, clover_world: CloverWorld) -> None:
        till = CloverTill(clover_world)
        courier = clover_courier(clover_world, webhook_url=URL, auth_code="code")
        till.verify("a-code")
        till.unlink("BAKERY")
        news = read(CloverApp([b"code"]), courier.deliveries())
        assert news == [
            VerificationNews(code="a-code"),
            UnlinkedNews(merchant="BAKERY", by="merchant"),
        ]
        rung = till.checkout("CAFE", 100)
        hosted = courier.deliveries()[1:]
        (paid,) = read(CloverCheckout([b"s"]), hosted)
        assert isinstance(paid, ChangedNews)
        assert (paid.object, paid.id) == ("payment", rung.payments[0])
