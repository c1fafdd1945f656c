"""New objects of a simulated Clover, as complete as Clover's own, before anything is expanded."""

from collections.abc import Mapping, Sequence

from salesarck_adapters.simulation import (
    NewCustomer,
    Outcome,
    Part,
    Purchase,
    RefundOutcome,
    TenderName,
)
from salesarck_adapters.simulators.clover.wire import (
    CardTransaction,
    Customer,
    Elements,
    EmailAddress,
    LineItem,
    Order,
    Payment,
    PhoneNumber,
    Reference,
    Refund,
    Tender,
    millis,
)
from salesarck_adapters.simulators.clover.world import CloverWorld, Shop

# Clover knows neither wallets nor transfers; a till books them under these.
LABELS: Mapping[TenderName, tuple[str, str]] = {
    "card": ("credit_card", "Credit Card"),
    "cash": ("cash", "Cash"),
    "gift_card": ("external_gift_card", "Gift Card"),
    "external": ("external_payment", "External Payment"),
    "wallet": ("external_payment", "External Payment"),
    "bank": ("check", "Check"),
}
RESULT: Mapping[Outcome, str] = {
    "completed": "SUCCESS",
    "approved": "AUTH",
    "declined": "FAIL",
}
REFUND_STATUS: Mapping[RefundOutcome, str] = {
    "completed": "SUCCESS",
    "pending": "PENDING",
    "failed": "FAIL",
}
PAID = frozenset({"SUCCESS", "AUTH_COMPLETED"})
ALIVE = PAID | {"AUTH"}


def new_order(world: CloverWorld, shop: Shop, purchase: Purchase) -> Order:
    """An order with nothing on it yet."""
    name, now = world.new_id("order"), world.now()
    order = Order(
        href=f"{shop.profile.href}/orders/{name}",
        id=name,
        currency=shop.profile.default_currency,
        employee=shop.employee,
        total=0,
        payment_state="OPEN",
        state="open",
        tax_removed=False,
        is_vat=False,
        manual_transaction=False,
        group_line_items=True,
        test_mode=purchase.test,
        created_time=now,
        client_created_time=millis(purchase.at) if purchase.at else now,
        modified_time=now,
        device=shop.device,
    )
    world.orders[name] = order
    world.lines[name], world.buyers[name] = [], []
    if purchase.customer is not None:
        world.buyers[name].append(purchase.customer)
    return order


def add_line(world: CloverWorld, order: Order, purchase: Purchase) -> None:
    """Put what was sold on an order. Its total is the till's to keep, and it does."""
    line = LineItem(
        id=world.new_id("line"),
        order_ref=Reference(order.id),
        name="Gift card" if purchase.loads_gift_card else "Custom Item",
        price=purchase.amount - purchase.tax,
        printed=False,
        exchanged=False,
        refunded=False,
        is_revenue=not purchase.loads_gift_card,
    )
    world.lines[order.id].append(line)
    order.total += purchase.amount


def new_payment(
    world: CloverWorld, order: Order, purchase: Purchase, part: Part, tax: int
) -> Payment:
    """A payment as it comes out of the terminal."""
    shop, now = world.shop(purchase.merchant), world.now()
    is_card = part.tender == "card"
    payment = Payment(
        id=world.new_id("payment"),
        order=Reference(order.id),
        device=shop.device,
        tender=_tender(world, shop, part.tender),
        amount=part.amount,
        tip_amount=part.tip or None,
        tax_amount=tax,
        cashback_amount=0,
        cash_tendered=part.amount + part.tip if part.tender == "cash" else None,
        external_payment_id=world.mint.uuid("external") if is_card else None,
        employee=shop.employee,
        created_time=now,
        client_created_time=millis(purchase.at) if purchase.at else now,
        gateway_processing_time=now if is_card else None,
        modified_time=now,
        offline=purchase.at is not None,
        result=RESULT[purchase.outcome],
    )
    world.payments[payment.id] = payment
    world.paying[order.id].append(payment.id)
    return payment


def card_of(payment: Payment, label_key: str) -> CardTransaction | None:
    """The made-up card behind a card payment."""
    if not label_key.endswith("credit_card"):
        return None
    state = {"AUTH": "PENDING", "FAIL": "FAILED"}.get(payment.result, "CLOSED")
    return CardTransaction(
        card_type="VISA",
        entry_type="EMV_CONTACT",
        first6="411111",
        last4="1111",
        type="PREAUTH" if payment.result.startswith("AUTH") else "AUTH",
        auth_code="OK0001",
        state=state,
    )


def new_refund(world: CloverWorld, payment: Payment, amount: int, outcome: RefundOutcome) -> Refund:
    """A refund: its tax is the payment's, pro rata."""
    whole, now = payment.amount + (payment.tip_amount or 0), world.now()
    refund = Refund(
        id=world.new_id("refund"),
        order_ref=Reference(payment.order.id),
        device=payment.device,
        amount=amount,
        tax_amount=payment.tax_amount * amount // whole,
        tip_amount=max(0, amount - payment.amount),
        created_time=now,
        client_created_time=now,
        payment=Reference(payment.id),
        employee=payment.employee,
        status=REFUND_STATUS[outcome],
    )
    world.refunds[refund.id] = refund
    world.refunding[payment.id].append(refund.id)
    return refund


def new_customer(world: CloverWorld, asked: NewCustomer) -> Customer:
    """A line in the customer book, kept as it was typed."""
    shop, name = world.shop(asked.merchant), world.new_id("customer")
    customer = Customer(
        href=f"{shop.profile.href}/customers/{name}",
        id=name,
        first_name=asked.given_name,
        last_name=asked.family_name,
        marketing_allowed=False,
        customer_since=world.now(),
        email_addresses=addresses(world, asked.email),
        phone_numbers=numbers(world, asked.phone),
    )
    world.customers[name] = customer
    return customer


def addresses(world: CloverWorld, email: str | None) -> Elements[EmailAddress]:
    return Elements([EmailAddress(world.new_id("email"), email)] if email else [])


def numbers(world: CloverWorld, phone: str | None) -> Elements[PhoneNumber]:
    return Elements([PhoneNumber(world.new_id("phone"), phone)] if phone else [])


def payment_state(order: Order, payments: Sequence[Payment], refunds: Sequence[Refund]) -> str:
    """What an order says of itself: it follows from its payments and their refunds."""
    paid = sum(one.amount for one in payments if one.result in PAID)
    tips = sum(one.tip_amount or 0 for one in payments if one.result in PAID)
    given = sum(one.amount for one in refunds if one.status == "SUCCESS")
    if given:
        return "REFUNDED" if given >= paid + tips else "PARTIALLY_REFUNDED"
    if any(one.result in PAID for one in payments) and paid >= order.total:
        return "PAID"
    return "PARTIALLY_PAID" if paid else "OPEN"


def _tender(world: CloverWorld, shop: Shop, tender: TenderName) -> Tender:
    """The merchant's tender of that kind, unexpanded. `world.tenders` has it in full."""
    key, label = LABELS[tender]
    label_key = f"com.clover.tender.{key}"
    own = f"{shop.profile.href}/tenders/"
    for known in world.tenders.values():
        if known.label_key == label_key and known.href.startswith(own):
            return Tender(href=known.href, id=known.id)
    name = world.new_id("tender")
    full = Tender(
        href=own + name,
        id=name,
        label=label,
        label_key=label_key,
        enabled=True,
        visible=True,
        opens_cash_drawer=tender == "cash",
    )
    world.tenders[name] = full
    return Tender(href=full.href, id=full.id)
