"""Open pages over real sockets: they end when they should, hold up nobody, and miss nothing."""

import asyncio
import json
import signal
import socket
import time
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path

import httpx
from litestar.types import ASGIApp

from salesarck_adapters.embedded.postgres import Postgres
from salesarck_adapters.push.memory import MemoryPush
from salesarck_adapters.store.memory import MemoryStore
from salesarck_adapters.store.postgres import PostgresStore, migrate
from salesarck_domain.ports.push import Balance
from salesarck_domain.testing.examples import CAFE
from salesarck_service.app import create_app
from salesarck_service.routes.consumer.events import Watching
from tests.line.bench import until
from tests.line.processes import SOON, free_port, running
from tests.line.test_live import sign_in, until_ready
from tests.postgres import Database
from tests.service.desk import ADA, STRANGER, Desk
from tests.service.serving import serving

PATH = "/v1/consumer/events"
BEAT = 0.2


def quick(desk: Desk) -> ASGIApp:
    """Build the desk's application, with streams that speak often."""
    return create_app(replace(desk.parts, watching=Watching(BEAT)))


@dataclass(frozen=True, slots=True)
class Page:
    """What a browser hears."""

    lines: AsyncIterator[str]

    async def until(self, beginning: str) -> str:
        """Read on to a line that begins so."""
        async with asyncio.timeout(SOON):
            async for line in self.lines:
                if line.startswith(beginning):
                    return line.removeprefix(beginning).strip()
        raise EOFError(beginning)

    async def balance(self) -> int:
        return int(json.loads(await self.until("data:"))["balance"])

    async def ends(self) -> None:
        """Read on to the end, which must come soon, and in order."""
        async with asyncio.timeout(SOON):
            async for _ in self.lines:
                pass


@asynccontextmanager
async def page(client: httpx.AsyncClient, token: str, **headers: str) -> AsyncGenerator[Page]:
    told = {"Authorization": f"Bearer {token}", **headers}
    async with client.stream("GET", PATH, headers=told, timeout=SOON) as answer:
        assert answer.status_code == 200
        yield Page(answer.aiter_lines())


@asynccontextmanager
async def cafe() -> AsyncGenerator[tuple[Desk, httpx.AsyncClient]]:
    desk = await Desk.open(MemoryStore())
    async with serving(quick(desk)) as at, httpx.AsyncClient(base_url=at.url) as client:
        yield desk, client


async def test_who_comes_back_sees_what_happened_between_in_every_tab() -> None:
    async with cafe() as (desk, client):
        await desk.give(10)
        async with page(client, desk.tokens[ADA]) as first, page(client, desk.tokens[ADA]) as tab:
            last = await first.until("id:")
            assert last == f"{CAFE.id}:1"
            assert (await first.balance(), await tab.balance()) == (10, 10)
            await desk.give(5)
            assert (await first.balance(), await tab.balance()) == (15, 15)
            await desk.give(7, STRANGER)
        await desk.give(20)
        for known in (last, f"{CAFE.id}:2", f"{CAFE.id}:999", "x"):
            async with page(client, desk.tokens[ADA], **{"Last-Event-ID": known}) as again:
                assert await again.balance() == 35


async def test_a_quiet_stream_speaks_and_finds_what_no_push_told() -> None:
    async with cafe() as (desk, client):
        await desk.give(10)
        async with page(client, desk.tokens[ADA]) as stream:
            assert await stream.balance() == 10
            await stream.until(":")
            desk.app = create_app(replace(desk.parts, push=MemoryPush()))
            assert (await desk.give(5)).status_code == 201
            assert await stream.balance() == 15


async def test_a_stream_ends_when_its_token_does_however_busy_it_is() -> None:
    async with cafe() as (desk, client):
        await desk.give(10)
        async with page(client, desk.tokens[ADA]) as stream:
            assert await stream.balance() == 10
            desk.now += timedelta(hours=2)

            async def keep_busy() -> None:
                for seq in range(2, 999):
                    await desk.push.publish(Balance(CAFE.id, desk.people[ADA], seq, 0, seq))
                    await asyncio.sleep(BEAT / 9)

            busy = asyncio.ensure_future(keep_busy())
            await stream.ends()
            assert not busy.done()
            busy.cancel()
            await asyncio.gather(busy, return_exceptions=True)
        again = await client.get(PATH, headers={"Authorization": f"Bearer {desk.tokens[ADA]}"})
        assert (again.status_code, again.json()["code"]) == (401, "token_not_accepted")


async def test_who_reads_nothing_holds_up_nobody_and_hears_the_newest_in_the_end() -> None:
    count = 20_000
    async with cafe() as (desk, client):
        await desk.give(1)
        slow = socket.socket()
        slow.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        slow.connect(("127.0.0.1", client.base_url.port))
        slow.settimeout(0)
        token = desk.tokens[ADA]
        asked = f"GET {PATH} HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: Bearer {token}\r\n\r\n"
        slow.send(asked.encode())
        async with page(client, desk.tokens[ADA]) as quick:
            assert await quick.balance() == 1
            for seq in range(2, count):
                await desk.push.publish(Balance(CAFE.id, desk.people[ADA], seq, 0, seq))
                if seq % 500 == 0:
                    await asyncio.sleep(0)
            while await quick.balance() != count - 1:
                pass
        heard, newest = 0, f'"balance":{count - 1},'.encode()
        tail = b""
        async with asyncio.timeout(SOON):
            while newest not in tail:
                told = await asyncio.get_running_loop().sock_recv(slow, 65_536)
                assert told, "it hung up"
                heard += told.count(b"event: balance")
                tail = tail[-200:] + told
        assert heard < count / 2  # what it could not take was made into one
        slow.close()


async def test_a_stream_outlives_its_database(tmp_path: Path) -> None:
    with Postgres(tmp_path / "postgres") as server:
        migrate(server.dsn())
        async with PostgresStore.open(server.dsn(), pool_size=4, pool_timeout=1) as store:
            desk = await Desk.open(store)
            async with serving(quick(desk)) as at, httpx.AsyncClient(base_url=at.url) as client:
                await desk.give(10)
                async with page(client, desk.tokens[ADA]) as stream:
                    assert await stream.balance() == 10
                    await asyncio.to_thread(server.stop)
                    headers = {"Authorization": f"Bearer {desk.tokens[ADA]}"}
                    closed = await client.get(PATH, headers=headers, timeout=SOON)
                    assert closed.status_code == 503
                    for _ in range(2):
                        await stream.until(":")
                    await asyncio.to_thread(server.start)

                    async def is_back() -> bool:
                        return (await desk.give(5)).status_code == 201

                    await until(is_back, SOON)
                    assert await stream.balance() == 15


async def test_serve_ends_soon_although_pages_are_open(database: Database) -> None:
    port = free_port()
    settings = {"env": "development", "database_url": database.dsn(), "drain_seconds": "60"}
    async with (
        running("serve", port=str(port), **settings) as process,
        httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}", timeout=SOON) as client,
    ):
        await until_ready(client)
        token = await sign_in(client, process)
        async with page(client, token) as one, page(client, token) as other:
            await asyncio.gather(one.until(":"), other.until(":"))
            began = time.monotonic()
            process.send_signal(signal.SIGTERM)
            await asyncio.gather(one.ends(), other.ends())
        assert await asyncio.wait_for(process.wait(), SOON) == 0
        assert time.monotonic() - began < 10
