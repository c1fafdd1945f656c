"""New objects of a simulated Square, as complete as Square's own."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta

from salesarck_adapters.simulation import NewCustomer, Part, Purchase, TenderName
from salesarck_adapters.simulators.square.wire import (
    ApplicationDetails,
    BankAccountDetails,
    Card,
    CardDetails,
    CardTimeline,
    CashDetails,
    Customer,
    ExternalDetails,
    LineItem,
    Location,
    Money,
    NetAmounts,
    OfflinePaymentDetails,
    Order,
    Payment,
    Preferences,
    Return,
    RiskEvaluation,
    Source,
    Tender,
    WalletDetails,
    stamp,
)
from salesarck_adapters.simulators.square.world import ALPHABET, CAPITALS, SquareWorld

SOURCE_TYPE: Mapping[TenderName, str] = {
    "card": "CARD",
    "gift_card": "CARD",
    "cash": "CASH",
    "wallet": "WALLET",
    "bank": "BANK_ACCOUNT",
    "external": "EXTERNAL",
}
# An order's tenders have names of their own.
TENDER_TYPE: Mapping[str, str] = {"EXTERNAL": "OTHER"}
# Cash and what was paid elsewhere is there at once; the rest is asked for first.
FIRST_STATUS: Mapping[TenderName, str] = {
    "card": "APPROVED",
    "gift_card": "APPROVED",
    "wallet": "APPROVED",
    "bank": "PENDING",
    "cash": "COMPLETED",
    "external": "COMPLETED",
}
CARD_PRESENT_HOLD = timedelta(hours=36)


@dataclass(frozen=True, slots=True)
class Bill:
    """What a payment is made for, and where."""

    world: SquareWorld
    place: Location
    order: Order
    purchase: Purchase


def new_payment(bill: Bill, part: Part) -> Payment:
    """A payment in its first state, the one that `payment.created` tells."""
    world, purchase, moment = bill.world, bill.purchase, bill.world.now()
    goods = Money(part.amount, bill.place.currency)
    total = Money(part.amount + part.tip, bill.place.currency)
    is_declined = purchase.outcome == "declined"
    status = "FAILED" if is_declined else FIRST_STATUS[part.tender]
    payment = Payment(
        id=world.mint.id("payment", 26, ALPHABET),
        created_at=moment,
        updated_at=moment,
        amount_money=goods,
        tip_money=Money(part.tip, goods.currency) if part.tip else None,
        status=status,
        source_type=SOURCE_TYPE[part.tender],
        location_id=bill.place.id,
        order_id=bill.order.id,
        customer_id=purchase.customer,
        risk_evaluation=RiskEvaluation(moment, "NORMAL"),
        total_money=total,
        approved_money=Money(0, goods.currency) if is_declined else total,
        application_details=ApplicationDetails("SQUARE_POS"),
        version_token=world.mint.id("version", 40, CAPITALS),
    )
    _describe_source(payment, part, moment)
    if status == "APPROVED":
        payment.delay_duration, payment.delay_action = "PT36H", "CANCEL"
        payment.delayed_until = stamp(world.clock() + CARD_PRESENT_HOLD)
    if not is_declined:
        payment.receipt_number = payment.id[:4]
    if status == "COMPLETED":
        payment.receipt_url = f"https://squareup.com/receipt/preview/{payment.id}"
    if purchase.at is not None:
        payment.is_offline_payment = True
        payment.offline_payment_details = OfflinePaymentDetails(stamp(purchase.at))
    return payment


def _describe_source(payment: Payment, part: Part, moment: str) -> None:
    goods, total = payment.amount_money, payment.total_money
    is_declined = payment.status == "FAILED"
    if part.tender in {"card", "gift_card"}:
        brand = "VISA" if part.tender == "card" else "SQUARE_GIFT_CARD"
        card = Card(brand, "1111", 12, 2030, "sq-1-SIMULATED", "CREDIT", "NOT_PREPAID", "411111")
        timeline = CardTimeline(authorized_at=None if is_declined else moment)
        payment.card_details = CardDetails(
            "FAILED" if is_declined else "AUTHORIZED", card, timeline
        )
    elif part.tender == "cash":
        payment.cash_details = CashDetails(total, Money(0, goods.currency))
    elif part.tender == "external":
        payment.external_details = ExternalDetails("OTHER", "Somewhere else")
    elif part.tender == "wallet":
        payment.wallet_details = WalletDetails("AUTHORIZED", "CASH_APP")
    else:
        payment.bank_account_details = BankAccountDetails("Test Bank", "ACH", "INDIVIDUAL")


def new_order(world: SquareWorld, place: Location, purchase: Purchase) -> Order:
    """An order with nothing on it yet."""
    order = _empty_order(world, place.id, place.currency)
    order.customer_id = purchase.customer
    return order


def new_return(world: SquareWorld, paid: Payment) -> Order:
    """The order that a refund makes for itself: it has no payment, and names the sale's."""
    order = _empty_order(world, paid.location_id, paid.amount_money.currency)
    order.returns = [Return(world.mint.uuid("return"), paid.order_id)]
    order.state, order.closed_at = "COMPLETED", order.created_at
    return order


def add_line(world: SquareWorld, order: Order, purchase: Purchase) -> None:
    """Put what was sold on an order."""
    currency = order.total_money.currency
    goods, none = Money(purchase.amount - purchase.tax, currency), Money(0, currency)
    whole, tax = Money(purchase.amount, currency), Money(purchase.tax, currency)
    line = LineItem(
        uid=world.mint.id("line", 22, ALPHABET),
        name="Gift card" if purchase.loads_gift_card else "Custom Amount",
        quantity="1",
        item_type="GIFT_CARD" if purchase.loads_gift_card else "CUSTOM_AMOUNT",
        base_price_money=goods,
        gross_sales_money=goods,
        total_tax_money=tax,
        total_discount_money=none,
        total_money=whole,
    )
    order.line_items = [*(order.line_items or ()), line]


def add_up(world: SquareWorld, order: Order, payments: Sequence[Payment]) -> None:
    """Make an order's sums, tenders and state follow its lines and its payments."""
    currency, lines = order.total_money.currency, order.line_items or []
    alive = [one for one in payments if one.status not in {"CANCELED", "FAILED"}]
    tips = sum(one.tip_money.amount for one in alive if one.tip_money)
    order.total_tip_money = Money(tips, currency)
    order.total_tax_money = Money(sum(line.total_tax_money.amount for line in lines), currency)
    whole = sum(line.total_money.amount for line in lines) + tips
    order.total_money = Money(whole, currency)
    none = Money(0, currency)
    order.net_amounts = NetAmounts(
        order.total_money, order.total_tax_money, none, order.total_tip_money, none
    )
    order.tenders = [_tender(one) for one in alive] or None
    if alive and all(one.status == "COMPLETED" for one in alive):
        order.state, order.closed_at = "COMPLETED", order.closed_at or world.now()
    elif payments and all(one.status == "CANCELED" for one in payments):
        order.state = "CANCELED"
    else:
        order.state, order.closed_at = "OPEN", None


def new_customer(world: SquareWorld, asked: NewCustomer, creation_source: str) -> Customer:
    """A line in the customer book, kept as it was typed."""
    moment = world.now()
    customer = Customer(
        id=world.mint.id("customer", 26, CAPITALS),
        created_at=moment,
        updated_at=moment,
        given_name=asked.given_name,
        family_name=asked.family_name,
        email_address=asked.email,
        phone_number=asked.phone,
        preferences=Preferences(email_unsubscribed=False),
        creation_source=creation_source,
        version=0,
    )
    world.customers[customer.id] = customer
    return customer


def _empty_order(world: SquareWorld, location: str, currency: str) -> Order:
    moment, none = world.now(), Money(0, currency)
    order = Order(
        id=world.mint.id("order", 27, ALPHABET),
        location_id=location,
        source=Source("Square Point of Sale"),
        net_amounts=NetAmounts(none, none, none, none, none),
        total_money=none,
        total_tax_money=none,
        total_discount_money=none,
        total_tip_money=none,
        total_service_charge_money=none,
        created_at=moment,
        updated_at=moment,
        state="OPEN",
    )
    world.orders[order.id] = order
    return order


def _tender(payment: Payment) -> Tender:
    is_gift_card = (
        payment.card_details is not None
        and payment.card_details.card.card_brand == "SQUARE_GIFT_CARD"
    )
    kind = "SQUARE_GIFT_CARD" if is_gift_card else payment.source_type
    return Tender(
        id=payment.id,
        location_id=payment.location_id,
        transaction_id=payment.order_id,
        created_at=payment.created_at,
        amount_money=payment.total_money,
        tip_money=payment.tip_money,
        customer_id=payment.customer_id,
        type=TENDER_TYPE.get(kind, kind),
        payment_id=payment.id,
    )
