"""A café on Postgres, at a moment, and what people do there."""

from collections.abc import AsyncGenerator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime

from salesarck_adapters.push.memory import MemoryPush
from salesarck_adapters.store.postgres import PostgresStore
from salesarck_domain.deeds import GrantPoints, TellNews
from salesarck_domain.ids import ActId, CodeId, ConsumerId, derived
from salesarck_domain.news import TillCustomer
from salesarck_domain.redemption.code import Peppers
from salesarck_domain.testing.examples import ADA, ADAS_PHONE, CAFE, NOON, POINT_PER_DOLLAR
from salesarck_domain.use_cases.codes import CodeDesk, Shown
from salesarck_domain.use_cases.rules import Publish
from salesarck_domain.use_cases.sales import RecordNews
from salesarck_domain.use_cases.wallets import AdjustWallet
from tests.postgres import Database

ADAS = TillCustomer(phone=ADAS_PHONE.value)
PEPPERS = Peppers({1: bytes(32)})
CONNECTIONS = 24


@dataclass(slots=True)
class Shop:
    """A café on Postgres, at a moment."""

    store: PostgresStore
    now: datetime = NOON

    def clock(self) -> datetime:
        return self.now

    def desk(self, at: datetime | None = None) -> CodeDesk:
        return CodeDesk(self.store.begin, lambda: at or self.now, PEPPERS, MemoryPush())

    async def tell(self, *deeds: TellNews) -> None:
        await RecordNews(self.store.begin, self.clock, MemoryPush(), PEPPERS)(CAFE.id, deeds)

    async def grant(self, points: int, who: ConsumerId = ADA) -> None:
        act = ActId(derived(NOON, "grant", points, who))
        deed = GrantPoints(consumer=who, points=points, id=act)
        await AdjustWallet(self.store.begin, self.clock, MemoryPush())(
            CAFE.id, deed, "a welcome", "admin"
        )

    async def issue(self, number: int, points: int, who: ConsumerId = ADA) -> Shown:
        return await self.desk().issue(CAFE.id, who, points, CodeId(derived(NOON, "code", number)))

    async def balance(self) -> int:
        return (await self.store.books.account(CAFE.id, ADA)).balance

    async def kinds(self) -> Sequence[str]:
        entries = await self.store.books.history(CAFE.id, ADA, None, 500)
        return [entry.kind.value for entry in reversed(entries)]


@asynccontextmanager
async def open_shop(database: Database) -> AsyncGenerator[Shop]:
    async with database.open(pool_size=CONNECTIONS) as store:
        await store.directory.add_tenant(CAFE)
        shop = Shop(store)
        publish = Publish(store.begin, shop.clock)
        await publish(CAFE.id, POINT_PER_DOLLAR, "owner", derived(NOON, "publish"))
        yield shop
