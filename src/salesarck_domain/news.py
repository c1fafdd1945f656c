"""News: what tills report, in our words. A file a kind would be a file a sentence.

Money is in minor units of the news' currency, moments are aware. Nothing here is decided yet:
a `SaleNews` tells the state of one tender, and the sale it belongs to is judged in `sales`.
"""

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum


class TenderState(StrEnum):
    """How far a tender, or a refund, has come."""

    PENDING = "pending"
    COMPLETED = "completed"
    VOID = "void"
    FAILED = "failed"


class TenderKind(StrEnum):
    """What somebody paid with."""

    CARD = "card"
    CASH = "cash"
    GIFT_CARD = "gift_card"
    WALLET = "wallet"
    BANK = "bank"
    EXTERNAL = "external"
    OTHER = "other"


@dataclass(frozen=True, slots=True)
class TillCustomer:
    """Whom a till believes to have bought: its own id, a number, an address, or nothing."""

    id: str | None = None
    phone: str | None = None
    email: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class SaleNews:
    """The newest state of one tender (one payment).

    `spend` is what goods and their tax cost, never the tip. `tax` is None where the provider
    does not say. `refunded` is cumulative. `happened_at` is the moment at the till.
    """

    merchant: str
    reference: str
    order: str | None
    location: str | None
    state: TenderState
    spend: int
    tip: int
    tax: int | None
    refunded: int
    currency: str
    tender: TenderKind
    happened_at: datetime
    changed_at: datetime
    customer: TillCustomer | None = None
    test: bool = False
    receipt: str | None = None

    def __post_init__(self) -> None:
        # A customer of whom nothing is known is nobody, in every store and every comparison.
        if self.customer == TillCustomer():
            object.__setattr__(self, "customer", None)


@dataclass(frozen=True, slots=True, kw_only=True)
class RefundNews:
    """The newest state of one refund. `sale` is the payment's id; `amount` is positive."""

    merchant: str
    reference: str
    sale: str
    state: TenderState
    amount: int
    currency: str
    happened_at: datetime
    changed_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class ChangedNews:
    """A thin notice: something changed, ask again. `object` is payment, order or customer."""

    merchant: str
    object: str
    id: str
    how: str
    changed_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class CustomerNews:
    """What a till's own customer book says now. `merged_from` are ids that became this one."""

    merchant: str
    id: str
    phone: str | None = None
    email: str | None = None
    merged_from: tuple[str, ...] = ()
    deleted: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class UnlinkedNews:
    """The permission to read a merchant's till is gone. `by` is merchant or application."""

    merchant: str
    by: str


@dataclass(frozen=True, slots=True, kw_only=True)
class VerificationNews:
    """A code that an operator has to copy into the provider's dashboard."""

    code: str


@dataclass(frozen=True, slots=True, kw_only=True)
class PrivacyNews:
    """A provider passes on a legal request: `kind` is export, erase or erase_shop."""

    kind: str
    merchant: str
    customer: TillCustomer | None = field(default=None)


News = (
    SaleNews
    | RefundNews
    | ChangedNews
    | CustomerNews
    | UnlinkedNews
    | VerificationNews
    | PrivacyNews
)
