"""The simulated Clover keeps Clover's rules, as its documentation tells them."""

import hashlib
import hmac
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import anyio
import httpx
import pytest
from litestar import Litestar

from salesarck_adapters.simulation import (
    NewCustomer,
    NotAtThisTill,
    Part,
    Purchase,
    TillRefused,
)
from salesarck_adapters.simulators.clover.api import clover_api
from salesarck_adapters.simulators.clover.limits import CloverLimits
from salesarck_adapters.simulators.clover.till import CloverTill
from salesarck_adapters.simulators.clover.webhooks import clover_courier
from salesarck_adapters.simulators.clover.world import CloverWorld

CAFE = "/v3/merchants/CAFE"
NOON = 1772452800000  # 2026-03-02T12:00:00Z


@dataclass(slots=True)
class Told:
    """The notices so far, as merchant, letter with id, and what happened."""

    world: CloverWorld

    def take(self) -> Sequence[tuple[str, str, str]]:
        courier = clover_courier(self.world, webhook_url="https://x.test", auth_code="code")
        bodies = [json.loads(delivery.body) for delivery in courier.deliveries()]
        return [
            (merchant, update["objectId"], update["type"])
            for body in bodies
            for merchant, updates in body["merchants"].items()
            for update in updates
        ]


@pytest.fixture
def till(clover_world: CloverWorld) -> CloverTill:
    return CloverTill(clover_world)


@pytest.fixture
def told(clover_world: CloverWorld) -> Told:
    return Told(clover_world)


def sell(till: CloverTill, amount: int = 1000, **more: object) -> str:
    """Ring up one tender at the café."""
    return till.ring_up(Purchase(merchant="CAFE", amount=amount, **more)).payments[0]


class TestAsking:
    async def test_a_token_opens_its_own_merchant_alone(
        self, clover: httpx.AsyncClient, till: CloverTill
    ) -> None:
        assert (await clover.get(CAFE)).json()["defaultCurrency"] == "USD"
        assert (await clover.get("/v3/merchants/BAKERY")).status_code == 401
        assert (await clover.get("/v3/merchants/NOBODY")).status_code == 401
        till.unlink("CAFE")
        assert (await clover.get(CAFE)).status_code == 401

    async def test_what_is_not_there_says_so_in_clover_s_words(
        self, clover: httpx.AsyncClient, till: CloverTill
    ) -> None:
        elsewhere = till.ring_up(Purchase(merchant="BAKERY", amount=1))
        for path, what in (
            (f"orders/{elsewhere.order}", "Order"),
            (f"payments/{elsewhere.payments[0]}", "Payment"),
            ("customers/NOBODY", "Customer"),
            ("refunds/NOTHING", "Refund"),
        ):
            answer = await clover.get(f"{CAFE}/{path}")
            assert answer.status_code == 404
            assert answer.json() == {"message": "Not Found", "details": f"{what} not found"}

    async def test_nothing_is_shown_that_was_not_asked_for(
        self, clover: httpx.AsyncClient, till: CloverTill
    ) -> None:
        ada = till.add_customer(NewCustomer(merchant="CAFE", phone="(555) 555-0100", email="a@b.c"))
        rung = till.ring_up(Purchase(merchant="CAFE", amount=1000, tax=80, tip=50, customer=ada))
        refund = till.refund(rung.payments[0], 100)
        payment = f"{CAFE}/payments/{rung.payments[0]}"
        plain = (await clover.get(payment)).json()
        assert set(plain["tender"]) == {"href", "id"}
        assert set(plain["order"]) == {"id"}
        assert "refunds" not in plain
        full = (await clover.get(payment, params={"expand": "tender,refunds,order"})).json()
        assert full["tender"]["labelKey"] == "com.clover.tender.credit_card"
        assert full["order"]["currency"] == "USD"
        (given,) = full["refunds"]["elements"]
        assert (given["id"], given["amount"], given["status"]) == (refund, 100, "SUCCESS")
        order = f"{CAFE}/orders/{rung.order}"
        assert {"payments", "customers", "lineItems"}.isdisjoint((await clover.get(order)).json())
        query = {"expand": "payments,customers,payment.tender"}
        full = (await clover.get(order, params=query)).json()
        assert full["customers"] == {"elements": [{"id": ada}]}
        assert full["payments"]["elements"][0]["tender"]["label"] == "Credit Card"
        person = f"{CAFE}/customers/{ada}"
        assert "phoneNumbers" not in (await clover.get(person)).json()
        full = (await clover.get(person, params={"expand": "phoneNumbers,emailAddresses"})).json()
        assert full["phoneNumbers"]["elements"][0]["phoneNumber"] == "(555) 555-0100"

    async def test_three_fields_can_be_expanded_and_not_four(
        self, clover: httpx.AsyncClient, till: CloverTill
    ) -> None:
        payment = f"{CAFE}/payments/{sell(till)}"
        for fields, status in (
            ("tender,refunds,order", 200),
            ("tender,refunds,order,cardTransaction", 400),
            ("customers", 400),
        ):
            assert (await clover.get(payment, params={"expand": fields})).status_code == status

    async def test_a_nested_list_ends_at_a_hundred(
        self, clover: httpx.AsyncClient, till: CloverTill
    ) -> None:
        order = till.ring_up(Purchase(merchant="CAFE", amount=1)).order
        for _ in range(100):
            till.ring_up(Purchase(merchant="CAFE", amount=1, order=order))
        shown = await clover.get(f"{CAFE}/orders/{order}", params={"expand": "payments"})
        assert len(shown.json()["payments"]["elements"]) == 100

    async def test_a_page_is_a_hundred_unless_more_is_asked_and_a_thousand_at_most(
        self, clover: httpx.AsyncClient, till: CloverTill
    ) -> None:
        sold = {sell(till) for _ in range(105)}
        pages = [
            (await clover.get(f"{CAFE}/payments", params={"offset": offset})).json()["elements"]
            for offset in (0, 100, 200)
        ]
        assert [len(page) for page in pages] == [100, 5, 0]
        assert {one["id"] for page in pages for one in page} == sold
        whole = (await clover.get(f"{CAFE}/payments", params={"limit": 1000})).json()
        assert set(whole) == {"elements", "href"}
        assert len(whole["elements"]) == 105
        assert (await clover.get(f"{CAFE}/payments?limit=1001")).status_code == 400

    async def test_an_offset_drifts_while_more_is_rung_up(
        self, clover: httpx.AsyncClient, till: CloverTill, pass_time: Callable[..., None]
    ) -> None:
        for _ in range(4):
            pass_time(seconds=1)
            sell(till)
        query = {"limit": 2}
        first = (await clover.get(f"{CAFE}/payments", params=query)).json()["elements"]
        pass_time(seconds=1)
        sell(till)
        query["offset"] = 2
        second = (await clover.get(f"{CAFE}/payments", params=query)).json()["elements"]
        assert first[1]["id"] == second[0]["id"]

    async def test_filters_repeat_and_all_have_to_hold(
        self, clover: httpx.AsyncClient, till: CloverTill, pass_time: Callable[..., None]
    ) -> None:
        early = sell(till)
        pass_time(hours=1)
        late = sell(till, 500)
        pass_time(hours=1)
        till.void(sell(till))
        for filters, expected in (
            ([f"createdTime<{NOON + 1}"], [early]),
            ([f"createdTime>={NOON}", f"createdTime<{NOON + 3_600_001}", "amount=500"], [late]),
            ([f"modifiedTime>{NOON}", "voided=false"], [late]),
            (["result!=VOIDED", "amount>500"], [early]),
            (["externalPaymentId=nothing"], []),
        ):
            answer = await clover.get(f"{CAFE}/payments", params={"filter": filters})
            assert [one["id"] for one in answer.json()["elements"]] == expected
            assert "modifiedTime" in answer.headers["x-clover-allowed-filter-fields"]
        for wrong in ("note=x", "createdTime", "createdTime~3"):
            answer = await clover.get(f"{CAFE}/payments", params={"filter": wrong})
            assert answer.status_code == 400
            assert "createdTime" in answer.headers["x-clover-allowed-filter-fields"]

    async def test_what_a_payment_lacks_matches_no_filter(
        self, clover: httpx.AsyncClient, till: CloverTill
    ) -> None:
        sell(till, tender="cash")
        card = sell(till)
        query = {"filter": "externalPaymentId!=nothing"}
        listed = (await clover.get(f"{CAFE}/payments", params=query)).json()["elements"]
        assert [one["id"] for one in listed] == [card]

    async def test_an_order_shows_its_refunds_and_a_payment_its_card(
        self, clover: httpx.AsyncClient, till: CloverTill
    ) -> None:
        rung = till.ring_up(
            Purchase(merchant="CAFE", amount=1000, split=(Part(600), Part(400, "cash")))
        )
        refund = till.refund(rung.payments[1], 100)
        query = {"expand": "refunds,lineItems,payments"}
        order = (await clover.get(f"{CAFE}/orders/{rung.order}", params=query)).json()
        assert [one["id"] for one in order["refunds"]["elements"]] == [refund]
        assert [one["price"] for one in order["lineItems"]["elements"]] == [1000]
        cards = [
            (await clover.get(f"{CAFE}/payments/{name}?expand=cardTransaction")).json()
            for name in rung.payments
        ]
        assert ["cardTransaction" in card for card in cards] == [True, False]

    async def test_orders_of_long_ago_are_found_by_their_last_change_only(
        self, clover: httpx.AsyncClient, till: CloverTill, pass_time: Callable[..., None]
    ) -> None:
        sell(till)
        pass_time(days=91)
        sell(till)
        for field, expected in (("createdTime", 1), ("modifiedTime", 2)):
            answer = await clover.get(f"{CAFE}/orders", params={"filter": f"{field}>=0"})
            assert len(answer.json()["elements"]) == expected

    async def test_customers_and_refunds_are_listed(
        self, clover: httpx.AsyncClient, till: CloverTill
    ) -> None:
        ada = till.add_customer(NewCustomer(merchant="CAFE", phone="5555550100", email="a@b.c"))
        till.add_customer(NewCustomer(merchant="CAFE", phone="5555550199"))
        for one in ("phoneNumber=5555550100", "emailAddress=a@b.c"):
            answer = await clover.get(f"{CAFE}/customers", params={"filter": one})
            assert [found["id"] for found in answer.json()["elements"]] == [ada]
        refund = till.refund(sell(till, tip=100))
        listed = (await clover.get(f"{CAFE}/refunds")).json()["elements"]
        assert [(one["id"], one["amount"], one["tipAmount"]) for one in listed] == [
            (refund, 1100, 100)
        ]
        assert (await clover.get(f"{CAFE}/refunds/{refund}")).json() == listed[0]


class TestLimits:
    async def asking(self, limits: CloverLimits, times: int) -> Sequence[httpx.Response]:
        world = CloverWorld(lambda: datetime(2026, 3, 2, tzinfo=UTC), limits=limits)
        for shop in ("CAFE", "BAKERY"):
            world.add_shop(shop, merchant=shop, token=shop)
        app = Litestar([clover_api(world)], openapi_config=None)
        answers: list[httpx.Response] = []
        transport = httpx.ASGITransport(app)
        async with httpx.AsyncClient(transport=transport, base_url="http://clover.test") as client:

            async def ask(shop: str) -> None:
                header = {"authorization": f"Bearer {shop}"}
                answers.append(await client.get(f"/v3/merchants/{shop}", headers=header))

            async with anyio.create_task_group() as group:
                for call in range(times):
                    group.start_soon(ask, ("CAFE", "BAKERY")[call % 2])
        return [answer for answer in answers if answer.status_code != 200]

    async def test_sixteen_a_second_for_each_token(self) -> None:
        limits = CloverLimits(tick=lambda: 0.0, token_at_once=99, app_at_once=99)
        refused = await self.asking(limits, 34)
        assert [one.headers["x-ratelimit-tokenlimit"] for one in refused] == ["16", "16"]
        assert [one.headers["retry-after"] for one in refused] == ["1", "1"]
        assert {one.status_code for one in refused} == {429}

    async def test_fifty_a_second_for_the_app(self) -> None:
        limits = CloverLimits(
            tick=lambda: 0.0, token_per_second=99, token_at_once=99, app_at_once=99
        )
        (refused,) = await self.asking(limits, 51)
        assert refused.headers["x-ratelimit-crosstokenlimit"] == "50"

    async def test_five_at_once_for_each_token_and_ten_for_the_app(self) -> None:
        async def linger() -> None:
            await anyio.sleep(0.01)

        refused = await self.asking(CloverLimits(linger=linger), 12)
        headers = [one.headers["x-ratelimit-tokenconcurrentlimit"] for one in refused]
        assert headers == ["5", "5"]
        (refused_too,) = await self.asking(CloverLimits(linger=linger, token_at_once=99), 11)
        assert refused_too.headers["x-ratelimit-crosstokenconcurrentlimit"] == "10"
        assert not await self.asking(CloverLimits(), 16)

    async def test_who_does_not_wait_waits_longer(self) -> None:
        seconds = [0.0]
        limits = CloverLimits(tick=lambda: seconds[0], token_per_second=1)
        assert not await self.asking(limits, 1)
        (early,) = await self.asking(limits, 1)
        (earlier,) = await self.asking(limits, 1)
        assert (early.headers["retry-after"], earlier.headers["retry-after"]) == ("1", "2")
        seconds[0] = 2.0
        assert not await self.asking(limits, 1)


class TestTill:
    def test_a_sale_is_told_thinly(self, till: CloverTill, told: Told) -> None:
        rung = till.ring_up(Purchase(merchant="CAFE", amount=1000))
        assert told.take() == [
            ("CAFE", f"O:{rung.order}", "CREATE"),
            ("CAFE", f"P:{rung.payments[0]}", "CREATE"),
            ("CAFE", f"O:{rung.order}", "UPDATE"),
        ]
        assert told.take() == []

    def test_refunds_and_voids_have_no_notice_of_their_own(
        self, till: CloverTill, told: Told
    ) -> None:
        refunded, voided = sell(till), sell(till)
        told.take()
        till.refund(refunded, 100)
        till.void(voided)
        letters = [(name[0], how) for _, name, how in told.take()]
        assert letters == [("P", "UPDATE"), ("O", "UPDATE")] * 2

    def test_amounts_have_tax_in_them_and_the_tip_outside(
        self, till: CloverTill, clover_world: CloverWorld
    ) -> None:
        parts = (Part(600), Part(400, "cash", tip=50))
        rung = till.ring_up(Purchase(merchant="CAFE", amount=1000, tax=81, split=parts))
        card, cash = (clover_world.payment(name) for name in rung.payments)
        assert (card.amount, card.tax_amount, card.tip_amount) == (600, 48, None)
        assert (cash.amount, cash.tax_amount, cash.tip_amount) == (400, 33, 50)
        order = clover_world.order(rung.order)
        assert (order.total, order.payment_state, order.pay_type) == (1000, "PAID", "SPLIT_CUSTOM")

    def test_a_tip_replaces_the_one_before(
        self, till: CloverTill, clover_world: CloverWorld
    ) -> None:
        payment = sell(till, tip=100)
        till.tip(payment, 300)
        assert clover_world.payment(payment).tip_amount == 300
        with pytest.raises(TillRefused):
            till.tip(payment, -1)

    def test_a_void_is_possible_for_twenty_five_minutes(
        self, till: CloverTill, clover_world: CloverWorld, pass_time: Callable[..., None]
    ) -> None:
        soon, late = sell(till), sell(till)
        pass_time(minutes=25)
        till.void(soon)
        assert clover_world.payment(soon).result == "VOIDED"
        pass_time(seconds=1)
        with pytest.raises(TillRefused):
            till.void(late)
        with pytest.raises(TillRefused):
            till.refund(soon)
        till.refund(late, 1)
        with pytest.raises(TillRefused):
            till.void(late)

    def test_an_order_says_how_far_it_is_paid(
        self, till: CloverTill, clover_world: CloverWorld
    ) -> None:
        rung = till.ring_up(Purchase(merchant="CAFE", amount=1000, outcome="approved"))
        order, (payment,) = clover_world.order(rung.order), rung.payments
        assert order.payment_state == "OPEN"
        till.complete(payment)
        assert (order.payment_state, clover_world.payment(payment).result) == (
            "PAID",
            "AUTH_COMPLETED",
        )
        refund = till.refund(payment, 400, "pending")
        assert order.payment_state == "PAID"
        with pytest.raises(TillRefused):
            till.refund(payment, 601)
        till.settle(refund, "failed")
        till.refund(payment, 400)
        assert order.payment_state == "PARTIALLY_REFUNDED"
        till.refund(payment)
        assert order.payment_state == "REFUNDED"

    def test_a_declined_card_is_no_payment(
        self, till: CloverTill, clover_world: CloverWorld
    ) -> None:
        payment = clover_world.payment(sell(till, outcome="declined"))
        assert payment.result == "FAIL"
        assert clover_world.order_of(payment).payment_state == "OPEN"
        with pytest.raises(TillRefused):
            till.tip(payment.id, 1)

    def test_a_till_refuses_what_clover_would(self, till: CloverTill) -> None:
        stranger = till.add_customer(NewCustomer(merchant="BAKERY"))
        sold, gone = sell(till), sell(till)
        till.void(gone)
        refund = till.refund(sold, 1)
        for deed in (
            lambda: sell(till, location="HARBOUR"),
            lambda: sell(till, tender="cash", outcome="approved"),
            lambda: sell(till, customer=stranger),
            lambda: till.complete(sold),
            lambda: till.void(gone),
            lambda: till.settle(refund, "failed"),
            lambda: till.attach_customer(sold, stranger),
            lambda: till.merge_customers([stranger]),
            lambda: till.merge_customers([]),
        ):
            with pytest.raises(TillRefused):
                deed()
        with pytest.raises(NotAtThisTill):
            sell(till, order="NOTHING")

    def test_offline_and_test_sales_say_so(
        self, till: CloverTill, clover_world: CloverWorld
    ) -> None:
        payment = clover_world.payment(
            sell(till, at=datetime(2026, 3, 2, 8, tzinfo=UTC), test=True, loads_gift_card=True)
        )
        assert (payment.offline, payment.created_time) == (True, NOON)
        assert payment.client_created_time == NOON - 4 * 3_600_000
        assert clover_world.order_of(payment).test_mode
        assert not clover_world.lines[payment.order.id][0].is_revenue

    def test_a_customer_hangs_on_the_order(
        self, till: CloverTill, told: Told, clover_world: CloverWorld
    ) -> None:
        rung = till.ring_up(Purchase(merchant="CAFE", amount=1000))
        ada = till.add_customer(NewCustomer(merchant="CAFE"))
        grace = till.add_customer(NewCustomer(merchant="CAFE"))
        told.take()
        till.attach_customer(rung.payments[0], grace)
        assert told.take() == [("CAFE", f"O:{rung.order}", "UPDATE")]
        assert till.merge_customers([ada, grace]) == ada
        assert clover_world.buyers[rung.order] == [ada]
        assert told.take() == [
            ("CAFE", f"C:{grace}", "DELETE"),
            ("CAFE", f"O:{rung.order}", "UPDATE"),
            ("CAFE", f"C:{ada}", "UPDATE"),
        ]

    def test_installing_and_removing_the_app(self, till: CloverTill, told: Told) -> None:
        till.unlink("CAFE")
        till.install("CAFE")
        assert told.take() == [
            ("CAFE", "A:SALESARCKAPP1", "DELETE"),
            ("CAFE", "A:SALESARCKAPP1", "CREATE"),
        ]


class TestPost:
    def posted(self, world: CloverWorld, batch: int = 50) -> Sequence[tuple[dict[str, str], Any]]:
        courier = clover_courier(world, webhook_url="https://x.test", auth_code="code", batch=batch)
        return [(dict(one.headers), json.loads(one.body)) for one in courier.deliveries()]

    def test_one_post_is_for_several_merchants(
        self, till: CloverTill, clover_world: CloverWorld
    ) -> None:
        sell(till)
        till.ring_up(Purchase(merchant="BAKERY", amount=1))
        ((headers, body),) = self.posted(clover_world)
        assert headers["x-clover-auth"] == "code"
        assert set(body["merchants"]) == {"CAFE", "BAKERY"}
        moments = [one["ts"] for each in body["merchants"].values() for one in each]
        assert len(set(moments)) == len(moments) == 6
        sell(till)
        assert [len(body["merchants"]["CAFE"]) for _, body in self.posted(clover_world, 2)] == [
            2,
            1,
        ]

    def test_the_handshake_is_not_signed(self, till: CloverTill, clover_world: CloverWorld) -> None:
        till.verify("dd3a2d6c-O")
        ((headers, body),) = self.posted(clover_world)
        assert body == {"verificationCode": "dd3a2d6c-O"}
        assert "x-clover-auth" not in headers

    def test_hosted_checkout_signs_a_moment_and_the_bytes(
        self, till: CloverTill, clover_world: CloverWorld
    ) -> None:
        rung = till.checkout("CAFE", 100)
        courier = clover_courier(clover_world, webhook_url="https://x.test", auth_code="code")
        _, hosted = courier.deliveries()
        expected = hmac.new(b"s", f"{NOON // 1000}.".encode() + hosted.body, hashlib.sha256)
        signature = f"t={NOON // 1000},v1={expected.hexdigest()}"
        assert hosted.headers["clover-signature"] == signature
        assert hosted.url.endswith("/checkout")
        body = json.loads(hosted.body)
        assert (body["id"], body["status"], body["merchantId"]) == (
            rung.payments[0],
            "APPROVED",
            "CAFE",
        )
        with pytest.raises(TillRefused):
            till.checkout("BAKERY", 100)
