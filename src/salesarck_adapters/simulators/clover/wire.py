"""Clover's objects as they stand on the wire: its names, its nesting, nothing of ours.

Money is in the smallest unit of the order's currency, moments are in milliseconds. A field that
defaults to None is left out where Clover leaves it out, or shows it only when asked to expand.
"""

from datetime import datetime
from typing import Generic, TypeVar

from msgspec import Struct

T = TypeVar("T")


def millis(moment: datetime) -> int:
    """A moment as Clover writes it."""
    return round(moment.timestamp() * 1000)


class Elements(Struct, Generic[T], frozen=True):
    """How Clover nests a list."""

    elements: list[T]


class Listing(Struct, Generic[T], frozen=True):
    """How Clover answers with a list. It never says how much there is in all."""

    elements: list[T]
    href: str


class Reference(Struct):
    """The id of something that isn't shown. An order, where it is, shows itself instead."""

    id: str


class Tender(Struct, frozen=True, omit_defaults=True, rename="camel", kw_only=True):
    """What was paid with. Only expanded does it say what that is."""

    href: str
    id: str
    label: str | None = None
    label_key: str | None = None
    enabled: bool | None = None
    visible: bool | None = None
    opens_cash_drawer: bool | None = None


class CardTransaction(Struct, frozen=True, rename="camel", kw_only=True):
    """A made-up card."""

    card_type: str
    entry_type: str
    first6: str
    last4: str
    type: str
    auth_code: str
    state: str


class Refund(Struct, omit_defaults=True, rename="camel", kw_only=True):
    """Money given back. `amount` has its tax and tip in it, and is positive."""

    id: str
    order_ref: Reference
    device: Reference
    amount: int
    tax_amount: int
    tip_amount: int
    created_time: int
    client_created_time: int
    payment: Reference
    employee: Reference
    status: str
    reason: str | None = None


class Payment(Struct, omit_defaults=True, rename="camel", kw_only=True):
    """One payment. `amount` has tax in it and the tip outside. It names no currency."""

    id: str
    order: Reference
    device: Reference
    tender: Tender
    amount: int
    tip_amount: int | None = None
    tax_amount: int
    cashback_amount: int
    cash_tendered: int | None = None
    external_payment_id: str | None = None
    employee: Reference
    created_time: int
    client_created_time: int
    gateway_processing_time: int | None = None
    modified_time: int
    offline: bool
    result: str
    card_transaction: CardTransaction | None = None
    refunds: Elements[Refund] | None = None
    void_reason: str | None = None


class LineItem(Struct, frozen=True, rename="camel", kw_only=True):
    """One line of an order. A gift card that was loaded is no revenue."""

    id: str
    order_ref: Reference
    name: str
    price: int
    printed: bool
    exchanged: bool
    refunded: bool
    is_revenue: bool


class Order(Reference, omit_defaults=True, rename="camel", kw_only=True):
    """One order: it names the currency, the buyer, and whether it is only a test."""

    href: str
    currency: str
    employee: Reference
    total: int
    payment_state: str
    state: str
    tax_removed: bool
    is_vat: bool
    manual_transaction: bool
    group_line_items: bool
    test_mode: bool
    pay_type: str | None = None
    created_time: int
    client_created_time: int
    modified_time: int
    device: Reference
    line_items: Elements[LineItem] | None = None
    customers: Elements[Reference] | None = None
    payments: Elements[Payment] | None = None
    refunds: Elements[Refund] | None = None


class EmailAddress(Struct, frozen=True, rename="camel"):
    """An address, as it was typed."""

    id: str
    email_address: str


class PhoneNumber(Struct, frozen=True, rename="camel"):
    """A number, as it was typed."""

    id: str
    phone_number: str


class Customer(Struct, omit_defaults=True, rename="camel", kw_only=True):
    """One line of a merchant's customer book. Numbers and addresses show only expanded."""

    href: str
    id: str
    first_name: str
    last_name: str
    marketing_allowed: bool
    customer_since: int
    email_addresses: Elements[EmailAddress] | None = None
    phone_numbers: Elements[PhoneNumber] | None = None


class Address(Struct, frozen=True):
    """Where a merchant is."""

    country: str


class Merchant(Struct, frozen=True, rename="camel", kw_only=True):
    """A merchant."""

    href: str
    id: str
    name: str
    default_currency: str
    timezone: str
    address: Address


class Update(Struct, frozen=True, rename="camel"):
    """A thin notice: the kind's letter and an id, what happened, and when."""

    object_id: str
    type: str
    ts: int


class Batch(Struct, frozen=True, rename="camel"):
    """One POST: notices of any number of merchants."""

    app_id: str
    merchants: dict[str, list[Update]]


class Verification(Struct, frozen=True, rename="camel"):
    """The handshake that a dashboard sends."""

    verification_code: str


class CheckoutNotice(Struct, frozen=True, rename="camel", kw_only=True):
    """What Hosted Checkout posts."""

    created_time: int
    message: str
    status: str
    type: str
    id: str
    merchant_id: str
    data: str
