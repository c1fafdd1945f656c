"""A small Clover: merchants, what they sold to whom, and the notices not sent yet.

Everything is in memory, and the same deeds at the same moments give the same bytes again.
"""

from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from typing import TypeVar

from msgspec.structs import replace

from salesarck_adapters.simulation import Mint, NotAtThisTill
from salesarck_adapters.simulators.clover.limits import CloverLimits
from salesarck_adapters.simulators.clover.wire import (
    Address,
    CheckoutNotice,
    Customer,
    LineItem,
    Merchant,
    Order,
    Payment,
    Reference,
    Refund,
    Tender,
    Update,
    millis,
)

CROCKFORD = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
BASE = "https://apisandbox.dev.clover.com"
T = TypeVar("T")


@dataclass(slots=True, kw_only=True)
class Shop:
    """A merchant, with the token that lets us ask about it and its Hosted Checkout, if any."""

    profile: Merchant
    token: str
    device: Reference
    employee: Reference
    checkout_url: str | None = None
    checkout_secret: str | None = None
    is_installed: bool = True


@dataclass(frozen=True, slots=True)
class Noticed:
    """An update of one merchant, not sent yet."""

    merchant: str
    update: Update


@dataclass(slots=True)
class CloverWorld:
    """All that a simulated Clover knows. `clock` is the till's. No limits, no refusals.

    Payments, orders and customers are kept plain, as Clover shows them unexpanded.
    """

    clock: Callable[[], datetime]
    seed: str = "clover"
    app_id: str = "SALESARCKAPP1"
    limits: CloverLimits | None = field(default_factory=CloverLimits)
    shops: dict[str, Shop] = field(default_factory=dict[str, Shop])
    payments: dict[str, Payment] = field(default_factory=dict[str, Payment])
    refunds: dict[str, Refund] = field(default_factory=dict[str, Refund])
    orders: dict[str, Order] = field(default_factory=dict[str, Order])
    customers: dict[str, Customer] = field(default_factory=dict[str, Customer])
    lines: dict[str, list[LineItem]] = field(default_factory=dict[str, list[LineItem]])
    buyers: dict[str, list[str]] = field(default_factory=dict[str, list[str]])
    paying: dict[str, list[str]] = field(default_factory=lambda: defaultdict[str, list[str]](list))
    refunding: dict[str, list[str]] = field(
        default_factory=lambda: defaultdict[str, list[str]](list)
    )
    tenders: dict[str, Tender] = field(default_factory=dict[str, Tender])
    owners: dict[str, str] = field(default_factory=dict[str, str])
    noticed: list[Noticed] = field(default_factory=list[Noticed])
    checkouts: list[CheckoutNotice] = field(default_factory=list[CheckoutNotice])
    codes: list[str] = field(default_factory=list[str])
    last_ts: int = 0
    mint: Mint = field(init=False)

    def __post_init__(self) -> None:
        self.mint = Mint(self.seed)

    def now(self) -> int:
        return millis(self.clock())

    def new_id(self, kind: str) -> str:
        return self.mint.id(kind, 13, CROCKFORD)

    def add_shop(
        self,
        name: str,
        *,
        currency: str = "USD",
        country: str = "US",
        zone: str = "America/New_York",
        merchant: str | None = None,
        token: str | None = None,
        checkout: tuple[str, str] | None = None,
    ) -> Shop:
        """Open a shop that has our app. `checkout` is its Hosted Checkout's URL and secret."""
        merchant_id = merchant or self.new_id("merchant")
        profile = Merchant(
            href=f"{BASE}/v3/merchants/{merchant_id}",
            id=merchant_id,
            name=name,
            default_currency=currency,
            timezone=zone,
            address=Address(country),
        )
        url, secret = checkout or (None, None)
        shop = Shop(
            profile=profile,
            token=token or self.mint.uuid("token"),
            device=Reference(self.mint.uuid("device")),
            employee=Reference(self.new_id("employee")),
            checkout_url=url,
            checkout_secret=secret,
        )
        self.shops[merchant_id] = shop
        return shop

    def shop(self, merchant: str) -> Shop:
        return _found(self.shops, "merchant", merchant)

    def payment(self, payment: str) -> Payment:
        return _found(self.payments, "payment", payment)

    def refund(self, refund: str) -> Refund:
        return _found(self.refunds, "refund", refund)

    def order(self, order: str) -> Order:
        return _found(self.orders, "order", order)

    def customer(self, customer: str) -> Customer:
        return _found(self.customers, "customer", customer)

    def order_of(self, payment: Payment) -> Order:
        return self.orders[payment.order.id]

    def payments_of(self, order: str) -> list[Payment]:
        return [self.payments[name] for name in self.paying[order]]

    def refunds_of(self, payment: str) -> list[Refund]:
        return [self.refunds[name] for name in self.refunding[payment]]

    def change_payment(self, payment: Payment, **to: object) -> Payment:
        """Write over some of a payment, and over its moment."""
        at = max(self.now(), payment.modified_time + 1)
        changed = replace(payment, modified_time=at, **to)
        self.payments[payment.id] = changed
        return changed

    def notice(self, letter: str, name: str, how: str, merchant: str | None = None) -> None:
        """Queue a thin notice. Clover has letters for few kinds: none for refunds and voids."""
        # Under a clock that stands still two changes would otherwise be one and the same POST.
        self.last_ts = max(self.now(), self.last_ts + 1)
        owner = merchant or self.owners[name]
        self.noticed.append(Noticed(owner, Update(f"{letter}:{name}", how, self.last_ts)))


def _found(things: dict[str, T], what: str, name: str) -> T:
    if name not in things:
        raise NotAtThisTill(what, name)
    return things[name]
