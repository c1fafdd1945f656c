"""What Square's events say, in our words; a function an event."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Generic, TypeVar

import msgspec
from msgspec import Struct

from salesarck_adapters.phones import address, e164
from salesarck_adapters.pos.square.shapes import (
    CustomerObject,
    FulfillmentUpdated,
    Money,
    OrderCreated,
    OrderNotice,
    OrderUpdated,
    Payment,
    PaymentObject,
    RefundObject,
    RevocationObject,
)
from salesarck_adapters.wire import Id, Rfc3339, moment, read_json
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
)
from salesarck_domain.ports.pos import UnreadableDelivery

PROVIDER = "square"
GIFT_CARD_BRAND = "SQUARE_GIFT_CARD"

PAYMENT_STATES = {
    "APPROVED": TenderState.PENDING,
    "PENDING": TenderState.PENDING,
    "COMPLETED": TenderState.COMPLETED,
    "CANCELED": TenderState.VOID,
    "FAILED": TenderState.FAILED,
}
REFUND_STATES = {
    "PENDING": TenderState.PENDING,
    "COMPLETED": TenderState.COMPLETED,
    "REJECTED": TenderState.FAILED,
    "FAILED": TenderState.FAILED,
}
TENDERS = {
    "CARD": TenderKind.CARD,
    "CASH": TenderKind.CASH,
    "WALLET": TenderKind.WALLET,
    "BANK_ACCOUNT": TenderKind.BANK,
    "EXTERNAL": TenderKind.EXTERNAL,
}

Object = TypeVar("Object")


class Data(Struct, Generic[Object]):
    """What an event is about. Its own `id` is not always the object's."""

    object: Object


class NoObject(Struct):
    """An event that only names what it is about: enough where nothing else would be read."""

    id: Id
    object: None = None


@dataclass(frozen=True, slots=True)
class Event:
    """An event whose type we know, and what reading it takes."""

    merchant: str
    data: bytes
    at: object
    country: str
    test: bool


def _payment(event: Event) -> Sequence[News]:
    payment = read_json(PROVIDER, event.data, Data[PaymentObject]).object.payment
    offline = payment.offline_payment_details
    at_the_till = (offline and offline.client_created_at) or payment.created_at
    paid = payment.amount_money
    return (
        SaleNews(
            merchant=event.merchant,
            reference=payment.id,
            order=payment.order_id or None,
            location=payment.location_id or None,
            state=PAYMENT_STATES[payment.status],
            spend=paid.amount,
            tip=_amount(payment.tip_money, paid.currency),
            tax=None,
            refunded=_amount(payment.refunded_money, paid.currency),
            currency=paid.currency,
            tender=_tender(payment),
            happened_at=moment(PROVIDER, at_the_till),
            changed_at=moment(PROVIDER, payment.updated_at),
            customer=_buyer(payment),
            test=event.test,
            receipt=payment.receipt_number or None,
        ),
    )


def _amount(money: Money | None, currency: str) -> int:
    if money is None:
        return 0
    if money.currency != currency:
        raise UnreadableDelivery(PROVIDER, f"{money.currency} within a payment in {currency}")
    return money.amount


def _tender(payment: Payment) -> TenderKind:
    kind = TENDERS.get(payment.source_type or "", TenderKind.OTHER)
    card = payment.card_details and payment.card_details.card
    if kind is TenderKind.CARD and card and card.card_brand == GIFT_CARD_BRAND:
        return TenderKind.GIFT_CARD
    return kind


def _buyer(payment: Payment) -> TillCustomer | None:
    """Whom Square names, or at least whom it sent the receipt to."""
    buyer = TillCustomer(id=payment.customer_id or None, email=address(payment.buyer_email_address))
    return None if buyer == TillCustomer() else buyer


def _refund(event: Event) -> Sequence[News]:
    refund = read_json(PROVIDER, event.data, Data[RefundObject]).object.refund
    if not refund.payment_id:
        if refund.unlinked:
            return ()  # it gives back what no sale brought
        raise UnreadableDelivery(PROVIDER, "a refund of no payment")
    return (
        RefundNews(
            merchant=event.merchant,
            reference=refund.id,
            sale=refund.payment_id,  # its order_id is an order of its own
            state=REFUND_STATES[refund.status],
            amount=refund.amount_money.amount,
            currency=refund.amount_money.currency,
            happened_at=moment(PROVIDER, refund.created_at),
            changed_at=moment(PROVIDER, refund.updated_at),
        ),
    )


def _customer(event: Event, *, deleted: bool) -> Sequence[News]:
    told = read_json(PROVIDER, event.data, Data[CustomerObject]).object
    merge = told.event_context and told.event_context.merge
    merged = () if deleted or not merge else merge.from_customer_ids or ()
    return (
        CustomerNews(
            merchant=event.merchant,
            id=told.customer.id,
            phone=e164(told.customer.phone_number, event.country),
            email=address(told.customer.email_address),
            merged_from=tuple(merged),
            deleted=deleted,
        ),
    )


def _order_created(event: Event) -> Sequence[News]:
    told = read_json(PROVIDER, event.data, Data[OrderCreated]).object
    return (_order(event, told.order_created, "created"),)


def _order_updated(event: Event) -> Sequence[News]:
    told = read_json(PROVIDER, event.data, Data[OrderUpdated]).object
    return (_order(event, told.order_updated, "updated"),)


def _fulfillment_updated(event: Event) -> Sequence[News]:
    told = read_json(PROVIDER, event.data, Data[FulfillmentUpdated]).object
    return (_order(event, told.order_fulfillment_updated, "updated"),)


def _order(event: Event, notice: OrderNotice, how: str) -> ChangedNews:
    return ChangedNews(
        merchant=event.merchant,
        object="order",
        id=notice.order_id,
        how=how,
        changed_at=moment(PROVIDER, notice.updated_at or notice.created_at or _told_at(event)),
    )


def _told_at(event: Event) -> str:
    try:
        return msgspec.convert(event.at, Rfc3339)
    except msgspec.ValidationError as error:
        raise UnreadableDelivery(PROVIDER, "an order that changed at no moment") from error


def _revoked(event: Event) -> Sequence[News]:
    told = read_json(PROVIDER, event.data, Data[RevocationObject]).object.revocation
    return (UnlinkedNews(merchant=event.merchant, by=told.revoker_type.lower()),)


READERS: Mapping[str, Callable[[Event], Sequence[News]]] = {
    "payment.created": _payment,
    "payment.updated": _payment,
    "refund.created": _refund,
    "refund.updated": _refund,
    "customer.created": partial(_customer, deleted=False),
    "customer.updated": partial(_customer, deleted=False),
    "customer.deleted": partial(_customer, deleted=True),
    "order.created": _order_created,
    "order.updated": _order_updated,
    "order.fulfillment.updated": _fulfillment_updated,
    "oauth.authorization.revoked": _revoked,
}

NAMED_READERS: Mapping[str, Callable[[Event, str], News]] = {
    "customer.deleted": lambda event, id_: CustomerNews(
        merchant=event.merchant, id=id_, phone=None, email=None, deleted=True
    ),
    "order.created": lambda event, id_: _order(event, OrderNotice(id_), "created"),
    "order.updated": lambda event, id_: _order(event, OrderNotice(id_), "updated"),
    "order.fulfillment.updated": lambda event, id_: _order(event, OrderNotice(id_), "updated"),
}
"""What can be told of something that is only named."""


def news_of(kind: str, event: Event) -> Sequence[News]:
    """Tell what an event says; one of a kind that we don't know says nothing to us.

    Raises:
        UnreadableDelivery: it is in a shape we don't know.
    """
    if kind not in READERS:
        return ()
    if kind in NAMED_READERS and (id_ := _only_named(event)):
        return (NAMED_READERS[kind](event, id_),)
    return READERS[kind](event)


def _only_named(event: Event) -> str | None:
    try:
        return read_json(PROVIDER, event.data, NoObject).id
    except UnreadableDelivery:
        return None
