"""The store's own statements with their tenant's filter taken out: the second wall alone."""

import re
from collections.abc import Generator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import Engine, event, text
from sqlalchemy.exc import ProgrammingError
from sqlalchemy.ext.asyncio import AsyncConnection

from salesarck_adapters.push.memory import MemoryPush
from salesarck_adapters.store.postgres.connections import transaction
from salesarck_domain.deeds import TellNews
from salesarck_domain.news import RefundNews, SaleNews
from salesarck_domain.testing.examples import ADA, ADAS_PHONE, BAKERY, CAFE, PEPPERS, paid, refunded
from salesarck_domain.use_cases.books import VerifyBooks
from salesarck_domain.use_cases.people import Prove
from tests.contract.store.shop import ADAS, Shop, open_shop
from tests.contract.store.two_tenants import engine_of
from tests.postgres import Database

FILTER = re.compile(r"(\w+\.tenant_id|tenant\.id) = %\(\w+\)s::UUID")

Told = tuple[str, Any]


async def tell(shop: Shop, *news: SaleNews | RefundNews) -> None:
    await shop.tell(*(TellNews(provider="square", news=it) for it in news))


async def live(shop: Shop) -> None:
    """Do what a café does, and read all of it."""
    await shop.grant(50)
    await tell(shop, paid("P1", 40, customer=ADAS), paid("P2", 9, customer=ADAS))
    await tell(shop, refunded("R1", "P1", 10))
    code = await shop.issue(1, 10)
    await shop.desk().redeem(CAFE.id, code.text, "till", "cashier")
    await shop.issue(2, 10)
    store = shop.store
    await Prove(store.begin, store.directory, shop.clock, MemoryPush(), PEPPERS)(ADA, [ADAS_PHONE])
    shop.now += timedelta(days=1)
    await tell(shop, paid("P3", 9, at=shop.now, customer=ADAS))
    await store.books.accounts_of(ADA)
    await store.books.history(CAFE.id, ADA, 9, 50)
    await store.books.sales_of(CAFE.id, consumer=ADA)
    assert await VerifyBooks(store.books, store.directory)() == []


@contextmanager
def overheard(pattern: re.Pattern[str]) -> Generator[list[Told]]:
    """Collect the statements of a pattern, each once, as they are sent."""
    found = dict[str, Told]()
    heard = list[Told]()

    def hear(*told: Any) -> None:  # noqa: ANN401 - whatever SQLAlchemy hands over
        if pattern.search(told[2]):
            found.setdefault(told[2], (told[2], told[3]))

    event.listen(Engine, "before_cursor_execute", hear)
    try:
        yield heard
    finally:
        event.remove(Engine, "before_cursor_execute", hear)
        heard.extend(found.values())


async def rows_of(connection: AsyncConnection, told: Told) -> list[list[object]]:
    """Send a statement without its filter, undo it, and keep what it shows but zeros and nulls."""
    nested = await connection.begin_nested()
    try:
        found = await connection.exec_driver_sql(FILTER.sub("true", told[0]), told[1])
        rows = found.all() if found.returns_rows else [(found.rowcount,)]
        return [row for row in ([it for it in row if it] for row in rows) if row]
    finally:
        await nested.rollback()


async def test_without_their_filters_a_tenants_statements_find_nothing_of_anothers(
    database: Database,
) -> None:
    async with open_shop(database) as shop:
        with overheard(FILTER) as heard:
            await live(shop)
    asked = [told for told in heard if told[0].startswith(("SELECT", "UPDATE", "DELETE"))]
    assert len(asked) > 25
    async with engine_of(database) as engine:
        async with transaction(engine, CAFE.id) as connection:
            found = [bool(await rows_of(connection, told)) for told in asked]
            assert sum(found) > 20
        async with transaction(engine, BAKERY.id) as connection:
            leaks = [told[0] for told in asked if await rows_of(connection, told)]
            assert leaks == []


async def test_what_a_tenant_writes_is_refused_in_anothers_transaction(
    database: Database,
) -> None:
    async with open_shop(database) as shop:
        with overheard(re.compile(r"^INSERT.*tenant_id", re.DOTALL)) as written:
            await live(shop)
    assert len(written) > 10
    async with engine_of(database) as engine, transaction(engine, BAKERY.id) as connection:
        for statement, parameters in written:
            with pytest.raises(ProgrammingError, match="row-level security"):
                async with connection.begin_nested():
                    await connection.exec_driver_sql(statement, parameters)


@pytest.mark.parametrize(
    "hot",
    ["FROM wallet.*FOR UPDATE", "LATERAL.*FROM ledger_entry", "FROM ledger_entry.*LIMIT"],
    ids=["wallet lock", "last entry", "history page"],
)
async def test_on_hot_paths_the_wall_is_asked_before_a_row_is_read(
    database: Database, hot: str
) -> None:
    """The policy is a condition of the index, or of looking at all; never a filter of rows."""
    async with open_shop(database) as shop:
        with overheard(FILTER) as heard:
            await live(shop)
    told = next(it for it in heard if re.search(hot, it[0], re.DOTALL))
    async with engine_of(database) as engine, transaction(engine, CAFE.id) as connection:
        await connection.execute(text("SET LOCAL enable_seqscan = off"))
        for statement in (told[0], FILTER.sub("true", told[0])):
            plan = await connection.exec_driver_sql(f"EXPLAIN {statement}", told[1])
            lines = [line for (line,) in plan]
            asks = [line.strip() for line in lines if "salesarck.tenant" in line]
            assert asks, lines
            assert all(it.startswith(("Index Cond", "One-Time Filter")) for it in asks), lines
