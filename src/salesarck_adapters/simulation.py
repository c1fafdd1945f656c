"""What all till simulators share: what can be done at a till, ids from a seed, an unreliable post.

It stands beside the simulators, not among them, because no adapter knows another. Nothing in
here knows a vendor's wire format, our news, or a reader.
"""

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from hashlib import sha512
from typing import ClassVar, Literal, Protocol, runtime_checkable
from uuid import UUID

import httpx
from msgspec import Struct

from salesarck_domain.errors import Missing, Refused

Outcome = Literal["completed", "approved", "declined"]
RefundOutcome = Literal["completed", "pending", "failed"]
TenderName = Literal["card", "cash", "gift_card", "wallet", "bank", "external"]


@dataclass(eq=False)
class NotAtThisTill(Missing):
    """A simulated till was asked for something it doesn't hold."""

    what: str
    id: str
    code: ClassVar[str] = "not_at_this_till"

    def __str__(self) -> str:
        return f"this till has no {self.what} {self.id!r}"


@dataclass(eq=False)
class TillRefused(Refused):
    """The vendor's till wouldn't do this either."""

    reason: str
    code: ClassVar[str] = "till_refused"

    def __str__(self) -> str:
        return self.reason


class Part(Struct, frozen=True, forbid_unknown_fields=True):
    """One tender of a split bill. `amount` has its tax in it and the tip outside."""

    amount: int
    tender: TenderName = "card"
    tip: int = 0


class Purchase(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What is rung up. `amount` is what goods and their tax cost; `tax` is the part that is tax.

    `at` is the moment at the till of a sale that was taken offline and is uploaded only now.
    `order` adds a tender to a bill that is there already; `split` pays one bill in parts.
    """

    merchant: str
    amount: int
    tax: int = 0
    tip: int = 0
    tender: TenderName = "card"
    split: tuple[Part, ...] = ()
    order: str | None = None
    customer: str | None = None
    location: str | None = None
    at: datetime | None = None
    outcome: Outcome = "completed"
    test: bool = False
    loads_gift_card: bool = False

    def parts(self) -> Sequence[Part]:
        """The tenders of this purchase.

        Raises:
            TillRefused: the parts of a split bill aren't the bill, or an amount is impossible.
        """
        parts = self.split or (Part(self.amount, self.tender, self.tip),)
        if min(self.tax, *(low for part in parts for low in (part.amount, part.tip))) < 0:
            raise TillRefused("amounts, tips and taxes are never negative; refund instead")
        if self.tax > self.amount:
            raise TillRefused(f"{self.tax} tax is more than the {self.amount} it is part of")
        if sum(part.amount for part in parts) != self.amount:
            raise TillRefused(f"the parts of this bill don't add up to {self.amount}")
        if self.split and self.tip:
            raise TillRefused("tip each part of a split bill, not the bill")
        return parts


class NewCustomer(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A line in a till's own customer book. Sellers type a phone number as they like."""

    merchant: str
    given_name: str = "Test"
    family_name: str = "Customer"
    phone: str | None = None
    email: str | None = None


class Rung(Struct, frozen=True):
    """The vendor's ids of what was rung up."""

    order: str
    payments: tuple[str, ...]


@runtime_checkable  # a route is handed one, and looks
class Till(Protocol):
    """What can be done at a simulated till, whoever made it.

    Every deed queues the webhooks that its vendor would send. Ids are the vendor's. All raise
    `NotAtThisTill` for what isn't there and `TillRefused` for what the vendor wouldn't allow.
    """

    def ring_up(self, purchase: Purchase) -> Rung:
        """Sell something."""
        ...

    def complete(self, payment: str) -> None:
        """Capture what was only approved."""
        ...

    def tip(self, payment: str, amount: int) -> None:
        """Put `amount` in the place of the tip so far."""
        ...

    def void(self, payment: str) -> None:
        """Take a payment back before it is settled."""
        ...

    def refund(
        self, payment: str, amount: int | None = None, outcome: RefundOutcome = "completed"
    ) -> str:
        """Give back `amount`, or all that is left, and answer the refund's id."""
        ...

    def settle(self, refund: str, outcome: RefundOutcome) -> None:
        """Decide a refund that is still pending."""
        ...

    def add_customer(self, customer: NewCustomer) -> str:
        """Write somebody into the customer book, and answer their id."""
        ...

    def edit_customer(
        self, customer: str, *, phone: str | None = None, email: str | None = None
    ) -> None:
        """Write another number or address over what is there."""
        ...

    def delete_customer(self, customer: str) -> None:
        """Strike somebody out of the customer book."""
        ...

    def attach_customer(self, to: str, customer: str) -> None:
        """Name the buyer of a payment or an order afterwards."""
        ...

    def merge_customers(self, customers: Sequence[str]) -> str:
        """Find that these are one person, and answer the id that stays."""
        ...

    def unlink(self, merchant: str) -> None:
        """Let the merchant take our permission back. Its token is refused from now on."""
        ...

    def merchants(self) -> Mapping[str, str]:
        """The names of the merchants, by id."""
        ...


def share(total: int, weights: Sequence[int]) -> Sequence[int]:
    """Split `total` by weight into whole numbers that add up to it again.

    >>> share(100, [1, 1, 1])
    [33, 33, 34]
    """
    whole, given, shares = sum(weights), 0, list[int]()
    for index in range(len(weights)):
        upto = total * sum(weights[: index + 1]) // whole if whole else 0
        shares.append(upto - given)
        given = upto
    return shares


@dataclass(slots=True)
class Mint:
    """Makes ids that look drawn and are the same in every run with the same seed."""

    seed: str
    counts: Counter[str] = field(default_factory=Counter[str])

    def id(self, kind: str, length: int, alphabet: str) -> str:
        number, letters = self._number(kind), list[str]()
        for _ in range(length):
            number, digit = divmod(number, len(alphabet))
            letters.append(alphabet[digit])
        return "".join(letters)

    def uuid(self, kind: str) -> str:
        return str(UUID(int=self._number(kind) >> 384, version=4))

    def _number(self, kind: str) -> int:
        self.counts[kind] += 1
        name = f"{self.seed}/{kind}/{self.counts[kind]}"
        return int.from_bytes(sha512(name.encode()).digest())


@dataclass(slots=True)
class Window:
    """At most `limit` calls of one caller in any `seconds`. Time is real, not the till's."""

    limit: int
    seconds: float
    tick: Callable[[], float]
    calls: dict[str, list[float]] = field(default_factory=dict[str, list[float]])

    def admits(self, caller: str) -> bool:
        """Count a call, unless it is one too many."""
        now = self.tick()
        recent = [at for at in self.calls.get(caller, ()) if at > now - self.seconds]
        admitted = len(recent) < self.limit
        self.calls[caller] = [*recent, now] if admitted else recent
        return admitted


@dataclass(frozen=True, slots=True)
class SignedDelivery:
    """A webhook as its vendor would put it on the wire."""

    url: str
    headers: Mapping[str, str]
    body: bytes
    method: str = "POST"


@dataclass(slots=True)
class Carried:
    """What became of a delivery: the answer to each attempt, and whether it was taken."""

    delivery: SignedDelivery
    answers: list[str] = field(default_factory=list[str])
    delivered: bool = False


def disordered(
    deliveries: Sequence[SignedDelivery], *, duplicate: int = 0, shuffle: int | None = None
) -> Sequence[SignedDelivery]:
    """Repeat each delivery `duplicate` times more, in the order that the seed `shuffle` draws."""
    copies = [delivery for delivery in deliveries for _ in range(duplicate + 1)]
    if shuffle is None:
        return copies
    places = (sha512(f"{shuffle}/{place}".encode()).digest() for place in range(len(copies)))
    return [copy for _, copy in sorted(zip(places, copies, strict=True), key=lambda pair: pair[0])]


@dataclass(frozen=True, slots=True, kw_only=True)
class Courier:
    """Posts what a vendor signed, with that vendor's patience.

    `deliveries` hands out what was queued since it was last asked. `accepts` says which status
    counts as taken, `delays` how long each retry waits, `on_retry` which headers it has more.
    """

    deliveries: Callable[[], Sequence[SignedDelivery]]
    accepts: Callable[[int], bool]
    delays: Sequence[timedelta]
    on_retry: Callable[[int, str], Mapping[str, str]] = lambda _number, _reason: dict[str, str]()
    timeout: float = 10.0
    sleep: Callable[[float], Awaitable[None]] = asyncio.sleep

    async def send(
        self, client: httpx.AsyncClient, *, duplicate: int = 0, shuffle: int | None = None
    ) -> Sequence[Carried]:
        """Send all that is queued, and again what wasn't taken, until patience ends."""
        sent = await self.try_once(client, duplicate=duplicate, shuffle=shuffle)
        await self.persist(client, sent)
        return sent

    async def try_once(
        self, client: httpx.AsyncClient, *, duplicate: int = 0, shuffle: int | None = None
    ) -> Sequence[Carried]:
        """Send all that is queued, once."""
        queued = disordered(self.deliveries(), duplicate=duplicate, shuffle=shuffle)
        sent = [Carried(delivery) for delivery in queued]
        for carried in sent:
            await self._attempt(client, carried)
        return sent

    async def persist(self, client: httpx.AsyncClient, sent: Sequence[Carried]) -> None:
        """Send again what wasn't taken, until it is or patience ends."""
        for delay in self.delays:
            refused = [carried for carried in sent if not carried.delivered]
            if not refused:
                return
            await self.sleep(delay.total_seconds())
            for carried in refused:
                await self._attempt(client, carried)

    async def _attempt(self, client: httpx.AsyncClient, carried: Carried) -> None:
        delivery, past = carried.delivery, carried.answers
        retried = self.on_retry(len(past), _reason(past[-1])) if past else dict[str, str]()
        try:
            answer = await client.request(
                delivery.method,
                delivery.url,
                content=delivery.body,
                headers={**delivery.headers, **retried},
                timeout=self.timeout,
                follow_redirects=False,
            )
        except httpx.TimeoutException:
            past.append("timeout")
        except httpx.TransportError:
            past.append("no answer")
        else:
            past.append(str(answer.status_code))
            carried.delivered = self.accepts(answer.status_code)


def _reason(answer: str) -> str:
    return {"timeout": "http_timeout", "no answer": "other_error"}.get(answer, "http_error")
