"""Clover's `expand=`: what is only named, or not shown at all, unless it is asked for."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeVar

from msgspec.structs import replace

from salesarck_adapters.simulators.clover.build import card_of
from salesarck_adapters.simulators.clover.faults import bad_request
from salesarck_adapters.simulators.clover.wire import (
    Customer,
    Elements,
    Order,
    Payment,
    Reference,
)
from salesarck_adapters.simulators.clover.world import CloverWorld

EXPAND_MAX = 3
NESTED_MAX = 100
PAYMENT_FIELDS = frozenset(
    (
        "additionalCharges appTracking cardTransaction dccInfo employee externalReferenceId "
        "germanInfo lineItemPayments oceanGatewayInfo order paymentAttributes refunds taxRates "
        "tender transactionInfo"
    ).split()
)
ORDER_FIELDS = frozenset(
    (
        "credits customers discounts employee lineItems lineItems.discounts "
        "lineItems.modifications orderType payment.cardTransaction payment.tender payments "
        "refunds serviceCharge voids"
    ).split()
)
CUSTOMER_FIELDS = frozenset("addresses cards emailAddresses metadata orders phoneNumbers".split())
T = TypeVar("T")


def expand_of(text: str | None, allowed: frozenset[str]) -> frozenset[str]:
    """Read the fields to expand.

    Raises:
        CloverFault: there are more than three, or one that this object doesn't have.
    """
    fields = [field.strip() for field in (text or "").split(",") if field.strip()]
    if len(fields) > EXPAND_MAX:
        raise bad_request(f"At most {EXPAND_MAX} fields can be expanded, not {len(fields)}")
    strange = [field for field in fields if field not in allowed]
    if strange:
        raise bad_request(f"Can't expand {', '.join(strange)}")
    return frozenset(fields)


@dataclass(frozen=True, slots=True)
class Expander:
    """Shows things of the world with these fields expanded."""

    world: CloverWorld
    fields: frozenset[str]

    def payment(self, payment: Payment, prefix: str = "") -> Payment:
        shown, full = replace(payment), self.world.tenders[payment.tender.id]
        if f"{prefix}tender" in self.fields:
            shown.tender = full
        if f"{prefix}cardTransaction" in self.fields:
            shown.card_transaction = card_of(payment, full.label_key or "")
        refunds = self.world.refunds_of(payment.id)
        if not prefix and "refunds" in self.fields and refunds:
            shown.refunds = _cut(refunds)
        if not prefix and "order" in self.fields:
            shown.order = self.world.order_of(payment)
        return shown

    def order(self, order: Order) -> Order:
        shown, payments = replace(order), self.world.payments_of(order.id)
        if "payments" in self.fields and payments:
            shown.payments = _cut([self.payment(one, "payment.") for one in payments])
        if "lineItems" in self.fields:
            shown.line_items = _cut(self.world.lines[order.id])
        if "customers" in self.fields and self.world.buyers[order.id]:
            shown.customers = _cut([Reference(one) for one in self.world.buyers[order.id]])
        refunds = [refund for one in payments for refund in self.world.refunds_of(one.id)]
        if "refunds" in self.fields and refunds:
            shown.refunds = _cut(refunds)
        return shown

    def customer(self, customer: Customer) -> Customer:
        shown = replace(customer)
        if "phoneNumbers" not in self.fields:
            shown.phone_numbers = None
        if "emailAddresses" not in self.fields:
            shown.email_addresses = None
        return shown


def _cut(rows: Sequence[T]) -> Elements[T]:
    """A nested list ends at its hundredth element, without a word."""
    return Elements(list(rows[:NESTED_MAX]))
