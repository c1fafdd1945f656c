"""The simulated Square keeps Square's rules, as its documentation tells them."""

import base64
import hashlib
import hmac
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

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
from salesarck_adapters.simulators.square.api import square_api
from salesarck_adapters.simulators.square.till import SquareTill
from salesarck_adapters.simulators.square.webhooks import square_courier
from salesarck_adapters.simulators.square.world import SquareWorld


@dataclass(slots=True)
class Told:
    """The events so far, decoded."""

    world: SquareWorld

    def take(self) -> Sequence[dict[str, Any]]:
        courier = square_courier(self.world, webhook_url="https://x.test", signature_key="key")
        return [json.loads(delivery.body) for delivery in courier.deliveries()]


@pytest.fixture
def till(square_world: SquareWorld) -> SquareTill:
    return SquareTill(square_world)


@pytest.fixture
def told(square_world: SquareWorld) -> Told:
    return Told(square_world)


def sell(till: SquareTill, amount: int = 1000, **more: object) -> str:
    """Ring up one tender at the café."""
    return till.ring_up(Purchase(merchant="CAFE", amount=amount, **more)).payments[0]


def error_of(answer: httpx.Response) -> tuple[int, str, str]:
    error = answer.json()["errors"][0]
    return answer.status_code, error["category"], error["code"]


class TestAsking:
    async def test_who_has_no_token_is_not_authorized(self, square: httpx.AsyncClient) -> None:
        for header in ({"authorization": "Bearer nonsense"}, {"authorization": "cafe-token"}):
            answer = await square.get("/v2/payments", headers=header)
            assert error_of(answer) == (401, "AUTHENTICATION_ERROR", "UNAUTHORIZED")

    async def test_an_old_token_says_so(
        self, square: httpx.AsyncClient, square_world: SquareWorld
    ) -> None:
        square_world.seller("CAFE").permission = "expired"
        answer = await square.get("/v2/payments")
        assert error_of(answer) == (401, "AUTHENTICATION_ERROR", "ACCESS_TOKEN_EXPIRED")

    async def test_a_merchant_who_left_is_not_told_about(
        self, square: httpx.AsyncClient, till: SquareTill, told: Told
    ) -> None:
        till.unlink("CAFE")
        answer = await square.get("/v2/payments")
        assert error_of(answer) == (401, "AUTHENTICATION_ERROR", "ACCESS_TOKEN_REVOKED")
        (event,) = told.take()
        assert event["type"] == "oauth.authorization.revoked"
        assert event["data"]["object"]["revocation"]["revoker_type"] == "MERCHANT"

    async def test_too_many_questions_in_a_second(self) -> None:
        seconds = [0.0]
        world = SquareWorld(
            lambda: datetime(2026, 3, 2, tzinfo=UTC), budget=2, tick=lambda: seconds[0]
        )
        world.add_seller("Café", token="t")
        transport = httpx.ASGITransport(Litestar([square_api(world)], openapi_config=None))
        async with httpx.AsyncClient(transport=transport, base_url="http://square.test") as client:
            client.headers["authorization"] = "Bearer t"
            answers = [await client.get("/v2/locations") for _ in range(3)]
            assert [answer.status_code for answer in answers] == [200, 200, 429]
            assert error_of(answers[2]) == (429, "RATE_LIMIT_ERROR", "RATE_LIMITED")
            seconds[0] = 1.5
            assert (await client.get("/v2/locations")).status_code == 200

    async def test_what_belongs_to_another_merchant_is_not_there(
        self, square: httpx.AsyncClient, till: SquareTill
    ) -> None:
        payment = sell(till)
        other = {"authorization": "Bearer bakery-token"}
        assert (await square.get(f"/v2/payments/{payment}")).status_code == 200
        answer = await square.get(f"/v2/payments/{payment}", headers=other)
        assert error_of(answer) == (404, "INVALID_REQUEST_ERROR", "NOT_FOUND")
        assert (await square.get("/v2/payments", headers=other)).json() == {}

    async def test_the_default_location_is_the_main_one_alone(
        self, square: httpx.AsyncClient, till: SquareTill, square_world: SquareWorld
    ) -> None:
        main, harbour = square_world.seller("CAFE").locations
        here, there = sell(till), sell(till, location=harbour.id)
        for query, expected in (
            ({}, here),
            ({"location_id": main.id}, here),
            ({"location_id": harbour.id}, there),
        ):
            listed = (await square.get("/v2/payments", params=query)).json()["payments"]
            assert [one["id"] for one in listed] == [expected]
        till.refund(there)
        assert len((await square.get("/v2/refunds")).json()["refunds"]) == 1

    async def test_a_page_is_a_hundred_at_most_and_the_cursor_goes_on(
        self, square: httpx.AsyncClient, till: SquareTill
    ) -> None:
        sold = {sell(till) for _ in range(101)}
        first = (await square.get("/v2/payments", params={"limit": 500})).json()
        assert len(first["payments"]) == 100
        query = {"limit": "500", "cursor": first["cursor"]}
        second = (await square.get("/v2/payments", params=query)).json()
        assert "cursor" not in second
        assert {one["id"] for one in first["payments"] + second["payments"]} == sold

    async def test_a_sale_between_two_pages_moves_nothing(
        self, square: httpx.AsyncClient, till: SquareTill, pass_time: Callable[..., None]
    ) -> None:
        sold = []
        for _ in range(4):
            pass_time(seconds=1)
            sold.append(sell(till))
        first = (await square.get("/v2/payments", params={"limit": 2})).json()
        pass_time(seconds=1)
        sell(till)
        query = {"limit": "2", "cursor": first["cursor"]}
        second = (await square.get("/v2/payments", params=query)).json()
        pages = first["payments"] + second["payments"]
        assert [one["id"] for one in pages] == sold[::-1]

    async def test_a_cursor_is_of_one_question_and_lives_five_minutes(
        self, square: httpx.AsyncClient, till: SquareTill, pass_time: Callable[..., None]
    ) -> None:
        for _ in range(3):
            sell(till)
        cursor = (await square.get("/v2/payments", params={"limit": 1})).json()["cursor"]
        for query in (
            {"limit": "1", "cursor": cursor, "sort_order": "ASC"},
            {"limit": "1", "cursor": "bm9uc2Vuc2U="},
            {"limit": "1", "cursor": "é"},
        ):
            answer = await square.get("/v2/payments", params=query)
            assert error_of(answer) == (400, "INVALID_REQUEST_ERROR", "INVALID_CURSOR")
        pass_time(minutes=5)
        query = {"limit": "1", "cursor": cursor}
        assert (await square.get("/v2/payments", params=query)).status_code == 200
        pass_time(seconds=1)
        answer = await square.get("/v2/payments", params=query)
        assert error_of(answer) == (400, "INVALID_REQUEST_ERROR", "INVALID_CURSOR")

    async def test_a_change_is_found_by_its_moment(
        self, square: httpx.AsyncClient, till: SquareTill, pass_time: Callable[..., None]
    ) -> None:
        old, untouched = sell(till), sell(till)
        pass_time(days=1)
        till.refund(old, 100)
        query = {"updated_at_begin_time": "2026-03-03T12:00:00Z", "sort_field": "UPDATED_AT"}
        listed = (await square.get("/v2/payments", params=query)).json()["payments"]
        assert [one["id"] for one in listed] == [old]
        query = {"updated_at_end_time": "2026-03-03T13:00:00+02:00"}
        listed = (await square.get("/v2/payments", params=query)).json()["payments"]
        assert [one["id"] for one in listed] == [untouched]
        assert (await square.get("/v2/payments", params={"limit": 0})).status_code == 400
        assert (await square.get("/v2/payments", params={"begin_time": "x"})).status_code == 400

    async def test_orders_are_searched_by_the_moment_they_are_sorted_by(
        self, square: httpx.AsyncClient, till: SquareTill, square_world: SquareWorld
    ) -> None:
        sell(till, tax=70)
        place = square_world.seller("CAFE").locations[0].id
        times = {"updated_at": {"start_at": "2026-03-02T12:00:00Z"}}
        asked: dict[str, Any] = {
            "location_ids": [place],
            "query": {"filter": {"date_time_filter": times}},
        }
        answer = await square.post("/v2/orders/search", json=asked)
        assert error_of(answer) == (400, "INVALID_REQUEST_ERROR", "BAD_REQUEST")
        asked["query"]["sort"] = {"sort_field": "UPDATED_AT"}
        (order,) = (await square.post("/v2/orders/search", json=asked)).json()["orders"]
        assert order["total_tax_money"] == {"amount": 70, "currency": "USD"}
        assert order["state"] == "COMPLETED"
        assert "version" not in order
        asked["location_ids"] = [place] * 11
        assert (await square.post("/v2/orders/search", json=asked)).status_code == 400

    async def test_unknown_orders_are_left_out_of_a_batch(
        self, square: httpx.AsyncClient, till: SquareTill
    ) -> None:
        order = till.ring_up(Purchase(merchant="CAFE", amount=5)).order
        asked = {"order_ids": [order, "nobody"]}
        orders = (await square.post("/v2/orders/batch-retrieve", json=asked)).json()["orders"]
        assert [one["id"] for one in orders] == [order]
        answer = await square.post("/v2/orders/batch-retrieve", json={"order_ids": ["nobody"]})
        assert answer.json() == {}

    async def test_customers_are_searched_letter_for_letter(
        self, square: httpx.AsyncClient, till: SquareTill
    ) -> None:
        ada = till.add_customer(
            NewCustomer(merchant="CAFE", phone="+15555550100", email="A@x.test")
        )
        for name, value, expected in (
            ("phone_number", "+15555550100", [ada]),
            ("phone_number", "5555550100", []),
            ("email_address", "a@X.test", [ada]),
        ):
            asked = {"query": {"filter": {name: {"exact": value}}}}
            found = (await square.post("/v2/customers/search", json=asked)).json()
            assert [one["id"] for one in found.get("customers", [])] == expected

    async def test_payments_are_found_by_card_and_by_being_offline(
        self, square: httpx.AsyncClient, till: SquareTill
    ) -> None:
        sell(till, tender="cash")
        gift = sell(till, tender="gift_card")
        late = sell(till, at=datetime(2026, 3, 2, 8, tzinfo=UTC))
        for query, expected in (
            ({"card_brand": "SQUARE_GIFT_CARD"}, [gift]),
            ({"last_4": "1111", "sort_field": "OFFLINE_CREATED_AT"}, [gift, late]),
            ({"is_offline_payment": "true"}, [late]),
            ({"is_offline_payment": "false", "card_brand": "VISA"}, []),
        ):
            listed = (await square.get("/v2/payments", params=query)).json().get("payments", [])
            assert [one["id"] for one in listed] == expected

    async def test_a_refund_and_its_order_can_be_asked_for(
        self, square: httpx.AsyncClient, till: SquareTill
    ) -> None:
        rung = till.ring_up(Purchase(merchant="CAFE", amount=1000))
        name = till.refund(rung.payments[0], 100)
        refund = (await square.get(f"/v2/refunds/{name}")).json()["refund"]
        assert refund["payment_id"] == rung.payments[0]
        order = (await square.get(f"/v2/orders/{refund['order_id']}")).json()["order"]
        assert order["returns"][0]["source_order_id"] == rung.order
        assert "tenders" not in order

    async def test_the_merchant_and_its_places(self, square: httpx.AsyncClient) -> None:
        places = (await square.get("/v2/locations")).json()["locations"]
        me = (await square.get("/v2/merchants/me")).json()["merchant"]
        assert [place["name"] for place in places] == ["Main", "Harbour"]
        assert me["main_location_id"] == places[0]["id"]
        assert (await square.get("/v2/merchants/BAKERY")).status_code == 404


class TestTill:
    def test_a_card_is_approved_and_then_captured(self, till: SquareTill, told: Told) -> None:
        payment = sell(till, 2599, tip=500)
        events = told.take()
        assert [event["type"] for event in events] == [
            "order.created",
            "payment.created",
            "payment.updated",
            "order.updated",
        ]
        first, second = (event["data"]["object"]["payment"] for event in events[1:3])
        assert (first["id"], first["status"], second["status"]) == (
            payment,
            "APPROVED",
            "COMPLETED",
        )
        assert second["amount_money"]["amount"] == 2599
        assert second["total_money"]["amount"] == 3099
        assert first["updated_at"] < second["updated_at"]
        assert "customer_id" not in second
        assert set(events[0]["data"]["object"]) == {"order_created"}
        assert len({event["event_id"] for event in events}) == 4

    def test_cash_is_there_at_once(self, till: SquareTill, told: Told) -> None:
        sell(till, tender="cash")
        created = told.take()[1]["data"]["object"]["payment"]
        assert (created["status"], created["source_type"]) == ("COMPLETED", "CASH")
        with pytest.raises(TillRefused):
            sell(till, tender="cash", outcome="approved")

    def test_a_gift_card_is_a_card_of_another_brand(self, till: SquareTill, told: Told) -> None:
        sell(till, tender="gift_card")
        created = told.take()[1]["data"]["object"]["payment"]
        assert created["source_type"] == "CARD"
        assert created["card_details"]["card"]["card_brand"] == "SQUARE_GIFT_CARD"

    def test_other_tenders_have_details_of_their_own(self, till: SquareTill, told: Told) -> None:
        for tender, details in (
            ("wallet", "wallet_details"),
            ("bank", "bank_account_details"),
            ("external", "external_details"),
        ):
            sell(till, tender=tender)
            assert details in told.take()[1]["data"]["object"]["payment"]

    def test_a_split_bill_is_one_order_with_several_payments(
        self, till: SquareTill, square_world: SquareWorld
    ) -> None:
        parts = (Part(600), Part(400, "cash", tip=50))
        rung = till.ring_up(Purchase(merchant="CAFE", amount=1000, split=parts))
        order = square_world.order(rung.order)
        assert len(rung.payments) == 2
        assert order.total_money.amount == 1050
        assert [tender.payment_id for tender in order.tenders or ()] == list(rung.payments)
        more = till.ring_up(Purchase(merchant="CAFE", amount=200, order=rung.order))
        assert more.order == rung.order
        assert order.total_money.amount == 1250
        with pytest.raises(TillRefused):
            till.ring_up(Purchase(merchant="CAFE", amount=999, split=parts))
        with pytest.raises(TillRefused):
            till.ring_up(Purchase(merchant="BAKERY", amount=1, order=rung.order))

    def test_what_is_only_approved_can_be_tipped_completed_or_voided(
        self, till: SquareTill, told: Told, square_world: SquareWorld
    ) -> None:
        kept, dropped = sell(till, outcome="approved"), sell(till, outcome="approved")
        till.tip(kept, 150)
        till.complete(kept)
        till.void(dropped)
        assert square_world.payment(kept).total_money.amount == 1150
        assert square_world.payment(kept).status == "COMPLETED"
        assert square_world.payment(dropped).status == "CANCELED"
        last = [event for event in told.take() if event["data"]["id"] == dropped][-1]
        assert "receipt_number" not in last["data"]["object"]["payment"]
        for refused in (till.complete, till.void):
            with pytest.raises(TillRefused):
                refused(kept)
        with pytest.raises(TillRefused):
            till.tip(kept, 200)

    def test_a_declined_card_leaves_its_order_open(
        self, till: SquareTill, square_world: SquareWorld
    ) -> None:
        payment = square_world.payment(sell(till, outcome="declined"))
        assert payment.status == "FAILED"
        assert square_world.order(payment.order_id).state == "OPEN"

    def test_a_refund_is_pending_first_and_then_counts(self, till: SquareTill, told: Told) -> None:
        payment = sell(till, tip=200)
        told.take()
        refund = till.refund(payment, 300)
        events = {event["type"]: event["data"]["object"] for event in told.take()}
        assert refund.startswith(f"{payment}_")
        assert events["refund.created"]["refund"]["status"] == "PENDING"
        assert events["refund.updated"]["refund"]["status"] == "COMPLETED"
        paid = events["payment.updated"]["payment"]
        assert paid["refunded_money"]["amount"] == 300
        assert events["refund.updated"]["refund"]["order_id"] != paid["order_id"]
        till.refund(payment)
        assert told.take()[-1]["data"]["object"]["payment"]["refunded_money"]["amount"] == 1200
        with pytest.raises(TillRefused):
            till.refund(payment)

    def test_a_refund_that_fails_gives_nothing_back(
        self, till: SquareTill, square_world: SquareWorld
    ) -> None:
        payment = sell(till)
        refund = till.refund(payment, 1000, "pending")
        with pytest.raises(TillRefused):
            till.refund(payment, 1)
        till.settle(refund, "failed")
        assert square_world.payment(payment).refunded_money is None
        till.refund(payment, 1000)
        with pytest.raises(TillRefused):
            till.settle(refund, "completed")

    def test_a_refund_of_what_was_never_charged_is_refused(self, till: SquareTill) -> None:
        with pytest.raises(TillRefused):
            till.refund(sell(till, outcome="approved"))

    def test_a_till_refuses_what_square_would(self, till: SquareTill) -> None:
        stranger = till.add_customer(NewCustomer(merchant="BAKERY"))
        with pytest.raises(TillRefused):
            sell(till, customer=stranger)
        with pytest.raises(TillRefused):
            till.tip(sell(till, outcome="approved"), -1)
        with pytest.raises(TillRefused):
            till.merge_customers([])
        with pytest.raises(NotAtThisTill):
            sell(till, location="NOWHERE")

    def test_an_offline_sale_names_the_till_s_moment(self, till: SquareTill, told: Told) -> None:
        sell(till, at=datetime(2026, 3, 2, 8, tzinfo=UTC))
        created = told.take()[1]["data"]["object"]["payment"]
        assert created["created_at"] == "2026-03-02T12:00:00.000Z"
        assert created["offline_payment_details"] == {
            "client_created_at": "2026-03-02T08:00:00.000Z"
        }

    def test_a_customer_may_come_later(self, till: SquareTill, told: Told) -> None:
        rung = till.ring_up(Purchase(merchant="CAFE", amount=1000))
        ada = till.add_customer(NewCustomer(merchant="CAFE", phone="555-0100"))
        told.take()
        till.attach_customer(rung.payments[0], ada)
        (event,) = told.take()
        assert event["data"]["object"]["payment"]["customer_id"] == ada
        till.attach_customer(rung.order, ada)
        (event,) = told.take()
        assert event["type"] == "order.updated"
        stranger = till.add_customer(NewCustomer(merchant="BAKERY"))
        with pytest.raises(TillRefused):
            till.attach_customer(rung.order, stranger)

    async def test_a_merge_makes_a_new_customer_that_the_old_ids_find(
        self, till: SquareTill, told: Told, square: httpx.AsyncClient
    ) -> None:
        one = till.add_customer(NewCustomer(merchant="CAFE", phone="555-0100"))
        two = till.add_customer(NewCustomer(merchant="CAFE", email="ada@x.test"))
        told.take()
        merged = till.merge_customers([one, two])
        created, *deleted = told.take()
        why = {"merge": {"from_customer_ids": [one, two], "to_customer_id": merged}}
        assert created["type"] == "customer.created"
        assert created["data"]["object"]["event_context"] == why
        assert "deleted" not in created["data"]
        assert [event["data"]["id"] for event in deleted] == [one, two]
        assert all(event["data"]["deleted"] for event in deleted)
        found = (await square.get(f"/v2/customers/{one}")).json()["customer"]
        assert (found["id"], found["phone_number"]) == (merged, "555-0100")
        with pytest.raises(TillRefused):
            till.merge_customers([merged, merged])

    async def test_a_customer_is_edited_and_struck_out(
        self, till: SquareTill, told: Told, square: httpx.AsyncClient
    ) -> None:
        ada = till.add_customer(NewCustomer(merchant="CAFE", phone="1"))
        till.edit_customer(ada, phone="2")
        till.delete_customer(ada)
        events = told.take()
        assert [event["type"].partition(".")[2] for event in events] == [
            "created",
            "updated",
            "deleted",
        ]
        assert events[1]["data"]["object"]["customer"]["phone_number"] == "2"
        assert (await square.get(f"/v2/customers/{ada}")).status_code == 404


class TestPost:
    def test_the_signature_is_over_the_url_and_the_bytes(
        self, till: SquareTill, square_world: SquareWorld
    ) -> None:
        sell(till)
        url = "https://hooks.example.test/square"
        courier = square_courier(square_world, webhook_url=url, signature_key="key")
        for delivery in courier.deliveries():
            message = url.encode() + delivery.body
            digest = hmac.new(b"key", message, hashlib.sha256).digest()
            assert delivery.headers["x-square-hmacsha256-signature"] == (
                base64.b64encode(digest).decode()
            )
            assert delivery.url == url
            assert b'": ' not in delivery.body
            assert delivery.headers["square-environment"] == "Production"
            assert "square-retry-number" not in delivery.headers
        assert courier.deliveries() == []

    def test_a_test_sale_comes_from_the_sandbox_and_so_does_its_refund(
        self, till: SquareTill, square_world: SquareWorld
    ) -> None:
        till.refund(sell(till, test=True))
        courier = square_courier(square_world, webhook_url="https://x.test", signature_key="key")
        environments = {one.headers["square-environment"] for one in courier.deliveries()}
        assert environments == {"Sandbox"}

    def test_the_same_seed_tells_the_same_story(self) -> None:
        def story() -> Sequence[bytes]:
            world = SquareWorld(lambda: datetime(2026, 3, 2, tzinfo=UTC), seed="7")
            merchant = world.add_seller("Café").profile.id
            SquareTill(world).ring_up(Purchase(merchant=merchant, amount=100))
            return [told.body for told in world.told]

        assert story() == story()
