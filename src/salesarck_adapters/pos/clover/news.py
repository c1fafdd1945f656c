"""What Clover's objects say, in our words."""

from collections.abc import Iterable, Sequence
from typing import TypeVar

from salesarck_adapters.phones import address, e164
from salesarck_adapters.pos.clover.shapes import (
    Customer,
    Elements,
    Order,
    Payment,
    Refund,
    RefundInOrder,
)
from salesarck_adapters.wire import moment_of, read_json
from salesarck_domain.news import (
    News,
    RefundNews,
    SaleNews,
    TenderKind,
    TenderState,
    TillCustomer,
)
from salesarck_domain.ports.pos import UnreadableDelivery

PROVIDER = "clover"
ELEMENTS_MAX = 100
TENDER_PREFIX = "com.clover.tender."

STATES = {
    "SUCCESS": TenderState.COMPLETED,
    "AUTH_COMPLETED": TenderState.COMPLETED,
    "VOID_FAILED": TenderState.COMPLETED,
    "AUTH": TenderState.PENDING,
    "INITIATED": TenderState.PENDING,
    "PENDING": TenderState.PENDING,
    "OFFLINE_RETRYING": TenderState.PENDING,
    "VOIDING": TenderState.PENDING,
    "FAIL": TenderState.FAILED,
    "VOIDED": TenderState.VOID,
}
REFUND_STATES = {
    "SUCCESS": TenderState.COMPLETED,
    "PENDING": TenderState.PENDING,
    "FAIL": TenderState.FAILED,
    # A refund taken back gave nothing back, and of a refund nobody tells two ways of that.
    "VOIDED": TenderState.FAILED,
}
TENDERS = {
    "credit_card": TenderKind.CARD,
    "debit_card": TenderKind.CARD,
    "external_pin_debit": TenderKind.CARD,
    "cash": TenderKind.CASH,
    "external_gift_card": TenderKind.GIFT_CARD,
    "external_payment": TenderKind.EXTERNAL,
}

Element = TypeVar("Element")


def listed(elements: Elements[Element] | None) -> Sequence[Element]:
    """Take a list out of its wrapping.

    Raises:
        UnreadableDelivery: it is as long as Clover's lists may get, so something may be cut off.
    """
    found = (elements and elements.elements) or ()
    if len(found) >= ELEMENTS_MAX:
        raise UnreadableDelivery(PROVIDER, f"a list of {len(found)}, which may have been cut")
    return found


def news_of_payment(
    merchant: str, payment: Payment, order: Order, customer: TillCustomer | None
) -> Sequence[News]:
    """Tell a payment and every refund of it; a discount written as a payment is no news."""
    if payment.result == "DISCOUNT":
        return ()
    sale = SaleNews(
        merchant=merchant,
        reference=payment.id,
        order=order.id,
        location=None,
        state=STATES[payment.result],
        spend=payment.amount,
        tip=payment.tip_amount or 0,
        tax=payment.tax_amount,
        refunded=0,
        currency=order.currency,
        tender=_tender(payment),
        happened_at=moment_of(_at_the_till(payment)),
        changed_at=moment_of(_changed(payment)),
        customer=customer,
        test=bool(order.test_mode),
    )
    refunds = (
        RefundNews(
            merchant=merchant,
            reference=refund.id,
            sale=payment.id,
            state=REFUND_STATES[refund.status],
            amount=refund.amount,
            currency=order.currency,
            happened_at=moment_of(_at_the_till(refund)),
            changed_at=moment_of(_changed(refund)),
        )
        for refund in _refunds(payment, order)
    )
    return (sale, *refunds)


def till_customer(customer: Customer, country: str) -> TillCustomer:
    """Take the first number and the first address that are whole."""
    phones = (e164(entry.phone_number, country) for entry in listed(customer.phone_numbers))
    emails = (address(entry.email_address) for entry in listed(customer.email_addresses))
    return TillCustomer(
        id=customer.id,
        phone=next(filter(None, phones), None),
        email=next(filter(None, emails), None),
    )


def _refunds(payment: Payment, order: Order) -> Iterable[Refund]:
    """Take the payment's own list, and what only its order tells of yet."""
    told = {refund.id: refund for refund in listed(payment.refunds)}
    for raw in listed(order.refunds):
        named = read_json(PROVIDER, bytes(raw), RefundInOrder)
        if named.payment and named.payment.id == payment.id and named.id not in told:
            told[named.id] = read_json(PROVIDER, bytes(raw), Refund)
    return told.values()


def _tender(payment: Payment) -> TenderKind:
    key = (payment.tender and payment.tender.label_key) or ""
    return TENDERS.get(key.removeprefix(TENDER_PREFIX), TenderKind.OTHER)


def _at_the_till(told: Payment | Refund) -> int:
    """A till without a network tells later: its own clock counts."""
    at = told.client_created_time
    return told.created_time if at is None else at


def _changed(told: Payment | Refund) -> int:
    at = told.modified_time
    return told.created_time if at is None else at
