"""What we read of Square's JSON: the fields that matter, and no card data."""

from typing import Literal

import msgspec
from msgspec import Struct

from salesarck_adapters.wire import Currency, Id, Minor, Rfc3339, Text


class Address(Struct):
    """Where a delivery belongs, even if the rest of it can't be read."""

    merchant_id: Id
    event_id: object = None


class Envelope(Struct):
    """What is around every event; `data` stays as it came until its type is known."""

    merchant_id: Id
    type: Id
    event_id: Text | None = None
    created_at: object = None
    data: msgspec.Raw = msgspec.Raw()


class Money(Struct):
    """An amount in the smallest unit of its currency."""

    amount: Minor
    currency: Currency


class Card(Struct):
    """A brand is all that we want to know of a card."""

    card_brand: Text | None = None


class CardDetails(Struct):
    """What a card payment has."""

    card: Card | None = None


class OfflineDetails(Struct):
    """When a payment was taken by a till that had no network."""

    client_created_at: Rfc3339 | None = None


class Payment(Struct):
    """One tender of one order."""

    id: Id
    status: Literal["APPROVED", "PENDING", "COMPLETED", "CANCELED", "FAILED"]
    amount_money: Money
    created_at: Rfc3339
    updated_at: Rfc3339
    tip_money: Money | None = None
    refunded_money: Money | None = None
    source_type: Text | None = None
    card_details: CardDetails | None = None
    offline_payment_details: OfflineDetails | None = None
    location_id: Text | None = None
    order_id: Text | None = None
    customer_id: Text | None = None
    buyer_email_address: Text | None = None
    receipt_number: Text | None = None


class Refund(Struct):
    """Money given back. One that is `unlinked` was never part of a payment."""

    id: Id
    status: Literal["PENDING", "COMPLETED", "REJECTED", "FAILED"]
    amount_money: Money
    created_at: Rfc3339
    updated_at: Rfc3339
    payment_id: Text | None = None
    unlinked: bool | None = None


class Customer(Struct):
    """An entry in a seller's customer book. Sellers type anything into it."""

    id: Id
    phone_number: Text | None = None
    email_address: Text | None = None


class Merge(Struct):
    """Which entries became one."""

    from_customer_ids: list[Id] | None = None


class Context(Struct):
    """Why something happened."""

    merge: Merge | None = None


class OrderNotice(Struct):
    """That an order changed, and not how."""

    order_id: Id
    updated_at: Rfc3339 | None = None
    created_at: Rfc3339 | None = None


class Revocation(Struct):
    """Who took back the permission."""

    revoker_type: Literal["MERCHANT", "APPLICATION"]


class PaymentObject(Struct):
    """The object of payment.*."""

    payment: Payment


class RefundObject(Struct):
    """The object of refund.*."""

    refund: Refund


class CustomerObject(Struct):
    """The object of customer.*."""

    customer: Customer
    event_context: Context | None = None


class OrderCreated(Struct):
    """The object of order.created."""

    order_created: OrderNotice


class OrderUpdated(Struct):
    """The object of order.updated."""

    order_updated: OrderNotice


class FulfillmentUpdated(Struct):
    """The object of order.fulfillment.updated."""

    order_fulfillment_updated: OrderNotice


class RevocationObject(Struct):
    """The object of oauth.authorization.revoked."""

    revocation: Revocation
