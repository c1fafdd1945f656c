"""`salesarck work`, as it is started elsewhere."""

import asyncio
import signal
import time
from datetime import UTC, datetime

import httpx

from salesarck_adapters.queue.saq import open_doorbell, open_queue
from salesarck_adapters.simulation import NewCustomer, Purchase
from salesarck_adapters.simulators.square.till import SquareTill
from salesarck_adapters.simulators.square.webhooks import square_courier
from salesarck_adapters.simulators.square.world import SquareWorld
from salesarck_adapters.store.postgres import PostgresStore
from salesarck_adapters.store.postgres.schema import SERVICE_ROLE
from tests.line.bench import Line, until
from tests.line.processes import SOON, running, start
from tests.line.reception import SQUARE_KEY, URL, Door
from tests.postgres import Database


async def test_it_works_when_the_web_rings_and_stops_when_it_is_told(database: Database) -> None:
    async with (
        running(
            "work", database_url=database.dsn(), sweep_seconds="60", drain_seconds="2"
        ) as process,
        PostgresStore.open(database.dsn(), pool_size=4) as store,
        open_doorbell(open_queue(database.dsn(), role=SERVICE_ROLE)) as bell,
    ):
        line = await Line.open(store)
        world = SquareWorld(lambda: datetime.now(UTC))
        world.add_seller("Café", merchant="M1", token="t")
        till = SquareTill(world)
        ada = till.add_customer(NewCustomer(merchant="M1", phone="(555) 555-0100"))
        post = square_courier(world, webhook_url=f"{URL}/webhooks/square", signature_key=SQUARE_KEY)
        door = Door(store.inbox, now=datetime.now(UTC))
        door.ingest.bell = bell

        async def ring_up(client: httpx.AsyncClient, dollars: int) -> None:
            purchase = Purchase(merchant="M1", amount=100 * dollars, customer=ada)
            before = await line.balance()
            till.ring_up(purchase)
            assert all(carried.delivered for carried in await post.try_once(client))

            async def is_there() -> bool:
                return await line.balance() == before + dollars

            await until(is_there, SOON)

        async with door.client() as client:
            await ring_up(client, 5)
            began = time.monotonic()
            await ring_up(client, 7)
            assert time.monotonic() - began < 5  # it was rung, for a sweep takes a minute
        process.send_signal(signal.SIGTERM)
        began = time.monotonic()
        assert await asyncio.wait_for(process.wait(), SOON) == 0
        assert time.monotonic() - began < 5


async def test_without_settings_it_says_what_to_do() -> None:
    process = await start("work")
    _, said = await asyncio.wait_for(process.communicate(), SOON)
    assert process.returncode == 1
    assert "set SALESARCK_DATABASE_URL" in said.decode()
    assert "Traceback" not in said.decode()
