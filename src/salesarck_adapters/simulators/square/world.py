"""A small Square: sellers, what they sold to whom, and the events not sent yet.

Everything is in memory, and the same deeds at the same moments give the same bytes again.
"""

import time
from collections import Counter, defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Literal, TypeVar

import msgspec

from salesarck_adapters.simulation import Mint, NotAtThisTill, Window
from salesarck_adapters.simulators.square.wire import (
    Customer,
    Event,
    EventData,
    Location,
    Merchant,
    Order,
    Payment,
    Refund,
    stamp,
)

ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"
CAPITALS = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"

T = TypeVar("T")
Permission = Literal["live", "expired", "revoked"]


@dataclass(slots=True, kw_only=True)
class Seller:
    """A merchant, with the token that lets us ask about it."""

    profile: Merchant
    locations: Sequence[Location]
    token: str
    permission: Permission = "live"


@dataclass(frozen=True, slots=True)
class Told:
    """An event as it was the moment it happened."""

    event_id: str
    environment: str
    happened_at: datetime
    body: bytes


@dataclass(slots=True)
class SquareWorld:
    """All that a simulated Square knows.

    `clock` is the till's. `tick` counts real seconds for `budget` (calls a second for each
    token, None for no limit). Square publishes no figure; ours is a guess.
    """

    clock: Callable[[], datetime]
    seed: str = "square"
    budget: int | None = None
    tick: Callable[[], float] = time.monotonic
    sellers: dict[str, Seller] = field(default_factory=dict[str, Seller])
    payments: dict[str, Payment] = field(default_factory=dict[str, Payment])
    refunds: dict[str, Refund] = field(default_factory=dict[str, Refund])
    orders: dict[str, Order] = field(default_factory=dict[str, Order])
    customers: dict[str, Customer] = field(default_factory=dict[str, Customer])
    merged: dict[str, str] = field(default_factory=dict[str, str])
    owners: dict[str, str] = field(default_factory=dict[str, str])
    paying: dict[str, list[str]] = field(default_factory=lambda: defaultdict[str, list[str]](list))
    refunding: dict[str, list[str]] = field(
        default_factory=lambda: defaultdict[str, list[str]](list)
    )
    sandboxed: set[str] = field(default_factory=set[str])
    versions: Counter[str] = field(default_factory=Counter[str])
    told: list[Told] = field(default_factory=list[Told])
    mint: Mint = field(init=False)
    window: Window | None = field(init=False)

    def __post_init__(self) -> None:
        self.mint = Mint(self.seed)
        self.window = None if self.budget is None else Window(self.budget, 1.0, self.tick)

    def now(self) -> str:
        return stamp(self.clock())

    def later(self, before: str) -> str:
        """The present, but after `before`: no two states of a thing share a moment."""
        after = datetime.fromisoformat(before) + timedelta(milliseconds=1)
        return stamp(max(self.clock(), after))

    def add_seller(
        self,
        name: str,
        *,
        currency: str = "USD",
        country: str = "US",
        zone: str = "America/New_York",
        locations: Sequence[str] = ("Main",),
        merchant: str | None = None,
        token: str | None = None,
    ) -> Seller:
        """Open a shop. Its first location is the main one."""
        merchant_id = merchant or "ML" + self.mint.id("merchant", 11, CAPITALS)
        places = [
            Location(
                id="L" + self.mint.id("location", 12, CAPITALS),
                name=place,
                timezone=zone,
                created_at=self.now(),
                merchant_id=merchant_id,
                country=country,
                currency=currency,
            )
            for place in locations
        ]
        profile = Merchant(
            id=merchant_id,
            business_name=name,
            country=country,
            language_code="en-US",
            currency=currency,
            status="ACTIVE",
            main_location_id=places[0].id,
            created_at=self.now(),
        )
        bearer = token or "EAAA" + self.mint.id("token", 60, ALPHABET)
        seller = Seller(profile=profile, locations=places, token=bearer)
        self.sellers[merchant_id] = seller
        return seller

    def seller(self, merchant: str) -> Seller:
        return _found(self.sellers, "merchant", merchant)

    def payment(self, payment: str) -> Payment:
        return _found(self.payments, "payment", payment)

    def refund(self, refund: str) -> Refund:
        return _found(self.refunds, "refund", refund)

    def order(self, order: str) -> Order:
        return _found(self.orders, "order", order)

    def customer(self, customer: str) -> Customer:
        """A customer. The id of one that was merged finds the one it became.

        Raises:
            NotAtThisTill: there is none.
        """
        while customer in self.merged:
            customer = self.merged[customer]
        return _found(self.customers, "customer", customer)

    def payments_of(self, order: str) -> Sequence[Payment]:
        return [self.payments[name] for name in self.paying[order]]

    def refunds_of(self, payment: str) -> Sequence[Refund]:
        return [self.refunds[name] for name in self.refunding[payment]]

    def location(self, seller: Seller, location: str | None) -> Location:
        """One of a seller's places, the main one if none is named.

        Raises:
            NotAtThisTill: the seller has no such place.
        """
        if location is None:
            return seller.locations[0]
        return _found({place.id: place for place in seller.locations}, "location", location)

    def tell(self, merchant: str, kind: str, data: EventData) -> None:
        """Queue an event with its object as it is now."""
        created_at = self.now()
        event = Event(
            merchant_id=merchant,
            type=kind,
            event_id=self.mint.uuid("event"),
            created_at=created_at,
            data=data,
        )
        environment = "Sandbox" if data.id in self.sandboxed else "Production"
        happened_at = datetime.fromisoformat(created_at).astimezone(UTC)
        body = msgspec.json.encode(event)
        self.told.append(Told(event.event_id, environment, happened_at, body))


def _found(things: dict[str, T], what: str, name: str) -> T:
    if name not in things:
        raise NotAtThisTill(what, name)
    return things[name]
