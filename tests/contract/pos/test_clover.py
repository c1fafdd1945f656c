"""The Clover readers and the fetcher keep the promises of their ports."""

import json
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime

import httpx
import pytest

from salesarck_adapters.http import polite_client
from salesarck_adapters.pos.clover import CloverApp, CloverCheckout, CloverFetcher
from salesarck_domain.news import (
    ChangedNews,
    RefundNews,
    SaleNews,
    TenderKind,
    TenderState,
    TillCustomer,
)
from salesarck_domain.ports.pos import (
    Delivery,
    Fetcher,
    ForgedDelivery,
    ProviderUnavailable,
    Question,
    Route,
    UnreadableDelivery,
)
from salesarck_domain.testing.pos import FetcherContract, WebhookReaderContract
from tests.contract.pos import sign

CODE, SECRET = "an-auth-code", "a-signing-secret"
NOON = datetime(2026, 5, 4, 12, tzinfo=UTC)
MILLIS = int(NOON.timestamp()) * 1000


def changed(merchant: str, object_: str, id_: str, how: str) -> ChangedNews:
    return ChangedNews(merchant=merchant, object=object_, id=id_, how=how, changed_at=NOON)


class TestCloverApp(WebhookReaderContract):
    reader = CloverApp([b"another", CODE.encode()])
    closed_readers = (CloverApp([]), CloverApp([b""]), CloverApp([b" "]))
    signs_bodies = False
    body = json.dumps(
        {
            "appId": "APP1",
            "merchants": {
                "CAFE1": [{"objectId": "P:PAY1", "type": "CREATE", "ts": MILLIS}],
                "CAFE2": [{"objectId": "O:ORD1", "type": "UPDATE", "ts": MILLIS}],
            },
        }
    ).encode()
    merchants = ("CAFE1", "CAFE2")
    expected = (
        changed("CAFE1", "payment", "PAY1", "created"),
        changed("CAFE2", "order", "ORD1", "updated"),
    )
    other_bodies = (b'{"merchants": {}}', body.replace(b"P:", b"E:").replace(b"O:", b"IC:"))

    def sign(self, body: bytes) -> Delivery:
        return Delivery(body, {"x-clover-auth": CODE}, NOON)

    def test_a_handshake_is_routed_by_its_code_to_nobody(self) -> None:
        handshake = Delivery(b'{"verificationCode": "abc"}', {}, NOON)
        route = self.reader.route(self.reader.authenticate(handshake))
        assert route == Route(route.key, (), "abc")

    def test_a_batch_that_cannot_be_read_still_says_whom_it_is_for(self) -> None:
        spoiled = self.body.replace(str(MILLIS).encode(), b'"noon"')
        route = self.reader.route(self.reader.authenticate(self.sign(spoiled)))
        assert route.merchants == ("CAFE1", "CAFE2")

    def test_a_spoiled_part_is_only_its_merchants_trouble(self) -> None:
        spoiled = self.body.replace(b'"UPDATE", "ts"', b'"UPDATE", "at"')
        believed = self.reader.authenticate(self.sign(spoiled))
        assert list(self.reader.read(replace(believed, merchant="CAFE1"), "US")) == [
            self.expected[0]
        ]
        for merchant in ("CAFE2", None):
            with pytest.raises(UnreadableDelivery):
                self.reader.read(replace(believed, merchant=merchant), "US")

    def test_a_secret_is_not_shown(self) -> None:
        assert CODE not in repr(self.reader)


class TestCloverCheckout(WebhookReaderContract):
    reader = CloverCheckout([b"another", SECRET.encode()])
    closed_readers = (CloverCheckout([]), CloverCheckout([b""]), CloverCheckout([b" "]))
    body = json.dumps(
        {"createdTime": MILLIS // 1000, "type": "PAYMENT", "id": "PAY1", "merchantId": "CAFE1"}
    ).encode()
    merchants = ("CAFE1",)
    expected = (changed("CAFE1", "payment", "PAY1", "created"),)
    other_bodies = (body.replace(b"PAYMENT", b"PAYOUT"),)

    def sign(self, body: bytes) -> Delivery:
        signed_at = MILLIS // 1000
        value = sign.clover_checkout(SECRET, signed_at, body)
        return Delivery(body, {"clover-signature": f"t={signed_at},v1={value}"}, NOON)

    def test_a_secret_is_not_shown(self) -> None:
        assert SECRET not in repr(self.reader)

    def test_a_merchants_secret_vouches_for_that_merchant_alone(self) -> None:
        theirs = replace(self.reader, merchant="CAFE2")
        with pytest.raises(ForgedDelivery):
            theirs.authenticate(self.sign(self.body))
        own = replace(self.reader, merchant="CAFE1")
        assert own.authenticate(self.sign(self.body)).body == self.body


PAYMENT = {
    "id": "PAY1",
    "order": {"id": "ORD1"},
    "tender": {"labelKey": "com.clover.tender.cash"},
    "amount": 1234,
    "createdTime": MILLIS,
    "result": "SUCCESS",
    "refunds": {
        "elements": [{"id": "REF1", "amount": 34, "status": "SUCCESS", "createdTime": MILLIS}]
    },
}
ORDER = {
    "id": "ORD1",
    "currency": "USD",
    "customers": {"elements": [{"id": "CUS1"}]},
    "payments": {"elements": [PAYMENT]},
}
CUSTOMER = {
    "id": "CUS1",
    "phoneNumbers": {"elements": [{"phoneNumber": "555 555 0142"}]},
    "emailAddresses": {"elements": [{"emailAddress": "Ada@Example.TEST"}]},
}
WORLD = {"payments/PAY1": PAYMENT, "orders/ORD1": ORDER, "customers/CUS1": CUSTOMER}


def fetcher(answer: Callable[[httpx.Request], httpx.Response]) -> CloverFetcher:
    client = polite_client(httpx.MockTransport(answer))
    return CloverFetcher(client, "https://clover.test/", lambda merchant: f"token-{merchant}")


def world(request: httpx.Request) -> httpx.Response:
    assert request.headers["authorization"] == "Bearer token-CAFE1"
    assert len(request.url.params["expand"].split(",")) <= 3
    path = request.url.path.removeprefix("/v3/merchants/CAFE1/")
    return httpx.Response(200, json=WORLD[path]) if path in WORLD else httpx.Response(404)


class TestCloverFetcher(FetcherContract):
    question = Question("CAFE1", "payment", "PAY1")
    expected = (
        SaleNews(
            merchant="CAFE1",
            reference="PAY1",
            order="ORD1",
            location=None,
            state=TenderState.COMPLETED,
            spend=1234,
            tip=0,
            tax=None,
            refunded=0,
            currency="USD",
            tender=TenderKind.CASH,
            happened_at=NOON,
            changed_at=NOON,
            customer=TillCustomer("CUS1", "+15555550142", "ada@example.test"),
        ),
        RefundNews(
            merchant="CAFE1",
            reference="REF1",
            sale="PAY1",
            state=TenderState.COMPLETED,
            amount=34,
            currency="USD",
            happened_at=NOON,
            changed_at=NOON,
        ),
    )

    def answering(self) -> Fetcher:
        return fetcher(world)

    def saying(self, status: int, body: bytes, headers: dict[str, str]) -> Fetcher:
        return fetcher(lambda _: httpx.Response(status, content=body, headers=headers))

    def silent(self) -> Fetcher:
        def nobody(request: httpx.Request) -> httpx.Response:
            raise httpx.ConnectTimeout("nobody there", request=request)

        return fetcher(nobody)

    async def test_an_order_is_every_payment_of_it_with_its_refunds(self) -> None:
        fetched = await self.answering().fetch(Question("CAFE1", "order", "ORD1"), "US")
        assert list(fetched.news) == list(self.expected)
        paths = [answer.path.rpartition("merchants/")[2] for answer in fetched.answers]
        assert paths == ["CAFE1/orders/ORD1", "CAFE1/customers/CUS1", "CAFE1/payments/PAY1"]

    @pytest.mark.parametrize("status", [202, 301, 400, 409])
    async def test_only_a_plain_yes_is_an_answer(self, status: int) -> None:
        body = json.dumps(CUSTOMER).encode()
        with pytest.raises(UnreadableDelivery, match=f"status {status}"):
            await self.saying(status, body, {}).fetch(Question("CAFE1", "customer", "CUS1"), "US")

    async def test_an_id_never_leaves_its_place_in_the_path(self) -> None:
        asked: list[str] = []

        def note(request: httpx.Request) -> httpx.Response:
            asked.append(request.url.raw_path.decode().partition("?")[0])
            return httpx.Response(404)

        for odd in ("a/../../b", "a?x=1", "a#b", "é", "%2e"):
            await fetcher(note).fetch(Question("CAFE1", "customer", odd), "US")
        assert asked == [
            f"/v3/merchants/CAFE1/customers/{quoted}"
            for quoted in ("a%2F..%2F..%2Fb", "a%3Fx%3D1", "a%23b", "%C3%A9", "%252e")
        ]

    @pytest.mark.parametrize("error", [httpx.ReadError, httpx.DecodingError, httpx.ReadTimeout])
    async def test_whatever_breaks_on_the_way_is_unavailable(
        self, error: type[httpx.RequestError]
    ) -> None:
        def broken(request: httpx.Request) -> httpx.Response:
            raise error("broken", request=request)

        with pytest.raises(ProviderUnavailable, match=error.__name__):
            await fetcher(broken).fetch(self.question, "US")
