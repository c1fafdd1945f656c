"""What we read of Clover's API: the fields that matter, and no card data."""

from typing import Generic, Literal, TypeVar

import msgspec
from msgspec import Struct

from salesarck_adapters.wire import Currency, Id, Millis, Minor, Text

Element = TypeVar("Element")


class Elements(Struct, Generic[Element]):
    """How Clover writes a list."""

    elements: list[Element] | None = None


class Reference(Struct):
    """An object that is only named here."""

    id: Id


class Tender(Struct, rename="camel"):
    """How somebody paid; a merchant may invent their own."""

    label_key: Text | None = None


class Refund(Struct, rename="camel"):
    """Money given back on a payment."""

    id: Id
    amount: Minor
    status: Literal["SUCCESS", "FAIL", "PENDING", "VOIDED"]
    created_time: Millis
    client_created_time: Millis | None = None
    modified_time: Millis | None = None


class Payment(Struct, rename="camel"):
    """One tender of one order; `amount` has the tax in it, the tip and a surcharge outside."""

    id: Id
    amount: Minor
    result: Literal[
        "SUCCESS",
        "AUTH_COMPLETED",
        "VOID_FAILED",
        "AUTH",
        "INITIATED",
        "PENDING",
        "OFFLINE_RETRYING",
        "VOIDING",
        "FAIL",
        "VOIDED",
        "DISCOUNT",
    ]
    created_time: Millis
    client_created_time: Millis | None = None
    modified_time: Millis | None = None
    tip_amount: Minor | None = None
    tax_amount: Minor | None = None
    tender: Tender | None = None
    order: Reference | None = None
    refunds: Elements[Refund] | None = None


class RefundInOrder(Reference):
    """A refund as an order lists it: maybe only named, and of a payment or of none."""

    payment: Reference | None = None


class Order(Struct, rename="camel"):
    """Where a payment's currency stands, its customer, and whether it was a rehearsal."""

    id: Id
    currency: Currency
    test_mode: bool | None = None
    customers: Elements[Reference] | None = None
    payments: Elements[msgspec.Raw] | None = None
    refunds: Elements[msgspec.Raw] | None = None


class PhoneNumber(Struct, rename="camel"):
    """A number as somebody typed it."""

    phone_number: Text | None = None


class EmailAddress(Struct, rename="camel"):
    """An address as somebody typed it."""

    email_address: Text | None = None


class Customer(Struct, rename="camel"):
    """An entry in a merchant's customer book."""

    id: Id
    phone_numbers: Elements[PhoneNumber] | None = None
    email_addresses: Elements[EmailAddress] | None = None
