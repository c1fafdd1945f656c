"""From a simulated till to a wallet: neither knows our readers, and both are unruly."""

from collections.abc import AsyncGenerator
from dataclasses import dataclass, replace
from datetime import datetime

import httpx
import pytest

from salesarck_adapters.pos.clover import CloverFetcher
from salesarck_adapters.pos.limits import GuardedFetcher
from salesarck_adapters.simulation import Courier, NewCustomer, Part, Purchase
from salesarck_adapters.simulators.clover.app import create_clover
from salesarck_adapters.simulators.clover.till import CloverTill
from salesarck_adapters.simulators.clover.webhooks import clover_courier
from salesarck_adapters.simulators.clover.world import CloverWorld
from salesarck_adapters.simulators.square.till import SquareTill
from salesarck_adapters.simulators.square.webhooks import square_courier
from salesarck_adapters.simulators.square.world import SquareWorld
from salesarck_adapters.store.memory import MemoryStore
from salesarck_adapters.store.postgres import PostgresStore
from salesarck_domain.testing.examples import DAY, MINUTE, NOON
from salesarck_domain.use_cases.books import VerifyBooks
from salesarck_domain.use_cases.deliveries import WorkInbox
from salesarck_service.container.line import reads
from tests.line.bench import Line, WholeStore
from tests.line.reception import CLOVER_CODE, SQUARE_KEY, URL, Door
from tests.postgres import Database

TOKEN = "a-token"


@dataclass
class Town:
    """A café with a till of either kind, our door, and what works behind it."""

    line: Line
    door: Door
    till: httpx.AsyncClient
    clover_api: httpx.AsyncClient
    square: SquareTill
    clover: CloverTill
    square_post: Courier
    clover_post: Courier

    @property
    def work(self) -> WorkInbox:
        token = {"M2": TOKEN}.__getitem__
        fetcher = GuardedFetcher(CloverFetcher(self.clover_api, "http://clover.test", token))
        return replace(self.line.work, readers=reads(), fetchers={"clover": fetcher})

    async def send(self, *, duplicate: int = 0, shuffle: int | None = None) -> int:
        """Post what both tills have to tell; say how many were taken."""
        sent = [
            carried
            for post in (self.square_post, self.clover_post)
            for carried in await post.try_once(self.till, duplicate=duplicate, shuffle=shuffle)
        ]
        assert all(carried.delivered for carried in sent)
        return len(sent)

    async def work_off(self) -> list[str]:
        work, ended = self.work, list[str]()
        while rows := await work.claim(10):
            ended += [(await work(row)).end for row in rows]
        return ended

    async def verify(self) -> None:
        verify = VerifyBooks(self.line.store.books, self.line.store.directory)
        assert await verify() == []


async def opened(store: WholeStore) -> AsyncGenerator[Town]:
    line = await Line.open(store)
    await line.link("M2", provider="clover")
    door = Door(store.inbox)

    def clock() -> datetime:
        return line.now

    square, clover = SquareWorld(clock), CloverWorld(clock, limits=None)
    square.add_seller("Café", merchant="M1", token=TOKEN)
    clover.add_shop("Café", merchant="M2", token=TOKEN)
    app = create_clover(clover, webhook_url="http://nowhere.test", auth_code="", client=None)
    transport = httpx.ASGITransport(app)  # type: ignore[arg-type]  # Litestar's own words for ASGI
    async with door.client() as till, httpx.AsyncClient(transport=transport) as api:
        yield Town(
            line,
            door,
            till,
            api,
            SquareTill(square),
            CloverTill(clover),
            square_courier(square, webhook_url=f"{URL}/webhooks/square", signature_key=SQUARE_KEY),
            clover_courier(clover, webhook_url=f"{URL}/webhooks/clover", auth_code=CLOVER_CODE),
        )


@pytest.fixture(params=["memory", "postgres"])
async def town(request: pytest.FixtureRequest) -> AsyncGenerator[Town]:
    if request.param == "memory":
        async for there in opened(MemoryStore()):
            yield there
        return
    database: Database = request.getfixturevalue("database")
    async with PostgresStore.open(database.dsn(), pool_size=4) as store:
        async for there in opened(store):
            yield there


async def test_a_split_sale_with_a_tip_and_a_refund_at_square(town: Town) -> None:
    ada = town.square.add_customer(NewCustomer(merchant="M1", phone="(555) 555-0100"))
    rung = town.square.ring_up(
        Purchase(
            merchant="M1",
            amount=1000,
            split=(Part(600, tip=50), Part(400, "gift_card")),
            customer=ada,
        )
    )
    assert await town.send(duplicate=2, shuffle=1) > 6
    assert set(await town.work_off()) <= {"applied", "unclaimed", "nothing", "nothing_to_fetch"}
    assert await town.line.balance() == 10
    town.line.now += MINUTE
    town.square.refund(rung.payments[0], 250)
    await town.send(duplicate=1, shuffle=2)
    await town.work_off()
    assert await town.line.balance() == 7
    await town.verify()


async def test_the_same_at_clover_whose_notices_say_nothing(town: Town) -> None:
    ada = town.clover.add_customer(NewCustomer(merchant="M2", phone="(555) 555-0100"))
    rung = town.clover.ring_up(
        Purchase(
            merchant="M2", amount=1000, split=(Part(600, tip=50), Part(400, "cash")), customer=ada
        )
    )
    await town.send(duplicate=2, shuffle=3)
    assert set(await town.work_off()) == {"applied"}
    assert await town.line.balance() == 10
    town.line.now += MINUTE
    town.clover.refund(rung.payments[0], 250)
    await town.send()
    await town.work_off()
    assert await town.line.balance() == 7
    (row, *_) = await town.line.store.inbox.rows("done")
    assert row.answers
    await town.verify()


async def test_a_clover_merchant_who_unlinks_us_is_asked_no_more(town: Town) -> None:
    town.line.now += DAY
    town.clover.ring_up(Purchase(merchant="M2", amount=100))
    town.clover.unlink("M2")
    await town.send()
    assert await town.work_off() == ["link_ended"]
    link = await town.line.store.directory.link("clover", "M2")
    assert link
    assert link.state == "revoked"
    assert await town.line.balance() == 0


async def test_what_came_before_a_merchant_was_linked_counts_afterwards(town: Town) -> None:
    town.square.world.add_seller("Kiosk", merchant="M7", token="x")
    customer = town.square.add_customer(NewCustomer(merchant="M7", phone="(555) 555-0100"))
    town.square.ring_up(Purchase(merchant="M7", amount=700, customer=customer))
    await town.send()
    assert await town.work_off() == []
    assert (await town.line.store.inbox.counts()).states["unlinked"] > 0
    town.line.now += DAY
    await town.line.link("M7", at=NOON + DAY)
    await town.line.store.inbox.release("square", "M7", town.line.now)
    await town.work_off()
    assert await town.line.balance() == 7
    assert (await town.line.store.inbox.counts()).states.get("unlinked", 0) == 0
