"""SIGKILL at every step: what was acknowledged is in the ledger once, and nothing else is."""

import asyncio
import os
import signal
import sys
from collections.abc import AsyncGenerator, Collection
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from urllib.parse import urlsplit

import httpx
import pytest

from salesarck_adapters.embedded.postgres import Postgres
from salesarck_adapters.store.postgres import PostgresStore, migrate
from salesarck_domain.ledger.entry import EntryKind
from salesarck_domain.news import ChangedNews
from salesarck_domain.ports.directory import StoreUnavailable
from salesarck_domain.testing.examples import ADA, CAFE, NOON
from salesarck_domain.use_cases.books import VerifyBooks
from tests.architecture.tree import ROOT
from tests.line.bench import Line, body_of, hers, until
from tests.line.killed import WEB_STEPS, WORKER_STEPS, Oracle
from tests.line.reception import URL, Door, square_headers
from tests.postgres import Database

SOON = 20.0
PROGRAM = Path(__file__).with_name("killed.py")
KILLED = -9


@pytest.fixture
async def line(database: Database) -> AsyncGenerator[Line]:
    async with PostgresStore.open(database.dsn(), pool_size=6) as store:
        yield await opened(store)


async def opened(store: PostgresStore) -> Line:
    return replace(await Line.open(store), fetchers={"square": Oracle()})


async def start(*words: str) -> asyncio.subprocess.Process:
    return await asyncio.create_subprocess_exec(
        sys.executable,
        str(PROGRAM),
        *words,
        env={"PYTHONPATH": f"{ROOT / 'src'}:{ROOT}"},
        stdout=asyncio.subprocess.PIPE,
    )


async def ended(process: asyncio.subprocess.Process) -> int:
    """Wait for its end; kill it if there is none."""
    try:
        return await asyncio.wait_for(process.wait(), SOON)
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()


async def work_off(line: Line) -> None:
    """Be the worker that comes after the leases have ended."""
    for _ in range(9):
        line.now = max(line.now, datetime.now(UTC)) + timedelta(hours=3)
        await line.work_off()
        if not await line.store.inbox.rows("waiting") + await line.store.inbox.rows("leased"):
            return


async def work_on_and_on(line: Line) -> None:
    """Be a worker that outlives its database."""
    while True:
        line.now = datetime.now(UTC)
        with suppress(StoreUnavailable):
            await line.work_off()
        await asyncio.sleep(0.02)


async def so(claim: bool) -> bool:  # noqa: FBT001 - to be waited for
    return claim


async def check(line: Line, dollars: Collection[int]) -> None:
    """Every sale is in the ledger once, and the books hold."""
    history = await line.store.books.history(CAFE.id, ADA, None, 9_999)
    assert {entry.kind for entry in history} <= {EntryKind.EARN}
    assert sorted(entry.points for entry in history) == sorted(dollars)
    assert await line.balance() == sum(dollars)
    verify = VerifyBooks(line.store.books, line.store.directory)
    assert await verify() == []


@pytest.mark.parametrize("step", WORKER_STEPS)
async def test_a_worker_may_die_at_any_step(line: Line, database: Database, step: str) -> None:
    await line.link("M2")
    for number in (1, 2, 4):
        thin = ChangedNews(
            merchant="M1",
            object="payment",
            id=f"P{number}x{number}",
            how="created",
            changed_at=NOON,
        )
        await line.tell(f"thin {number}", thin)
    fat = hers("P8", 8, merchant="M2")
    await line.tell("fat", fat, merchant="M2")
    await line.tell("fat again", fat, merchant="M2")
    await line.tell("nothing", merchant="M2")
    assert await ended(await start("worker", step, database.dsn())) == KILLED
    await work_off(line)
    assert (await line.store.inbox.counts()).states.get("done") == 6
    await check(line, [1, 2, 4, 8])


async def post(till: httpx.AsyncClient, number: int) -> bool:
    """Tell of a sale of so many dollars, as Square does; say whether it was acknowledged."""
    body = body_of_event(number)
    path = "/webhooks/square"
    try:
        answer = await till.post(path, content=body, headers=square_headers(body), timeout=SOON)
    except httpx.TransportError:
        return False
    assert answer.status_code in {200, 503}, answer.text
    return answer.status_code == 200


def body_of_event(number: int) -> bytes:
    """A body that Square's reader routes, and that reads in our words behind the door."""
    told = body_of(hers(f"P{number}", number)).decode()
    return f'{{"merchant_id": "M1", "event_id": "E{number}", "type": "x", "told": {told}}}'.encode()


@pytest.mark.parametrize("step", WEB_STEPS)
async def test_a_web_process_may_die_at_any_step(line: Line, database: Database, step: str) -> None:
    process = await start("web", step, database.dsn())
    assert process.stdout
    port = int(await asyncio.wait_for(process.stdout.readline(), SOON))
    numbers = range(1, 41)
    headers = {"Host": urlsplit(URL).netloc}
    async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}", headers=headers) as till:
        acknowledged = [await post(till, 1)]
        acknowledged += await asyncio.gather(*(post(till, number) for number in numbers[1:]))
    assert await ended(process) == KILLED
    assert not all(acknowledged)
    kept = {row.key for row in await line.store.inbox.rows("waiting", limit=999)}
    lost = {f"E{n}" for n, told in zip(numbers, acknowledged, strict=True) if told} - kept
    assert lost == set()
    async with Door(line.store.inbox).client() as till:
        for number, told in zip(numbers, acknowledged, strict=True):
            assert told or await post(till, number)
    await work_off(line)
    await check(line, numbers)


async def test_postgres_may_die_in_the_middle_of_everything(tmp_path: Path) -> None:
    with Postgres(tmp_path / "postgres") as server:
        migrate(server.dsn())
        async with PostgresStore.open(server.dsn(), pool_size=6, pool_timeout=5) as store:
            line = await opened(store)
            acknowledged = dict[int, bool]()
            async with Door(store.inbox).client() as till:

                async def burst(numbers: range) -> None:
                    for number in numbers:
                        acknowledged[number] = await post(till, number)
                        if not acknowledged[number]:
                            await asyncio.sleep(0.2)  # so that some come after the restart

                working = asyncio.ensure_future(work_on_and_on(line))
                bursts = [asyncio.ensure_future(burst(range(at, 121, 8))) for at in range(1, 9)]
                await until(lambda: so(len(acknowledged) > 30), SOON)
                assert server.process
                os.kill(server.process, signal.SIGKILL)
                await until(lambda: so(server.process is None), SOON)
                await asyncio.to_thread(server.stop)
                await asyncio.to_thread(server.start)
                await asyncio.gather(*bursts)
                assert not all(acknowledged.values())
                rows = [
                    row
                    for state in ("waiting", "leased", "done")
                    for row in await store.inbox.rows(state, limit=999)
                ]
                lost = {f"E{n}" for n, told in acknowledged.items() if told}
                assert lost - {row.key for row in rows} == set()
                for number, told in acknowledged.items():
                    assert told or await post(till, number)
            working.cancel()
            await asyncio.gather(working, return_exceptions=True)
            await work_off(line)
            await check(line, acknowledged)
