"""Square's objects as they stand on the wire: its names, its nesting, nothing of ours.

A field that defaults to None is left out where Square leaves it out.
"""

from datetime import UTC, datetime

from msgspec import Struct


def stamp(moment: datetime) -> str:
    """Write a moment as Square does: RFC 3339 in UTC, to the millisecond."""
    written = moment.astimezone(UTC).isoformat(timespec="milliseconds")
    return written.replace("+00:00", "Z")


class Money(Struct, frozen=True):
    """An amount in the smallest unit of its currency."""

    amount: int
    currency: str


class Card(Struct, frozen=True):
    """A made-up card."""

    card_brand: str
    last_4: str
    exp_month: int
    exp_year: int
    fingerprint: str
    card_type: str
    prepaid_type: str
    bin: str


class CardTimeline(Struct, omit_defaults=True):
    """When a card was asked, charged and let go."""

    authorized_at: str | None = None
    captured_at: str | None = None
    voided_at: str | None = None


class CardDetails(Struct):
    """How a card was used."""

    status: str
    card: Card
    card_payment_timeline: CardTimeline
    entry_method: str = "EMV"
    cvv_status: str = "CVV_NOT_CHECKED"
    avs_status: str = "AVS_NOT_CHECKED"


class CashDetails(Struct, frozen=True):
    """Notes and coins."""

    buyer_supplied_money: Money
    change_back_money: Money


class ExternalDetails(Struct, frozen=True):
    """Money that Square only heard of."""

    type: str
    source: str


class WalletDetails(Struct, frozen=True):
    """A wallet that isn't a card."""

    status: str
    brand: str


class BankAccountDetails(Struct, frozen=True):
    """A bank transfer."""

    bank_name: str
    transfer_type: str
    account_ownership_type: str


class OfflinePaymentDetails(Struct, frozen=True):
    """The till's own clock, for a payment that was taken offline."""

    client_created_at: str


class ApplicationDetails(Struct, frozen=True):
    """The Square product that took the payment."""

    square_product: str


class RiskEvaluation(Struct, frozen=True):
    """Square's opinion of a payment."""

    created_at: str
    risk_level: str


class Payment(Struct, omit_defaults=True, kw_only=True):
    """One payment. Its tax stands on the order only."""

    id: str
    created_at: str
    updated_at: str
    amount_money: Money
    tip_money: Money | None = None
    status: str
    delay_duration: str | None = None
    delay_action: str | None = None
    delayed_until: str | None = None
    source_type: str
    card_details: CardDetails | None = None
    cash_details: CashDetails | None = None
    external_details: ExternalDetails | None = None
    wallet_details: WalletDetails | None = None
    bank_account_details: BankAccountDetails | None = None
    location_id: str
    order_id: str
    customer_id: str | None = None
    refund_ids: list[str] | None = None
    risk_evaluation: RiskEvaluation | None = None
    total_money: Money
    approved_money: Money
    refunded_money: Money | None = None
    receipt_number: str | None = None
    receipt_url: str | None = None
    application_details: ApplicationDetails
    is_offline_payment: bool | None = None
    offline_payment_details: OfflinePaymentDetails | None = None
    version_token: str


class Refund(Struct, kw_only=True):
    """One refund. `order_id` is the refund's own order, not the sale's."""

    id: str
    status: str
    amount_money: Money
    payment_id: str
    order_id: str
    created_at: str
    updated_at: str
    location_id: str
    reason: str
    version: int = 1


class Source(Struct, frozen=True):
    """What made an order."""

    name: str


class LineItem(Struct, frozen=True, kw_only=True):
    """One line of an order."""

    uid: str
    name: str
    quantity: str
    item_type: str
    base_price_money: Money
    gross_sales_money: Money
    total_tax_money: Money
    total_discount_money: Money
    total_money: Money


class Tender(Struct, omit_defaults=True, kw_only=True):
    """How an order was paid, one payment a line."""

    id: str
    location_id: str
    transaction_id: str
    created_at: str
    amount_money: Money
    tip_money: Money | None = None
    customer_id: str | None = None
    type: str
    payment_id: str


class NetAmounts(Struct, frozen=True):
    """What is left of an order's sums after returns."""

    total_money: Money
    tax_money: Money
    discount_money: Money
    tip_money: Money
    service_charge_money: Money


class Return(Struct, frozen=True):
    """Says whose goods came back."""

    uid: str
    source_order_id: str


class Order(Struct, omit_defaults=True, kw_only=True):
    """One order. Those of a Square till have no version, so they can't be updated."""

    id: str
    location_id: str
    source: Source
    customer_id: str | None = None
    line_items: list[LineItem] | None = None
    returns: list[Return] | None = None
    tenders: list[Tender] | None = None
    net_amounts: NetAmounts
    total_money: Money
    total_tax_money: Money
    total_discount_money: Money
    total_tip_money: Money
    total_service_charge_money: Money
    created_at: str
    updated_at: str
    closed_at: str | None = None
    state: str


class Preferences(Struct, frozen=True):
    """What a customer asked for."""

    email_unsubscribed: bool


class Customer(Struct, omit_defaults=True, kw_only=True):
    """One line of a seller's customer book."""

    id: str
    created_at: str
    updated_at: str
    given_name: str
    family_name: str
    email_address: str | None = None
    phone_number: str | None = None
    preferences: Preferences
    creation_source: str
    version: int


class Location(Struct, frozen=True, kw_only=True):
    """One of a seller's places. The first is the main one."""

    id: str
    name: str
    timezone: str
    status: str = "ACTIVE"
    created_at: str
    merchant_id: str
    country: str
    currency: str
    type: str = "PHYSICAL"


class Merchant(Struct, frozen=True, kw_only=True):
    """A seller."""

    id: str
    business_name: str
    country: str
    language_code: str
    currency: str
    status: str
    main_location_id: str
    created_at: str


class EventData(Struct, omit_defaults=True, kw_only=True):
    """The object that an event is about."""

    type: str
    id: str
    deleted: bool = False
    object: dict[str, object]


class Event(Struct, frozen=True, kw_only=True):
    """The envelope of every webhook."""

    merchant_id: str
    type: str
    event_id: str
    created_at: str
    data: EventData


class Merge(Struct, frozen=True):
    """Which customers became which."""

    from_customer_ids: list[str]
    to_customer_id: str


class EventContext(Struct, frozen=True):
    """Why a customer came or went."""

    merge: Merge


class OrderNotice(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """All that an order's event says of it."""

    order_id: str
    version: int
    location_id: str
    state: str
    created_at: str
    updated_at: str | None = None


class Revocation(Struct, frozen=True):
    """Who took the permission back."""

    revoked_at: str
    revoker_type: str
