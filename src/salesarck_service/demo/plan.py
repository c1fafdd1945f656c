"""The plan of the day that `demo --check` plays: what happens in which order at both tills."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import timedelta

from salesarck_domain.days import zone
from salesarck_domain.ids import TenantId
from salesarck_domain.ports.directory import Link
from salesarck_service.demo.day import Day, Worth
from salesarck_service.demo.world import (
    ABROAD,
    ADA,
    BAKERY,
    CAFE,
    CARL,
    CLEO,
    GRACE,
    KIOSK,
    LINUS,
    MIA,
    OLIVE,
    OTTO,
    ROOT,
    SHOPS,
    Shop,
    Somebody,
)

HEDY = Somebody("Hedy", "+12125550104")
ALAN = Somebody("Alan", "+12125550105")
LATE = (HEDY, ALAN)
"""Two who buy all day before they join."""

NAMELESS = "a regular"
"""In the customer books without a phone, until staff find out that it is Ada."""

REGULARS = ("Ada", "Grace", "Linus", "Hedy", "Alan", None)
ROUNDS = 10

CAFE_AT_NOON = (
    {"rule": "points_per_spend", "points": 5, "per": 100},
    {"rule": "points_expire", "days": 30},
)
BAKERY_AT_NOON = (
    {"rule": "points_per_spend", "points": 3, "per": 100},
    {"rule": "cap_per_sale", "points": 40},
    {"rule": "points_expire", "days": 365},
)


DOLLAR = 100
ZONE = zone(CAFE.tenant.time_zone)
CAFE_MINIMUM = 2 * DOLLAR
WORTH_AT_FIRST: Mapping[TenantId, Worth] = {
    CAFE.tenant.id: lambda cents: cents // DOLLAR * 4 if cents >= CAFE_MINIMUM else 0,
    BAKERY.tenant.id: lambda cents: cents // DOLLAR * 9 // 2 + 5 if cents >= DOLLAR else 0,
}
"""What the rules that are there at first mean on a Monday."""

WORTH_AT_NOON: Mapping[TenantId, Worth] = {
    CAFE.tenant.id: lambda cents: cents // DOLLAR * 5,
    BAKERY.tenant.id: lambda cents: min(40, cents // DOLLAR * 3),
}


async def play(day: Day, say: Callable[[str], None]) -> None:
    """Play it all, and say what is being played."""
    day.worth.update(WORTH_AT_FIRST)
    for chapter in CHAPTERS:
        say(f"{day.now.astimezone(ZONE):%H:%M} {str(chapter.__doc__).splitlines()[0]}")
        await chapter(day)
        await day.later(7)


async def morning(day: Day) -> None:
    """People sign in, and staff fill their customer books."""
    for somebody in (ADA, GRACE, LINUS, OLIVE, CLEO, MIA, OTTO, CARL, ROOT):
        await day.sign_in(somebody)
    for shop in SHOPS:
        for somebody in (ADA, GRACE, LINUS, HEDY, ALAN):
            await day.know(shop.merchant, shop, somebody.name, _as_typed(somebody.phone))
        await day.know(shop.merchant, shop, NAMELESS)
    await day.know(KIOSK, CAFE, ADA.name, ADA.phone)
    await day.know(ABROAD, CAFE, ADA.name, ADA.phone)


async def trade(day: Day) -> None:
    """Both tills ring up this and that; the post is late, doubled and out of order."""
    for _ in range(ROUNDS):
        await asyncio.gather(*[_sell_something(day, shop) for shop in SHOPS])
        await day.later(day.draw.randint(2, 9))


async def bills_in_parts(day: Day) -> None:
    """Some split a bill, and some pay a second time on the same one."""
    for shop in SHOPS:
        parts = [{"amount": 1250, "tip": 100}, {"amount": 830, "tender": "cash"}, {"amount": 1470}]
        await day.sell(shop, 3550, GRACE.name, split=parts, shuffle=day.seed)
        await day.later(3)
        first, done = await day.sell(shop, 999, LINUS.name)
        await day.till(shop).sell(shop.merchant, 1, order=done.order, customer=None)
        first.net += 1
        await day.later(3)


async def money_back(day: Day) -> None:
    """Refunds: of a part, of everything, more than once, and one that takes its time."""
    for shop in SHOPS:
        bill, _ = await day.sell(shop, 4200, GRACE.name, tip=300)
        await day.later(5)
        await day.refund(bill, 1500, duplicate=1)
        await day.later(5)
        await day.refund(bill, 700, shuffle=day.seed)
        whole, _ = await day.sell(shop, 2600, LINUS.name)
        await day.later(5)
        await day.refund(whole, 2600, duplicate=2, shuffle=day.seed + 1)
        slow, _ = await day.sell(shop, 1800, ADA.name)
        await day.later(5)
        begun = await day.refund(slow, 800, outcome="pending")
        await day.later(20)
        await day.till(shop).do("settlements", refund=begun.refund, outcome="completed")
        await day.later(5)


async def changed_minds(day: Day) -> None:
    """Payments that are only approved, then voided, or completed with a tip; and declined ones."""
    for shop in SHOPS:
        till = day.till(shop)
        gone, done = await day.sell(shop, 5000, ADA.name, outcome="approved")
        gone.net = 0
        await day.later(2)
        await till.do("voids", payment=done.payments[0], duplicate=1)
        await day.later(2)
        _, done = await day.sell(shop, 1700, ADA.name, outcome="approved")
        await till.do("tips", payment=done.payments[0], amount=200)
        await till.do("completions", payment=done.payments[0])
        await day.later(2)
        await day.sell(shop, 3000, ADA.name, counts=False, outcome="declined")
        await day.later(2)


async def late_and_strange(day: Day) -> None:
    """Sales taken offline, a rehearsal, another currency, and a buyer who is named afterwards."""
    for shop in SHOPS:
        earlier = day.now - timedelta(minutes=90)
        await day.sell(shop, 2300, LINUS.name, at=earlier.isoformat())
        await day.later(2)
        await day.sell(shop, 7700, ADA.name, counts=False, test=True)
        await day.later(2)
    bill, done = await day.sell(CAFE, 1100)
    await day.later(2)
    bill.who = GRACE.name
    customer = day.customers[CAFE.merchant, GRACE.name]
    await day.till(CAFE).do("attachments", to=done.payments[0], customer=customer)
    await day.later(2)
    await day.sell(CAFE, 6600, ADA.name, merchant=ABROAD, counts=False)


async def the_kiosk(day: Day) -> None:
    """A till that nobody has linked yet: what it told waits, and is not lost."""
    for cents in (450, 1250):
        await day.sell(CAFE, cents, ADA.name, merchant=KIOSK, duplicate=1)
        await day.later(4)
    await day.link(
        Link(
            tenant=CAFE.tenant.id,
            provider="square",
            merchant=KIOSK,
            name="Kiosk",
            linked_at=day.now,
        )
    )
    await day.later(4)
    await day.sell(CAFE, 700, ADA.name, merchant=KIOSK)


async def noon(day: Day) -> None:
    """Both owners publish other rules. What happened before keeps the old ones."""
    old, _ = await day.sell(CAFE, 2000, ADA.name)
    await day.later(1)
    await day.people[OLIVE.name].publish(CAFE.tenant.id, CAFE_AT_NOON, day.key())
    await day.people[OTTO.name].publish(BAKERY.tenant.id, BAKERY_AT_NOON, day.key())
    day.worth.update(WORTH_AT_NOON)
    await day.refused(
        "not_allowed",
        day.people[MIA.name].publish(BAKERY.tenant.id, BAKERY_AT_NOON, day.key()),
    )
    await day.later(1)
    await day.refund(old, 1000)
    await day.sell(BAKERY, 9900, GRACE.name, tip=100)


async def codes(day: Day) -> None:
    """Codes are honoured, taken back, cancelled; and nobody uses one twice."""
    for shop, cashier in ((CAFE, CLEO.name), (BAKERY, CARL.name)):
        here, staff = shop.tenant.id, day.people[cashier]
        _, text = await day.spend(shop, ADA.name, 60)
        await staff.redeem(here, text.lower(), "till-1", day.key())
        await day.refused("code_already_redeemed", _redeem(day, shop, cashier, text))
        code, text = await day.spend(shop, GRACE.name, 45)
        await staff.redeem(here, text, "till-1", day.key())
        await day.later(1)
        await staff.undo(here, code, "till-1", day.key())
        day.moved[here, GRACE.name] += 45
        code, text = await day.spend(shop, GRACE.name, 30)
        await day.people[GRACE.name].cancel(here, code, day.key())
        day.moved[here, GRACE.name] += 30
        await day.refused("code_cancelled", _redeem(day, shop, cashier, text))
        await day.refused("insufficient_points", day.spend(shop, LINUS.name, 100_000))


async def codes_that_run_out(day: Day) -> None:
    """Codes that nobody uses: the timetable brings the points back."""
    for shop in SHOPS:
        await day.spend(shop, ADA.name, 25)
        day.moved[shop.tenant.id, ADA.name] += 25
    _, text = await day.spend(CAFE, GRACE.name, 10)
    day.moved[CAFE.tenant.id, GRACE.name] += 10
    await day.later(16)
    await day.quiet()
    await day.refused("code_expired", _redeem(day, CAFE, CLEO.name, text))


async def by_hand(day: Day) -> None:
    """An admin gives and takes. What is given never runs out."""
    admin = day.people[ROOT.name]
    for shop in SHOPS:
        await day.adjust(shop, GRACE.name, 50, admin, "spilled coffee")
        await day.adjust(shop, GRACE.name, -20, admin, "counted twice")


async def owing(day: Day) -> None:
    """Somebody spends what they then give back: it is owed, and paid back by the next sale."""
    for shop, cashier in ((CAFE, CLEO.name), (BAKERY, CARL.name)):
        bill, _ = await day.sell(shop, 1300, LINUS.name)
        await day.later(3)
        wallet = next(
            found
            for found in await day.people[LINUS.name].wallets()
            if found.tenant == shop.tenant.id
        )
        _, text = await day.spend(shop, LINUS.name, wallet.balance)
        await _redeem(day, shop, cashier, text)
        await day.refund(bill, 1300)
        await day.later(3)
        await day.sell(shop, 2000, LINUS.name)
        await day.later(3)


async def found_out(day: Day) -> None:
    """Two who bought all day join, and staff find that one of their regulars is Ada."""
    await day.sell(CAFE, 1400, NAMELESS, duplicate=1)
    await day.later(3)
    for somebody in LATE:
        await day.sign_in(somebody)
        await day.later(2)
    for shop in SHOPS:
        known = [day.customers[shop.merchant, name] for name in (ADA.name, NAMELESS)]
        day.customers[shop.merchant, ADA.name] = await day.till(shop).merge(known)
        await day.later(2)
        await day.sell(shop, 600, ADA.name)
        await day.later(2)
    for bill in day.bills:
        bill.who = ADA.name if bill.who == NAMELESS else bill.who


CHAPTERS: Sequence[Callable[[Day], Awaitable[None]]] = (
    morning,
    trade,
    bills_in_parts,
    money_back,
    changed_minds,
    late_and_strange,
    the_kiosk,
    noon,
    trade,
    codes,
    codes_that_run_out,
    by_hand,
    owing,
    found_out,
)


async def next_month(day: Day) -> None:
    """A month and a day later all that was earned at the café has run out; gifts have not."""
    await day.later(31 * 24 * 60)
    await day.quiet()


def expected_next_month(day: Day, shop: Shop, who: str) -> int:
    """Add up what is left then: at the café what was given by hand, elsewhere everything."""
    if shop is not CAFE:
        return day.expected(shop, who)
    return 50 if who == GRACE.name else 0


def _sell_something(day: Day, shop: Shop) -> Awaitable[object]:
    """Draw what somebody buys, and how badly the post behaves, before anything happens."""
    draw = day.draw
    return day.sell(
        shop,
        draw.randint(150, 3900),
        draw.choice(REGULARS),
        tip=draw.choice((0, 0, 100, 250)),
        tender=draw.choice(("card", "card", "cash", "gift_card")),
        duplicate=draw.choice((0, 0, 1, 2)),
        shuffle=draw.choice((None, draw.randint(1, 10**6))),
    )


async def _redeem(day: Day, shop: Shop, cashier: str, text: str) -> object:
    return await day.people[cashier].redeem(shop.tenant.id, text, "till-1", day.key())


def _as_typed(phone: str) -> str:
    """Write a number as staff would: without its country."""
    return f"({phone[2:5]}) {phone[5:8]}-{phone[8:]}"
