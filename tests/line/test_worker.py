"""The worker's loop: whom it hears, what it holds, and how it ends."""

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from salesarck_adapters.queue.inline import InlineDoorbell
from salesarck_adapters.store.memory import MemoryStore
from salesarck_domain.news import ChangedNews, News
from salesarck_domain.ports.directory import StoreUnavailable
from salesarck_domain.ports.inbox import Inbox, InboxRow
from salesarck_domain.testing.examples import ADA, CAFE, NOON
from salesarck_domain.use_cases.apart import Stuck
from salesarck_service.telemetry.line import WorkerMetrics
from salesarck_service.worker import InboxWorker, timetable
from tests.line.bench import Asked, Line, hers, until

SOON = 5.0


@dataclass
class Running:
    """A worker at work."""

    line: Line
    bell: InlineDoorbell
    worker: InboxWorker
    stop: asyncio.Event = field(default_factory=asyncio.Event)

    async def quiet(self) -> None:
        async def nothing_is_due() -> bool:
            return not await self.line.store.inbox.unfinished(self.line.now)

        await until(nothing_is_due)

    def counted(self, end: str) -> float:
        labels = {"provider": "square", "end": end}
        found = self.worker.metrics.registry.get_sample_value("salesarck_inbox_rows_total", labels)
        return found or 0


@asynccontextmanager
async def running(
    line: Line, *, sweep: float = 60.0, drain: float = 1.0
) -> AsyncGenerator[Running]:
    bell = InlineDoorbell()
    worker = InboxWorker(
        line.work, bell.heard, WorkerMetrics(), sweep_seconds=sweep, drain_seconds=drain
    )
    it = Running(line, bell, worker)
    working = asyncio.ensure_future(worker.run(it.stop))
    try:
        yield it
    finally:
        it.stop.set()
        async with asyncio.timeout(SOON):
            await working


def thin(merchant: str) -> ChangedNews:
    return ChangedNews(
        merchant=merchant, object="payment", id=merchant, how="created", changed_at=NOON
    )


def held_up(merchant: str, news: Sequence[News], until: Awaitable[object]) -> Asked:
    """A provider that doesn't answer about a merchant before something has happened."""
    asked = Asked({f"payment {merchant}": news})

    async def meanwhile() -> None:
        await until

    asked.meanwhile = meanwhile
    return asked


async def test_a_ring_wakes_it_and_one_ring_is_enough_for_all_of_a_merchants_rows() -> None:
    line = await Line.open(MemoryStore())
    async with running(line) as it:
        await asyncio.sleep(0.02)
        for number in range(20):
            await line.tell(f"{number}", hers(f"P{number}", number + 1))
        await it.bell.ring()
        await it.quiet()
        assert it.counted("applied") == 20
    entries = await line.store.books.history(CAFE.id, ADA, None, 99)
    assert [entry.points for entry in reversed(entries)] == list(range(1, 21))


@dataclass
class SlowToSay:
    """An inbox that once says only after a row has ended that nothing can be claimed beside it."""

    inbox: Inbox
    ends: asyncio.Event
    is_slow: bool = False

    def __getattr__(self, name: str) -> object:
        return getattr(self.inbox, name)

    async def claim(self, limit: int, now: datetime, lease: timedelta) -> Sequence[InboxRow]:
        found = await self.inbox.claim(limit, now, lease)
        if self.is_slow:
            self.is_slow = False
            self.ends.set()
            await asyncio.sleep(0.05)
        return found


async def test_a_row_that_ends_while_the_inbox_is_looked_into_is_followed_by_the_next() -> None:
    line = await Line.open(MemoryStore())
    answer = asyncio.Event()
    line.fetchers["square"] = held_up("M1", [hers("M1", 1)], answer.wait())
    async with running(line) as it:
        inbox = SlowToSay(line.store.inbox, answer)
        it.worker.work = replace(it.worker.work, inbox=inbox)  # type: ignore[arg-type] # the rest is passed on
        await line.tell("one", thin("M1"))
        await line.tell("two", hers("P2", 1))
        await it.bell.ring()
        await asyncio.sleep(0.05)
        inbox.is_slow = True
        await it.bell.ring()
        await it.quiet()
    assert await line.balance() == 2


async def test_it_finds_what_nobody_rang_for() -> None:
    line = await Line.open(MemoryStore())
    async with running(line, sweep=0.05) as it:
        await asyncio.sleep(0.02)
        await line.tell("one", hers("P1", 5))
        await it.quiet()
    assert await line.balance() == 5


async def test_a_provider_that_is_slow_for_one_merchant_holds_up_no_other() -> None:
    line = await Line.open(MemoryStore(), merchants=("M1", "M2"))
    answer = asyncio.Event()
    line.fetchers["square"] = held_up("M1", [hers("M1", 1)], answer.wait())
    async with running(line) as it:
        await line.tell("slow", thin("M1"))
        for number in range(5):
            sale = hers(f"P{number}", 1, merchant="M2")
            await line.tell(f"{number}", sale, merchant="M2")
        await it.bell.ring()

        async def the_other_is_done() -> bool:
            return await line.balance() == 5

        await until(the_other_is_done)
        answer.set()
        await it.quiet()
        assert await line.balance() == 6


async def test_what_it_holds_when_told_to_stop_is_finished() -> None:
    line = await Line.open(MemoryStore())
    answer = asyncio.Event()
    line.fetchers["square"] = held_up("M1", [hers("M1", 1)], answer.wait())
    async with running(line) as it:
        await line.tell("one", thin("M1"))
        await line.tell("two", hers("P2", 1))
        await it.bell.ring()
        await asyncio.sleep(0.05)
        it.stop.set()
        await asyncio.sleep(0.05)
        answer.set()
    assert await line.balance() == 1
    assert (await line.row("two", "waiting")).attempts == 0


async def test_what_takes_too_long_to_finish_is_left_to_the_next_worker() -> None:
    line = await Line.open(MemoryStore())
    asked = held_up("M1", [hers("M1", 1)], asyncio.Event().wait())
    line.fetchers["square"] = asked
    async with running(line, drain=0.05) as it:
        await line.tell("one", thin("M1"))
        await it.bell.ring()
        await asyncio.sleep(0.05)
    assert await line.balance() == 0
    asked.meanwhile = None
    line.now += timedelta(seconds=30)
    assert await line.ends() == ["applied"]


@dataclass
class Away:
    """An inbox whose database is away for the first few claims."""

    inbox: Inbox
    failures: int

    async def claim(self, limit: int, now: datetime, lease: timedelta) -> Sequence[InboxRow]:
        self.failures -= 1
        if self.failures >= 0:
            raise StoreUnavailable("it is being restarted")
        return await self.inbox.claim(limit, now, lease)

    def __getattr__(self, name: str) -> Callable[..., object]:
        found: Callable[..., object] = getattr(self.inbox, name)
        return found


async def test_it_outlives_a_database_that_goes_away() -> None:
    line = await Line.open(MemoryStore())
    await line.tell("one", hers("P1", 5))
    async with running(line, sweep=0.02) as it:
        away = Away(line.store.inbox, 3)
        it.worker.work = replace(it.worker.work, inbox=away)  # type: ignore[arg-type]  # it only lacks what this test does not ask
        await it.quiet()
    assert await line.balance() == 5


async def test_a_timetable_goes_on_after_a_database_that_goes_away() -> None:
    ends = [StoreUnavailable("away"), Stuck(["a wallet"], 2), 3, 0]

    async def task() -> int:
        end = ends.pop(0)
        if isinstance(end, Exception):
            raise end
        return end

    tasks = timetable(apply_due=task)
    for _ in range(4):
        await tasks["apply_due"]()
    assert ends == []
