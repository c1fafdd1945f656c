"""A day that is played: its clock, its people, what was sold, and what follows by arithmetic.

What people should hold is added up here from what was rung up, without asking any of the code
that is being checked.
"""

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from random import Random
from typing import ClassVar
from uuid import UUID

from salesarck_domain.errors import Conflict, Unavailable
from salesarck_domain.ids import TenantId
from salesarck_domain.ports.directory import Link
from salesarck_domain.ports.inbox import RowState
from salesarck_service.container.demo import Backstage
from salesarck_service.demo.api import ApiRefused, Person
from salesarck_service.demo.product import Product
from salesarck_service.demo.till import Done, TillControl
from salesarck_service.demo.world import CAFE, Shop, Somebody

QUIET_SECONDS = 20.0
TICK = 0.01

Worth = Callable[[int], int]
"""The points that an amount of cents is worth."""


@dataclass(eq=False)
class NotQuiet(Unavailable):
    """What was told has not been worked off."""

    rows: int
    code: ClassVar[str] = "demo_not_quiet"

    def __str__(self) -> str:
        return f"{self.rows} deliveries are still not worked off after {QUIET_SECONDS:.0f} seconds"


@dataclass(eq=False)
class NotRefused(Conflict):
    """Something was allowed that should not have been."""

    what: str
    code: ClassVar[str] = "demo_not_refused"

    def __str__(self) -> str:
        return f"this should have been refused: {self.what}"


@dataclass(slots=True)
class Bill:
    """What somebody bought, what of it stands, and what that is worth."""

    shop: Shop
    who: str | None
    net: int
    worth: Worth
    payments: tuple[str, ...]


@dataclass(slots=True)
class Day:
    """Everything that happens on it, in the order that the seed says."""

    product: Product
    move_clock: Callable[[datetime], None]
    now: datetime
    draw: Random
    seed: int
    people: dict[str, Person] = field(default_factory=dict[str, Person])
    customers: dict[tuple[str, str], str] = field(default_factory=dict[tuple[str, str], str])
    bills: list[Bill] = field(default_factory=list[Bill])
    moved: Counter[tuple[TenantId, str]] = field(default_factory=Counter[tuple[TenantId, str]])
    worth: dict[TenantId, Worth] = field(default_factory=dict[TenantId, Worth])
    commands: int = 0

    async def later(self, minutes: int) -> None:
        """Wait until everything is done, and let time pass for everybody."""
        await self.quiet()
        self.now += timedelta(minutes=minutes)
        self.move_clock(self.now)

    async def quiet(self) -> None:
        """Wait until no delivery is unfinished, and nothing is due.

        Raises:
            NotQuiet: that takes too long.
            ProcessEnded: nobody is left to do it.
        """
        backstage = self.product.backstage
        deadline = asyncio.get_running_loop().time() + QUIET_SECONDS
        while True:
            rows = await _unfinished(backstage)
            if not rows and not await backstage.store.books.due(self.now, 1):
                return
            for child in self.product.children:
                child.check()
            if asyncio.get_running_loop().time() > deadline:
                raise NotQuiet(rows)
            await asyncio.sleep(TICK)

    def till(self, shop: Shop) -> TillControl:
        """Stand behind the till of a shop."""
        return self.product.square if shop is CAFE else self.product.clover

    def key(self) -> str:
        """Name the next command. The seed is in it, so that what it makes is named by the seed."""
        self.commands += 1
        return f"check-{self.seed}-{self.commands}"

    async def sign_in(self, somebody: Somebody) -> Person:
        """Let somebody sign in by a one-time code."""
        person = await self.product.api.sign_in(somebody.phone)
        self.people[somebody.name] = person
        return person

    async def know(self, merchant: str, shop: Shop, who: str, phone: str | None = None) -> None:
        """Write somebody into a merchant's customer book, as its staff would type it."""
        till = self.till(shop)
        self.customers[merchant, who] = await till.add_customer(merchant, who, phone)

    async def sell(
        self,
        shop: Shop,
        cents: int,
        who: str | None = None,
        *,
        merchant: str | None = None,
        counts: bool = True,
        **told: object,
    ) -> tuple[Bill, Done]:
        """Ring up a sale, and note what it should earn."""
        at = merchant or shop.merchant
        customer = self.customers[at, who] if who else None
        done = await self.till(shop).sell(at, cents, customer=customer, **told)
        net = cents if counts else 0
        bill = Bill(shop, who, net, self.worth[shop.tenant.id], done.payments)
        self.bills.append(bill)
        return bill, done

    async def refund(self, bill: Bill, cents: int, payment: int = 0, **told: object) -> Done:
        """Give money back on one payment of a bill."""
        bill.net -= cents
        refunded = bill.payments[payment]
        return await self.till(bill.shop).do("refunds", payment=refunded, amount=cents, **told)

    async def link(self, link: Link) -> None:
        """Link a merchant, and let what waited for that go on."""
        await self.product.backstage.directory.add_link(link)
        await self.product.backstage.inbox.release(link.provider, link.merchant, datetime.now(UTC))

    async def spend(self, shop: Shop, who: str, points: int) -> tuple[UUID, str]:
        """Turn somebody's points into a code."""
        code = await self.people[who].issue(shop.tenant.id, points, self.key())
        self.moved[shop.tenant.id, who] -= points
        return code.id, code.code

    async def adjust(self, shop: Shop, who: str, points: int, by: Person, why: str) -> None:
        """Give or take points by hand."""
        consumer = self.people[who].id
        await by.adjust(shop.tenant.id, consumer, points, why, self.key())
        self.moved[shop.tenant.id, who] += points

    async def refused(self, code: str, doing: Awaitable[object]) -> None:
        """Make sure that something is refused, with this code.

        Raises:
            NotRefused: it is allowed, or refused for another reason.
        """
        try:
            await doing
        except ApiRefused as refusal:
            if refusal.problem == code:
                return
            raise NotRefused(f"{code}, and not because {refusal}") from refusal
        raise NotRefused(code)

    def expected(self, shop: Shop, who: str) -> int:
        """Add up what somebody should hold with a shop, less what they owe."""
        earned = sum(
            bill.worth(bill.net) for bill in self.bills if (bill.shop, bill.who) == (shop, who)
        )
        return earned + self.moved[shop.tenant.id, who]


async def _unfinished(backstage: Backstage) -> int:
    """Count the rows that somebody has to work on, now or later."""
    states = (await backstage.inbox.counts()).states
    return sum(states.get(state, 0) for state in (RowState.WAITING, RowState.LEASED))
