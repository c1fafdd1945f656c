"""The Square reader keeps the promises of its port."""

import json
from dataclasses import replace
from datetime import UTC, datetime

from salesarck_adapters.pos.square import Square, Subscription
from salesarck_domain.news import SaleNews, TenderKind, TenderState, TillCustomer
from salesarck_domain.ports.pos import Delivery
from salesarck_domain.testing.pos import WebhookReaderContract
from tests.contract.pos import sign

KEY, URL = "a-key", "https://points.example.test/webhooks/square"
NOON = datetime(2026, 5, 4, 12, tzinfo=UTC)
PAYMENT = {
    "merchant_id": "BAKERY01",
    "type": "payment.updated",
    "event_id": "event-1",
    "data": {
        "object": {
            "payment": {
                "id": "PAY1",
                "status": "COMPLETED",
                "created_at": "2026-05-04T12:00:00Z",
                "updated_at": "2026-05-04T12:00:00Z",
                "amount_money": {"amount": 1234, "currency": "USD"},
                "tip_money": {"amount": 100, "currency": "USD"},
                "source_type": "CASH",
                "customer_id": "CUS1",
                "receipt_number": "r1",
            }
        }
    },
}


class TestSquare(WebhookReaderContract):
    reader = Square([Subscription(b"another", URL), Subscription(KEY.encode(), URL)])
    closed_readers = (
        Square([]),
        Square([Subscription(b"", URL)]),
        Square([Subscription(b" ", URL)]),
        Square([Subscription(KEY.encode(), "")]),
    )
    body = json.dumps(PAYMENT).encode()
    merchants = ("BAKERY01",)
    expected = (
        SaleNews(
            merchant="BAKERY01",
            reference="PAY1",
            order=None,
            location=None,
            state=TenderState.COMPLETED,
            spend=1234,
            tip=100,
            tax=None,
            refunded=0,
            currency="USD",
            tender=TenderKind.CASH,
            happened_at=NOON,
            changed_at=NOON,
            customer=TillCustomer(id="CUS1"),
            receipt="r1",
        ),
    )
    other_bodies = (
        body.replace(b"payment.updated", b"payment.something_new"),
        b'{"merchant_id": "BAKERY01", "type": "dispute.created", "data": {}}',
    )

    def sign(self, body: bytes) -> Delivery:
        headers = {"x-square-hmacsha256-signature": sign.square(KEY, URL, body)}
        return Delivery(body, headers, NOON)

    def test_a_delivery_is_named_by_its_event_or_else_by_its_hash(self) -> None:
        believed = self.reader.authenticate(self.sign(self.body))
        assert self.reader.route(believed).key == "event-1"
        for odd in (b"7", b'""', b'"\\u0000"', b'"%s"' % (b"x" * 300)):
            renamed = replace(believed, body=self.body.replace(b'"event-1"', odd))
            route = self.reader.route(renamed)
            assert (len(route.key), route.merchants) == (64, ("BAKERY01",))

    def test_a_secret_is_not_shown(self) -> None:
        assert KEY not in repr(self.reader)
