"""What the demo does by itself, or when a key is pressed: sell, give codes, take them, refund."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from random import Random
from uuid import uuid4

from salesarck_domain.money import Money
from salesarck_service.demo.api import Code, Person
from salesarck_service.demo.product import Product
from salesarck_service.demo.till import TillControl
from salesarck_service.demo.world import (
    ADA,
    BAKERY,
    CAFE,
    CARL,
    CLEO,
    CONSUMERS,
    PEOPLE,
    SHOPS,
    Shop,
    Somebody,
)

CASHIERS: Mapping[str, Somebody] = {CAFE.tenant.name: CLEO, BAKERY.tenant.name: CARL}
TOKEN_MARGIN = timedelta(minutes=15)
POINTS_MIN = 10


@dataclass(frozen=True, slots=True)
class Open:
    """A code that is out."""

    shop: Shop
    who: str
    code: Code


@dataclass(slots=True)
class Player:
    """Somebody who presses the buttons of the tills, and holds everybody's phone."""

    product: Product
    draw: Random = field(default_factory=Random)
    people: dict[str, Person] = field(default_factory=dict[str, Person])
    customers: dict[tuple[str, str], str] = field(default_factory=dict[tuple[str, str], str])
    paid: list[tuple[Shop, str, int]] = field(default_factory=list[tuple[Shop, str, int]])
    codes: list[Open] = field(default_factory=list[Open])

    @property
    def deeds(self) -> Mapping[str, Callable[[], Awaitable[str]]]:
        """What each key does. A deed answers with a sentence."""
        return {"s": self.sell, "c": self.issue, "r": self.redeem, "x": self.refund}

    async def fill_customer_books(self) -> None:
        """Let the tills know the consumers by their phones. A till that starts knows nobody."""
        self.paid.clear()
        for shop in SHOPS:
            for somebody in CONSUMERS:
                till = self._till(shop)
                added = await till.add_customer(shop.merchant, somebody.name, somebody.phone)
                self.customers[shop.merchant, somebody.name] = added

    async def sign_everybody_in(self) -> bool:
        """Sign in whoever isn't, or won't be for long; say whether anybody was signed in."""
        soon = datetime.now(UTC) + TOKEN_MARGIN
        late = [
            somebody
            for somebody in PEOPLE
            if somebody.name not in self.people or self.people[somebody.name].expires_at < soon
        ]
        for somebody in late:
            self.people[somebody.name] = await self.product.api.sign_in(somebody.phone)
        return bool(late)

    async def sell(self) -> str:
        """Ring up a sale at one of the tills."""
        shop, somebody = self.draw.choice(SHOPS), self.draw.choice(CONSUMERS)
        cents, tip = self.draw.randint(250, 4800), self.draw.choice((0, 0, 100, 200))
        customer = self.customers[shop.merchant, somebody.name]
        done = await self._till(shop).sell(shop.merchant, cents, tip=tip, customer=customer)
        self.paid += [(shop, payment, cents) for payment in done.payments]
        return f"{somebody.name} buys for {_say(cents, shop)} at the {shop.tenant.name}"

    async def issue(self) -> str:
        """Turn points of whoever has most into a code."""
        rich = [
            (wallet.balance, shop, somebody.name)
            for somebody in CONSUMERS
            for wallet in await self.people[somebody.name].wallets()
            for shop in SHOPS
            if shop.tenant.id == wallet.tenant and wallet.balance >= POINTS_MIN
        ]
        if not rich:
            return f"nobody has {POINTS_MIN} points yet; press s to ring up a sale"
        balance, shop, who = self.draw.choice(rich)
        points = min(balance, self.draw.choice((10, 20, 50, 100)))
        code = await self.people[who].issue(shop.tenant.id, points, str(uuid4()))
        self.codes.append(Open(shop, who, code))
        return f"{who} shows {code.code} at the {shop.tenant.name}, for {points} points"

    async def redeem(self) -> str:
        """Let a cashier take the code that was issued last."""
        if not self.codes:
            return "no code is out; press c to issue one"
        out = self.codes.pop()
        cashier = CASHIERS[out.shop.tenant.name]
        await self.people[cashier.name].redeem(
            out.shop.tenant.id, out.code.code, "till-1", str(uuid4())
        )
        return f"{cashier.name} takes {out.code.code} from {out.who}: {out.code.points} points"

    async def refund(self) -> str:
        """Give the money of one of the payments back."""
        if not self.paid:
            return "nothing was sold since the start; press s to ring up a sale"
        shop, payment, cents = self.paid.pop(self.draw.randrange(len(self.paid)))
        await self._till(shop).do("refunds", payment=payment, amount=cents)
        return f"the {shop.tenant.name} gives {_say(cents, shop)} back"

    def curl_lines(self, folder: str) -> Sequence[str]:
        """Write commands that work as they stand, while the demo runs."""
        web, cafe = self.product.web, CAFE.tenant.id
        return [
            f"cd {folder}",
            f"curl -H @tokens/ada {web}/v1/consumer/wallets",
            f"curl -H @tokens/max {web}/v1/merchant/tenants/{cafe}/sales",
            f"curl -H @tokens/root {web}/v1/admin/inbox",
            f'curl --json \'{{"phone": "{ADA.phone}"}}\' {web}/v1/sign-in/codes',
        ]

    def _till(self, shop: Shop) -> TillControl:
        return self.product.square if shop is CAFE else self.product.clover


def _say(cents: int, shop: Shop) -> str:
    return str(Money(cents, shop.tenant.currency))
