"""A web process and a worker, each by itself: what one does, those who look at the other see."""

import asyncio
import json
import signal
import socket
import time
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime

import httpx
import pytest

from salesarck_adapters.simulation import Courier, NewCustomer, Purchase
from salesarck_adapters.simulators.square.till import SquareTill
from salesarck_adapters.simulators.square.webhooks import square_courier
from salesarck_adapters.simulators.square.world import SquareWorld
from salesarck_adapters.store.postgres import PostgresStore
from tests.line.bench import Line, until
from tests.line.processes import SOON, free_port, running, said, start
from tests.line.reception import SQUARE_KEY
from tests.postgres import Database
from tests.valkey import Valkey

PHONE = "+12125550100"


@dataclass
class Town:
    """A web, a worker, and a till at which one consumer buys."""

    client: httpx.AsyncClient
    till: SquareTill
    post: Courier
    purchase: Purchase
    token: str
    metrics: tuple[int, int]

    async def buy(self) -> None:
        """Ring up a sale, and let the web hear of it."""
        self.till.ring_up(self.purchase)
        assert all(carried.delivered for carried in await self.post.try_once(self.client))

    @asynccontextmanager
    async def watching(self) -> AsyncGenerator[AsyncIterator[int]]:
        """Watch her balance as a page does."""
        headers = {"Authorization": f"Bearer {self.token}"}
        async with self.client.stream("GET", "/v1/consumer/events", headers=headers) as events:
            assert events.status_code == 200
            yield _balances(events)


async def _balances(events: httpx.Response) -> AsyncIterator[int]:
    async for line in events.aiter_lines():
        if line.startswith("data: "):
            yield json.loads(line.removeprefix("data: "))["balance"]


async def until_ready(client: httpx.AsyncClient, seconds: float = SOON) -> None:
    async def is_ready() -> bool:
        with suppress(httpx.TransportError):
            return (await client.get("/health/ready")).is_success
        return False

    await until(is_ready, seconds)


async def sign_in(client: httpx.AsyncClient, web: asyncio.subprocess.Process) -> str:
    sent = await client.post("/v1/sign-in/codes", json={"phone": PHONE})
    assert sent.status_code == 202, sent.text
    typed = {"phone": PHONE, "code": await said(web, r"the code for \S+ is (\S+)")}
    session = await client.post("/v1/sign-in/sessions", json=typed)
    assert session.status_code == 201, session.text
    return str(session.json()["access_token"])


@asynccontextmanager
async def town(database: Database, redis_url: str = "") -> AsyncGenerator[Town]:
    port, of_web, of_worker = (free_port() for _ in range(3))
    url = f"http://127.0.0.1:{port}"
    settings = {
        "env": "development",
        "database_url": database.dsn(),
        "redis_url": redis_url,
        "square_keys": SQUARE_KEY,
        "port": str(port),
        "sweep_seconds": "50",
    }
    async with (
        PostgresStore.open(database.dsn(), pool_size=2) as store,
        running("serve", metrics_port=str(of_web), **settings) as web,
        running("work", metrics_port=str(of_worker), **settings),
        httpx.AsyncClient(base_url=url, timeout=SOON) as client,
    ):
        await Line.open(store)
        await until_ready(client)
        world = SquareWorld(lambda: datetime.now(UTC))
        world.add_seller("Café", merchant="M1", token="t")
        till = SquareTill(world)
        customer = till.add_customer(NewCustomer(merchant="M1", phone="(212) 555-0100"))
        post = square_courier(world, webhook_url=f"{url}/webhooks/square", signature_key=SQUARE_KEY)
        purchase = Purchase(merchant="M1", amount=500, customer=customer)
        token = await sign_in(client, web)
        yield Town(client, till, post, purchase, token, (of_web, of_worker))


async def sees_it_within_a_second(place: Town) -> None:
    took: list[float] = []
    async with place.watching() as balances:
        for bought in range(1, 6):
            began = time.monotonic()
            await place.buy()
            assert await asyncio.wait_for(anext(balances), 15) == 5 * bought
            took.append(time.monotonic() - began)
    assert sorted(took)[1] < 1  # the first waits for the worker to start


async def test_who_watches_sees_what_a_worker_did_within_a_second_on_postgres(
    database: Database,
) -> None:
    async with town(database) as place:
        await sees_it_within_a_second(place)
        await both_show_what_they_count(place)


async def test_who_watches_sees_what_a_worker_did_within_a_second_on_redis(
    database: Database, valkey: Valkey
) -> None:
    async with town(database, valkey.url) as place:
        await sees_it_within_a_second(place)


async def both_show_what_they_count(place: Town) -> None:
    async def all_is_done() -> bool:
        answer = await place.client.get(f"http://127.0.0.1:{place.metrics[0]}/metrics")
        return "salesarck_inbox_due_seconds 0.0" in answer.text

    await until(all_is_done, SOON)
    shown: list[str] = []
    for port in place.metrics:
        answer = await place.client.get(f"http://127.0.0.1:{port}/metrics")
        assert answer.status_code == 200
        assert 'salesarck_inbox_open_rows{state="waiting"} 0.0' in answer.text
        assert "salesarck_inbox_due_seconds 0.0" in answer.text
        assert "5550100" not in answer.text
        shown.append(answer.text)
        elsewhere = await place.client.get(f"http://127.0.0.1:{port}/health/live")
        assert elsewhere.status_code == 404
    web, worker = shown
    assert 'salesarck_deliveries_total{answer="new",provider="square"}' in web
    assert 'salesarck_inbox_rows_total{end="applied",provider="square"}' in worker
    assert (await place.client.get("/metrics")).status_code == 404


@pytest.mark.parametrize("command", ["serve", "work"])
async def test_a_metrics_port_in_use_is_a_sentence(database: Database, command: str) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        process = await start(
            command,
            env="development",
            database_url=database.dsn(),
            port=str(free_port()),
            metrics_port=str(port),
        )
        _, error = await asyncio.wait_for(process.communicate(), SOON)
    assert process.returncode == 1
    assert f"can't be served at 127.0.0.1:{port}; set SALESARCK_METRICS_PORT" in error.decode()
    assert "Traceback" not in error.decode()


async def test_both_end_when_told_with_their_metrics_on(
    database: Database,
) -> None:
    settings = {"env": "development", "database_url": database.dsn(), "drain_seconds": "1"}
    port = free_port()
    for command in ("serve", "work"):
        async with (
            running(command, port=str(port), metrics_port=str(free_port()), **settings) as process,
            httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}") as client,
        ):
            if command == "serve":
                await until_ready(client)
            else:
                await asyncio.sleep(3)
            process.send_signal(signal.SIGTERM)
            assert await asyncio.wait_for(process.wait(), 10) == 0
