"""A line over any store, with a provider whose bodies are news in our own words already."""

import asyncio
import json
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Protocol
from uuid import UUID

from salesarck_adapters.push.memory import MemoryPush
from salesarck_domain.errors import SalesArckError
from salesarck_domain.news import News, SaleNews, TillCustomer
from salesarck_domain.news_codec import decode_news, encode_news
from salesarck_domain.people import Proof
from salesarck_domain.ports.directory import Directory, Link
from salesarck_domain.ports.inbox import Arrival, Inbox, InboxRow
from salesarck_domain.ports.pos import (
    Answer,
    Fetched,
    Fetcher,
    Genuine,
    Question,
    UnreadableDelivery,
)
from salesarck_domain.ports.store import Store
from salesarck_domain.testing.examples import (
    ADA,
    ADAS_PHONE,
    CAFE,
    NOON,
    PEPPERS,
    POINT_PER_DOLLAR,
    paid,
)
from salesarck_domain.testing.store.bench import arrival
from salesarck_domain.use_cases.deliveries import Worked, WorkInbox
from salesarck_domain.use_cases.rules import Publish
from salesarck_domain.use_cases.sales import RecordNews

ADAS = TillCustomer(phone="+15555550100")
LINKED_AT = NOON - timedelta(days=1)


class WholeStore(Store, Protocol):
    """A store with the ports that share its transactions."""

    @property
    def inbox(self) -> Inbox: ...

    @property
    def directory(self) -> Directory: ...


async def until(is_so: Callable[[], Awaitable[bool]], seconds: float = 5.0) -> None:
    """Wait for something that somebody else does."""
    async with asyncio.timeout(seconds):
        while True:
            if await is_so():
                return
            await asyncio.sleep(0.005)


def body_of(*news: News) -> bytes:
    return json.dumps([encode_news(item) for item in news]).encode()


def read_plainly(kept: Genuine, country: str) -> Sequence[News]:
    """Read a body of `body_of`, or an event with one in it; what says BOOM surprises us."""
    if b"BOOM" in kept.body:
        raise ZeroDivisionError(f"secret of {country}")
    try:
        told = json.loads(kept.body)
    except ValueError as error:
        raise UnreadableDelivery("square", "no JSON") from error
    return [decode_news(item) for item in (told["told"] if isinstance(told, dict) else told)]


@dataclass(slots=True)
class Asked:
    """A provider that answers by heart, and remembers what it was asked."""

    answers: Mapping[str, Sequence[News] | SalesArckError]
    provider: str = "square"
    asked: list[str] = field(default_factory=list[str])
    meanwhile: Callable[[], Awaitable[None]] | None = None

    async def fetch(self, question: Question, country: str) -> Fetched:
        name = f"{question.object} {question.id}"
        self.asked.append(name)
        if self.meanwhile:
            await self.meanwhile()
        answer = self.answers.get(name, ())
        if isinstance(answer, SalesArckError):
            raise answer
        return Fetched(answer, [Answer("GET", f"/{country}/{name}", 200, "{}")])


@dataclass(slots=True)
class Line:
    """The café's line: M1 is its Square merchant, Ada has proved her phone, a dollar a point."""

    store: WholeStore
    now: datetime = NOON
    fetchers: dict[str, Fetcher] = field(default_factory=dict[str, Fetcher])

    def clock(self) -> datetime:
        return self.now

    @classmethod
    async def open(cls, store: WholeStore, *, merchants: Sequence[str] = ("M1",)) -> "Line":
        line = cls(store)
        await store.directory.add_tenant(CAFE)
        for merchant in merchants:
            await line.link(merchant)
        publish = Publish(store.begin, lambda: LINKED_AT)
        await publish(CAFE.id, POINT_PER_DOLLAR, "person:owner", UUID(int=1))
        await store.directory.prove([Proof(ADAS_PHONE, ADA, LINKED_AT)])
        return line

    async def link(
        self, merchant: str, *, provider: str = "square", at: datetime = LINKED_AT
    ) -> None:
        linked = Link(tenant=CAFE.id, provider=provider, merchant=merchant, linked_at=at)
        await self.store.directory.add_link(linked)

    @property
    def work(self) -> WorkInbox:
        return WorkInbox(
            inbox=self.store.inbox,
            directory=self.store.directory,
            begin=self.store.begin,
            record=RecordNews(self.store.begin, self.clock, MemoryPush(), PEPPERS),
            readers={"square": read_plainly},
            fetchers=self.fetchers,
            clock=self.clock,
            real_clock=self.clock,
            randomness=lambda count: b"\xff" * count,
        )

    async def arrive(self, *arrivals: Arrival) -> Sequence[bool]:
        return await self.store.inbox.store(arrivals)

    async def tell(self, key: str, *news: News, merchant: str | None = "M1") -> None:
        """Let a delivery of this news arrive now."""
        await self.arrive(arrival(key, body=body_of(*news), at=self.now, merchant=merchant))

    async def work_off(self) -> list[Worked]:
        """Work until nothing is due; say how each ended, in order."""
        work, ended = self.work, list[Worked]()
        while rows := await work.claim(10):
            ended += [await work(row) for row in rows]
        return ended

    async def ends(self) -> list[str]:
        return [worked.end for worked in await self.work_off()]

    async def row(self, key: str, state: str = "done") -> InboxRow:
        (row,) = [row for row in await self.store.inbox.rows(state) if row.key == key]
        return row

    async def balance(self) -> int:
        return (await self.store.books.account(CAFE.id, ADA)).balance


def hers(payment: str, dollars: int, *, merchant: str = "M1", at: datetime = NOON) -> SaleNews:
    """A payment of Ada's."""
    return replace(paid(payment, dollars, customer=ADAS, at=at), merchant=merchant)
